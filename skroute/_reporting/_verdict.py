"""Whether the router is better, and in words why that is unclear where it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..metrics import PolicyDifference


@dataclass(frozen=True)
class Verdict:
    """What may be concluded.

    Attributes
    ----------
    answer : {"better", "worse", "unclear"}
    reasons : tuple of str
        Why it is unclear; empty otherwise.
    """

    answer: str
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        gain: PolicyDifference,
        over_fixed: Mapping[str, PolicyDifference],
        *,
        confidence: float,
        doubts: Sequence[str],
        held_out: bool,
    ) -> Verdict:
        """Conclude from paired differences.

        Parameters
        ----------
        gain : PolicyDifference
            Of the router over the reference.
        over_fixed : dict from str to PolicyDifference
            Of the router over each fixed model. All of them have to be above 0, which one would
            doubt in one direction only: so each is tested one-sided, and may use the whole error
            probability (Berger, *Multiparameter Hypothesis Testing and Acceptance Sampling*,
            Technometrics 1982, theorem 1).
        confidence : float
            Of the interval of the gain, and one less the error probability of these tests.
        doubts : sequence of str
            Why the differences cannot be believed, whichever sign they have.
        held_out : bool
            Whether the router was not fitted on these rows. If it was, it is flattered, so that
            "worse" still holds.
        """
        reasons = list(doubts)
        if not math.isfinite(gain.low):
            reasons.append("these rows are too few, or too much alike, for an interval")
        elif gain.high < 0 and not reasons:
            return cls("worse")
        elif gain.low <= 0 <= gain.high:
            reasons.append(
                "the interval of the difference holds 0: these rows are too few to tell it from "
                "chance, or there is none"
            )
        if not held_out:
            reasons.append("the router was fitted on these rows, which flatters it: use others")
        rivals = [
            name
            for name, over in over_fixed.items()
            if not (over.value > 0 and over.p_value / 2 <= 1 - confidence)
        ]
        if rivals and gain.low > 0:
            reasons.append(f"as far as these rows tell, {_listed(rivals)} may be as good")
        return cls("unclear", tuple(reasons)) if reasons else cls("better")

    def about(self, name: str, than: str, *, every_fixed: bool) -> str:
        """Say it in a sentence; `every_fixed`: than the fixed models, "better" is of them too."""
        if self.answer == "unclear":
            reasons = "; ".join(self.reasons)
            return f"It is unclear whether {name} is better than {than}: {reasons}."
        also = " and than every fixed model" if self.answer == "better" and every_fixed else ""
        name = name[:1].upper() + name[1:]
        return f"{name} is {self.answer} than {than}{also}, as far as these rows tell."


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
