"""Labels of people beside those of a judge: how the router learns from both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..correction import DRBiasCorrector
from ..feedback import Feedback

# With ten, routers were level with labels as they are, or better; with fewer nothing was measured
# (`benchmarks/few_gold.md`).
_ENOUGH_GOLD = 10


@dataclass(frozen=True)
class Labels:
    """What is done about the labels of a judge.

    Attributes
    ----------
    correction : DRBiasCorrector or None
        Of `CausalRouter`. None: labels are taken as they are.
    note : str
        What is done, in words; empty where all labels are gold.
    """

    correction: DRBiasCorrector | None
    note: str

    @classmethod
    def of(cls, feedback: Feedback, seed: int) -> Labels:
        """Decide by how many labels of each kind a log has; the correction depends on `seed`."""
        counted = feedback.judged_only().weight > 0
        n_gold = int(np.count_nonzero(feedback.gold & counted))
        n_others = int(np.count_nonzero(counted)) - n_gold
        if not n_others:
            return cls(None, "")
        told = f"{n_others:,} of {n_others + n_gold:,} labels to learn from are a judge's"
        if n_gold >= _ENOUGH_GOLD:
            note = f"{told}: moved to the scale of the gold ones (DRBiasCorrector)"
            return cls(DRBiasCorrector(random_state=seed), note)
        gold = f"only {n_gold} are gold" if n_gold else "none is gold"
        note = (
            f"{told} and {gold}: they are taken as they are, whatever the judge's bias is; from "
            f"{_ENOUGH_GOLD} labels of people on it is corrected"
        )
        return cls(None, note)

    def of_router(self, feedback: Feedback) -> Feedback:
        """Return the table as the router takes it, which corrects labels itself."""
        return feedback if self.correction is not None else as_they_are(feedback)

    def settled(self, X: np.ndarray, feedback: Feedback) -> Feedback:
        """Return the table as everything else takes it: all labels on one scale."""
        if self.correction is None:
            return as_they_are(feedback)
        return self.correction.fit_correct_feedback(X, feedback)


def as_they_are(feedback: Feedback) -> Feedback:
    """Return the table with every label counted as gold."""
    return replace(feedback, gold=feedback.judged)
