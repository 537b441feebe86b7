"""Tables of answers: any record with a model, its columns found by their usual names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ._answer import Answer, Label, LeftOut
from ._fields import Sourced, check_found, each_answer
from ._format import Format, Record
from ._messages import query_of
from ._values import UNKNOWN, is_nothing, leaves, look_up, number, seconds, text, truth

# Usual names, the likeliest first, without regard to case, blanks, hyphens and underscores. Those
# with dots lead into requests and responses as the APIs of OpenAI and others have them.
_NAMES: dict[str, tuple[str, ...]] = {
    "query": (
        *("query", "prompt", "question", "text", "user_message", "user_prompt", "instruction"),
        *("messages", "input", "request.messages", "request.body.messages", "body.messages"),
        *("request.prompt", "request.input", "request"),
    ),
    "model": (
        *("model", "model_name", "model_id", "llm", "llm_model", "model_used", "deployment"),
        *("response.model", "response.body.model", "request.model", "request.body.model"),
        "body.model",
    ),
    "quality": (
        *("quality", "score", "rating", "reward", "feedback", "thumbs", "thumb", "label", "grade"),
        *(
            "correct",
            "is_correct",
            "user_rating",
            "user_feedback",
            "user_score",
            "stars",
            "accepted",
        ),
    ),
    "cost": (
        *("cost", "cost_usd", "total_cost", "cost_dollars", "dollars", "usd", "spend"),
        *("response_cost", "price"),
    ),
    "input_tokens": (
        *("input_tokens", "prompt_tokens", "tokens_in", "n_input_tokens", "usage.prompt_tokens"),
        *("usage.input_tokens", "response.usage.prompt_tokens", "response.usage.input_tokens"),
        *("response.body.usage.prompt_tokens", "response.body.usage.input_tokens"),
    ),
    "output_tokens": (
        *("output_tokens", "completion_tokens", "tokens_out", "n_output_tokens"),
        *("usage.completion_tokens", "usage.output_tokens", "response.usage.completion_tokens"),
        *("response.usage.output_tokens", "response.body.usage.completion_tokens"),
        "response.body.usage.output_tokens",
    ),
    "time": (
        *("time", "timestamp", "created_at", "created", "datetime", "date", "start_time", "ts"),
        *("response.created", "response.body.created"),
    ),
    "latency": (
        *("latency", "latency_s", "latency_seconds", "duration", "duration_s", "seconds"),
        *("response_time", "elapsed", "latency_ms", "duration_ms", "response_time_ms"),
    ),
    "group": (
        *("group", "session", "session_id", "conversation", "conversation_id", "thread_id"),
        *("chat_id", "trace_id"),
    ),
    "gold": ("gold", "is_gold"),
    "preference": ("preference", "judge_score", "judge"),
    "propensity": ("propensity", "probability"),
    "weight": ("weight", "sample_weight"),
    "identity": ("id", "request_id", "call_id", "uuid", "custom_id", "response.id"),
    "status": ("status", "outcome"),
    "code": ("status_code", "http_status", "response.status_code"),
    "success": ("success", "succeeded", "ok"),
    "error": ("error", "error_message", "exception"),
    "cached": ("cache_hit", "cached", "from_cache"),
}
_FAILED = re.compile(r"err|fail|timeout|timed.out|abort|cancel|reject|[45]\d\d$", re.IGNORECASE)
_MOST_SHOWN = 30


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name.lower())


@lru_cache(maxsize=256)
def _places(names: tuple[str, ...]) -> dict[str, str]:
    """Return which of the top names of a record holds what."""
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(_plain(name), name)
    found = {}
    for field, usual in _NAMES.items():
        there = [plain[_plain(name)] for name in usual if _plain(name) in plain]
        if there:
            found[field] = there[0]
    return found


class _Fields:
    """What a record holds, by the field it is taken for; and by which name."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.names = dict(_places(tuple(map(str, record))))
        if any(isinstance(value, Mapping) for value in record.values()):
            self._look_within()

    def _look_within(self) -> None:
        for field, usual in _NAMES.items():
            name = self.names.get(field)
            # An object is a body to look into, not a value.
            if name is None or isinstance(self.record[name], Mapping):
                within = (each for each in usual if "." in each)
                deeper = (path for path in within if look_up(self.record, path) is not UNKNOWN)
                path = next(deeper, None)
                if path is not None:
                    self.names[field] = path

    def __getitem__(self, field: str) -> Any:
        name = self.names.get(field)
        return None if name is None else look_up(self.record, name)

    def parsed(self, field: str, parse: Callable[[Any, str], Any]) -> Any:
        return parse(self[field], self.names.get(field, field))


def _recognizes(record: Record) -> bool:
    names = _Fields(record).names
    return "model" in names and any(
        field in names for field in ("query", "quality", "cost", "input_tokens", "output_tokens")
    )


def _answers(
    records: Iterable[Record], left_out: LeftOut, columns: Mapping[str, str]
) -> Iterator[Answer]:
    found: set[str] = set()

    def answers_of(record: Record) -> Iterator[Sourced]:
        fields = _Fields(record)
        for field, path in columns.items():
            if look_up(record, path) is not UNKNOWN:
                found.add(path)
                fields.names[field] = path
            else:
                fields.names.pop(field, None)
        if "model" not in fields.names and "model" not in columns:
            raise ValueError(_no_model(record))
        reason = _why_no_evidence(fields)
        if reason is None:
            yield _answer(fields), record
        else:
            left_out(reason)

    # What the user says is part of the names already.
    yield from each_answer(records, left_out, {}, answers_of)
    check_found(columns, found)


def _no_model(record: Record) -> str:
    names = [str(name) for name in record]
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return (
        f"has no column for the model; it has {names[:_MOST_SHOWN]}{more}. Say which of them it "
        "is: columns={'model': ...}"
    )


def _why_no_evidence(fields: _Fields) -> str | None:
    if (
        any(_FAILED.search(text(fields[field]) or "") for field in ("status", "code"))
        or _truth_or_none(fields["success"]) is False
        or (not is_nothing(fields["error"]) and _truth_or_none(fields["error"]) is not False)
    ):
        return "failed calls"
    return "cache hits" if _truth_or_none(fields["cached"]) else None


def _truth_or_none(value: Any) -> bool | None:
    try:
        return truth(value, "")
    except ValueError:
        return None


def _answer(fields: _Fields) -> Answer:
    weight, time = fields.parsed("weight", number), fields.parsed("time", seconds)
    latency = fields.parsed("latency", number)
    if _plain(fields.names.get("latency", "")).endswith("ms"):
        latency /= 1000
    used = set(fields.names.values())
    return Answer(
        model=text(fields["model"]) or "",
        query=query_of(fields["query"]),
        labels=_labels(fields),
        cost=fields.parsed("cost", number),
        input_tokens=fields.parsed("input_tokens", number),
        output_tokens=fields.parsed("output_tokens", number),
        time=None if time != time else time,
        latency=latency,
        group=text(fields["group"]),
        propensity=fields.parsed("propensity", number),
        weight=1.0 if weight != weight else weight,
        identity=text(fields["identity"]),
        columns={name: value for name, value in leaves(fields.record, used) if name not in used},
    )


def _labels(fields: _Fields) -> tuple[Label, ...]:
    """Return the quality, and the judge's label beside it, on one scale."""
    name, preference = fields.names.get("quality"), fields["preference"]
    gold = fields.parsed("gold", truth)
    if not is_nothing(preference) and gold is None:
        gold = True
    labels = []
    if name is not None and text(fields["quality"]) is not None:
        labels.append(Label(name, fields["quality"], gold))
    if text(preference) is not None:
        labels.append(Label(name or fields.names["preference"], preference, gold=False))
    return tuple(labels)


TABLE = Format("table", _recognizes, _answers)
