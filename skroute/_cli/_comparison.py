"""What ``python -m skroute`` compares: routers and fixed models, on held-out queries."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._reporting import Notes, Verdict, share_clipped, why_doubtful
from .._utils import make_folds
from ..baselines import BestFixedModel, RegressAndCompare
from ..feedback import Feedback, index_of
from ..metrics import (
    PolicyDifference,
    evaluation_predictions,
    policy_difference,
    policy_value,
    regret_score,
)
from ..nuisance import NoExplorationWarning
from ..plots import TODAY
from ..routers import CausalRouter

# Cost sensitivities of the curve, as shares of one over the spread of the models' mean costs: at 1
# the dearest model has to be better by 1 to be worth its price over the cheapest.
GRID = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 1.0)
QUICK_GRID = (0.0, 0.03, 0.1, 0.3)
_DEFAULT_SHARE = 0.3


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
            self.notes.about_table(feedback, value, [], share_clipped(feedback, self.known))

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


@dataclass
class Comparison:
    """All that was compared, and the router that was fitted."""

    cost_sensitivity: float  # of `rows` and `fixed`
    rows: list[Row]  # the lines of the printed table
    fixed: dict[str, Row]  # of each model that the log shows
    curves: dict[str, list[Row]]  # of each router, by growing cost sensitivity
    router: CausalRouter
    notes: list[str]  # what to be careful about
    verdict: Verdict | None  # of the router against the models that the log shows


def cost_spread(feedback: Feedback) -> float:
    """Return the spread of the models' mean costs that a log shows, in dollars per query.

    A spread below a fifth of the dearest model's cost counts as none: it may be the queries that
    differ, and not the prices.
    """
    fixed = BestFixedModel().fit(np.zeros((len(feedback), 1)), feedback)
    dearest, cheapest = np.nanmax(fixed.mean_cost_), np.nanmin(fixed.mean_cost_)
    return float(dearest - cheapest) if dearest - cheapest >= 0.2 * dearest else 0.0


def default_cost_sensitivity(spread: float) -> float:
    """Return 0.3 over the spread of the models' mean costs, to two digits; 0 without a spread."""
    return float(f"{_DEFAULT_SHARE / spread:.2g}") if spread > 0 else 0.0


def sensitivities(spread: float, chosen: float, grid: Sequence[float]) -> list[float]:
    """Return the cost sensitivities of the curves, the chosen one among them."""
    scaled = [share / spread for share in grid] if spread > 0 else [0.0]
    others = [value for value in scaled if abs(value - chosen) > 0.05 * chosen]
    return sorted({*others, chosen})


def compare(
    X: np.ndarray,
    y: Any,
    held_out: HeldOut,
    *,
    cost_sensitivity: float,
    grid: Sequence[float],
    seed: int,
    progress: Callable[[str], None],
) -> Comparison:
    """Fit every policy on a log of queries X (n, d), and value it on held-out queries.

    `cost_sensitivity` is that of the table, and one of those of the curves, `grid`. The router and
    the halving of the queries depend on `seed`; `progress` is told what is being done.
    """
    exact = not held_out.feedback.logged
    notes, notes_of_curves = held_out.notes, Notes()
    progress("fixed models")
    fixed_model = BestFixedModel(cost_sensitivity).fit(X, y)
    fixed = _value_fixed(fixed_model.classes_, held_out, cost_sensitivity, notes)
    rows = _rows_of_fixed(fixed_model, fixed, exact)
    strongest = next(str(row.model) for row in rows if row.policy == "always the strongest")
    if not exact:
        today = TODAY, None, cost_sensitivity
        rows.insert(0, notes.hear(held_out.value, *today, called=TODAY))
    progress("regress and compare")
    compared = RegressAndCompare(cost_sensitivity).fit(X, y)
    progress("CausalRouter")
    knots = [0.0, max(grid)] if max(grid) > 0 else None
    router = CausalRouter(cost_sensitivity, knots=knots, random_state=seed).fit(X, y)
    curves = {}
    for policy, fitted in (("regress and compare", compared), ("CausalRouter", router)):
        choices = {at: fitted.predict(held_out.X, cost_sensitivity=at) for at in grid}
        own = policy, choices[cost_sensitivity], cost_sensitivity
        rows.append(notes.hear(held_out.value, *own, called=policy))
        curves[policy] = [
            notes_of_curves.hear(held_out.value, policy, labels, at, called=f"{policy} at {at:g}")
            for at, labels in choices.items()
        ]
        if exact:
            saving = equal_quality_saving(held_out, choices, strongest, seed)
            rows[-1].saved_share, rows[-1].quality_gap = saving or (None, None)
    for row in rows:
        if row.model == strongest:
            row.saved_share, row.quality_gap = 0.0, 0.0
    if notes_of_curves.poor:
        notes.add(
            f"The log says little about {len(notes_of_curves.poor)} of the "
            f"{len(curves) * len(grid)} points of the curves; see effective_rows in results.csv."
        )
    for words in notes_of_curves.words:
        if words not in notes_of_curves.poor.values():
            notes.add(words)
    verdict = None
    if not exact:
        choice = router.predict(held_out.X)
        verdict = _conclude(router, choice, held_out, list(fixed), "CausalRouter" in notes.poor)
    return Comparison(cost_sensitivity, rows, fixed, curves, router, notes.words, verdict)


def _conclude(
    router: CausalRouter,
    choice: np.ndarray,
    held_out: HeldOut,
    models: Sequence[str],
    little_known: bool,
) -> Verdict:
    """Say whether a router is better than the log, by what it chooses for held-out queries."""
    own = router.cost_sensitivity
    over_fixed = {
        f"always {model}": held_out.difference(choice, np.repeat(model, len(choice)), own)
        for model in models
    }
    poor = ["the router's"] if little_known else []
    return Verdict.of(
        held_out.difference(choice, None, own),
        over_fixed,
        confidence=0.95,
        doubts=why_doubtful(held_out.feedback, held_out.explored, router.overlap_, poor),
        held_out=True,
    )


def _value_fixed(
    classes: np.ndarray, held_out: HeldOut, cost_sensitivity: float, notes: Notes
) -> dict[str, Row]:
    """Value each model for all queries; what they warn of goes into one note."""
    fixed, own_notes = {}, Notes()
    for label in classes:
        labels = np.repeat(label, len(held_out.X))
        fixed[str(label)] = own_notes.hear(
            held_out.value, "always", labels, cost_sensitivity, str(label), called=f"always {label}"
        )
    notes.about_fixed(own_notes, len(fixed))
    return fixed


def _rows_of_fixed(fixed_model: BestFixedModel, fixed: dict[str, Row], exact: bool) -> list[Row]:
    """Return the cheapest, the strongest and the best fixed model; on a log all others too.

    The log says which model is best, as a deployment would know it. Cheapest and strongest are
    so by exact outcomes where there are such: a reference that the log misjudges would flatter
    what is compared with it.
    """
    names = list(fixed)
    quality, cost = fixed_model.mean_quality_, fixed_model.mean_cost_
    best = int(np.nanargmax(quality - fixed_model.cost_sensitivity * cost))
    if exact:
        quality = np.array([row.quality for row in fixed.values()])
        cost = np.array([row.cost for row in fixed.values()])
    rows = [
        replace(fixed[names[k]], policy=policy)
        for policy, k in (
            ("always the cheapest", int(np.nanargmin(cost))),
            ("always the strongest", int(np.nanargmax(quality))),
            ("best fixed model", best),
        )
    ]
    shown = {row.model for row in rows}
    return rows + [row for name, row in fixed.items() if not exact and name not in shown]


def equal_quality_saving(
    held_out: HeldOut, choices: Mapping[float, np.ndarray], strongest: str, seed: int
) -> tuple[float, float] | None:
    """Return the share of the strongest model's bill that is saved, and the quality given up.

    The held-out queries are halved. In each half the largest cost sensitivity is taken at which
    the router's mean quality is no lower than the strongest model's; bill and quality at it are
    read in the other half, so that it is not chosen by the queries it is read on. None if a half
    has no such cost sensitivity.

    The feedback has to be full. `choices` are the labels (m,) that the router chooses at each cost
    sensitivity, and `seed` decides the halves.
    """
    outcomes = {at: held_out.outcomes(labels) for at, labels in sorted(choices.items())}
    quality, bill = held_out.outcomes(np.repeat(strongest, len(held_out.X)))
    stratum, group = np.zeros(len(bill), dtype=np.intp), held_out.feedback.group
    gap, cost = np.zeros((2, len(bill)))
    for choose, read in make_folds(2, None, stratum, group, np.random.RandomState(seed)):
        equal = [
            at for at, (q, _) in outcomes.items() if q[choose].mean() >= quality[choose].mean()
        ]
        if not equal:
            return None
        q, c = outcomes[equal[-1]]
        gap[read], cost[read] = (q - quality)[read], c[read]
    if bill.sum() <= 0:
        return None
    return float(1.0 - cost.sum() / bill.sum()), float(gap.mean())
