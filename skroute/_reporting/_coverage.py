"""The section on how many rows speak for each model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .._utils import as_digits, listed
from ..metrics import MIN_ESTIMATED_PROPENSITY
from ..nuisance import Overlap
from ..plots import OverlapDisplay
from ._facts import Facts
from ._html import Markup, picture, section, table, tag

# Intervals of a model's value that rest on fewer effective rows are too narrow.
_HARDLY_TRIED = 30.0


@dataclass(frozen=True)
class ModelCoverage:
    """What a log has of one model.

    Attributes
    ----------
    model : str
    rows, gold_rows : int
    effective_rows : float
    smallest_propensity, median_propensity : float
        NaN where the log has no row of the model.
    effective_rows_in_training : float or None
        None: the router does not know.
    """

    model: str
    rows: int
    gold_rows: int
    effective_rows: float
    smallest_propensity: float
    median_propensity: float
    effective_rows_in_training: float | None


def coverage_by_model(facts: Facts) -> list[ModelCoverage]:
    """Return what the log has of each model; nothing of full feedback."""
    seen = _seen(facts)
    if seen is None:
        return []
    rows, overlap = seen
    feedback, training = facts.feedback, getattr(facts.router.policy.innermost, "overlap_", None)
    action, propensity = feedback.action[rows], facts.known["propensity"][rows]
    gold = feedback.gold[rows] & ~np.isnan(feedback.quality[rows])
    found = []
    for k, model in enumerate(facts.models):
        own = action == k
        part = propensity[own] if own.any() else np.array([np.nan])
        taught = None if training is None else float(training.effective_sample_size[k])
        found.append(
            ModelCoverage(
                model,
                int(own.sum()),
                int((own & gold).sum()),
                float(overlap.effective_sample_size[k]),
                float(part.min()),
                float(np.median(part)),
                taught,
            )
        )
    return found


def coverage(facts: Facts) -> Markup:
    """Show how many rows speak for each model, and which were hardly tried."""
    title = "How well the log covers each model"
    if not facts.logged:
        words = "The table shows every model's outcome on every query, so that values are exact."
        return section("overlap", title, tag("p", words))
    seen = _seen(facts)
    if seen is None:
        return section("overlap", title, tag("p", "The log shows none of the router's models."))
    rows, overlap = seen
    models = coverage_by_model(facts)
    columns = ["model", "rows", "effective rows"]
    some_gold = any(model.gold_rows < model.rows for model in models)
    columns += ["gold rows"] if some_gold else []
    columns += ["smallest propensity", "median propensity"]
    taught = models[0].effective_rows_in_training is not None
    columns += ["effective rows in training"] if taught else []
    lines = []
    for model in models:
        cells: list[object] = [model.model, f"{model.rows:,}", f"{model.effective_rows:,.1f}"]
        cells += [f"{model.gold_rows:,}"] if some_gold else []
        ends = model.smallest_propensity, model.median_propensity
        cells += [as_digits(value, 3) if model.rows else "–" for value in ends]
        if model.effective_rows_in_training is not None:
            cells.append(f"{model.effective_rows_in_training:,.1f}")
        lines.append(cells)
    rare = [model.model for model in models if model.effective_rows < _HARDLY_TRIED]
    return section(
        "overlap",
        title,
        tag(
            "p",
            "A model that the log seldom chose, or only for some queries, is hard to value: few "
            "rows have to speak for all. A propensity is the probability with which the log chose "
            "the model that it shows; effective rows are as many uniformly drawn rows as would be "
            "worth as much."
            + (" A gold row has a label that counts as the truth." if some_gold else ""),
        ),
        _hardly_tried(rare) if rare else Markup(""),
        table("Coverage of each model", columns, lines),
        picture(
            OverlapDisplay(
                facts.models,
                facts.feedback.action[rows],
                facts.known["propensity"][rows],
                overlap,
                min_propensity=MIN_ESTIMATED_PROPENSITY,
            ),
            (7.5, 1.4 + 0.42 * len(facts.models)),
            "Propensities of the logged models; the table above sums them up.",
            "Probability with which the log chose the model it shows: the box holds half of the "
            "rows, the line nine tenths, the dot is the smallest.",
        ),
    )


def _hardly_tried(models: list[str]) -> Markup:
    return tag(
        "p",
        f"Hardly tried: {listed(models)}, with fewer than {_HARDLY_TRIED:.0f} effective rows. "
        "Figures of what routes there are guesses; sending a few percent of the queries there at "
        "random would tell.",
    )


def _seen(facts: Facts) -> tuple[np.ndarray, Overlap] | None:
    """Return the rows that show a model of the router, and their overlap; None: no such rows."""
    if not facts.logged:
        return None
    rows = np.flatnonzero((facts.feedback.action >= 0) & (facts.feedback.weight > 0))
    if not len(rows):
        return None
    action, weight = facts.feedback.action[rows], facts.feedback.weight[rows]
    propensity, least = facts.known["propensity"][rows], MIN_ESTIMATED_PROPENSITY
    overlap = Overlap.of(action, propensity, weight, len(facts.models), least)
    # The propensities have been raised already.
    return rows, replace(overlap, share_clipped=facts.share_clipped)
