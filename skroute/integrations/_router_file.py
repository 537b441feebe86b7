"""A saved router that is read again when its file is replaced, while others go on predicting."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import joblib

from .._utils import load_saved
from ..routers import split_router

_logger = logging.getLogger("skroute")
_Signature = tuple[int, int, int]
_DIGITS = 12


class LoadedRouter(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    steps : tuple of transformers
    router : estimator
    version : str
        Of the file, by its bytes.
    embedding_version : str or None
        Of the steps, by what they hold: a router that was fitted again behind the same steps sees
        the same embeddings. None without steps.
    """

    steps: tuple[Any, ...]
    router: Any
    version: str
    embedding_version: str | None


def load(path: Path) -> LoadedRouter:
    """Load a router, or a pipeline or search that ends in one, that joblib saved.

    Raises ValueError, which names the file, for what is none.
    """
    data = path.read_bytes()
    steps, router = split_router(load_saved(path, io.BytesIO(data)))
    if not hasattr(router, "classes_"):
        raise ValueError(f"{path}: holds a {type(router).__name__}, which is no fitted router")
    version = hashlib.sha256(data).hexdigest()[:_DIGITS]
    return LoadedRouter(steps, router, version, joblib.hash(steps)[:_DIGITS] if steps else None)


class RouterFile:
    """The router of a file, loaded anew when the file is replaced.

    Whoever asks gets the router that is there, at once: a new file is read by a thread of its own,
    and takes the old one's place in one step when it is whole. A file that cannot be read changes
    nothing; it is tried again.

    Parameters
    ----------
    path : Path
    check_seconds : float
        How long after one look at the file the next one is due.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no router at first.
    """

    def __init__(self, path: Path, check_seconds: float) -> None:
        self._path, self._check_seconds = path, check_seconds
        self._begin()
        signature = _signature(path)
        self._loaded, self._signature = load(path), signature

    def _begin(self) -> None:
        self._process, self._lock = os.getpid(), threading.Lock()
        self._next_look = time.monotonic() + self._check_seconds
        self._refused: _Signature | None = None

    def current(self) -> LoadedRouter:
        """Return the router; where a look at the file is due, see to it that somebody looks."""
        if time.monotonic() >= self._next_look:
            if os.getpid() != self._process:
                self._begin()  # a fork: no thread of the parent will give back the lock
            if self._lock.acquire(blocking=False):
                self._look()
        return self._loaded

    def _look(self) -> None:
        """Look whether the file is another one, and have it read then; give back the lock."""
        reading = False
        try:
            self._next_look = time.monotonic() + self._check_seconds
            signature = _signature(self._path)
            if signature != self._signature:
                args = (signature,)
                threading.Thread(target=self._read, args=args, daemon=True).start()
                reading = True
        except (OSError, RuntimeError) as error:
            _logger.warning("%s: cannot be looked at (%s); the router stays", self._path, error)
        finally:
            if not reading:
                self._lock.release()

    def _read(self, signature: _Signature) -> None:
        try:
            self._loaded = load(self._path)
            # What was there before it was read: a file that is replaced meanwhile is read again.
            self._signature, self._refused = signature, None
            _logger.info("%s: serves as version %s", self._path, self._loaded.version)
        except Exception as error:
            if signature != self._refused:
                _logger.warning("%s; the router that was there stays", error)
            self._refused = signature
        finally:
            self._lock.release()


def _signature(path: Path) -> _Signature:
    found = path.stat()
    return found.st_mtime_ns, found.st_ino, found.st_size
