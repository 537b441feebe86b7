"""Warnings about values of policies; what they say is in their attributes too."""

from __future__ import annotations

from typing import Any

import numpy as np


class PreferenceOnlyWarning(UserWarning):
    """Values rest on preference-based qualities, since no row is gold.

    Attributes
    ----------
    n_rows : int
        Rows that count.
    """

    def __init__(self, message: str = "", *, n_rows: int = 0) -> None:
        super().__init__(message)
        self.n_rows = n_rows


class GoldRowsWarning(UserWarning):
    """Values are those of the rows with a gold quality alone, or rest on few of them.

    Attributes
    ----------
    n_rows, n_scored : int
        Rows of positive weight, and those whose quality counts.
    """

    def __init__(self, message: str = "", *, n_rows: int = 0, n_scored: int = 0) -> None:
        super().__init__(message)
        self.n_rows, self.n_scored = n_rows, n_scored


class FewClustersWarning(UserWarning):
    """An interval rests on few independent groups.

    Attributes
    ----------
    n_clusters : int
    """

    def __init__(self, message: str = "", *, n_clusters: int = 0) -> None:
        super().__init__(message)
        self.n_clusters = n_clusters


class TrainingLogWarning(UserWarning):
    """A router is scored on rows that it was fitted on.

    Attributes
    ----------
    router : str
        Class of the router.
    share_seen : float
        Estimated share of the scored rows that it was fitted on.
    """

    def __init__(self, message: str = "", *, router: str = "", share_seen: float = np.nan) -> None:
        super().__init__(message)
        self.router, self.share_seen = router, share_seen


class UnavailableModelsWarning(UserWarning):
    """A policy chooses models at times at which they were not there, by the column `time`.

    Attributes
    ----------
    models : tuple of str
        Those models.
    share : float
        Share of the rows in which one of them is chosen and was not there.
    first, last : float
        Ends of the span in which all chosen models were there, in seconds since 1970; NaN if there
        is none.
    n_rows : int
        Rows within.
    """

    models: tuple[str, ...] = ()
    share: float = np.nan
    first: float = np.nan
    last: float = np.nan
    n_rows: int = 0

    def __init__(self, message: str = "", **facts: Any) -> None:
        super().__init__(message)
        # Kept in __dict__, so that a copy or a pickle has them too.
        vars(self).update(facts)
