"""What notes and errors call the options of `read_log`: keywords, or the flags of the command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_flags: ContextVar[bool] = ContextVar("flags", default=False)


@contextmanager
def as_flags() -> Iterator[None]:
    """Within it options are called as the command calls them."""
    token = _flags.set(True)
    try:
        yield
    finally:
        _flags.reset(token)


def named(name: str) -> str:
    """Return what an option is called: `prices`, or `--prices`."""
    return f"--{name.replace('_', '-')}" if _flags.get() else name


def option(name: str) -> str:
    """Return an option as one gives it: `prices=`, or `--prices`."""
    return named(name) if _flags.get() else f"{name}="


def setting(name: str, value: Any) -> str:
    """Return an option with its value; what is to be filled in is an ellipsis."""
    if not _flags.get():
        return f"{name}={value!r}".replace("Ellipsis", "...")
    parts = [_as_word(value)]
    if isinstance(value, Mapping):
        parts = [f"{key}={_as_word(each)}" for key, each in value.items()]
    return " ".join([named(name), *map(shlex.quote, parts)])


def _as_word(value: Any) -> str:
    if value is ... or value is None:
        return "..." if value is ... else "none"
    return ",".join(f"{each:g}" for each in value) if isinstance(value, tuple) else str(value)
