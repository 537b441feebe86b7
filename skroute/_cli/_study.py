"""The comparison behind ``python -m skroute``: routers and fixed models on held-out queries."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .._utils import make_folds
from ..baselines import BestFixedModel, RegressAndCompare
from ..feedback import Feedback, index_of, read_feedback
from ..metrics import evaluation_models, policy_difference, policy_value
from ..nuisance import OverlapWarning
from ..routers import CausalRouter

# Cost sensitivities of the curve, as shares of one over the spread of the models' mean costs: at 1
# the dearest model has to be better by 1 to be worth its price over the cheapest.
GRID = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 1.0)
QUICK_GRID = (0.0, 0.03, 0.1, 0.3)
DEFAULT_SHARE = 0.3

Report = Callable[[str], None]


@dataclass
class Outcome:
    """What a policy does on the held-out queries; dollars per query."""

    quality: float
    cost: float
    utility: float
    regret: float | None = None
    low: float | None = None
    high: float | None = None
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    effective_rows: float | None = None


class Judge(Protocol):
    """Judges chosen labels (n,) on held-out queries."""

    def outcome(self, labels: np.ndarray | None, cost_sensitivity: float) -> Outcome: ...


@dataclass
class TrueJudge:
    """Knows every model's outcome on every held-out query, by expectation or as measured.

    Attributes
    ----------
    quality, cost : ndarray of shape (n, K)
    models : ndarray of str of shape (K,)
    group : ndarray of shape (n,) or None
        Rows that stay together when the queries are halved.
    """

    quality: np.ndarray
    cost: np.ndarray
    models: np.ndarray
    group: np.ndarray | None = None

    def outcome(self, labels: np.ndarray | None, cost_sensitivity: float) -> Outcome:
        quality, cost = self.by_query(labels)
        utility = quality - cost_sensitivity * cost
        best = (self.quality - cost_sensitivity * self.cost).max(axis=1)
        return Outcome(
            float(quality.mean()),
            float(cost.mean()),
            float(utility.mean()),
            regret=float((best - utility).mean()),
        )

    def by_query(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chosen = index_of(labels, self.models)
        rows = np.arange(len(chosen))
        return self.quality[rows, chosen], self.cost[rows, chosen]


class LogJudge:
    """Estimates values from held-out rows of a log, with evaluation models of its own."""

    def __init__(self, X: np.ndarray, y: Any, classes: np.ndarray) -> None:
        self.y, self.classes = y, classes
        feedback = read_feedback(y).aligned(classes)
        self.quality, self.cost, self.propensity = evaluation_models(X, feedback)

    def outcome(self, labels: np.ndarray | None, cost_sensitivity: float) -> Outcome:
        options = {"cost_sensitivity": cost_sensitivity}
        if labels is None:
            value = policy_value(self.y, None, **options)
            return Outcome(
                value.mean_quality,
                value.mean_cost,
                value.value,
                low=value.low,
                high=value.high,
                effective_rows=value.effective_sample_size,
            )
        options |= {
            "predicted_quality": self.quality,
            "predicted_cost": self.cost,
            "models": self.classes,
            "propensity": self.propensity,
        }
        with warnings.catch_warnings():
            # The table has a column for what this warning says of every single policy.
            warnings.simplefilter("ignore", OverlapWarning)
            difference = policy_difference(self.y, labels, None, **options)
        value = difference.a
        return Outcome(
            value.mean_quality,
            value.mean_cost,
            value.value,
            low=value.low,
            high=value.high,
            gain=difference.value,
            gain_low=difference.low,
            gain_high=difference.high,
            effective_rows=value.effective_sample_size,
        )


@dataclass
class Row:
    """One policy of the table."""

    policy: str
    model: str | None
    outcome: Outcome
    saved: float | None = None
    quality_gap: float | None = None


@dataclass
class Study:
    """The rows of the table, the curves behind it and the routers that were fitted."""

    cost_sensitivity: float
    rows: list[Row]
    fixed: dict[str, Outcome]
    curves: dict[str, list[tuple[float, Outcome]]]
    router: CausalRouter


def cost_spread(y: Any) -> float:
    """Return the spread of the models' mean costs that a log shows, in dollars per query.

    A spread below a fifth of the dearest model's cost counts as none: it may be the queries that
    differ, and not the prices.
    """
    feedback = read_feedback(y)
    fixed = BestFixedModel().fit(np.zeros((len(feedback), 1)), y)
    dearest, cheapest = np.nanmax(fixed.mean_cost_), np.nanmin(fixed.mean_cost_)
    return float(dearest - cheapest) if dearest - cheapest >= 0.2 * dearest else 0.0


def default_cost_sensitivity(y: Any) -> float:
    """Return 0.3 over the spread of the models' mean costs, to two digits; 0 without a spread."""
    spread = cost_spread(y)
    return float(f"{DEFAULT_SHARE / spread:.2g}") if spread > 0 else 0.0


def sensitivities(y: Any, chosen: float, grid: Sequence[float]) -> list[float]:
    """Return the cost sensitivities of the curve, the chosen one among them."""
    spread = cost_spread(y)
    scaled = [share / spread for share in grid] if spread > 0 else [0.0]
    others = [value for value in scaled if abs(value - chosen) > 0.05 * chosen]
    return sorted({*others, chosen})


def run_study(
    X: np.ndarray,
    y: Any,
    X_test: np.ndarray,
    judge: Judge,
    *,
    cost_sensitivity: float,
    grid: Sequence[float],
    seed: int,
    report: Report,
) -> Study:
    """Fit every policy on a log and judge it on held-out queries.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    y : logged feedback of shape (n,)
    X_test : ndarray of shape (m, d)
    judge : Judge
        Of the held-out queries.
    cost_sensitivity : float
        That of the table.
    grid : sequence of float
        Cost sensitivities of the curves, `cost_sensitivity` among them.
    """
    fixed_model = BestFixedModel(cost_sensitivity).fit(X, y)
    classes = fixed_model.classes_

    def constant(k: int) -> np.ndarray:
        return np.repeat(classes[k : k + 1], len(X_test))

    report("fixed models")
    fixed = {
        str(label): judge.outcome(constant(k), cost_sensitivity) for k, label in enumerate(classes)
    }
    quality, cost = fixed_model.mean_quality_, fixed_model.mean_cost_
    best = int(np.nanargmax(quality - cost_sensitivity * cost))
    if isinstance(judge, TrueJudge):
        # A reference that the log misjudges would flatter what is compared with it.
        quality = np.array([outcome.quality for outcome in fixed.values()])
        cost = np.array([outcome.cost for outcome in fixed.values()])
    places = {
        "always the cheapest": int(np.nanargmin(cost)),
        "always the strongest": int(np.nanargmax(quality)),
        "best fixed model": best,
    }
    strongest = constant(places["always the strongest"])
    rows = [Row(policy, str(classes[k]), fixed[str(classes[k])]) for policy, k in places.items()]
    if isinstance(judge, LogJudge):
        rows.insert(0, Row("today's policy", None, judge.outcome(None, cost_sensitivity)))
        shown = {row.model for row in rows}
        rows += [Row("always", name, out) for name, out in fixed.items() if name not in shown]
    report("regress and compare")
    compare = RegressAndCompare(cost_sensitivity).fit(X, y)
    report("CausalRouter")
    knots = [0.0, max(grid)] if max(grid) > 0 else None
    router = CausalRouter(cost_sensitivity, knots=knots, random_state=seed).fit(X, y)
    chosen = {
        policy: {value: fitted.predict(X_test, cost_sensitivity=value) for value in grid}
        for policy, fitted in (("regress and compare", compare), ("CausalRouter", router))
    }
    curves = {}
    for policy, labels in chosen.items():
        curves[policy] = [(value, judge.outcome(labels[value], value)) for value in grid]
        rows.append(Row(policy, None, judge.outcome(labels[cost_sensitivity], cost_sensitivity)))
        if isinstance(judge, TrueJudge):
            saving = equal_quality_saving(judge, labels, strongest, seed)
            rows[-1].saved, rows[-1].quality_gap = saving or (None, None)
    for row in rows:
        if row.model == str(strongest[0]):
            row.saved, row.quality_gap = 0.0, 0.0
    return Study(cost_sensitivity, rows, fixed, curves, router)


def equal_quality_saving(
    judge: TrueJudge, labels: dict[float, np.ndarray], strongest: np.ndarray, seed: int
) -> tuple[float, float] | None:
    """Return the share of the strongest model's bill that is saved, and the quality given up.

    The held-out queries are halved. In each half the largest cost sensitivity is taken at which
    the router's mean quality is no lower than the strongest model's; bill and quality at it are
    read in the other half, so that the choice is not judged by the queries it was made on. None if
    a half has no such cost sensitivity.

    Parameters
    ----------
    judge : TrueJudge
    labels : dict from float to ndarray of shape (n,)
        Labels that the router chooses at each cost sensitivity.
    strongest : ndarray of shape (n,)
        The label of the strongest model, repeated.
    seed : int
        Decides the halves.

    Returns
    -------
    saved : float
        1 minus the ratio of the bills.
    quality_gap : float
        Mean quality of the router minus that of the strongest model, in the halves it is read in.
    """
    stratum = np.zeros(len(strongest), dtype=np.intp)
    folds = make_folds(2, None, stratum, judge.group, np.random.RandomState(seed))
    quality, bill = judge.by_query(strongest)
    outcomes = {value: judge.by_query(chosen) for value, chosen in sorted(labels.items())}
    gap = np.zeros(len(strongest))
    cost = np.zeros(len(strongest))
    for choose, read in folds:
        equal = [v for v, (q, _) in outcomes.items() if q[choose].mean() >= quality[choose].mean()]
        if not equal:
            return None
        q, c = outcomes[equal[-1]]
        gap[read], cost[read] = (q - quality)[read], c[read]
    if bill.sum() <= 0:
        return None
    return float(1.0 - cost.sum() / bill.sum()), float(gap.mean())


def known_truth(y: Any, models: Sequence[str]) -> tuple[np.ndarray, np.ndarray, Any]:
    """Return quality, cost (n, K) in the order of `models` and groups of full feedback."""
    feedback: Feedback = read_feedback(y).aligned(np.asarray(models))
    return feedback.quality.astype(np.float64), feedback.cost.astype(np.float64), feedback.group
