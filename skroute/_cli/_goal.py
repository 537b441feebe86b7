"""What a user asks of the router: a cost sensitivity, a budget, or a floor of quality."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone

from .._utils import as_digits, make_folds
from ..feedback import Feedback
from ..metrics import evaluation_predictions, policy_difference, policy_value
from ..routers import CausalRouter

_DEFAULT_SHARE = 0.3
_N_FOLDS, _N_SENSITIVITIES = 3, 30


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
    quality: float | str | None = None

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
    choices = _out_of_fold_choices(router, X, feedback)
    with warnings.catch_warnings():
        # Said of the policies on held-out rows.
        warnings.simplefilter("ignore", UserWarning)
        gap = np.array([_gap(floor, labels, feedback, known) for labels in choices.values()])
    best = int(gap.argmax())
    if gap[best] < 0:
        wanted = "that of the log" if floor == "today" else f"{float(floor):g}"
        raise ValueError(
            f"no cost sensitivity keeps a mean quality of {wanted}: the best that the router is "
            f"estimated to reach is {as_digits(-gap[best], 3)} below it; ask for less quality"
        )
    # Beyond the first loss a gain is luck.
    n_kept = int(np.argmax(np.r_[gap[best:] < 0, True]))
    return list(choices)[best + n_kept - 1]


def _gap(
    floor: float | str, labels: np.ndarray, feedback: Feedback, known: dict[str, Any]
) -> float:
    """Return by how much the quality of a choice (n,) is above the floor."""
    if floor == "today":
        return policy_difference(feedback, labels, None, **known).value
    return policy_value(feedback, labels, **known).mean_quality - float(floor)


def _out_of_fold_choices(
    router: CausalRouter, X: np.ndarray, feedback: Feedback
) -> dict[float, Any]:
    """Return labels (n,) by growing cost sensitivity, each row's by a router that never saw it."""
    changes = router.frontier(X).cost_sensitivity
    quantiles = np.linspace(0.0, 1.0, _N_SENSITIVITIES)
    ladder = np.unique(np.r_[0.0, np.quantile(changes, quantiles)]) if len(changes) else [0.0]
    labels = {float(at): np.empty(len(X), dtype=router.classes_.dtype) for at in ladder}
    stratum, rng = feedback.stratum, np.random.RandomState(0)
    for train, test in make_folds(_N_FOLDS, None, stratum, feedback.group, rng):
        with warnings.catch_warnings():
            # Said of the router that was fitted on all rows.
            warnings.simplefilter("ignore", UserWarning)
            fitted = clone(router).fit(X[train], feedback.take(train))
        fitted.left_out_ = router.left_out_
        frontier = fitted.frontier(X[test])
        for at, chosen in labels.items():
            chosen[test] = frontier.choice_at(at)
    return labels
