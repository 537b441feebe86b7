"""Shapes that spans and log records of OpenTelemetry are written in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ._format import Record
from ._values import is_nothing, mapping, sequence, text

# Batches as OTLP nests them: resources, in these scopes, in these signals.
_BATCHES = ("resourceSpans", "resource_spans", "resourceLogs", "resource_logs")
_SCOPES = (
    *("scopeSpans", "scope_spans", "instrumentationLibrarySpans"),
    *("scopeLogs", "scope_logs"),
)
_SIGNALS = ("spans", "logRecords", "log_records")

# Names of the same thing: of OTLP, of the console exporter of Python, of tables of spans.
_TRACE_IDS = ("traceId", "trace_id", "TraceId")
_SPAN_IDS = ("spanId", "span_id", "SpanId")
_ATTRIBUTES = ("attributes", "SpanAttributes", "LogAttributes", "span_attributes")
_STARTS = ("startTimeUnixNano", "start_time_unix_nano", "start_time", "startTime", "Timestamp")
_ENDS = ("endTimeUnixNano", "end_time_unix_nano", "end_time", "endTime")
_EVENT_NAMES = ("eventName", "event_name", "EventName")
_ERRORS = {"2", "error", "status_code_error", "statuscode.error"}


@dataclass(frozen=True)
class Signal:
    """A span, or a log record, whatever it was written as.

    Attributes
    ----------
    trace_id, span_id : str or None
        Of a log record: of the span that it belongs to.
    event : str or None
        Name of the event that a log record tells; None of a span.
    attributes, resource : mapping of str to object
    events : tuple of (str, mapping)
        Names and attributes.
    start, end, duration : object
        As written; the duration in nanoseconds.
    failed : bool
    """

    trace_id: str | None
    span_id: str | None
    event: str | None
    attributes: Mapping[str, Any]
    resource: Mapping[str, Any]
    events: tuple[tuple[str | None, Mapping[str, Any]], ...]
    start: Any
    end: Any
    duration: Any
    failed: bool


def is_batch(record: Record) -> bool:
    return any(isinstance(record.get(name), list) for name in (*_BATCHES, *_SCOPES))


def is_signal(record: Record) -> bool:
    """Tell whether a record is a span or a log record by itself."""
    if any(name.startswith(("gen_ai.", "attributes.gen_ai.")) for name in record):
        return True
    place = {**record, **mapping(record.get("context"))}
    found = [place[name] for name in _ATTRIBUTES if name in place]
    has_attributes = any(mapping(each) or sequence(each) or each in ({}, []) for each in found)
    return has_attributes and any(name in place for name in _SPAN_IDS)


def signals_in(record: Record) -> Iterator[Signal]:
    """Yield the spans and log records of a batch, or the one that a record is."""
    if not is_batch(record):
        yield _signal(record, {})
    for name in _BATCHES:
        for resource in _objects(record.get(name)):
            yield from signals_in(resource)
    for name in _SCOPES:
        for scope in _objects(record.get(name)):
            for signals in _SIGNALS:
                for item in _objects(scope.get(signals)):
                    yield _signal(item, _attributes_of(record.get("resource")))


def _signal(item: Record, resource: Mapping[str, Any]) -> Signal:
    place = {**item, **mapping(item.get("context"))}
    status = place.get("status")
    code = mapping(status).get("code", mapping(status).get("status_code", place.get("StatusCode")))
    attributes = _attributes_of(item)
    events = tuple(
        (text(event.get("name")), _attributes_of(event)) for event in _objects(item.get("events"))
    )
    return Signal(
        trace_id=_identity(_first(place, _TRACE_IDS)),
        span_id=_identity(_first(place, _SPAN_IDS)),
        event=text(_first(place, _EVENT_NAMES)) or text(attributes.get("event.name")),
        attributes=attributes,
        resource=resource or _attributes_of(item.get("resource")),
        events=events,
        start=_first(place, _STARTS),
        end=_first(place, _ENDS),
        duration=_first(place, ("Duration",)),
        failed=(text(code if code is not None else status) or "").lower() in _ERRORS,
    )


def _attributes_of(place: Any) -> dict[str, Any]:
    """Return attributes by their names, from an object, a list of keys and values, or columns."""
    place = mapping(place)
    found: dict[str, Any] = {
        name.removeprefix("attributes."): value
        for name, value in place.items()
        if name.startswith(("gen_ai.", "attributes."))
    }
    for name in _ATTRIBUTES:
        if name in place:
            found.update(mapping(place[name]) or _of_pairs(sequence(place[name])))
    return found


def _of_pairs(pairs: Iterable[Any]) -> dict[str, Any]:
    return {
        str(pair["key"]): _plain(pair.get("value"))
        for pair in pairs
        if isinstance(pair, Mapping) and "key" in pair
    }


def _plain(value: Any) -> Any:
    """Return what OTLP says the type of beside it."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind in ("arrayValue", "array_value"):
        return [_plain(item) for item in sequence(mapping(inner).get("values"))]
    if kind in ("kvlistValue", "kvlist_value"):
        return _of_pairs(sequence(mapping(inner).get("values")))
    if kind in ("intValue", "int_value") and isinstance(inner, str):
        # JSON has no integers of 64 bits.
        with suppress(ValueError):
            return int(inner)
    return inner if kind.endswith(("Value", "_value")) else value


def _identity(value: Any) -> str | None:
    """Return an id as text; one of zeros is none."""
    found = (text(value) or "").removeprefix("0x")
    return found if found.strip("0") else None


def _first(place: Record, names: Iterable[str]) -> Any:
    return next((place[name] for name in names if not is_nothing(place.get(name))), None)


def _objects(value: Any) -> list[Record]:
    return [item for item in sequence(value) if isinstance(item, Mapping)]
