"""Decisions between the choice of a model and its answer."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from ._decision import Decision
from ._served_router import ServedRouter


class Pending:
    """The latest decisions that are not in the log yet, and the served routers that made them.

    Parameters
    ----------
    most : int
        How many are kept; those of requests that failed or were cut off are never taken.
    """

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._decisions: OrderedDict[str, tuple[ServedRouter, Decision]] = OrderedDict()
        self._lock = Lock()

    def put(self, served: ServedRouter, decision: Decision) -> None:
        """Keep a decision."""
        with self._lock:
            self._decisions[decision.id] = served, decision
            if len(self._decisions) > self._most:
                self._decisions.popitem(last=False)

    def take(self, decision_id: str) -> tuple[ServedRouter, Decision] | None:
        """Return a decision by its id, once; None for one of another process or long ago."""
        with self._lock:
            return self._decisions.pop(decision_id, None)
