"""The one way in which routers' `score` and scorers value policies: a policy evaluator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._utils import make_folds
from ..feedback import Feedback
from ..nuisance import JointOutcome, ScaledLogistic, fill_propensity
from ._assessment import Options, assess
from ._memory import ArrayMemory
from ._tables import CountedTable

_N_FOLDS = 5
# Estimated propensities below this are raised to it; recorded ones are used as they are.
MIN_ESTIMATED_PROPENSITY = 0.01
# All routers of a search are scored on the same folds.
RECENT = ArrayMemory()


@dataclass(frozen=True, eq=False)
class PolicyEvaluator:
    """A table made ready to value any policy over a set of models.

    Everything it rests on is fixed by the table: the rows, the folds, the outcome models and,
    where the log has none, the propensities. A policy enters by its choices alone.

    Attributes
    ----------
    table : CountedTable
        The rows that count, with cross-fitted predictions and a propensity in each where the
        feedback was logged.
    """

    table: CountedTable

    @classmethod
    def of(cls, X: Any, feedback: Feedback, classes: np.ndarray) -> PolicyEvaluator:
        """Make the evaluator of a table of any models, whose queries X (n, d), checked, describes.

        Policies can choose the labels `classes` (K,); a logged model that is not among them counts
        as never chosen. Full feedback needs no X.
        """
        table = CountedTable.of(feedback.aligned(classes))
        if not feedback.logged:
            return cls(table)
        quality, cost, propensity = _evaluation_models(X[table.rows], table.feedback)
        return cls(replace(table, quality=quality, cost=cost, propensity=propensity))

    def quality_and_cost(self, choice: np.ndarray) -> tuple[float, float]:
        """Return mean quality and mean cost of choosing these labels, one a row of the table."""
        assessment = assess(self.table, choice, Options(), "predictions")
        quality, cost = assessment.quality, assessment.cost
        assert cost is not None  # predicted above, or known
        return quality.value(self.table.weight), cost.value(self.table.weight)

    def value(self, choice: np.ndarray, cost_sensitivity: float) -> float:
        """Return the mean utility of choosing these labels."""
        quality, cost = self.quality_and_cost(choice)
        return quality - cost_sensitivity * cost


def _evaluation_models(
    X: np.ndarray, feedback: Feedback
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cross-fitted quality and cost, (n, K) each, and the propensity (n,) of logged models.

    Rows that show a model outside `classes` teach the outcome models nothing. They are
    predicted by what the other rows taught, and keep a propensity of 1, which nothing multiplies.
    The arrays are read-only.
    """
    quality, cost, propensity = RECENT.recall(
        lambda: _fit_evaluation_models(X, feedback),
        X,
        feedback.action,
        feedback.quality,
        feedback.cost,
        feedback.propensity,
        feedback.group,
        feedback.weight,
        feedback.n_models,
    )
    return quality, cost, propensity


def _fit_evaluation_models(
    X: np.ndarray, feedback: Feedback
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    quality, cost = np.zeros((2, len(feedback), feedback.n_models))
    propensity = np.ones(len(feedback))
    teaches = (feedback.action >= 0) & (feedback.weight > 0)
    known, other = np.flatnonzero(teaches), np.flatnonzero(~teaches)
    if len(known) == 0:
        return quality, cost, propensity
    seen = feedback.take(known)
    random_state = np.random.RandomState(0)
    folds = make_folds(_N_FOLDS, X[known], seen.action, seen.group, random_state)
    # Both models are named with all that decides what they predict, so that scores stay what they
    # are whatever routers use.
    model = JointOutcome(n_components=256, n_radial=96, random_state=0)
    quality[known], cost[known] = model.cross_fit(X[known], seen, folds)
    if len(other):
        quality[other], cost[other] = model.predict(X[other])
    estimated = fill_propensity(ScaledLogistic(penalty=1.0), X[known], seen, folds)
    floor = np.where(np.isnan(seen.propensity), MIN_ESTIMATED_PROPENSITY, 0.0)
    propensity[known] = np.maximum(estimated, floor)
    return quality, cost, propensity
