"""What the command says while it works."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .._utils import printable


class Progress:
    """Lines on stderr, with the seconds since the start; every note once."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.notes: set[str] = set()
        self.kinds: set[type] = set()
        self._said_before: frozenset[type] = frozenset()

    def __call__(self, message: str) -> None:
        seconds = time.perf_counter() - self.start
        print(f"[{seconds:5.1f} s] {printable(message)}", file=sys.stderr, flush=True)

    def note(self, message: Warning | str, *_: object, **__: object) -> None:
        """Show a message, or a warning in the place of `warnings.showwarning`."""
        text = " ".join(str(message).split())
        if text in self.notes or type(message) in self._said_before:
            return
        self.notes.add(text)
        self.kinds.add(type(message))
        self(f"note: {text}")

    @contextmanager
    def again(self) -> Iterator[None]:
        """Do something once more: a kind of warning that was shown only has other numbers."""
        self._said_before = frozenset(self.kinds - {str, UserWarning})
        try:
            yield
        finally:
            self._said_before = frozenset()
