"""What ``skroute fit`` compares: routers and fixed models, on held-out queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.base import clone

from .._reporting import Notes, QualityFloor, Verdict, why_doubtful
from .._utils import as_dollars, as_interval, as_number, as_share, make_folds, per_thousand
from ..baselines import BestFixedModel, RegressAndCompare
from ..feedback import Feedback
from ..metrics import PolicyDifference
from ..plots import TODAY
from ..routers import CausalRouter
from ._baseline import BASELINE, Baseline
from ._goal import Goal
from ._held_out import HeldOut, Row
from ._labels import Labels, as_they_are

# Cost sensitivities of the curve, as shares of one over the spread of the models' mean costs: at 1
# the dearest model has to be better by 1 to be worth its price over the cheapest.
GRID = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.2, 0.3, 0.5, 1.0)
QUICK_GRID = (0.0, 0.03, 0.1, 0.3)


@dataclass(frozen=True)
class Change:
    """What the router changes against another policy, on held-out queries.

    Attributes
    ----------
    against : str
    quality : PolicyDifference
        Of the mean quality.
    cost, cost_before : float
        Dollars per query, with the router and with the other policy.
    """

    against: str
    quality: PolicyDifference
    cost: float
    cost_before: float

    def sentence(self, volume: float | None = None) -> str:
        """Say it; `volume` are queries a month."""
        gain = self.quality
        words = (
            f"Against {self.against}: quality {as_number(gain.value, signed=True)} "
            f"({as_interval(gain.low, gain.high, signed=True)})"
        )
        if self.cost == self.cost_before == 0:
            return f"{words}."
        words += (
            f", {per_thousand(self.cost)} instead of {per_thousand(self.cost_before)} per 1,000 "
            "queries"
        )
        if self.cost_before > 0:
            words += f" ({as_share(self.cost / self.cost_before - 1, signed=True)})"
        if volume is not None:
            saved = volume * (self.cost_before - self.cost)
            verb = "saved" if saved >= 0 else "spent more"
            words += f"; {as_dollars(abs(saved))} a month {verb} at {volume:,.0f} queries"
        return f"{words}."


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
    change: Change | None  # and what it changes in quality and dollars
    over_baseline: tuple[Verdict, Change] | None = None  # the same against a saved router
    floor: QualityFloor | None = None  # what it reaches, where a quality was asked for

    @property
    def not_recommended(self) -> bool:
        """Whether the router is known to be worse than what chose so far."""
        return self.verdict is not None and self.verdict.answer == "worse"


def cost_spread(feedback: Feedback) -> float:
    """Return the spread of the models' mean costs that a log shows, in dollars per query.

    A spread below a fifth of the dearest model's cost counts as none: it may be the queries that
    differ, and not the prices.
    """
    fixed = BestFixedModel().fit(np.zeros((len(feedback), 1)), feedback)
    dearest, cheapest = np.nanmax(fixed.mean_cost_), np.nanmin(fixed.mean_cost_)
    return float(dearest - cheapest) if dearest - cheapest >= 0.2 * dearest else 0.0


def sensitivities(spread: float, chosen: float, grid: Sequence[float]) -> list[float]:
    """Return the cost sensitivities of the curves, the chosen one among them."""
    scaled = [share / spread for share in grid] if spread > 0 else [0.0]
    others = [value for value in scaled if abs(value - chosen) > 0.05 * chosen]
    return sorted({*others, chosen})


def compare(
    X: np.ndarray,
    y: Feedback,
    held_out: HeldOut,
    *,
    labels: Labels,
    goal: Goal,
    grid: Sequence[float],
    exclude: Sequence[str] | None = None,
    baseline: Baseline | None = None,
    seed: int,
    progress: Callable[[str], None],
) -> Comparison:
    """Fit every policy on a log of queries X (n, d), and value it on held-out queries.

    `goal` says at which cost sensitivity, and `grid` of which others the curves are made, as shares
    of one over the spread of costs. Routers never choose the models of `exclude`. The router and
    the halving of the queries depend on `seed`; `progress` is told what is being done.

    What is compared with the router learns from the same labels as it, `labels` says which.
    """
    exact = not held_out.feedback.logged
    notes, notes_of_curves = held_out.notes, Notes()
    progress("CausalRouter")
    settled = labels.settled(X, y)
    spread = cost_spread(as_they_are(y))
    router = _fit_router(X, y, labels, goal, spread, exclude, seed)
    own = router.cost_sensitivity
    at_all = sensitivities(spread, own, grid)
    progress("regress and compare")
    compared = RegressAndCompare(own).fit(X, settled)
    compared.left_out_ = np.union1d(compared.left_out_, router.left_out_)
    progress("fixed models")
    fixed_model = BestFixedModel(own).fit(X, settled)
    kept = ~np.isin(fixed_model.classes_, [*router.left_out_, *fixed_model.left_out_])
    fixed = _value_fixed(fixed_model.classes_[kept], held_out, own, notes)
    rows = _rows_of_fixed(fixed_model, kept, fixed, exact)
    strongest = next(str(row.model) for row in rows if row.policy == "always the strongest")
    if not exact:
        rows.insert(0, notes.hear(held_out.value, TODAY, None, own, called=TODAY))
    curves = {}
    for policy, fitted in (("regress and compare", compared), ("CausalRouter", router)):
        choices = {at: fitted.predict(held_out.X, cost_sensitivity=at) for at in at_all}
        rows.append(notes.hear(held_out.value, policy, choices[own], own, called=policy))
        curves[policy] = [
            notes_of_curves.hear(held_out.value, policy, chosen, at, called=f"{policy} at {at:g}")
            for at, chosen in choices.items()
        ]
        if exact:
            saving = equal_quality_saving(held_out, choices, strongest, seed)
            rows[-1].saved_share, rows[-1].quality_gap = saving or (None, None)
    for row in rows:
        if row.model == strongest:
            row.saved_share, row.quality_gap = 0.0, 0.0
    _note_curves(notes, notes_of_curves, len(curves) * len(at_all))
    choice, own_row = choices[own], rows[-1]
    poor = [name for name in ("CausalRouter",) if name in notes.poor]
    verdict = change = over_baseline = floor = None
    if not exact:
        verdict = _conclude(router, choice, None, held_out, list(fixed), poor)
        quality = held_out.difference(choice, None, 0.0)
        change = Change(TODAY, quality, own_row.cost, rows[0].cost)
    if baseline is not None:
        row = notes.hear(held_out.value, BASELINE, baseline.labels, own, called=BASELINE)
        rows.insert(0 if exact else 1, row)
        poor += [name for name in (BASELINE,) if name in notes.poor]
        doubts = baseline.doubts
        against = _conclude(router, choice, baseline.labels, held_out, [], poor, doubts)
        quality = held_out.difference(choice, baseline.labels, 0.0)
        over_baseline = against, Change(BASELINE, quality, own_row.cost, row.cost)
        for words in baseline.notes:
            notes.add(words)
    if goal.quality is not None:
        floor = QualityFloor.of(goal.quality, held_out.feedback, choice, held_out.known)
    return Comparison(
        own, rows, fixed, curves, router, notes.words, verdict, change, over_baseline, floor
    )


def _fit_router(
    X: np.ndarray,
    y: Feedback,
    labels: Labels,
    goal: Goal,
    spread: float,
    exclude: Sequence[str] | None,
    seed: int,
) -> CausalRouter:
    """Return a router that serves every cost sensitivity, its own being that of the goal."""
    table = labels.of_router(y)
    router = CausalRouter(
        goal.start(spread), knots="auto", bias_correction=labels.correction, random_state=seed
    ).fit(X, table)
    left_out = router.left_out_
    if exclude:
        router.predict(X[:1], exclude=exclude)  # raises where a name is not known
        named = np.isin(router.classes_.astype(str), exclude)
        left_out = router.classes_[named | np.isin(router.classes_, left_out)]
        router.left_out_ = left_out
    if goal.depends_on_the_router:
        own = goal.reach(router, X, y)
        router = clone(router).set_params(cost_sensitivity=own).fit(X, table)
        router.left_out_ = left_out
    return router


def _note_curves(notes: Notes, notes_of_curves: Notes, n_points: int) -> None:
    """Say in one note of how many points of the curves the log says little."""
    if notes_of_curves.poor:
        notes.add(
            f"The log says little about {len(notes_of_curves.poor)} of the {n_points} points of "
            "the curves; see effective_rows in results.csv."
        )
    for words in notes_of_curves.words:
        if words not in notes_of_curves.poor.values():
            notes.add(words)


def _conclude(
    router: CausalRouter,
    choice: np.ndarray,
    before: np.ndarray | None,
    held_out: HeldOut,
    fixed: Sequence[str],
    poor: Sequence[str],
    doubts: Sequence[str] = (),
) -> Verdict:
    """Say whether a router is better than what chose before, by its choices for held-out queries.

    `before` is None for the log. Rivals are the models `fixed`; the log says little of the policies
    `poor`, and `doubts` say what else cannot be believed.
    """
    own = router.cost_sensitivity
    over_fixed = {
        f"always {model}": held_out.difference(choice, np.repeat(model, len(choice)), own)
        for model in fixed
    }
    whose = ["the router's" if name == "CausalRouter" else f"{name}'s" for name in poor]
    overlap = getattr(router, "overlap_", None)
    return Verdict.of(
        held_out.difference(choice, before, own),
        over_fixed,
        confidence=0.95,
        doubts=[*doubts, *why_doubtful(held_out.feedback, held_out.explored, overlap, whose)],
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


def _rows_of_fixed(
    fixed_model: BestFixedModel, kept: np.ndarray, fixed: dict[str, Row], exact: bool
) -> list[Row]:
    """Return the cheapest, the strongest and the best fixed model; on a log all others too.

    Without costs there is no cheapest one. Models that are not `kept`, bool (K,), may not be chosen
    and are none of them.

    The log says which model is best, as a deployment would know it. Cheapest and strongest are
    so by exact outcomes where there are such: a reference that the log misjudges would flatter
    what is compared with it.
    """
    names = list(fixed)
    quality, cost = fixed_model.mean_quality_[kept], fixed_model.mean_cost_[kept]
    best = int(np.nanargmax(quality - fixed_model.cost_sensitivity * cost))
    if exact:
        quality = np.array([row.quality for row in fixed.values()])
        cost = np.array([row.cost for row in fixed.values()])
    chosen = [("always the strongest", int(np.nanargmax(quality))), ("best fixed model", best)]
    if np.nanmax(cost) > 0:
        chosen.insert(0, ("always the cheapest", int(np.nanargmin(cost))))
    rows = [replace(fixed[names[k]], policy=policy) for policy, k in chosen]
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
