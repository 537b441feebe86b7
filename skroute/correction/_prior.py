"""Rows of a benchmark, no traffic, and what they count for: as much as the benchmark predicts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..feedback import Feedback
from ._sources import JointSources
from ._warnings import warn_of_prior_models


def weigh_prior(X: np.ndarray, feedback: Feedback) -> Feedback:
    """Return the table with its prior rows moved to the scale of traffic, and weighed.

    The benchmark is a judge (`JointSources`): models that have both kinds of rows tell how well it
    predicts. Rows of such models count as corrected labels of a judge do. Those of a model without
    traffic together count for as many rows as would tell its mean quality equally well; for one if
    no model has both.
    """
    if feedback.prior is None:
        return feedback
    table = replace(
        feedback,
        weight=feedback.weight + feedback.prior,
        gold=feedback.judged & (feedback.weight > 0),
        preference=np.full(len(feedback), np.nan),
        prior=None,
    )
    sources = JointSources().fit(X, table.judged_only())
    preference, quality = np.moveaxis(sources.predict(X), 2, 0)
    moved = feedback.quality + feedback.own(quality - preference)
    told, seen = (
        np.bincount(feedback.action, weight, feedback.n_models)
        for weight in (feedback.prior, feedback.weight)
    )
    both, new = (told > 0) & (seen > 0), (told > 0) & (seen == 0)
    worth = sources.rows_of_mean_ if both.any() else np.ones(feedback.n_models)
    share = sources.worth_.copy()
    share[new] = np.minimum(worth[new] / told[new], 1.0)
    warn_of_prior_models(feedback.classes, share * told, both, new)
    return replace(
        table,
        quality=np.where(feedback.prior > 0, moved, feedback.quality),
        weight=feedback.weight + feedback.prior * share[feedback.action],
        gold=feedback.gold,
    )
