"""What the page says, worked out once."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._utils import as_groups, check_cost_sensitivity
from ..feedback import Feedback, full_feedback, index_of, logged_feedback, read_feedback
from ..metrics import (
    MIN_ESTIMATED_PROPENSITY,
    PolicyDifference,
    PolicyValue,
    evaluation_predictions,
    policy_difference,
    policy_value,
)
from ..plots import TODAY, NamedRouter, read_routers
from ._notes import Notes

_MOST_GROUPS = 20


@dataclass(frozen=True)
class GroupChange:
    """What changes for one group of queries."""

    group: str
    n_rows: int
    share_changed: float
    difference: PolicyDifference | None


@dataclass(frozen=True)
class Example:
    """One row for which the router chooses another model; costs in dollars per query."""

    row: int
    group: str | None
    text: str | None
    before: str
    after: str
    quality: float
    cost: float


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything on the page but the pictures.

    Attributes
    ----------
    router : NamedRouter
    feedback : Feedback
        All rows, in the order of the router's models.
    known : dict
        Keyword arguments of `policy_value`.
    cost_sensitivity : float
    values : dict from str to PolicyValue
        Of every policy, that of the router first after the reference.
    differences : dict from str to PolicyDifference
        Of every other policy over `reference`.
    reference : str
        Today's policy on a log, else the best fixed model.
    moved : ndarray of int of shape (K + 1, K)
        Rows by the model of the reference (the last for models that the router does not know) and
        the router's.
    groups : list of GroupChange
    n_groups : int
        All of them, also those that are not listed.
    examples : list of Example
    share_clipped : float
        Rows whose estimated propensity was raised to the least that is allowed.
    held_out : bool
        Whether the rows are none that the router was fitted on, as far as that is known.
    notes : list of str
        What to be careful about.
    """

    router: NamedRouter
    feedback: Feedback
    known: dict[str, Any]
    cost_sensitivity: float
    confidence: float
    values: dict[str, PolicyValue]
    differences: dict[str, PolicyDifference]
    reference: str
    moved: np.ndarray
    groups: list[GroupChange]
    n_groups: int
    examples: list[Example]
    share_clipped: float
    held_out: bool
    notes: list[str]

    @property
    def logged(self) -> bool:
        return self.feedback.logged

    @property
    def compared_with(self) -> str:
        """What to call the reference in a sentence."""
        if self.logged:
            return self.reference
        return f"the best fixed model ({self.reference})"

    @property
    def models(self) -> list[str]:
        return [str(label) for label in self.feedback.classes]


def gather(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cost_sensitivity: float | None,
    by: Any,
    text: Any,
    n_examples: int,
    confidence: float,
) -> Facts:
    """Work out what the page says about a router on a table."""
    (router,) = read_routers(estimator, X)
    value = router.cost_sensitivity
    if cost_sensitivity is not None:
        value = check_cost_sensitivity(cost_sensitivity)
    feedback = read_feedback(y)
    labels = feedback.classes
    feedback = feedback.aligned(router.classes)
    group = None if by is None else _rows_of("by", as_groups("by", by), len(feedback))
    texts = (
        None if text is None else _rows_of("text", np.asarray(text, dtype=object), len(feedback))
    )
    notes = Notes()
    notes.hear(router.candidate.warn_if_trained_on)
    held_out = not notes.words
    choice = router.choose(None if cost_sensitivity is None else value)
    known = evaluation_predictions(router.candidate.queries, y, models=router.classes)
    policies: dict[str, Any] = {TODAY: None} if feedback.logged else {}
    policies[router.name] = choice
    for k, model in enumerate(router.classes):
        policies[f"always {model}"] = np.repeat(router.classes[k : k + 1], len(feedback))
    options: dict[str, Any] = {"cost_sensitivity": value, "confidence": confidence, **known}
    values: dict[str, PolicyValue] = {}
    seldom = Notes()
    for name, policy in policies.items():
        listener = notes if name in (TODAY, router.name) else seldom
        values[name] = listener.hear(policy_value, y, policy, called=name, **options)
    notes.about_fixed(seldom, len(router.classes))
    reference = TODAY
    if not feedback.logged:
        fixed = list(policies)[1:]
        reference = max(fixed, key=lambda name: values[name].value)
    with warnings.catch_warnings():
        # Said once already, of each policy by itself.
        warnings.simplefilter("ignore")
        differences = {
            name: policy_difference(y, policy, policies[reference], **options)
            for name, policy in policies.items()
            if name != reference
        }
    chosen = index_of(choice, router.classes)
    before = feedback.action
    if before is None:
        before = index_of(policies[reference], router.classes)
    n_models = len(router.classes)
    place = np.where(before < 0, n_models, before) * n_models + chosen
    moved = np.bincount(place, minlength=(n_models + 1) * n_models).reshape(-1, n_models)
    clipped = _share_clipped(feedback, known)
    notes.about_table(feedback, values, [str(label) for label in labels], clipped)
    overlap = getattr(router.candidate.router, "overlap_", None)
    if overlap is not None:
        notes.hear(overlap.warn_if_poor, router.classes)
    compared = _Compared(_as_table(feedback), choice, policies[reference], options)
    groups, n_groups = _by_group(group, chosen != before, compared)
    examples = _examples(router, value, before, chosen, group, texts, n_examples)
    return Facts(
        router=router,
        feedback=feedback,
        known=known,
        cost_sensitivity=value,
        confidence=confidence,
        values=values,
        differences=differences,
        reference=reference,
        moved=moved,
        groups=groups,
        n_groups=n_groups,
        examples=examples,
        share_clipped=clipped,
        held_out=held_out,
        notes=notes.words,
    )


def _share_clipped(feedback: Feedback, known: dict[str, Any]) -> float:
    """Return the share of rows whose estimated propensity was raised to the least allowed."""
    if not feedback.logged:
        return 0.0
    estimated = np.isnan(feedback.propensity)
    return float(np.mean(estimated & (known["propensity"] <= MIN_ESTIMATED_PROPENSITY)))


@dataclass(frozen=True, eq=False)
class _Compared:
    """The router and the reference on a table, to be compared on parts of it."""

    table: np.ndarray
    choice: np.ndarray
    reference: Any
    options: dict[str, Any]

    def on(self, rows: np.ndarray) -> PolicyDifference | None:
        """Return the difference on some rows; None where no row has a weight."""
        part = self.table[rows]
        if "weight" in part.dtype.names and not part["weight"].any():
            return None
        by_row = ("predicted_quality", "predicted_cost", "propensity")
        options = {k: v[rows] if k in by_row else v for k, v in self.options.items()}
        reference = None if self.reference is None else self.reference[rows]
        with warnings.catch_warnings():
            # The table of groups shows how many rows there are, and an interval.
            warnings.simplefilter("ignore")
            return policy_difference(part, self.choice[rows], reference, **options)


def _as_table(feedback: Feedback) -> np.ndarray:
    """Return checked feedback as a table that can be sliced; unknown models keep a name apart."""
    shared = {"gold": feedback.gold, "group": feedback.group, "weight": feedback.weight}
    names = [str(label) for label in feedback.classes]
    if not feedback.logged:
        return full_feedback(feedback.quality, feedback.cost, models=names, **shared)
    other = "another model"
    while other in names:
        other += "_"
    label = np.array([*names, other], dtype=object)[feedback.action]
    return logged_feedback(
        label.tolist(),
        feedback.quality,
        cost=feedback.cost,
        propensity=feedback.propensity,
        **shared,
    )


def _by_group(
    group: np.ndarray | None, changed: np.ndarray, compared: _Compared
) -> tuple[list[GroupChange], int]:
    """Return what changes for the largest groups, and how many groups there are."""
    if group is None:
        return [], 0
    names, code, count = np.unique(group, return_inverse=True, return_counts=True)
    largest = np.argsort(-count, kind="stable")[:_MOST_GROUPS]
    changes = []
    for g in largest:
        rows = np.flatnonzero(code.reshape(-1) == g)
        share = float(changed[rows].mean())
        changes.append(GroupChange(str(names[g]), len(rows), share, compared.on(rows)))
    return changes, len(names)


def _examples(
    router: NamedRouter,
    cost_sensitivity: float,
    before: np.ndarray,
    after: np.ndarray,
    group: np.ndarray | None,
    texts: np.ndarray | None,
    n_examples: int,
) -> list[Example]:
    """Return the rows of which the router predicts most gain from choosing another model."""
    if not hasattr(router.router, "predict_quality"):
        return []
    rows = np.flatnonzero((before >= 0) & (before != after))
    quality = router.router.predict_quality(router.candidate.X)
    cost = router.router.predict_cost(router.candidate.X)
    better, dearer = (
        part[rows, after[rows]].astype(np.float64) - part[rows, before[rows]]
        for part in (quality, cost)
    )
    best = np.argsort(-(better - cost_sensitivity * dearer), kind="stable")[:n_examples]
    return [
        Example(
            row=int(rows[i]),
            group=None if group is None else str(group[rows[i]]),
            text=None if texts is None else str(texts[rows[i]]),
            before=str(router.classes[before[rows[i]]]),
            after=str(router.classes[after[rows[i]]]),
            quality=float(better[i]),
            cost=float(dearer[i]),
        )
        for i in best
    ]


def _rows_of(name: str, values: np.ndarray, n_rows: int) -> np.ndarray:
    if values.shape != (n_rows,):
        raise ValueError(f"{name} must have shape ({n_rows},), a value a row, got {values.shape}")
    return values
