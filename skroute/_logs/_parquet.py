"""Records of Parquet files, some thousand at a time."""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from .._utils import check_distinct
from ._answer import LeftOut
from ._source import open_unpacked

PARQUET_MAGIC = b"PAR1"
PARQUET_NAMES = {".parquet", ".pq"}
_ROWS = 4096
# What pandas calls an index without a name.
_INDEX = re.compile(r"__index_level_\d+__")


def parquet_records(path: Path, left_out: LeftOut) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file, values of Python by the names of the columns.

    Read by pyarrow, else by polars. The index of a DataFrame, where it has no name, is left out and
    noted.

    Raises
    ------
    ImportError
        If there is neither pyarrow nor polars.
    ValueError
        If it is no Parquet file.
    """
    read = _reader(path)
    with _seekable(path) as source:
        try:
            yield from read(source, left_out)
        except Exception as error:
            raise ValueError(f"is not a readable Parquet file ({error})") from error


def _reader(path: Path) -> Callable[[Any, LeftOut], Iterator[dict[str, Any]]]:
    for module, read in (("pyarrow", _read_by_pyarrow), ("polars", _read_by_polars)):
        try:
            __import__(module)
        except ImportError:
            # Absent, or built for another NumPy.
            continue
        return read
    raise ImportError(
        f"{path}: reading Parquet needs pyarrow or polars; install one of them or save the log as "
        "JSON lines"
    )


def _read_by_pyarrow(source: Path | BinaryIO, left_out: LeftOut) -> Iterator[dict[str, Any]]:
    from pyarrow import parquet

    with parquet.ParquetFile(source) as file:
        names = _columns(file.schema_arrow.names, left_out)
        # Batches of all groups at once keep what was read of every group before.
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(_ROWS, [group], names):
                columns = [_values(column) for column in batch.columns]
                for row in zip(*columns, strict=True):
                    yield dict(zip(batch.schema.names, row, strict=True))


def _values(column: Any) -> list[Any]:
    """Return the values of a column of Arrow; its times in a unit that Python has."""
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    elif pa.types.is_duration(column.type):
        column = column.cast(pa.duration("us"), safe=False)
    values = column.to_pylist()
    if pa.types.is_map(column.type):
        return [None if pairs is None else dict(pairs) for pairs in values]
    return values


def _read_by_polars(source: Path | BinaryIO, left_out: LeftOut) -> Iterator[dict[str, Any]]:
    import polars as pl

    table = pl.scan_parquet(source)
    schema = table.collect_schema()
    names = _columns(schema.names(), left_out)
    # Before polars 2 a map is a list of its pairs.
    maps = [
        name
        for name in names
        if isinstance(pairs := getattr(schema[name], "inner", None), pl.Struct)
        and [field.name for field in pairs.fields] == ["key", "value"]
    ]
    for start in range(0, table.select(pl.len()).collect().item(), _ROWS):
        for row in table.select(names).slice(start, _ROWS).collect().iter_rows(named=True):
            for name in maps:
                if row[name] is not None:
                    row[name] = {pair["key"]: pair["value"] for pair in row[name]}
            yield row


def _columns(names: list[str], left_out: LeftOut) -> list[str]:
    check_distinct(names, "columns")
    kept = [name for name in names if not _INDEX.fullmatch(name)]
    if len(kept) < len(names):
        left_out.remark("the index of a DataFrame, which has no name, was left out")
    return kept


@contextmanager
def _seekable(path: Path) -> Iterator[Path | BinaryIO]:
    """Yield what readers of Parquet can jump about in: the path, or the unpacked bytes."""
    with open_unpacked(path) as file:
        if not isinstance(file, gzip.GzipFile):
            yield path
            return
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(file, unpacked)
            unpacked.seek(0)
            yield unpacked
