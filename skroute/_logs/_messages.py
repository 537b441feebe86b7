"""The text of a query out of the messages of a chat, however a log writes them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ._values import UNKNOWN, decode

_USER = {"user", "human", "humanmessage"}
# Their messages never ask. Anybody else's, such as the system's, stand in where the user has none.
_ANSWERING = {"assistant", "ai", "aimessage", "model", "tool", "toolmessage", "function"}
# What a request calls its messages or its text, the likeliest first.
_KEYS = ("messages", "contents", "input", "prompt", "query", "question", "text", "kwargs")
# The same in JSON that stands in text: a prompt may be JSON itself.
_KEYS_IN_TEXT = ("messages", "contents")


def query_of(messages: Any) -> str | None:
    """Return the text that was asked: that of the user's last message which has any.

    Parameters
    ----------
    messages : object
        Messages (``role`` and ``content``; also ``type`` for ``role``, as LangChain has it, and
        ``parts`` for ``content``, as OpenTelemetry and Gemini have it), one message, a request that
        holds them as ``messages``, ``input``, ``prompt`` and the like, parts of a content, or plain
        text. Text that is the JSON, or the Python literal, of messages or of a request with
        ``messages`` is decoded first.

    Returns
    -------
    query : str or None
        Parts of type text are joined by line breaks. Where the user has no message it is the last
        one that is no answer; where there is no text it is None. An object that is nothing of the
        above is returned as JSON text.

    Examples
    --------
    >>> query_of([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}])
    'Why?'
    >>> query_of('{"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}')
    'Hi'
    """
    if isinstance(messages, str):
        decoded = decode(messages)
        text = _find_text(decoded, _KEYS_IN_TEXT) if decoded else UNKNOWN
        if text is UNKNOWN:
            text = messages if decoded or decoded is UNKNOWN else None
    else:
        text = _find_text(messages, _KEYS)
        if text is UNKNOWN:
            text = _as_text(messages)
    return text if text and not text.isspace() else None


def _find_text(value: Any, keys: Iterable[str]) -> Any:
    """Return the text that messages, parts or a request ask, `UNKNOWN` if `value` is neither."""
    if isinstance(value, Mapping):
        if _message(value) is not None:
            return _last_asked([value])
        for key in keys:
            if value.get(key):
                return query_of(value[key])
    elif isinstance(value, list | tuple):
        while len(value) == 1 and isinstance(value[0], list | tuple):
            value = value[0]
        if any(_message(item) is not None for item in value):
            return _last_asked(value)
        if any(_is_part(item) for item in value):
            return _join_parts(value)
    return UNKNOWN


def _last_asked(items: Iterable[Any]) -> str | None:
    messages = [message for item in items if (message := _message(item)) is not None]
    users = [content for role, content in messages if role in _USER]
    asking = [content for role, content in messages if role not in _ANSWERING]
    return next(filter(None, map(_join_parts, reversed(users or asking))), None)


def _message(item: Any) -> tuple[str, Any] | None:
    """Return the role and the content of a message, None of anything else."""
    if not isinstance(item, Mapping):
        return None
    if item.get("type") == "constructor" and isinstance(item.get("kwargs"), Mapping):
        # As LangChain serializes it; the name of its class, such as HumanMessage, is its role.
        path = item.get("id")
        role, item = str(path[-1] if isinstance(path, list) and path else ""), item["kwargs"]
    elif "role" in item or "parts" in item:
        role = str(item.get("role"))
    elif "content" in item and str(item.get("type")).lower() in _USER | _ANSWERING | {"system"}:
        role = str(item["type"])
    else:
        return None
    return role.lower(), item.get("content") or item.get("parts")


def _is_part(item: Any) -> bool:
    return isinstance(item, Mapping) and "type" in item and ("text" in item or "image_url" in item)


def _join_parts(content: Any) -> str | None:
    """Return the text of a content: itself, or its parts that are text, joined by line breaks."""
    if isinstance(content, str):
        return content if not content.isspace() else None
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list | tuple):
        return None
    texts = (part if isinstance(part, str) else _text_of_part(part) for part in content)
    return _join_parts("\n".join(filter(None, texts)))


def _text_of_part(part: Any) -> str | None:
    """Return the text of a part, None of a picture, a result of a tool and the like."""
    if not isinstance(part, Mapping) or part.get("type", "text") not in ("text", "input_text"):
        return None
    text = part.get("text", part.get("content"))
    return text if isinstance(text, str) else None


def _as_text(value: Any) -> str | None:
    """Return strings joined by line breaks and objects as JSON; numbers, such as tokens: None."""
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    if isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value)
    ):
        return json.dumps(value, ensure_ascii=False, default=str) if value else None
    return None
