"""Whether a router keeps a mean quality that was asked for, as far as rows tell."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .._utils import as_digits, as_interval, as_number, per_thousand
from ..feedback import Feedback
from ..metrics import PolicyValue, policy_difference, policy_value
from ..plots import TODAY
from ._facts import Facts

Floor = float | Literal["today"]


@dataclass(frozen=True)
class QualityFloor:
    """A floor of mean quality, and what a router is expected to reach.

    Attributes
    ----------
    floor : float
    of_today : PolicyValue or None
        Today's policy, where the floor is its quality.
    reached : PolicyValue
        The quality of the router's choices, with its interval, and their cost.
    gap, low, high : float
        Of the quality above the floor, row by row where that is today's.
    logged : bool
        Whether these are estimates from a log.
    """

    floor: float
    of_today: PolicyValue | None
    reached: PolicyValue
    gap: float
    low: float
    high: float
    logged: bool

    @classmethod
    def of(
        cls,
        floor: Floor,
        feedback: Feedback,
        labels: np.ndarray,
        known: dict[str, Any],
        confidence: float = 0.95,
    ) -> QualityFloor:
        """Value the choice of these labels (n,); `known` are keyword arguments of `policy_value`.

        "today" is the quality of the log.
        """
        options: dict[str, Any] = {"confidence": confidence, **known}
        with warnings.catch_warnings():
            # Said of each policy by itself.
            warnings.simplefilter("ignore", UserWarning)
            if floor == "today":
                over = policy_difference(feedback, labels, None, **options)
                ends = over.value, over.low, over.high
                return cls(over.b.value, over.b, over.a, *ends, feedback.logged)
            reached = policy_value(feedback, labels, **options)
        level = float(floor)
        gap, low, high = (part - level for part in (reached.value, reached.low, reached.high))
        return cls(level, None, reached, gap, low, high, feedback.logged)

    def sentence(self, name: str) -> str:
        """Say it of the router of this name."""
        reached, today = self.reached, self.of_today
        floor = (
            f"{as_digits(self.floor)}" if today is None else f"{as_number(self.floor)} ({TODAY})"
        )
        reaches = "is expected to reach" if self.logged else "reaches"
        gap = as_number(self.gap, self.low, self.high, signed=True)
        words = (
            f"Quality floor {floor}: {name} {reaches} {as_number(reached.value)} "
            f"({as_interval(reached.low, reached.high)}), {gap} against the floor "
            f"({as_interval(self.low, self.high, signed=True)}), at "
            f"{per_thousand(reached.mean_cost)} per 1,000 queries"
        )
        if today is not None:
            words += f", where {TODAY} costs {per_thousand(today.mean_cost)}"
        return f"{words}. {self._conclusion()}"

    def _conclusion(self) -> str:
        if not np.isfinite(self.low):
            return "These rows are too few for an interval, so that nothing is known of the floor."
        if self.low >= 0:
            return "So the floor is kept, as far as these rows tell."
        if self.high < 0:
            return "So the floor is missed, as far as these rows tell: ask for more."
        return (
            "The floor is within the interval: these rows cannot tell whether it is kept, and the "
            "difference may be nothing but the noise of the estimate. More judged rows narrow it."
        )


def floor_of(facts: Facts, floor: Floor) -> QualityFloor:
    """Return what the page's router reaches of a floor."""
    if floor == "today" and not facts.logged:
        raise ValueError("quality_floor='today' needs a log; y is full feedback: give a number")
    choice = facts.policies[facts.router.name]
    assert choice is not None  # the router's, and no log's
    return QualityFloor.of(floor, facts.feedback, choice, facts.known, facts.confidence)
