"""The one way in which routers' `score` and scorers value policies: a policy evaluator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._utils import listed, make_folds, warn
from ..feedback import Feedback
from ..nuisance import GoldOutcome, ScaledLogistic, Support, cross_fit_judged, fill_propensity
from ._assessment import FEWEST_EFFECTIVE_ROWS, Assessment, assess_all
from ._estimators import effective_sample_size
from ._memory import ArrayMemory
from ._options import Options
from ._tables import CountedTable
from ._warnings import GoldRowsWarning

_N_FOLDS = 5
# Outcome models learn from no more gold rows, nor more others: intervals are .4 % wider for it at
# 60,000 rows of 5 models, since what predictions leave decides them, and trees take minutes.
_MOST_ROWS, _FEWEST_OF_A_MODEL = 10_000, 500
# Estimated propensities below this are raised to it; recorded ones are used as they are.
MIN_ESTIMATED_PROPENSITY = 0.01
# All routers of a search are scored on the same folds.
RECENT = ArrayMemory()


@dataclass(frozen=True, eq=False)
class PolicyEvaluator:
    """A table made ready to value any policy over a set of models.

    Everything it rests on is fixed by the table: the rows, the folds, the outcome models and,
    where the log has none, the propensities. A policy enters by its choices alone.

    Attributes
    ----------
    table : CountedTable
        The rows that count, with cross-fitted predictions and a propensity in each where the
        feedback was logged.
    """

    table: CountedTable

    @classmethod
    def of(cls, X: Any, feedback: Feedback, classes: np.ndarray) -> PolicyEvaluator:
        """Make the evaluator of a table of any models, whose queries X (n, d), checked, describes.

        Policies can choose the labels `classes` (K,); a logged model that is not among them counts
        as never chosen. Full feedback that is gold in every row needs no X.
        """
        table = CountedTable.of(feedback.aligned(classes))
        if table.scored.all() and not feedback.logged:
            return cls(table)
        queries = X[table.rows]
        if feedback.logged and not (table.feedback.action >= 0).any():
            raise ValueError(
                f"y shows none of the models {listed(classes, 5)}, but "
                f"{listed(feedback.classes, 5)}: nothing tells what they would have come to. Give "
                "rows of them; are names spelled alike?"
            )
        support = _support(queries, table.feedback) if feedback.logged else None
        if support is not None:
            support.warn_if_poor(classes)
        return cls(replace(table, **_evaluation_models(queries, table)))

    def quality_and_cost(self, choice: np.ndarray) -> tuple[float, float]:
        """Return mean quality and mean cost of choosing these labels, one a row of the table."""
        # Candidates that choose other models are compared on the same rows.
        (assessment,) = assess_all(self.table, [choice], Options(), ["predictions"], all_rows=True)
        self._warn_if_few_are_scored(assessment)
        quality, cost = assessment.quality, assessment.cost
        assert cost is not None  # predicted above, or known
        return quality.value(self.table.weight), cost.value(self.table.weight)

    def value(self, choice: np.ndarray, cost_sensitivity: float) -> float:
        """Return the mean utility of choosing these labels."""
        quality, cost = self.quality_and_cost(choice)
        return quality - cost_sensitivity * cost

    def _warn_if_few_are_scored(self, assessment: Assessment) -> None:
        if self.table.all_scored:
            return
        scored = self.table.scored
        size = effective_sample_size(self.table.weight * assessment.importance)
        if size < FEWEST_EFFECTIVE_ROWS:
            warn(
                GoldRowsWarning(
                    f"The value rests on {size:.1f} effective rows with a gold quality "
                    f"({scored.sum():,} of {len(scored):,} rows have one, some of them where the "
                    "log chose otherwise). Label more rows before you believe it.",
                    n_rows=len(scored),
                    n_scored=int(scored.sum()),
                )
            )


def _support(X: np.ndarray, feedback: Feedback) -> Support | None:
    """Return how far the choices of a log could have been others; None: it shows none of them."""
    known = feedback.action >= 0
    if not known.any():
        return None
    shown, queries = feedback.take(known), X[known]
    parts = (shown.action, shown.propensity, shown.group, shown.weight, shown.n_models)
    (certain,) = RECENT.recall(
        lambda: (np.array([Support.of(shown, queries).share_certain]),), queries, *parts
    )
    return replace(Support.of(shown), share_certain=float(certain[0]))


def _evaluation_models(X: np.ndarray, table: CountedTable) -> dict[str, Any]:
    """Return what a `CountedTable` holds of a table whose values are estimated.

    Cross-fitted ``quality`` and ``cost``, (n, K) each, ``propensity`` (n,) of logged models and,
    where not all rows are scored, ``judged_propensity`` (n,), and ``preference`` (n, K) if the
    judge labelled them all. Rows that show a model outside `classes` teach the outcome models
    nothing. They are predicted by what the other rows taught, and keep a propensity of 1, which
    nothing multiplies. The arrays are read-only.
    """
    feedback = table.feedback
    quality, cost, propensity, judged, preference = RECENT.recall(
        lambda: _fit_evaluation_models(X, feedback, table.scored),
        X,
        feedback.action,
        feedback.quality,
        feedback.preference,
        feedback.cost,
        feedback.propensity,
        feedback.group,
        feedback.weight,
        feedback.time,
        table.scored,
        feedback.n_models,
    )
    return {
        "quality": quality,
        "cost": cost if feedback.logged else table.cost,
        "propensity": propensity if feedback.logged else None,
        "judged_propensity": judged if len(judged) else None,
        "preference": preference if len(preference) else None,
    }


def _fit_evaluation_models(
    X: np.ndarray, feedback: Feedback, scored: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Return quality, cost, propensity, judged propensity and preference.

    The last two are empty where nothing needs them.
    """
    teaches = feedback.weight > 0
    if feedback.logged:
        teaches &= feedback.action >= 0
    known, other = np.flatnonzero(teaches), np.flatnonzero(~teaches)
    seen, queries, gold = feedback.take(known), X[known], scored[known]
    n_rows, shape = len(feedback), (len(feedback), feedback.n_models)
    if not gold.any():
        return np.zeros(shape), np.zeros(shape), np.ones(n_rows), np.zeros(0), np.zeros(0)
    # Models, and rows that are gold, evenly over folds.
    stratum = 2 * (seen.action if seen.logged else np.zeros(len(seen), np.intp)) + gold
    folds = make_folds(_N_FOLDS, queries, stratum, seen.group, np.random.RandomState(0))
    # Models are named with all that decides what they predict, so that scores stay what they are
    # whatever routers use.
    model = GoldOutcome(n_components=256, n_radial=96, random_state=0)
    taught = _enough_rows(stratum, seen.group, seen.n_models)
    if len(taught) == len(seen):
        predicted = model.cross_fit(queries, seen, gold, folds)
    else:
        part, group = seen.take(taught), None if seen.group is None else seen.group[taught]
        own_folds = make_folds(
            _N_FOLDS, queries[taught], stratum[taught], group, np.random.RandomState(0)
        )
        own = model.cross_fit(queries[taught], part, gold[taught], own_folds)
        # None of the others has been seen, nor one of their groups.
        predicted = model.predict(queries)
        for whole, out_of_fold in zip(predicted, own, strict=True):
            whole[taught] = out_of_fold

    def fill(own: np.ndarray, rest: np.ndarray) -> np.ndarray:
        whole = np.empty((n_rows, *own.shape[1:]))
        whole[known], whole[other] = own, rest
        return whole

    quality, cost, preference = (
        fill(own, rest) for own, rest in zip(predicted, model.predict(X[other]), strict=True)
    )
    propensity = np.ones(len(seen))
    if seen.logged:
        estimated = fill_propensity(ScaledLogistic(penalty=1.0), queries, seen, folds)
        floor = np.where(np.isnan(seen.propensity), MIN_ESTIMATED_PROPENSITY, 0.0)
        propensity = np.maximum(estimated, floor)
    judged = preference_of_all = np.zeros(0)
    if not scored.all():
        probability = cross_fit_judged(queries, seen, gold, folds, ScaledLogistic(penalty=1.0))
        judged = fill(probability, np.ones(len(other)))
        if seen.logged and not np.isnan(feedback.judge_label).any():
            preference_of_all = preference
    return quality, cost, fill(propensity, np.ones(len(other))), judged, preference_of_all


def _enough_rows(stratum: np.ndarray, group: np.ndarray | None, n_models: int) -> np.ndarray:
    """Return rows, whole groups of them, that suffice to learn outcomes from.

    As many of each stratum, so that models with few rows keep them.
    """
    n_rows, most = len(stratum), max(_MOST_ROWS // n_models, _FEWEST_OF_A_MODEL)
    count = np.bincount(stratum)
    if (count <= most).all():
        return np.arange(n_rows)
    code = np.arange(n_rows) if group is None else np.unique(group, return_inverse=True)[1]
    code = code.reshape(-1)
    drawn = np.random.RandomState(0).permutation(code.max() + 1)[code]
    order = np.lexsort((drawn, stratum))
    place = np.arange(n_rows) - np.repeat(np.cumsum(count) - count, count)
    chosen = np.zeros(code.max() + 1, dtype=bool)
    chosen[code[order[place < most]]] = True
    return np.flatnonzero(chosen[code])
