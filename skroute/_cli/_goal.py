"""What a user asks of the router: a cost sensitivity, a budget, or a floor of quality."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.base import clone
from sklearn.isotonic import IsotonicRegression

from .._utils import as_digits, make_folds
from ..feedback import Feedback
from ..metrics import evaluation_predictions, policy_difference, policy_value
from ..routers import CausalRouter

_DEFAULT_SHARE = 0.3
_N_FOLDS = 3
_MOST_RUNGS = 100
# Of means that are no different from the floor.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Goal:
    """At most one of the three; with none, 0.3 over the spread of the models' mean costs.

    Attributes
    ----------
    cost_sensitivity : float or None
    budget : float or None
        Dollars per query.
    quality : float, "today" or None
        Least mean quality.
    """

    cost_sensitivity: float | None = None
    budget: float | None = None
    quality: float | Literal["today"] | None = None

    def start(self, spread: float) -> float:
        """Return the cost sensitivity to fit at, before budget or quality are looked at."""
        if self.cost_sensitivity is not None:
            return self.cost_sensitivity
        return float(f"{_DEFAULT_SHARE / spread:.2g}") if spread > 0 else 0.0

    @property
    def depends_on_the_router(self) -> bool:
        return self.budget is not None or self.quality is not None

    def reach(self, router: CausalRouter, X: np.ndarray, feedback: Feedback) -> float:
        """Return the cost sensitivity at which a router meets budget or quality.

        `router` was fitted on the log of queries X (n, d). A budget is met by the costs that it
        predicts for them, a quality by estimates of what it would have earned: those flatter what
        was chosen by them.
        """
        if self.budget is not None:
            return router.cost_sensitivity_for_budget(X, self.budget).cost_sensitivity
        assert self.quality is not None  # one of the two is given
        return _cheapest_with(self.quality, router, X, feedback)


def _cheapest_with(
    floor: float | str, router: CausalRouter, X: np.ndarray, feedback: Feedback
) -> float:
    """Return the largest cost sensitivity at which out-of-fold choices keep a mean quality.

    Quality is estimated doubly robustly; "today" asks that it is not below that of the log.
    """
    known = evaluation_predictions(X, feedback)
    rungs = rungs_of(router.frontier(X).cost_sensitivity)
    with warnings.catch_warnings():
        # Said of the router that was fitted on all rows, and of policies on held-out rows.
        warnings.simplefilter("ignore", UserWarning)
        choices = _out_of_fold_choices(router, X, feedback, rungs)
        gap = np.array([_gap(floor, labels, feedback, known) for labels in choices])
    kept = last_kept(gap)
    if kept is None:
        wanted = "that of the log" if floor == "today" else f"{float(floor):g}"
        raise ValueError(
            f"no cost sensitivity keeps a mean quality of {wanted}: the best that the router is "
            f"estimated to reach is {as_digits(-gap.max(), 3)} below it; ask for less quality"
        )
    return float(rungs[kept])


def rungs_of(changes: np.ndarray) -> np.ndarray:
    """Return the cost sensitivities that are tried, by those at which choices change, (s,).

    Right behind each of them or, where they are many, behind each hundredth.
    """
    distinct = np.unique(changes)
    place = np.linspace(0, len(distinct) - 1, min(len(distinct), _MOST_RUNGS)).round().astype(int)
    return np.r_[0.0, np.nextafter(distinct[place], np.inf)]


def last_kept(gap: np.ndarray) -> int | None:
    """Return the last place at which quality is not below the floor, None if it always is.

    `gap` (m,) are estimates of the quality above it by growing cost sensitivity. Quality falls as
    less is spent, and what in these estimates does not is noise: the nearest falling ones decide
    (Ayer et al., *An empirical distribution function for sampling with incomplete information*,
    1955), so that one unlucky estimate ends nothing and a lucky one begins nothing.
    """
    falling = IsotonicRegression(increasing=False).fit_transform(np.arange(len(gap)), gap)
    kept = np.flatnonzero(falling >= -_ROUNDING)
    return int(kept[-1]) if len(kept) else None


def _gap(
    floor: float | str, labels: np.ndarray, feedback: Feedback, known: dict[str, Any]
) -> float:
    """Return by how much the quality of a choice (n,) is above the floor."""
    if floor == "today":
        return policy_difference(feedback, labels, None, **known).value
    return policy_value(feedback, labels, **known).mean_quality - float(floor)


def _out_of_fold_choices(
    router: CausalRouter, X: np.ndarray, feedback: Feedback, rungs: np.ndarray
) -> np.ndarray:
    """Return labels (m, n) at each cost sensitivity (m,), each row's by a router unknown to it."""
    labels = np.empty((len(rungs), len(X)), dtype=router.classes_.dtype)
    stratum, rng = feedback.stratum, np.random.RandomState(0)
    for train, test in make_folds(_N_FOLDS, None, stratum, feedback.group, rng):
        fitted = clone(router).fit(X[train], feedback.take(train))
        fitted.left_out_ = router.left_out_
        frontier = fitted.frontier(X[test])
        for chosen, at in zip(labels, rungs, strict=True):
            chosen[test] = frontier.choice_at(at)
    return labels
