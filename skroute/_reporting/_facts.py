"""What the page says, worked out once."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from .._utils import as_interval, as_number, as_points, short_labels
from ..feedback import Feedback, index_of
from ..history import LogHistory
from ..metrics import (
    MIN_ESTIMATED_PROPENSITY,
    BillSaved,
    CostQualityCurve,
    PolicyDifference,
    PolicyValue,
    bill_saved,
    cost_quality_curve,
    differences_of_pairs,
    policy_difference,
)
from ..plots import TODAY, NamedRouter
from ..routers import Frontier
from ._verdict import Verdict

# Of the curve of cost against quality.
_N_POINTS = 20


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything that the sections of the page are made of.

    Attributes
    ----------
    router : NamedRouter
    feedback : Feedback
        All rows, in the order of the router's models; costs and qualities at today's level.
    history : LogHistory or None
        What happened over time; None where the table does not tell when answers were given.
    known : dict
        Keyword arguments of `policy_value`.
    cost_sensitivity, confidence : float
        At which policies choose and are valued, and that of the intervals.
    policies : dict from str to ndarray of shape (n,) or None
        Labels that each policy chooses; None is the log.
    fixed : list of str
        Names of the policies that choose one model for all queries.
    values : dict from str to PolicyValue
        Of every policy.
    reference : str
        The policy that others are compared with: the baseline if there is one, today's on a log,
        else the best fixed model.
    volume : float or None
        Queries a month.
    by, text : ndarray of shape (n,) or None
        Group of each query, and the query as people read it.
    seconds : ndarray of shape (n,) or (n, K), or None
        How long answers took, as `read_latency` returns it.
    held_out : bool
        Whether the rows are none that the router was fitted on, as far as that is known.
    explored : bool
        Whether the log of these rows could have chosen otherwise.
    poor : list of str
        Names of the policies of which the log says little.
    doubts : list of str
        Why differences to the reference cannot be believed.
    notes : list of str
        What to be careful about.
    """

    router: NamedRouter
    feedback: Feedback
    history: LogHistory | None
    known: dict[str, Any]
    cost_sensitivity: float
    confidence: float
    policies: dict[str, np.ndarray | None]
    fixed: list[str]
    values: dict[str, PolicyValue]
    reference: str
    volume: float | None
    by: np.ndarray | None
    text: np.ndarray | None
    seconds: np.ndarray | None
    held_out: bool
    explored: bool
    poor: list[str]
    doubts: list[str]
    notes: list[str]

    @property
    def logged(self) -> bool:
        return self.feedback.logged

    @property
    def compared_with(self) -> str:
        """What to call the reference in a sentence."""
        return self.called(self.reference)

    def called(self, name: str) -> str:
        """Return what to call a policy in a sentence."""
        best = name == self.best_fixed
        return f"the best fixed model ({name})" if best else name

    @cached_property
    def best_fixed(self) -> str:
        """Name of the fixed model of the largest estimated utility on these rows."""
        return max(self.fixed, key=lambda name: self.values[name].value)

    @cached_property
    def in_points(self) -> bool:
        """Whether quality is on a scale from 0 to 1, so that differences are told in points."""
        low, high = self._ends_of_quality
        return low >= 0 and high <= 1

    @property
    def range_of_quality(self) -> float:
        low, high = self._ends_of_quality
        return 1.0 if self.in_points else high - low

    @cached_property
    def _ends_of_quality(self) -> tuple[float, float]:
        known = self.feedback.quality[~np.isnan(self.feedback.quality)]
        return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)

    @property
    def models(self) -> list[str]:
        """Names of the models as they are shown."""
        return list(short_labels(self.feedback.classes).values())

    @cached_property
    def before(self) -> np.ndarray:
        """Index (n,) of the model of the reference, -1 for one that the router does not know."""
        chosen = self.policies[self.reference]
        return self.feedback.action if chosen is None else index_of(chosen, self.feedback.classes)

    @cached_property
    def after(self) -> np.ndarray:
        """Index (n,) of the router's model."""
        return index_of(self.policies[self.router.name], self.feedback.classes)

    @cached_property
    def frontier(self) -> Frontier | None:
        """None: the router predicts no outcomes."""
        return self.router.frontier() if hasattr(self.router.router, "frontier") else None

    @cached_property
    def share_clipped(self) -> float:
        """Share of rows whose estimated propensity was raised to the least that is allowed."""
        return share_clipped(self.feedback, self.known)

    @cached_property
    def _pairs(self) -> dict[tuple[str, str], PolicyDifference]:
        """All policies over the reference, and the router over every other one."""
        own, reference = self.router.name, self.reference
        pairs = [(name, reference) for name in self.policies if name != reference]
        pairs += [(own, name) for name in self.policies if name not in (own, reference)]
        with warnings.catch_warnings():
            # What they warn of was noted of the values.
            warnings.simplefilter("ignore", UserWarning)
            return differences_of_pairs(
                self.feedback,
                self.policies,
                pairs,
                self.values,
                kept=[reference, own],
                cost_sensitivity=self.cost_sensitivity,
                confidence=self.confidence,
                **self.known,
            )

    @cached_property
    def differences(self) -> dict[str, PolicyDifference]:
        """Of every other policy over `reference`."""
        return {name: gain for (name, over), gain in self._pairs.items() if over == self.reference}

    @cached_property
    def over_fixed(self) -> dict[str, PolicyDifference]:
        """Of the router over each fixed model."""
        return {name: self._pairs[self.router.name, name] for name in self.fixed}

    @cached_property
    def against(self) -> dict[str, PolicyDifference]:
        """Of the router over the reference, over today's policy, and over the best fixed model.

        It is these rows that tell which fixed model is the best, and the interval of the utility
        allows for that: it is of the difference to the model that is truly the best. That is below
        the ordinary low end of each only as often as below that of the best; above the high end of
        some it is no more often than one of them is wrong, so that these share the error. Those of
        quality and cost hold for all fixed models at once.
        """
        own, best = self.router.name, self.best_fixed
        found = {self.reference: self.differences[own]}
        if self.logged and TODAY not in found:
            found[TODAY] = self._pairs[own, TODAY]
        at_once = 1.0 - (1.0 - self.confidence) / len(self.fixed)
        found[best] = replace(
            self.difference(own, over=best, confidence=at_once),
            low=min(over.low for over in self.over_fixed.values()),
            high=min(over.interval(at_once)[1] for over in self.over_fixed.values()),
        )
        return found

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the router is better than the reference."""
        return Verdict.of(
            self.differences[self.router.name],
            self.over_fixed,
            confidence=self.confidence,
            doubts=self.doubts,
            held_out=self.held_out,
        )

    @cached_property
    def saved_from(self) -> str:
        """The policy whose bill is saved: on full feedback the fixed model of the best quality."""
        if self.reference not in self.fixed:
            return self.reference
        return max(self.fixed, key=lambda name: self.values[name].mean_quality)

    @cached_property
    def curve(self) -> tuple[CostQualityCurve, BillSaved | None]:
        """What the router reaches along its frontier, and the share of a bill that this saves.

        The curve is a point where the router has no frontier. Nothing is saved where it serves one
        cost sensitivity, or where the other policy has no bill or no quality.
        """
        frontier, old = self.frontier, self.values[self.saved_from]
        choices: list[Any] = [self.policies[self.router.name]]
        if frontier is not None and frontier.low < frontier.high:
            choices = frontier.choices(_N_POINTS, at=self.cost_sensitivity)
        with warnings.catch_warnings():
            # Noted for the policies of the first table.
            warnings.simplefilter("ignore")
            if len(choices) == 1 or not (old.mean_cost > 0 and old.mean_quality > 0):
                return cost_quality_curve(self.feedback, choices, **self.known), None
            saved = bill_saved(
                self.feedback,
                choices,
                self.policies[self.saved_from],
                confidence=self.confidence,
                **self.known,
            )
        return saved.curve, saved

    @property
    def savings(self) -> list[tuple[float, float, float, float]]:
        """Shares of quality to reach, shares of the bill that it saves, and their ends."""
        saved = self.curve[1]
        if saved is None:
            return []
        parts = saved.quality_share, saved.share, saved.low, saved.high
        return list(zip(*(part.tolist() for part in parts), strict=True))

    def points_on_curve(self, policies: list[Any]) -> CostQualityCurve:
        """Return mean cost and quality of policies, labels (n,) or None."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return cost_quality_curve(self.feedback, policies, **self.known)

    def quality_change(self, value: float, low: float, high: float) -> tuple[str, str]:
        """Return a difference of qualities with its unit, and the ends of its interval."""
        write = as_points if self.in_points else as_number
        unit = " points" if self.in_points else ""
        ends = as_interval(low, high, value, write=write, signed=True)
        return write(value, low, high, signed=True) + unit, ends

    def difference(
        self,
        name: str,
        rows: Any = slice(None),
        over: str | None = None,
        confidence: float | None = None,
    ) -> PolicyDifference:
        """Compare a policy with another, or with the reference, on some of the rows."""
        known = {key: part if key == "models" else part[rows] for key, part in self.known.items()}
        pair = (self.policies[name], self.policies[over or self.reference])
        with warnings.catch_warnings():
            # Noted of each policy by itself; of groups the page shows how many rows they have.
            warnings.simplefilter("ignore")
            return policy_difference(
                self.feedback.take(rows),
                *(None if policy is None else policy[rows] for policy in pair),
                cost_sensitivity=self.cost_sensitivity,
                confidence=self.confidence if confidence is None else confidence,
                **known,
            )


def share_clipped(feedback: Feedback, known: dict[str, Any]) -> float:
    """Return the share of rows whose estimated propensity was raised to the least allowed."""
    if not feedback.logged:
        return 0.0
    estimated = np.isnan(feedback.propensity)
    return float(np.mean(estimated & (known["propensity"] <= MIN_ESTIMATED_PROPENSITY)))
