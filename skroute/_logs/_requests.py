"""The log that a router of skroute writes while it serves: requests, and qualities beside them."""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .._utils import short_repr
from ._answer import Answer, Label, LeftOut
from ._fields import Sourced, each_answer
from ._format import Format, Record
from ._values import is_nothing, leaves, number, seconds, text, truth

# The first member of every line, and what it says the line is.
KIND, REQUEST, QUALITY = "skroute", "request", "quality"
_START = json.dumps({KIND: ""}, separators=(",", ":")).encode()[:-3]
_NOT_COLUMNS = {
    *(KIND, "request_id", "time", "session", "model", "propensity", "cost", "latency", "query"),
    *("input_tokens", "output_tokens", "embedding"),
}
_Qualities = dict[str | None, dict[str | None, tuple[float, Label]]]


def encode_embedding(row: np.ndarray) -> str:
    """Return numbers (d,) as text: the base64 of little-endian float32, exact and short."""
    return base64.b64encode(np.asarray(row, dtype="<f4").tobytes()).decode("ascii")


def decode_embedding(value: Any) -> np.ndarray:
    """Return the float32 numbers (d,) of a text that `encode_embedding` made."""
    try:
        row = np.frombuffer(base64.b64decode(value, validate=True), dtype="<f4")
    except (TypeError, ValueError, binascii.Error):
        row = None
    if row is None or not np.isfinite(row).all():
        raise ValueError(
            f"embedding must be the base64 of finite float32 numbers, got {short_repr(value)}"
        )
    return row


def starts_request_log(head: bytes) -> bool:
    """Tell a file of such a log by its first bytes, also where its first line is cut."""
    return bool(head) and (head.startswith(_START) or _START.startswith(head))


def request_log_records(lines: Iterable[bytes], left_out: LeftOut) -> Iterator[dict[str, Any]]:
    """Yield the records of the lines of a file; a last line that is broken is left out and counted.

    The last line is the first one without an end: somebody may be writing it, and who reads on
    finds its other half. Raises ValueError where a broken line stands before a whole one: a process
    that is killed leaves no such thing.
    """
    broken = 0
    for place, line in enumerate(_whole_lines(lines), start=1):
        line = line.strip(b"\0 \t\r\n")
        if not line:
            continue
        if broken:
            raise ValueError(
                f"line {broken}: found no JSON object, and further lines behind it; remove the line"
            )
        record = _decoded(line)
        if record is None:
            broken = place
        else:
            yield record
    if broken:
        left_out("cut off or broken at the end of the file")


def _whole_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines up to the first one that does not end, which is the last."""
    for line in lines:
        yield line
        if not line.endswith(b"\n"):
            return


def _decoded(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:  # of the encoding as well
        return None
    return record if isinstance(record, dict) else None


def _recognizes(record: Record) -> bool:
    return record.get(KIND) in (REQUEST, QUALITY) and "request_id" in record


def _answers(
    records: Iterable[Record], left_out: LeftOut, columns: Mapping[str, str]
) -> Iterator[Answer]:
    qualities: _Qualities = {}

    def answers_of(record: Record) -> Iterator[Sourced]:
        if record.get(KIND) == QUALITY:
            _keep(record, qualities)
        else:
            yield _answer(record), record

    # Processes wrote beside each other, in files of their own.
    answers = sorted(each_answer(records, left_out, columns, answers_of), key=_when)
    return _joined(_of_one_embedding(answers, left_out), qualities, answers, left_out)


def _when(answer: Answer) -> float:
    when = seconds(answer.time, "time")
    return -math.inf if math.isnan(when) else when


def _keep(record: Record, qualities: _Qualities) -> None:
    """Keep a quality, the latest of each source and request."""
    when = seconds(record.get("time"), "time")
    when = -math.inf if math.isnan(when) else when
    label = Label("quality", record.get("quality"), truth(record.get("gold"), "gold"))
    by_source = qualities.setdefault(text(record.get("request_id")), {})
    source = text(record.get("source"))
    if source not in by_source or by_source[source][0] <= when:
        by_source[source] = when, label


def _answer(record: Record) -> Answer:
    embedding = record.get("embedding")
    return Answer(
        model=text(record.get("model")) or "",
        query=record.get("query"),
        cost=number(record.get("cost"), "cost"),
        input_tokens=number(record.get("input_tokens"), "input_tokens"),
        output_tokens=number(record.get("output_tokens"), "output_tokens"),
        time=record.get("time"),
        latency=number(record.get("latency"), "latency"),
        group=text(record.get("session")),
        propensity=number(record.get("propensity"), "propensity"),
        identity=text(record.get("request_id")),
        features=None if is_nothing(embedding) else decode_embedding(embedding),
        columns={"request_id": text(record.get("request_id"))} | dict(leaves(record, _NOT_COLUMNS)),
    )


def _of_one_embedding(answers: list[Answer], left_out: LeftOut) -> list[Answer]:
    """Return of answers in the order of time those whose embeddings are a table: the newest ones.

    Where all answers have their text, that is what can be embedded anew, and all are returned.
    """
    versions = [_embedded_by(answer) for answer in answers]
    if len(set(versions)) <= 1:
        return answers
    if all(answer.query is not None for answer in answers):
        left_out.remark("embeddings are not of one version, and not kept: texts are there")
        return [replace(answer, features=None) for answer in answers]
    newest = next(version for version in reversed(versions) if version is not None)
    kept = []
    for answer, version in zip(answers, versions, strict=True):
        if version == newest:
            kept.append(answer)
        elif version is None:
            left_out("no embedding and no text to make one of")
        else:
            left_out("embedded by other steps than the newest rows, and no text to embed anew")
    return kept


def _embedded_by(answer: Answer) -> tuple[str | None, int] | None:
    """Return the version and the width of an answer's embedding, None where it has none."""
    if answer.features is None:
        return None
    return answer.columns.get("embedding_version"), len(answer.features)


def _joined(
    answers: list[Answer], qualities: _Qualities, logged: list[Answer], left_out: LeftOut
) -> Iterator[Answer]:
    """Yield answers with their qualities; those of requests that were never logged are counted."""
    strays = qualities.keys() - {answer.identity for answer in logged}
    if strays:
        left_out(
            "qualities of requests that are not in the log",
            sum(len(qualities[each]) for each in strays),
        )
    for answer in answers:
        labels = [label for _, label in qualities.get(answer.identity, {}).values()]
        yield replace(answer, labels=(*answer.labels, *labels))


REQUESTS = Format("skroute", _recognizes, _answers)
