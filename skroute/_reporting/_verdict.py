"""Whether the router is better, and in words why that is unclear where it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..metrics import PolicyDifference

HOLDS_ZERO = (
    "the interval of the difference holds 0: these rows are too few to tell it from chance, or "
    "there is none"
)


@dataclass(frozen=True)
class Verdict:
    """What may be concluded.

    Attributes
    ----------
    answer : {"better", "worse", "unclear"}
    reasons : tuple of str
        Why it is unclear; empty otherwise.
    gain : {"better", "worse", "unclear"}
        The same against the reference alone, whatever a fixed model may be worth.
    doubts : tuple of str
        Why nothing may be concluded at all.
    rivals : tuple of str
        Fixed models that may be as good.
    """

    answer: str
    reasons: tuple[str, ...] = ()
    gain: str = field(default="unclear", compare=False)
    doubts: tuple[str, ...] = field(default=(), compare=False)
    rivals: tuple[str, ...] = field(default=(), compare=False)

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
        rivals = tuple(
            name
            for name, over in over_fixed.items()
            if not (over.value > 0 and over.p_value / 2 <= 1 - confidence)
        )
        open_questions = list(doubts)
        if not math.isfinite(gain.low):
            open_questions.append("these rows are too few, or too much alike, for an interval")
        elif gain.high < 0 and not open_questions:
            return cls("worse", (), "worse", (), rivals)
        if not held_out:
            open_questions.append(
                "the router was fitted on these rows, which flatters it: use others"
            )
        reasons = open_questions + [HOLDS_ZERO] * (gain.low <= 0 <= gain.high)
        alone = "unclear" if reasons else "better"
        if rivals and gain.low > 0:
            reasons.append(f"as far as these rows tell, {_listed(rivals)} may be as good")
        answer = "unclear" if reasons else "better"
        return cls(answer, tuple(reasons), alone, tuple(open_questions), rivals)

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
