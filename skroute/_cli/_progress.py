"""What the command says while it works."""

from __future__ import annotations

import sys
import time


class Progress:
    """Lines on stderr, with the seconds since the start; every note once."""

    def __init__(self) -> None:
        self.start = time.perf_counter()
        self.notes: set[str] = set()

    def __call__(self, message: str) -> None:
        print(f"[{time.perf_counter() - self.start:5.1f} s] {message}", file=sys.stderr, flush=True)

    def note(self, message: Warning | str, *_: object, **__: object) -> None:
        """Show a message, or a warning in the place of `warnings.showwarning`."""
        text = " ".join(str(message).split())
        if text not in self.notes:
            self.notes.add(text)
            self(f"note: {text}")
