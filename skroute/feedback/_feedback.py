"""A checked table of feedback, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from .._utils import ShortRepr
from ._labels import positions


@dataclass(frozen=True, repr=False)
class Feedback(ShortRepr):
    """A checked table of feedback as plain arrays.

    Attributes
    ----------
    classes : ndarray of shape (K,)
        Model labels sorted by their string; every model axis is in this order.
    action : ndarray of int of shape (n,) or None
        Index into `classes` of the logged model, -1 for one that is not among them. None in full
        feedback.
    quality, cost : ndarray of shape (n,) if logged, (n, K) if full
        Quality, and dollars per query (0 where the table has no cost). A quality of logged
        feedback is NaN where the answer was never judged.
    propensity : ndarray of shape (n,) or None
        Propensity of the logged model, NaN where it is to be estimated. None in full feedback.
    gold : ndarray of bool of shape (n,)
        True where the quality is a gold one; False where it is preference-based, or missing.
    preference : ndarray of shape (n,) or None
        The judge's label of a row whose quality is gold, NaN where there is none. None in full
        feedback.
    prior : ndarray of shape (n,) or None
        The weight of rows of a benchmark, 0 for traffic; `weight` is 0 where it is positive. None
        where all rows are traffic.
    group : ndarray of int of shape (n,) or None
        Codes of the groups; None: every row its own.
    weight : ndarray of shape (n,)
        How much a row counts.
    time : ndarray of shape (n,) or None
        When the answer was given, in seconds since 1970 (UTC); None: not known.
    """

    classes: np.ndarray
    # Any, since who has asked for `logged` need not ask again whether there is an array.
    action: Any
    quality: np.ndarray
    cost: np.ndarray
    propensity: Any
    gold: np.ndarray
    preference: Any
    prior: np.ndarray | None
    group: np.ndarray | None
    weight: np.ndarray
    time: np.ndarray | None

    def __len__(self) -> int:
        return len(self.quality)

    @property
    def logged(self) -> bool:
        return self.action is not None

    @property
    def n_models(self) -> int:
        return len(self.classes)

    @property
    def judged(self) -> np.ndarray:
        """Whether a row has a quality (n,)."""
        if self.action is None:
            return np.ones(len(self), dtype=bool)
        return ~np.isnan(self.quality)

    @property
    def stratum(self) -> np.ndarray:
        """What folds are to spread evenly (n,): logged models and judged rows, or best models."""
        if self.action is None:
            return self.quality.argmax(axis=1)
        return 2 * self.action + self.judged

    @property
    def judge_label(self) -> np.ndarray:
        """What the judge said, shaped like `quality`: NaN where it did not, or is not known to."""
        if self.action is None:
            return np.where(self.gold[:, None], self.quality.dtype.type(np.nan), self.quality)
        return np.where(self.gold, self.preference.astype(self.quality.dtype), self.quality)

    def judged_only(self) -> Feedback:
        """Return the table for all that learns quality: rows without one weigh nothing.

        Their quality is 0 instead of NaN. Where all rows are judged it is the table itself.
        """
        judged = self.judged
        if judged.all():
            return self
        quality = np.where(judged, self.quality, self.quality.dtype.type(0))
        return replace(self, quality=quality, weight=self.weight * judged)

    def own(self, values: np.ndarray) -> np.ndarray:
        """Return of values (n, K) those of the outcomes that are shown: shaped like `quality`."""
        return values if self.action is None else values[np.arange(len(values)), self.action]

    def utility(self, cost_sensitivity: float) -> np.ndarray:
        """Return quality - cost_sensitivity * cost, shaped like `quality`."""
        return self.quality - cost_sensitivity * self.cost

    def take(self, rows: np.ndarray) -> Feedback:
        """Return the rows named by an index or mask."""
        taken: dict[str, Any] = {}
        for field in fields(self):
            values = getattr(self, field.name)
            if field.name != "classes" and values is not None:
                taken[field.name] = values[rows]
        return replace(self, **taken)

    def reweighted(self, sample_weight: np.ndarray | None) -> Feedback:
        """Return the table with its weights multiplied by `sample_weight`."""
        if sample_weight is None:
            return self
        prior = None if self.prior is None else self.prior * sample_weight
        return replace(self, weight=self.weight * sample_weight, prior=prior)

    def aligned(self, classes: np.ndarray) -> Feedback:
        """Return the table with its models matched by string to `classes`.

        A logged model that is not among them gets action -1. Full feedback has to hold them all;
        its other models are left out.
        """
        if self.action is not None:
            target = positions(classes)
            # The last, -1, is that of models which were unknown before.
            codes = [*(target.get(str(label), -1) for label in self.classes), -1]
            return replace(self, classes=classes, action=np.array(codes)[self.action])
        position = positions(self.classes)
        missing = [str(label) for label in classes if str(label) not in position]
        if missing:
            raise ValueError(
                f"y has no column for the models {missing}; it has {list(position)}. Full feedback "
                "must show every model that was fitted."
            )
        columns = np.array([position[str(label)] for label in classes], dtype=np.intp)
        return replace(
            self, classes=classes, quality=self.quality[:, columns], cost=self.cost[:, columns]
        )


def require_judged(feedback: Feedback) -> None:
    """Raise unless a row of positive weight has a quality."""
    if not feedback.judged_only().weight.any():
        raise ValueError(
            f"column 'quality' is NaN in all {np.count_nonzero(feedback.weight)} rows of positive "
            "weight: no answer was ever judged, so nothing can be said of quality. Have some "
            "answers judged, of every model; the others may stay as they are."
        )
