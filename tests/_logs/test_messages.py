"""What was asked, out of the shapes that chats are logged in."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skroute._logs._messages import query_of


def message(role, content):
    return {"role": role, "content": content}


ASKED = "Why is\nthe sky blue?"
PARTS = [
    {"type": "text", "text": "Why is"},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,aaaa"}},
    {"type": "text", "text": "the sky blue?"},
]
CHAT = [
    message("system", "Be brief."),
    message("user", "Hello"),
    message("assistant", "Hello."),
    message("user", ASKED),
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    message("tool", "blue"),
]
SHAPES = {
    "text": ASKED,
    "a message": message("user", ASKED),
    "messages": CHAT,
    "messages in a tuple": tuple(CHAT),
    "a batch of one": [CHAT],
    "parts": PARTS,
    "parts of a message": [message("system", "Be brief."), message("user", PARTS)],
    "a part": {"type": "text", "text": ASKED},
    "a content that is one part": [message("user", {"type": "text", "text": ASKED})],
    "strings": ["Why is", "the sky blue?"],
    "a request": {"model": "m", "messages": CHAT},
    "a request of text": {"model": "m", "prompt": ASKED},
    "a traced function": {"args": [], "kwargs": {"messages": CHAT}},
    "responses": {
        "instructions": "Be brief.",
        "input": [
            message("user", [{"type": "input_text", "text": ASKED}]),
            {"type": "reasoning", "summary": []},
            {"type": "function_call_output", "output": "blue"},
        ],
    },
    "a result of a tool after it": [
        *CHAT[:4],
        message("user", [{"type": "tool_result", "content": "blue"}]),
    ],
    "OpenTelemetry": [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": ASKED}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "result": "blue"}]},
    ],
    "Gemini": {"contents": [{"parts": [{"text": ASKED}]}, {"role": "model", "parts": []}]},
    "LangChain": [{"type": "system", "content": "Be brief."}, {"type": "human", "content": ASKED}],
    "LangChain, serialized": [
        {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "schema", "messages", name],
            "kwargs": {"content": text},
        }
        for name, text in (("HumanMessage", ASKED), ("AIMessage", "Blue."))
    ],
}
# Which of them are decoded where they stand in text.
CHATS = [
    name
    for name in SHAPES
    if name
    not in ("text", "a part", "strings", "a request of text", "a traced function", "responses")
]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_last_text_of_the_user_is_what_was_asked(shape):
    assert query_of(SHAPES[shape]) == ASKED


@pytest.mark.parametrize("write", [json.dumps, repr])
@pytest.mark.parametrize("shape", CHATS)
def test_messages_in_text_are_decoded(shape, write):
    value = SHAPES[shape]
    assert query_of(f" {write(list(value) if isinstance(value, tuple) else value)}\n") == ASKED


def test_without_the_user_the_last_that_is_no_answer_asks():
    assert query_of([message("system", "Be brief."), message("developer", "Sum up.")]) == "Sum up."
    assert query_of([message("system", "Sum up."), message("assistant", "So.")]) == "Sum up."


@pytest.mark.parametrize(
    "nothing",
    [
        None,
        "",
        " \n",
        [],
        {},
        "[]",
        "{}",
        "null",
        5,
        float("nan"),
        b"bytes",
        [101, 2054],
        [message("assistant", "I asked nothing.")],
        [message("user", None)],
        [message("user", PARTS[1:2])],
        PARTS[1:2],
        [message("user", " ")],
    ],
    ids=str,
)
def test_where_there_is_no_text_there_is_none(nothing):
    assert query_of(nothing) is None


@pytest.mark.parametrize(
    "text",
    [
        '{"input": "a prompt that is JSON", "lang": "en"}',
        '["a", "list"]',
        '{"broken": ',
        "[INST] Why? [/INST]",
        "{'a': open('file')}",
        "[{'role'}]",
        "[" * 100_000 + "]" * 100_000,
        "{'\\d': }",
        "  indented",
    ],
    ids=lambda text: text[:20],
)
def test_prompts_that_only_look_like_messages_stay_as_they_are(text):
    assert query_of(text) == text


def test_the_literal_of_messages_with_stray_backslashes_is_decoded():
    assert query_of(r"[{'role': 'user', 'content': '\d+ ç'}]") == r"\d+ ç"


def test_unknown_objects_are_given_as_json():
    assert query_of({"topic": "Blü", "length": 3}) == '{"topic": "Blü", "length": 3}'
    assert query_of([{"topic": {1}}]) == '[{"topic": "{1}"}]'


@given(st.text().filter(lambda text: text.strip() and not text.strip().startswith(("[", "{", "n"))))
def test_text_of_any_kind_comes_through(text):
    assert query_of(text) == text
    assert query_of([message("user", text)]) == text
    assert query_of(json.dumps([message("user", text)])) == text
    assert query_of(repr([message("user", text)])) == text
