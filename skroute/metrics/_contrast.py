"""Two policies on one log whose propensities are known up to a factor between their odds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._utils import check_at_least, check_cost_sensitivity
from ._policies import Policy, read_policy
from ._tables import CountedTable, read_table

_SEED = 0


@dataclass(frozen=True)
class Arm:
    """Rows (m,) that are averaged together, by descending `effect`.

    Each has a weight between ``1 + odds / gamma`` and ``1 + odds * gamma``, times its row weight.
    """

    row: np.ndarray
    effect: np.ndarray
    odds: np.ndarray
    free: np.ndarray  # whether gamma concerns the row

    @classmethod
    def of(
        cls, row: np.ndarray, effect: np.ndarray, propensity: np.ndarray, free: np.ndarray
    ) -> Arm:
        """Sort the rows named by an index (m,); the rest is of all rows (n,)."""
        row = row[np.argsort(-effect[row], kind="stable")]
        return cls(row, effect[row], 1.0 / propensity[row] - 1.0, free[row])

    def ends(self, gamma: float, row_weight: np.ndarray) -> tuple[float, float]:
        """Return the smallest and largest weighted mean effect; 0 if no row has a weight."""
        share = row_weight[self.row]
        if not share.any():
            return 0.0, 0.0
        factor = np.where(self.free, gamma, 1.0)
        least, most = share * (1.0 + self.odds / factor), share * (1.0 + self.odds * factor)
        gap = most - least
        # What the first rows, none to all of them, add to both sums by their larger weights.
        effect = np.concatenate([[0.0], np.cumsum(gap * self.effect)])
        weight = np.concatenate([[0.0], np.cumsum(gap)])
        high = (least @ self.effect + effect) / (least.sum() + weight)
        low = (most @ self.effect - effect) / (most.sum() - weight)
        return float(low.min()), float(high.max())


@dataclass(frozen=True)
class Contrast:
    """The difference of two policies: a mean of `plain` (n,) plus the means of some arms."""

    plain: np.ndarray
    arms: list[Arm]
    weight: np.ndarray
    cluster: np.ndarray
    share_estimated: float

    @classmethod
    def of(
        cls, y: Any, policies: Sequence[Any], names: Sequence[str], **table_options: Any
    ) -> Contrast:
        """Read the table and the policies, the first minus the second."""
        cost_sensitivity = check_cost_sensitivity(table_options["cost_sensitivity"])
        table = read_table(y, **table_options)
        feedback = table.feedback
        if not feedback.logged:
            raise ValueError(
                "y is full feedback, which shows every model: its values do not depend on who "
                "chose. Give logged feedback."
            )
        predicted, residual = predictions_and_residuals(table, cost_sensitivity)
        plain, difference, arms = np.zeros(len(residual)), np.zeros(len(residual)), []
        free = np.isnan(feedback.propensity)
        for sign, policy, name in zip((1.0, -1.0), policies, names, strict=True):
            if policy is None:
                # Its weights are 1, whatever the propensities.
                everything, sure = np.arange(len(residual)), np.ones(len(residual))
                plain += sign * _of_logged(predicted, feedback.action)
                arms.append(Arm.of(everything, sign * residual, sure, free))
            elif not (isinstance(policy, str) and policy == "zero"):
                read = read_policy(policy, feedback.classes, len(table.counted), name)
                read = read.take(table.rows)
                _require_shown(read, table, name)
                plain += sign * read.average(predicted)
                difference += sign * read.of(feedback.action)
        effect = difference * residual
        for model in np.unique(feedback.action[difference != 0]):
            row = np.flatnonzero(feedback.action == model)
            arms.append(Arm.of(row, effect, known_propensity(table), free))
        cluster = table.cluster
        if cluster is None:
            # By value, so that the interval does not depend on the order of the rows.
            cluster = np.argsort(np.lexsort((plain, residual, effect)))
        share = float(np.average(free, weights=table.weight))
        return cls(plain, arms, table.weight, cluster, share)

    def bounds(self, gamma: float, row_weight: np.ndarray | None = None) -> tuple[float, float]:
        """Return both ends of the estimate, of rows weighted otherwise where that is given."""
        weight = self.weight if row_weight is None else row_weight
        ends = np.array([arm.ends(gamma, weight) for arm in self.arms]).reshape(-1, 2)
        low, high = np.average(self.plain, weights=weight) + ends.sum(axis=0)
        return float(low), float(high)

    def interval(self, gamma: float, confidence: float, n_replicates: int) -> tuple[float, float]:
        """Return the percentile interval over resampled clusters."""
        check_at_least(1, n_replicates=n_replicates)
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must be between 0 and 1, got {confidence!r}")
        n_clusters = int(self.cluster.max()) + 1
        random_state = np.random.default_rng(_SEED)
        ends = np.empty((n_replicates, 2))
        for replicate in range(n_replicates):
            drawn = random_state.integers(0, n_clusters, n_clusters)
            times = np.bincount(drawn, minlength=n_clusters)
            ends[replicate] = self.bounds(gamma, self.weight * times[self.cluster])
        tail = (1.0 - confidence) / 2
        return float(np.quantile(ends[:, 0], tail)), float(np.quantile(ends[:, 1], 1.0 - tail))


def predictions_and_residuals(
    table: CountedTable, cost_sensitivity: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted utilities (n, K), 0 without predictions, and what the log shows beyond."""
    utility = table.feedback.utility(cost_sensitivity).astype(np.float64)
    if table.quality is None:
        return np.zeros((len(utility), table.feedback.n_models)), utility
    predicted = table.quality.astype(np.float64)
    if cost_sensitivity > 0:
        predicted = predicted - cost_sensitivity * table.cost
    return predicted, utility - _of_logged(predicted, table.feedback.action)


def _of_logged(predicted: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Return what is predicted for each row's logged model; 0 for one that no policy can choose."""
    return np.where(action < 0, 0.0, predicted[np.arange(len(action)), action])


def known_propensity(table: CountedTable) -> np.ndarray:
    """Return the propensities, or say which row lacks one and what to do."""
    missing = np.flatnonzero(np.isnan(table.propensity))
    if len(missing):
        row = int(np.flatnonzero(table.counted)[missing[0]])
        raise ValueError(
            f"column 'propensity', row {row}: found nan ({len(missing)} of {len(table.feedback)} "
            "rows); needed is the probability with which the log chose its model. Pass "
            "propensity=, as evaluation_predictions estimates it."
        )
    return table.propensity


def _require_shown(policy: Policy, table: CountedTable, name: str) -> None:
    """Raise if the policy chooses a model of which no row says anything."""
    feedback = table.feedback
    for model in np.setdiff1d(np.arange(feedback.n_models), feedback.action):
        row = np.flatnonzero(policy.of(np.full(len(feedback), model)))
        if len(row):
            raise ValueError(
                f"{name} chooses {str(feedback.classes[model])!r} in {len(row)} rows, which the "
                "log never shows: nothing bounds its value. Leave it out of the policy, or log it."
            )
