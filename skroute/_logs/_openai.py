"""OpenAI's API as it is logged: requests, responses, and the files of its batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from ._answer import Answer, LeftOut
from ._format import Format, Record
from ._mapped import recognizes_table, table_answers
from ._values import mapping, text

_OBJECTS = {"chat.completion", "text_completion", "response"}
# Kinds of objects, and ends of addresses, of calls that answer no question.
_NO_CHATS = {"list", "embedding"}
_NO_ENDS = ("/embeddings", "/moderations", "/images/generations", "/images/edits")


def _recognizes(record: Record) -> bool:
    response, body = mapping(record.get("response")), mapping(record.get("body"))
    if "custom_id" in record:
        return bool(response or body) or "error" in record
    if response:
        is_response = bool({"usage", "choices", "body"} & response.keys())
        return is_response and recognizes_table(record)
    return record.get("object") in _OBJECTS and "usage" in record and "model" in record


def _answers(
    records: Iterable[Record], left_out: LeftOut, columns: Mapping[str, str]
) -> Iterator[Answer]:
    def chats() -> Iterator[Record]:
        for call in _joined(records, left_out):
            if _is_chat(call):
                yield call
            else:
                left_out("calls that are no chat")

    return table_answers(chats(), left_out, columns)


def _is_chat(call: Record) -> bool:
    response = mapping(call.get("response"))
    kinds = {part.get("object") for part in (call, response, mapping(response.get("body")))}
    return kinds.isdisjoint(_NO_CHATS) and not str(call.get("url")).endswith(_NO_ENDS)


def _joined(records: Iterable[Record], left_out: LeftOut) -> Iterator[Record]:
    """Yield calls: records as they are, those of batches with request and response in one.

    Halves wait for each other, so of many the requests should come first: they are the smaller.
    """
    requests: dict[str, list[Record]] = defaultdict(list)
    responses: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        name = text(record.get("custom_id"))
        is_request = "response" not in record and bool(mapping(record.get("body")))
        if name is None or ("response" not in record and not is_request):
            yield record
        elif is_request and responses[name]:
            yield _call(record, responses[name].pop(0))
        elif is_request:
            requests[name].append(record)
        elif requests[name]:
            yield _call(requests[name].pop(0), record)
        else:
            responses[name].append(_without_answer(record))
    yield from chain.from_iterable(responses.values())
    unanswered = sum(map(len, requests.values()))
    if unanswered:
        left_out("requests without a response", unanswered)


def _call(request: Record, response: Record) -> Record:
    rest = {name: value for name, value in request.items() if name != "body"}
    return {**rest, **response, "request": mapping(request["body"])}


def _without_answer(record: Record) -> Record:
    """Return a response without its texts, which are the most of it."""
    response = dict(mapping(record["response"]))
    body = mapping(response.get("body"))
    response["body"] = {name: value for name, value in body.items() if not isinstance(value, list)}
    return {**record, "response": response}


OPENAI = Format("openai", _recognizes, _answers)
