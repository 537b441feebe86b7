"""The one door to logs: `read_log`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from ._answer import LeftOut
from ._assemble import assemble
from ._fields import COLUMNS
from ._format import Format, Record
from ._gather import Counted, gather
from ._langfuse import LANGFUSE
from ._litellm import LITELLM
from ._log import RoutingLog
from ._mapped import TABLE, recognizes_table
from ._names import Aliases
from ._openai import OPENAI
from ._opentelemetry import OPENTELEMETRY
from ._options import named, option, setting
from ._quality import Score
from ._records import files_of, read_records
from ._requests import REQUESTS
from ._research import ROUTELLM, ROUTERBENCH, SPROUT

# In this order where records are recognized by several alike.
FORMATS: tuple[Format, ...] = (
    REQUESTS,
    *(LITELLM, LANGFUSE, OPENTELEMETRY),
    *(ROUTERBENCH, SPROUT, ROUTELLM),
    *(OPENAI, TABLE),
)

_SAMPLE = 200
_MOST_KEYS = 40


def read_log(
    path: str | Path | Sequence[str | Path],
    format: str = "auto",
    *,
    columns: Mapping[str, str] | None = None,
    prices: Any = None,
    aliases: Aliases = None,
    score: Score = None,
    price_per_second: float = 0.0,
) -> RoutingLog:
    """Read a log of answers into what a router learns from.

    Parameters
    ----------
    path : str, Path or list of them
        JSON lines, JSON, CSV or Parquet; the files of a list or of a folder are one log.
    format : str, default="auto"
        Name of the format, or "auto": found by the keys of the first records.

        ===============  ======================================================================
        "skroute"        what routers of skroute log while they serve (`skroute.integrations`)
        "litellm"        LiteLLM: standard logging payloads, and rows of the proxy's SpendLogs
        "langfuse"       Langfuse: observations and scores, each in files of their own or nested in
                         traces
        "opentelemetry"  OpenTelemetry: spans of generative AI and evaluation events, OTLP or flat
        "routerbench"    RouterBench: every model's score and cost, saved as CSV, Parquet or JSON
        "sprout"         SPROUT: every model's score and tokens
        "routellm"       RouteLLM: right or wrong by model, battles of two, judgements of MT-Bench
        "openai"         requests and responses of OpenAI's API, in one record or as the files of a
                         batch, those of requests first
        "table"          one answer a row: a model and, by their usual names or by `columns`, a
                         query, a quality, tokens and so on
        ===============  ======================================================================
    columns : dict of str to str, default=None
        Where the log has what: keys are "model", "query", "quality", "gold", "preference", "cost",
        "input_tokens", "output_tokens", "time", "latency", "group", "propensity", "weight",
        "prior" or "identity"; values are names of columns, with dots where records are nested, as
        in ``{"model": "model_group", "quality": "metadata.rating"}``. It goes before what the
        format finds by itself.
    prices : dict, str or Path, default=None
        What answers cost today, in place of what the log says: dollars per token by model,
        ``{"small": (1.5e-7, 6e-7)}`` for input and output, or LiteLLM's ``input_cost_per_token``
        and ``output_cost_per_token``; a JSON file of either; or "litellm", the map that the
        installed package carries. Rows without tokens cost what was logged, times what has changed
        for their model; models without a price keep their logged costs. Discounts for cached or
        batched tokens are not known.
    aliases : dict of str to str or "auto", default=None
        Names to join: from the name in the log to the name to use. "auto" joins names that differ
        in case, blanks or a provider's prefix alone, never dated versions: these have other weights
        and prices. None joins nothing; the notes say what could be.
    score : str or dict, default=None
        Which label is the quality, and on which scale: ``"helpfulness"``, or
        ``{"helpfulness": (1, 7)}`` for the worst and the best label, ``{"toxicity": (1, 0)}`` where
        less is better. None: what `columns` calls the quality, else the most frequent label, on
        a scale that is told by its values: thumbs and truth values are 0 and 1, stars 1 to 5.
    price_per_second : float, default=0.0
        What a second of waiting is worth, in dollars. It is added to the cost; dollars alone stay
        in ``columns["dollars"]``. A row without latency has the mean of its model.

    Returns
    -------
    log : RoutingLog
        ``queries``, ``y``, ``features``, ``columns`` and ``frame``, and ``notes`` that say what was
        left out, how labels were read, which names may be one and what looks wrong about costs.

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ImportError
        If a Parquet file is given and neither pyarrow nor polars is installed, or `prices` is
        "litellm" and litellm is not installed.
    ValueError
        If the format is not recognized, or a row holds what its column excludes; the message names
        the file, the column and the row.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skroute.datasets import read_log
    >>> row = '{"request_id": "%s", "model": "%s", "spend": 0.02, "call_type": "completion"%s}'
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "spend.jsonl"
    ...     rows = [row % (1, "large", ', "metadata": {"rating": 4}'), row % (2, "small", "")]
    ...     _ = path.write_text("\\n".join(rows))
    ...     log = read_log(path)
    >>> log
    RoutingLog(2 rows, 2 models, 1 judged, 1 gold, format 'litellm', 2 notes)
    >>> log.y["model"].tolist(), log.y["quality"].tolist(), log.notes[0]
    (['large', 'small'], [0.75, nan], 'rating: 1 to 5 read as 0 to 1, found were 4 alone (1 label)')
    """
    paths = files_of([path] if isinstance(path, str | Path) else path)
    columns = _check_columns(columns)
    if not 0 <= price_per_second < np.inf:
        raise ValueError(
            "price_per_second must be a finite number of dollars of at least 0, got "
            f"{price_per_second!r}"
        )
    left_out = LeftOut()
    records = read_records(paths, left_out)
    with _errors_naming(paths):
        sample = list(islice(records, _SAMPLE))
        known = _find_format(format, sample, columns)
        counted = Counted(chain(sample, records))
        gathered = gather(known.answers(counted, left_out, columns), counted, left_out)
        return assemble(
            gathered,
            left_out,
            format=known.name,
            full=known.full,
            columns=columns,
            prices=prices,
            aliases=aliases,
            score=score,
            price_per_second=price_per_second,
        )


@contextmanager
def _errors_naming(paths: Sequence[str | Path]) -> Iterator[None]:
    """Put the names of the files before the message of an error that names none of them."""
    try:
        yield
    except ValueError as error:
        if any(str(error).startswith(f"{path}: ") for path in paths):
            raise
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        raise ValueError(f"{paths[0]}{more}: {error}") from None


def _check_columns(columns: Mapping[str, str] | None) -> dict[str, str]:
    columns = dict(columns or {})
    for name, path in columns.items():
        if name not in COLUMNS:
            near = difflib.get_close_matches(str(name), COLUMNS, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"{named('columns')} has the key {name!r}; known are {', '.join(COLUMNS)}{meant}"
            )
        if not isinstance(path, str):
            raise ValueError(f"columns[{name!r}] must be the name of a column, got {path!r}")
    return columns


def _find_format(name: str, sample: Sequence[Record], columns: Mapping[str, str]) -> Format:
    """Return the format of that name; of "auto" the one that most of a sample is recognized by."""
    by_name = {each.name: each for each in FORMATS}
    if name != "auto":
        if name not in by_name:
            raise ValueError(
                f"{named('format')} must be 'auto' or one of {sorted(by_name)}, got {name!r}"
            )
        return by_name[name]
    if not sample:
        raise ValueError("holds no records")
    counts = [sum(map(each.recognizes, sample)) for each in FORMATS]
    if any(counts):
        return FORMATS[counts.index(max(counts))]
    if "model" in columns or any(recognizes_table(record, columns) for record in sample):
        return by_name["table"]
    found = list(dict.fromkeys(str(key) for record in sample for key in record))
    more = f" and {len(found) - _MOST_KEYS} more" if len(found) > _MOST_KEYS else ""
    such_as = setting("columns", {"model": "deployment", "query": "prompt", "quality": "rating"})
    raise ValueError(
        f"is of no format that is known: its records have the keys {found[:_MOST_KEYS]}{more}. Say "
        f"which of them is the model and what else there is, such as {such_as}, or give the format "
        f"({option('format')}): {', '.join(by_name)}"
    )
