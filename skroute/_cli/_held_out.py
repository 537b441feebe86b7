"""Held-out queries, and what one policy comes to on them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._reporting import Notes, share_clipped
from ..feedback import Feedback, index_of
from ..metrics import (
    PolicyDifference,
    evaluation_predictions,
    policy_difference,
    policy_value,
    regret_score,
)
from ..nuisance import NoExplorationWarning


@dataclass
class Row:
    """What one policy comes to on the held-out queries: a line of results.csv."""

    policy: str
    model: str | None  # that a fixed policy chooses
    cost_sensitivity: float  # at which the policy chooses and is valued
    quality: float
    cost: float  # dollars per query
    utility: float
    # Where every model's outcome is known:
    regret: float | None = None
    # On a log, with 95 % intervals; the gain is over the models that the log shows:
    low: float | None = None
    high: float | None = None
    gain_over_today: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    effective_rows: float | None = None
    # As `equal_quality_saving` returns them:
    saved_share: float | None = None
    quality_gap: float | None = None


class HeldOut:
    """Held-out queries, by which policies are valued: exactly if their feedback is full.

    Attributes
    ----------
    X : ndarray of shape (m, d)
    feedback : Feedback
    known : dict
        Keyword arguments of `policy_value`.
    notes : Notes
        What to be careful about, whatever the policy.
    """

    def __init__(self, X: np.ndarray, feedback: Feedback, models: np.ndarray | None = None) -> None:
        self.X, self.feedback = X, feedback
        self.notes = Notes()
        self.known: dict[str, Any] = self.notes.hear(
            evaluation_predictions, X, feedback, models=models
        )
        if feedback.logged:
            with warnings.catch_warnings():
                # Said of each policy by itself.
                warnings.simplefilter("ignore", UserWarning)
                value = policy_value(feedback, None, **self.known)
            self.notes.about_table(
                feedback, value, [], share_clipped(feedback, self.known), costs_told=True
            )

    @property
    def explored(self) -> bool:
        """Whether the log of these rows could have chosen otherwise."""
        return NoExplorationWarning not in self.notes.kinds

    def value(
        self,
        policy: str,
        labels: np.ndarray | None,
        cost_sensitivity: float,
        model: str | None = None,
    ) -> Row:
        """Value the choice of these labels (m,); None is what the log chose."""
        options: dict[str, Any] = {"cost_sensitivity": cost_sensitivity, **self.known}
        logged, over_today = self.feedback.logged, None
        value = policy_value(self.feedback, labels, **options)
        if logged and labels is not None:
            over_today = self.difference(labels, None, cost_sensitivity)
        means = value.mean_quality, value.mean_cost, value.value
        row = Row(policy, model, cost_sensitivity, *means)
        if labels is not None and not logged:
            row.regret = regret_score(self.feedback, labels, cost_sensitivity=cost_sensitivity)
            return row
        row.low, row.high, row.effective_rows = value.low, value.high, value.effective_sample_size
        if over_today is not None:
            row.gain_over_today = over_today.value
            row.gain_low, row.gain_high = over_today.low, over_today.high
        return row

    def difference(
        self, labels: np.ndarray, over: np.ndarray | None, cost_sensitivity: float
    ) -> PolicyDifference:
        """Compare two choices (m,); None is what the log chose."""
        with warnings.catch_warnings():
            # Said of each policy by itself.
            warnings.simplefilter("ignore", UserWarning)
            return policy_difference(
                self.feedback, labels, over, cost_sensitivity=cost_sensitivity, **self.known
            )

    def outcomes(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return quality and cost (m,) of the chosen models, from full feedback."""
        place = np.arange(len(labels)), index_of(labels, self.feedback.classes)
        return self.feedback.quality[place], self.feedback.cost[place]
