"""Files that many processes append lines to at once, without a lock between them."""

from __future__ import annotations

import os
import secrets
import threading
import time
from pathlib import Path

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Segments:
    """Lines appended to files of a folder, each file written by one process alone.

    Two processes never write one file, so no lock between processes is needed: those of Windows
    and of POSIX differ, and network drives have neither. Readers take the folder as a whole. Within
    a process threads share the file, behind a lock of their own.

    A line goes to the system in one unbuffered write: when the process is killed, all lines before
    are in the file, and the last one may be cut. After a write that failed (a full disk) a new file
    is begun, so that a cut line is always the last one of its file.

    Parameters
    ----------
    folder : Path
        It is made with the first line.
    kind : str
        What names of files begin with.
    max_bytes : int
        A file that would become longer is closed, and a new one begun.
    """

    def __init__(self, folder: Path, kind: str, max_bytes: int) -> None:
        self._folder, self._kind, self._max_bytes = folder, kind, max_bytes
        self._begin()

    def _begin(self) -> None:
        self._process, self._lock = os.getpid(), threading.Lock()
        self._file: int | None = None
        self._size = 0

    def append(self, line: bytes) -> None:
        """Append a line, which ends with its newline."""
        if os.getpid() != self._process:
            # A fork: the file belongs to the parent, whose threads may have held the lock.
            self._begin()
        with self._lock:
            if self._file is not None and self._size + len(line) > self._max_bytes:
                self._close()
            if self._file is None:
                self._file, self._size = self._open(), 0
            try:
                self._write(self._file, line)
            except BaseException:
                self._close()
                raise
            self._size += len(line)

    def close(self) -> None:
        """Close the file; a later line begins a new one."""
        if os.getpid() == self._process:
            with self._lock:
                self._close()

    def _open(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        began = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        name = f"{self._kind}-{began}-{self._process}-{secrets.token_hex(4)}.jsonl"
        return os.open(self._folder / name, _FLAGS, 0o600)

    @staticmethod
    def _write(file: int, line: bytes) -> None:
        written = os.write(file, line)
        while written < len(line):
            written += os.write(file, line[written:])

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
