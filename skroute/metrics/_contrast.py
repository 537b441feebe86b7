"""Two policies on one log whose propensities are known up to a factor between their odds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._utils import check_at_least, check_cost_sensitivity
from ._policies import Policy
from ._spans import read_policies
from ._tables import CountedTable, read_table

_SEED = 0


@dataclass(frozen=True)
class Arm:
    """Rows (m,) that are averaged together, by descending `effect`.

    Each has a weight between ``1 + odds / gamma`` and ``1 + odds * gamma``, times its row weight
    and `scale`, the inverse of how likely its quality was to be known.
    """

    row: np.ndarray
    effect: np.ndarray
    odds: np.ndarray
    scale: np.ndarray
    free: np.ndarray  # whether gamma concerns the row

    @classmethod
    def of(
        cls, table: CountedTable, chosen: np.ndarray, effect: np.ndarray, propensity: np.ndarray
    ) -> Arm:
        """Sort the scored rows of a mask (n,); effects and propensities (n,) are of all rows."""
        row = np.flatnonzero(chosen & table.scored)
        row = row[np.argsort(-effect[row], kind="stable")]
        scale = np.broadcast_to(table.judged_weight(), len(effect))[row]
        return cls(row, effect[row], 1.0 / propensity[row] - 1.0, scale, estimated(table)[row])

    def ends(self, gamma: float, row_weight: np.ndarray) -> tuple[float, float]:
        """Return the smallest and largest weighted mean effect; 0 if no row has a weight."""
        share = row_weight[self.row] * self.scale
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
        if not table.feedback.logged:
            raise ValueError(
                "y is full feedback, which shows every model: its values do not depend on who "
                "chose. Give logged feedback."
            )
        signs = [
            (sign, policy, name)
            for sign, policy, name in zip((1.0, -1.0), policies, names, strict=True)
            if not (isinstance(policy, str) and policy == "zero")
        ]
        policies, names = [part[1] for part in signs], [part[2] for part in signs]
        table, read, _ = read_policies(table, policies, names)
        action = table.feedback.action
        predicted, residual = predictions_and_residuals(table, cost_sensitivity)
        plain, difference, arms = np.zeros(len(action)), np.zeros(len(action)), []
        for (sign, _, name), policy in zip(signs, read, strict=True):
            if policy is None:
                # Its weights are 1, whatever the propensities.
                plain += sign * _of_logged(predicted, action)
                everything = np.ones(len(action))
                arms.append(Arm.of(table, everything > 0, sign * residual, everything))
            else:
                _require_scored(policy, table, name)
                plain += sign * policy.average(predicted)
                difference += sign * policy.of(action)
        effect = difference * residual
        arms += [
            Arm.of(table, action == model, effect, known_propensity(table))
            for model in np.unique(action[(difference != 0) & table.scored])
        ]
        cluster = table.cluster
        if cluster is None:
            # By value, so that the interval does not depend on the order of the rows.
            cluster = np.argsort(np.lexsort((plain, residual, effect)))
        share = float(np.average(estimated(table), weights=table.weight))
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


def estimated(table: CountedTable) -> np.ndarray:
    """Return a mask (n,) of the rows whose propensity was not recorded when the log was made."""
    return np.isnan(table.feedback.propensity)


def predictions_and_residuals(
    table: CountedTable, cost_sensitivity: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted utilities (n, K), 0 without predictions, and what the log shows beyond.

    The latter (n,) is 0 where the quality is not known.
    """
    utility = table.feedback.utility(cost_sensitivity).astype(np.float64)
    predicted = np.zeros((len(utility), table.feedback.n_models))
    if table.quality is not None:
        predicted += table.quality
    if table.quality is not None and cost_sensitivity > 0:
        predicted -= cost_sensitivity * table.cost
    residual = utility - _of_logged(predicted, table.feedback.action)
    return predicted, np.where(table.scored, residual, 0.0)


def _of_logged(predicted: np.ndarray, action: np.ndarray) -> np.ndarray:
    """Return what is predicted for each row's logged model; 0 for one that no policy can choose."""
    return np.where(action < 0, 0.0, predicted[np.arange(len(action)), action])


def known_propensity(table: CountedTable) -> np.ndarray:
    """Return the propensities, or say which row lacks one and what to do."""
    return table.require_propensity(
        "needed is the probability with which the log chose its model. Pass propensity=, as "
        "evaluation_predictions estimates it."
    )


def _require_scored(policy: Policy, table: CountedTable, name: str) -> None:
    """Raise if the policy chooses a model whose quality no row shows."""
    feedback = table.feedback
    for model in np.setdiff1d(np.arange(feedback.n_models), feedback.action[table.scored]):
        row = np.flatnonzero(policy.of(np.full(len(feedback), model)))
        if len(row):
            raise ValueError(
                f"{name} chooses {str(feedback.classes[model])!r} in {len(row)} rows, whose "
                "quality the log never shows: nothing bounds its value. Leave it out of the "
                "policy, or log it."
            )
