"""The records of the files of a log, whatever kind of file they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ._answer import LeftOut
from ._csv import csv_records
from ._json import json_records
from ._parquet import PARQUET_MAGIC, PARQUET_NAMES, parquet_records
from ._requests import request_log_records, starts_request_log
from ._source import Text, check_exists, errors_naming, open_unpacked

_JSON_NAMES = {".json", ".jsonl", ".ndjson"}
_NAMES = {*_JSON_NAMES, ".csv", ".tsv", *PARQUET_NAMES}


def files_of(paths: Iterable[str | Path]) -> list[str | Path]:
    """Return paths with the files of a log in place of each folder, in the order of their names.

    Raises ValueError for a folder without any.
    """
    files: list[str | Path] = []
    for path in paths:
        if not Path(path).is_dir():
            files.append(path)
            continue
        found = sorted(each for each in Path(path).iterdir() if _is_of_log(each))
        if not found:
            raise ValueError(f"{path}: the folder has no file that ends in {sorted(_NAMES)}")
        files += found
    return files


def _is_of_log(path: Path) -> bool:
    name = path.name.lower().removesuffix(".gz")
    return Path(name).suffix in _NAMES and path.is_file() and not name.startswith(".")


def read_records(
    paths: str | Path | Iterable[str | Path], left_out: LeftOut | None = None
) -> Iterator[dict[str, Any]]:
    """Return an iterator over the records of one file or of several, one file after the other.

    Parameters
    ----------
    paths : str, Path or iterable of them
        Files of one log, such as one a day. Each may be CSV (cells separated by ``,``, ``;``, tab
        or ``|``), JSON lines, JSON (an array of objects, or an object that holds one) or Parquet,
        all of them also packed by gzip. The content tells which, then the name. Text is UTF-8,
        or UTF-16 or UTF-32 with a byte order mark.
    left_out : LeftOut or None, default=None
        Counts what is no record, such as a last line that is cut off, and takes remarks. None:
        nobody asks.

    Returns
    -------
    records : iterator of dict
        Values of CSV are text, an empty cell None; those of JSON and Parquet are typed. A few
        megabytes are held at a time, of Parquet a group of rows.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ImportError
        If a Parquet file is given and neither pyarrow nor polars is installed.
    ValueError
        If a file is empty or broken. The message names the file and the line.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skroute._logs import read_records
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "log.csv"
    ...     _ = path.write_text("model;query\\nlarge;Why?\\nsmall;\\n")
    ...     list(read_records(path))
    [{'model': 'large', 'query': 'Why?'}, {'model': 'small', 'query': None}]
    """
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    if not files:
        raise ValueError("no files are given; name one or several")
    left_out = LeftOut() if left_out is None else left_out
    return _records_of_files([check_exists(path) for path in files], left_out)


def _records_of_files(files: list[Path], left_out: LeftOut) -> Iterator[dict[str, Any]]:
    for file in files:
        if len(files) > 1 and file.stat().st_size == 0:
            left_out.remark(f"{file} is empty")
            continue
        with errors_naming(file):
            yield from records_of_file(file, left_out)


def is_parquet(path: Path) -> bool:
    """Tell a Parquet file by its first bytes, packed by gzip or not."""
    with open_unpacked(path) as file:
        return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC


def records_of_file(path: Path, left_out: LeftOut) -> Iterator[dict[str, Any]]:
    """Yield the records of one file that exists; errors do not name it."""
    if is_parquet(path):
        yield from parquet_records(path, left_out)
        return
    suffixes = {suffix.lower() for suffix in path.suffixes}
    if suffixes & PARQUET_NAMES:
        raise ValueError("is not a readable Parquet file (it does not start as one)")
    with open_unpacked(path) as file:
        head = file.read(16)
        file.seek(0)
        if starts_request_log(head):
            yield from request_log_records(file, left_out)
            return
        text = Text(file)
        first = text.skip_blanks()
        if not first:
            raise ValueError("is empty; a header or records are needed")
        if first in "{[" or suffixes & _JSON_NAMES:
            yield from json_records(text, left_out)
        else:
            yield from csv_records(text, left_out)
