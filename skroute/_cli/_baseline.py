"""A saved router that the new one is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .._logs import errors_naming
from .._reporting import BASELINE, Notes
from ..plots import NamedRouter, read_routers


@dataclass(frozen=True)
class Baseline:
    """What a saved router chooses for held-out queries.

    Attributes
    ----------
    router : estimator
        It takes queries as they are.
    labels : ndarray of shape (m,)
    notes : list of str
        What to be careful about.
    """

    router: Any
    labels: np.ndarray
    notes: list[str]

    @property
    def doubts(self) -> list[str]:
        """Why a difference to it cannot be believed."""
        return [f"{BASELINE} was fitted on these rows, which flatters it"] * bool(self.notes)

    @classmethod
    def of(cls, path: str, router: Any, queries: np.ndarray, models: np.ndarray) -> Baseline:
        """Let a router choose for queries (m,) or (m, d), among models that the log shows.

        Errors name the file that it is of.
        """
        with errors_naming(path):
            (named,) = read_routers(router, queries)
            unknown = sorted({*map(str, named.classes)} - {*map(str, models)})
            if unknown:
                raise ValueError(
                    f"chooses among models that the log to learn from does not show: {unknown}. "
                    "Give a log that shows them too, and --exclude them if they are gone"
                )
            heard = Notes()
            heard.hear(named.policy.warn_if_trained_on)
            labels = _choose(named)
        return cls(router, labels, [f"Of {BASELINE}: {words}" for words in heard.words])


def _choose(named: NamedRouter) -> np.ndarray:
    try:
        return named.choose()
    except ValueError:
        raise
    except Exception as error:  # whatever a router of other code or another version makes of it
        raise ValueError(
            f"cannot choose for these queries ({type(error).__name__}: {error})"
        ) from error
