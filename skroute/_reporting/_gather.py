"""From a router and a table to the facts that the page is made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import Steps, as_groups, check_cost_sensitivity, short_labels
from ..feedback import Feedback, read_feedback
from ..history import at_present, log_history
from ..metrics import PolicyValue, evaluation_predictions, policy_value
from ..nuisance import NoExplorationWarning, Overlap
from ..plots import TODAY, NamedRouter, fixed_policies, read_routers
from ._data import doubts_about_data
from ._facts import Facts
from ._latency import read_latency
from ._notes import Notes

# The policy of the router that another one is compared with.
BASELINE = "the baseline"


def gather(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    baseline: Any,
    volume: float | None,
    cost_sensitivity: float | None,
    exclude: Any,
    by: Any,
    text: Any,
    latency: Any,
    confidence: float,
    announce: Steps,
) -> Facts:
    """Work out what the page says about a router on a table."""
    (router,) = read_routers(estimator, X, exclude)
    own = cost_sensitivity is None
    value = router.cost_sensitivity if own else check_cost_sensitivity(cost_sensitivity)
    given = read_feedback(y)
    if given.prior is not None:
        raise ValueError(
            f"y has {np.count_nonzero(given.prior)} rows of a benchmark (column 'prior'), which "
            "are no traffic; leave them out of X and y"
        )
    feedback, n_rows = given.aligned(router.classes), len(given)
    if by is not None:
        by = _check_shape("by", as_groups("by", by), n_rows)
    if text is not None:
        text = _check_shape("text", np.asarray(text, dtype=object), n_rows)
    seconds = None if latency is None else read_latency(latency, feedback)
    notes = Notes()
    notes.hear(router.policy.warn_if_trained_on)
    held_out = not notes.words
    choice, excluded = router.choose(None if own else value), router.excluded()
    other: dict[str, np.ndarray] = {}
    doubts: list[str] = []
    if baseline is not None:
        other[BASELINE], doubts = _read_baseline(baseline, X, router, None if own else value, notes)
    allowed = fixed_policies(router.classes[~excluded.all(axis=0)], n_rows)
    shown = short_labels(router.classes)
    fixed = {f"always {shown[str(model)]}": labels for model, labels in allowed.items()}
    today = {TODAY: None} if feedback.logged else {}
    policies: dict[str, Any] = {**today, **other, router.name: choice, **fixed}
    queries = router.policy.queries
    history = log_history(queries, given)
    if history is not None and history.moves:
        feedback = at_present(given, history.moves).aligned(router.classes)
        notes.add(
            "Costs or qualities moved, see below. Values are at today's level: what is earlier "
            "counts as if it were of today."
        )
    announce("models to value policies by")
    known = notes.hear(evaluation_predictions, queries, feedback, models=router.classes)
    options: dict[str, Any] = {"cost_sensitivity": value, "confidence": confidence, **known}
    announce(f"values of {len(policies)} policies")
    values, poor = _value_all(feedback, policies, list(fixed), options, notes)
    explored = NoExplorationWarning not in notes.kinds
    reference = next(iter({**other, **today}), None)
    whose = {router.name: "the router's", **{name: f"{name}'s" for name in other}}
    little_known = [owner for name, owner in whose.items() if name in notes.poor]
    overlap = getattr(router.policy.innermost, "overlap_", None)
    facts = Facts(
        router=router,
        feedback=feedback,
        history=history,
        known=known,
        cost_sensitivity=value,
        confidence=confidence,
        policies=policies,
        fixed=list(fixed),
        values=values,
        reference=reference or max(fixed, key=lambda name: values[name].value),
        volume=volume,
        by=by,
        text=text,
        seconds=seconds,
        held_out=held_out,
        explored=explored,
        poor=poor,
        doubts=doubts + why_doubtful(feedback, explored, overlap, little_known),
        notes=notes.words,
    )
    known_labels = {str(label) for label in router.classes}
    unknown = sorted({str(label) for label in given.classes} - known_labels)
    notes.about_table(feedback, values[router.name], unknown, facts.share_clipped)
    for note in doubts_about_data(feedback, map(str, given.classes), map(str, router.classes)):
        notes.add(note)
    notes.about_excluded(excluded, facts.models)
    if overlap is not None:
        notes.hear(overlap.warn_if_poor, router.classes, called="In training")
    return facts


def _value_all(
    feedback: Feedback,
    policies: dict[str, Any],
    fixed: list[str],
    options: dict[str, Any],
    notes: Notes,
) -> tuple[dict[str, PolicyValue], list[str]]:
    """Value every policy, and note what that warns of: of the fixed ones in one note.

    Also return the names of those of which the log says little.
    """
    values, notes_of_fixed = {}, Notes()
    for name, policy in policies.items():
        listener = notes_of_fixed if name in fixed else notes
        values[name] = listener.hear(policy_value, feedback, policy, called=name, **options)
    notes.about_fixed(notes_of_fixed, len(fixed))
    return values, [*notes.poor, *notes_of_fixed.poor]


def _read_baseline(
    baseline: Any, X: Any, router: NamedRouter, cost_sensitivity: float | None, notes: Notes
) -> tuple[np.ndarray, list[str]]:
    """Return what another router chooses, and why a difference to it cannot be believed."""
    (other,) = read_routers(baseline, X)
    unknown = sorted({*map(str, other.classes)} - {*map(str, router.classes)})
    if unknown:
        raise ValueError(
            f"baseline chooses among models that estimator does not know: {unknown}. Fit estimator "
            "on a log that shows them too, with exclude= in predict if they are not to be chosen."
        )
    heard = Notes()
    heard.hear(other.policy.warn_if_trained_on)
    for words in heard.words:
        notes.add(f"Of the baseline: {words}")
    flattered = "the baseline was fitted on these rows, which flatters it: use others"
    return other.choose(cost_sensitivity), [flattered] if heard.words else []


def why_doubtful(
    feedback: Feedback, explored: bool, overlap: Overlap | None, little_known: list[str]
) -> list[str]:
    """Say why differences cannot be believed, by what is known of the rows and of training."""
    doubts = []
    if not explored:
        doubts.append(
            "these rows were logged with too little exploration to tell what other choices would "
            "have come to"
        )
    learned_from = None if overlap is None else overlap.support
    if feedback.logged and learned_from is not None and learned_from.poor:
        doubts.append(
            "the log that the router was fitted on explored too little to learn from it what other "
            "choices would have come to"
        )
    doubts += [f"{whose} value rests on too few rows of the log" for whose in little_known]
    if not feedback.gold.any():
        doubts.append("no row has a gold quality, and those of a judge may be biased")
    return doubts


def _check_shape(name: str, values: np.ndarray, n_rows: int) -> np.ndarray:
    if values.shape != (n_rows,):
        raise ValueError(f"{name} must have shape ({n_rows},), a value a row, got {values.shape}")
    return values
