"""A small memory of what is costly and asked for again: a search scores many on the same rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any

import joblib
import numpy as np

_MOST_BYTES = 2**26

Arrays = tuple[np.ndarray, ...]


class ArrayMemory:
    """The latest results of a function, by the content of its arguments; at most 64 MB.

    What is kept is read-only. Every process has its own, so nothing depends on it but time.
    """

    def __init__(self) -> None:
        self._results: OrderedDict[str, Arrays] = OrderedDict()
        self._lock = Lock()

    def recall(self, compute: Callable[[], Arrays], *arguments: Any) -> Arrays:
        """Return what was computed for these arguments, or compute it."""
        key = joblib.hash(arguments)
        with self._lock:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
        result = compute()
        for array in result:
            array.flags.writeable = False
        with self._lock:
            self._results[key] = result
            while self._results and self._n_bytes() > _MOST_BYTES:
                self._results.popitem(last=False)
        return result

    def clear(self) -> None:
        with self._lock:
            self._results.clear()

    def _n_bytes(self) -> int:
        return sum(array.nbytes for result in self._results.values() for array in result)
