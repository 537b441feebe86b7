"""Tables of answers: any record with a model, its columns found by their usual names."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from ._answer import Answer, Label, LeftOut
from ._fields import Sourced, check_found, each_answer
from ._format import Format, Record
from ._mapped_names import BODIES, LATENCIES, NAMES, places, plain, scalar_names
from ._messages import query_of
from ._options import setting
from ._values import UNKNOWN, is_nothing, leaves, look_up, mapping, number, seconds, text, truth
from ._words import listed

_FAILED = re.compile(r"error|fail|timed?[ _-]?out|abort|cancel|reject|exception|\b[45]\d\d(\.0)?$")
_NO_ERROR = {"no error", "no_error", "ok", "success"}
_CACHED = {"hit": True, "miss": False}
# Names of calls. Others, such as "id", may be those of queries, which several models answer.
_OF_CALLS = {"requestid", "callid", "generationid", "responseid", "response.id"}
_NO_AMOUNT = {"n/a", "na", "#n/a", "-", "--", "unknown", "undefined"}
_COUNTS = ("tokens", "count", "tokensin", "tokensout", "tokensinput", "tokensoutput")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
# Records without a model, before the first that has one, that are taken for something else.
_PATIENCE = 100


class _Fields:
    """What a record holds, by the field it is taken for, and by which name.

    `columns` are those of `read_log`.
    """

    def __init__(self, record: Record, columns: Mapping[str, str]) -> None:
        self.record = _with_bodies(record)
        self.names = dict(places(tuple(scalar_names(self.record))))
        if "query" not in self.names:
            for name, value in self.record.items():
                if isinstance(value, Mapping) and plain(name) in NAMES["query"]:
                    self.names["query"] = name
                    break
        # Whether a call went well is its quality where nothing else is.
        if self.names.get("success") == self.names.get("quality"):
            self.names.pop("success", None)
        self.mapped = {
            field for field, path in columns.items() if look_up(record, path) is not UNKNOWN
        }
        for field, path in columns.items():
            self.names.pop(field, None)
            if field in self.mapped:
                self.names[field] = path

    def __getitem__(self, field: str) -> Any:
        name = self.names.get(field)
        return None if name is None else look_up(self.record, name)

    def parsed(self, field: str, parse: Callable[[Any, str], Any]) -> Any:
        return parse(self[field], self.names.get(field, field))


def _with_bodies(record: Record) -> Record:
    """Return a record with the objects in it that a CSV file has as text."""
    bodies = {
        name: body
        for name, value in record.items()
        if isinstance(value, str) and value[:1] == "{" and plain(name) in BODIES
        if (body := mapping(value))
    }
    return {**record, **bodies} if bodies else record


def recognizes_table(record: Record, columns: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Tell whether a record has a model and something to learn from, where `columns` say so."""
    names = _Fields(record, columns).names
    return "model" in names and any(
        field in names for field in ("query", "quality", "cost", "input_tokens", "output_tokens")
    )


def table_answers(
    records: Iterable[Record], left_out: LeftOut, columns: Mapping[str, str]
) -> Iterator[Answer]:
    """Yield the answers in records, a record each, and count what is no evidence."""
    found: set[str] = set()
    without: list[list[str]] = []
    any_model = False

    def answers_of(record: Record) -> Iterator[Sourced]:
        nonlocal any_model
        fields = _Fields(record, columns)
        found.update(columns[field] for field in fields.mapped)
        reason = _why_no_evidence(fields)
        if reason is not None:
            left_out(reason)
        elif "model" in fields.names:
            any_model = True
            yield _answer(fields), record
        else:
            left_out("calls without a model")
            without.append([str(name) for name in record])
            if not any_model and len(without) == _PATIENCE:
                check_found({name: columns[name] for name in columns if name == "model"}, found)
                raise _no_model(without[0])

    # What the user says is part of the names already.
    yield from each_answer(records, left_out, {}, answers_of)
    if without and not any_model and "model" not in columns:
        raise _no_model(without[0])
    check_found(columns, found)


def _no_model(names: list[str]) -> ValueError:
    return ValueError(
        f"no column has the name of a model's; there are {listed(names, 30) or 'none'}. Say which "
        f"it is: {setting('columns', {'model': ...})}"
    )


def _why_no_evidence(fields: _Fields) -> str | None:
    error = text(fields["error"]) or ""
    if (
        any(_FAILED.search((text(fields[field]) or "").lower()) for field in ("status", "code"))
        or _flag(fields["success"]) is False
        or _flag(fields["failed"])
        or (error and error.lower() not in _NO_ERROR and _flag(error) is not False)
    ):
        return "failed calls"
    return "cache hits" if _flag(fields["cached"]) else None


def _flag(value: Any) -> bool | None:
    """Return a truth value, None of anything else."""
    with suppress(ValueError):
        return truth(value, "")
    return _CACHED.get(str(value).strip().lower())


def _answer(fields: _Fields) -> Answer:
    time, weight = fields.parsed("time", seconds), fields.parsed("weight", number)
    latency = fields.parsed("latency", _amount)
    model = text(fields["model"]) or ""
    gold, prior = _gold(fields), _prior(fields)
    used = set(fields.names.values())
    return Answer(
        model=model,
        query=query_of(fields["query"]),
        labels=_labels(fields, gold),
        cost=fields.parsed("cost", _amount),
        input_tokens=fields.parsed("input_tokens", _amount),
        output_tokens=fields.parsed("output_tokens", _amount),
        time=None if math.isnan(time) else time,
        latency=latency * LATENCIES.get(plain(fields.names.get("latency", "")), 1.0),
        group=text(fields["group"]),
        propensity=fields.parsed("propensity", number),
        weight=1.0 if math.isnan(weight) else weight,
        prior=prior,
        identity=_identity(fields, model),
        columns={name: value for name, value in leaves(fields.record, used) if name not in used},
    )


def _amount(value: Any, name: str) -> float:
    """Return a number as people write it: with a dollar sign, a decimal comma, commas of thousands.

    A comma that may be either, as in a cost of "1,234", is an error.
    """
    if not isinstance(value, str):
        return number(value, name)
    written = value.strip().strip("$").strip()
    if written.lower() in _NO_AMOUNT:
        return math.nan
    if _THOUSANDS.fullmatch(written):
        if written.count(",") > 1 or "." in written or plain(name).endswith(_COUNTS):
            written = written.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(written):
        written = written.replace(",", ".")
    return number(written, name)


def _identity(fields: _Fields, model: str) -> str | None:
    identity = text(fields["identity"])
    if identity is None or plain(fields.names["identity"]) in _OF_CALLS:
        return identity
    return f"{identity} of {model}"


def _gold(fields: _Fields) -> bool | None:
    """Return whether the quality is gold; a column "gold" may also be the gold answer."""
    gold = fields.parsed("gold", truth) if "gold" in fields.mapped else _flag(fields["gold"])
    if gold is None and not is_nothing(fields["gold"]):
        del fields.names["gold"]
    return True if gold is None and not is_nothing(fields["preference"]) else gold


def _prior(fields: _Fields) -> bool:
    """Return whether a row is a benchmark's; a column "prior" may also be something else."""
    if "prior" in fields.mapped:
        return bool(fields.parsed("prior", truth))
    prior = _flag(fields["prior"])
    if prior is None and not is_nothing(fields["prior"]):
        del fields.names["prior"]
    return bool(prior)


def _labels(fields: _Fields, gold: bool | None) -> tuple[Label, ...]:
    """Return the quality, and the judge's label beside it, on one scale."""
    name, preference = fields.names.get("quality"), fields["preference"]
    labels = []
    if name is not None and text(fields["quality"]) is not None:
        labels.append(Label(name, fields["quality"], gold))
    if text(preference) is not None:
        labels.append(Label(name or fields.names["preference"], preference, gold=False))
    return tuple(labels)


TABLE = Format("table", recognizes_table, table_answers)
