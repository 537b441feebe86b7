"""Where judge and gold disagree, and what more gold labels would buy."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from .._utils import ShortRepr, Steps, as_groups, check_at_least
from ..feedback import Feedback
from ..nuisance import JointOutcome, weighted_mean
from ._corrector import DRBiasCorrector
from ._estimate import cross_fit_nuisances, joint_sources
from ._labels import models_that_vary, read_both_sources
from ._warnings import FewGoldWarning, enough_gold

_FEWEST_GOLD = 10


@dataclass(frozen=True, repr=False)
class BiasSummary(ShortRepr):
    """Mean bias by model, and by group of queries.

    Attributes
    ----------
    model : ndarray of shape (m,)
        Model of each entry.
    group : ndarray of shape (m,) or None
        Group of queries of each entry, where groups were given.
    bias : ndarray of shape (m,)
        Estimated mean of gold minus preference quality over the queries of the entry.
    standard_error, low, high : ndarray of shape (m,)
        Its standard error and interval. The error is NaN with fewer than two independent rows, the
        interval with fewer than two independent gold rows.
    n_gold, n_preference : ndarray of int of shape (m,)
        Labels of either source. An estimate without any gold label is what others have in common.
    enough_gold : int
        Gold labels, of all entries together, that would tell the mean bias to within a tenth of the
        range of the labels; at least 20.
    """

    model: np.ndarray
    group: np.ndarray | None
    bias: np.ndarray
    standard_error: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n_gold: np.ndarray
    n_preference: np.ndarray
    enough_gold: int


def bias_summary(
    X: ArrayLike,
    y: Any,
    *,
    by: ArrayLike | None = None,
    corrector: DRBiasCorrector | None = None,
    confidence: float = 0.95,
) -> BiasSummary:
    """Estimate the bias of the preference-based labels by model and by group of queries.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Queries.
    y : table of feedback of shape (n,)
        With gold and preference rows, see `skroute.feedback`.
    by : array-like of shape (n,), default=None
        Group of each query, such as its topic. None: by model only.
    corrector : DRBiasCorrector, default=None
        Its models, folds and `min_propensity` are used; it is not fitted. None: the default one
        with ``random_state=0``.
    confidence : float, default=0.95
        Of the intervals, in (0, 1).

    Returns
    -------
    summary : BiasSummary

    Raises
    ------
    ValueError
        If an argument is not as described, or `y` lacks gold or preference rows.

    Notes
    -----
    An entry is the weighted mean of the cross-fitted doubly robust pseudo-outcomes of its rows
    [1]_, right if the outcome models or the probabilities of gold are; its error is that of this
    mean, clustered by the column ``group`` of `y`. Intervals are by Student's t with one degree of
    freedom less than there are independent gold rows, on which the error rests. In logged feedback
    the mean is over the queries that the model answered.

    References
    ----------
    .. [1] Chernozhukov et al., *Double/debiased machine learning for treatment and structural
       parameters*, Econometrics Journal 21 (2018), section 5.1.

    Examples
    --------
    >>> from skroute.correction import bias_summary
    >>> from skroute.datasets import make_gold_preference
    >>> problem = make_gold_preference(2000, n_gold=300, random_state=0)
    >>> summary = bias_summary(problem.X, problem.y)
    >>> summary.model.tolist(), summary.n_gold.tolist()
    (['alternative', 'primary'], [300, 300])
    >>> bool(summary.low[1] < problem.bias[:, 1].mean() < summary.high[1])
    True
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence!r}")
    X, feedback = read_both_sources(X, y)
    feedback = feedback.judged_only()
    corrector = DRBiasCorrector(random_state=0) if corrector is None else clone(corrector)
    pseudo, varies = np.zeros(feedback.quality.shape), models_that_vary(feedback)
    spread = 0.0
    if varies.any():
        shown = feedback.aligned(feedback.classes[varies])
        nuisances = cross_fit_nuisances(corrector, X, shown)
        part = nuisances.pseudo_outcomes("dr", shown, corrector.min_propensity).value
        pseudo[... if feedback.logged else (slice(None), varies)] = part
        spread = joint_sources(nuisances, X, shown).left_by_line_
    names, code = np.array([None], dtype=object), np.zeros(len(X), dtype=np.intp)
    if by is not None:
        names, code = np.unique(as_groups("by", by), return_inverse=True)
        check_consistent_length(X, code)
    entries = []
    for g in range(len(names)):
        for k in range(feedback.n_models):
            rows = code.reshape(-1) == g
            if feedback.action is not None:
                rows &= feedback.action == k
            rows = np.flatnonzero(rows & (feedback.weight > 0))
            if len(rows):
                values = pseudo[rows] if pseudo.ndim == 1 else pseudo[rows, k]
                entries.append((k, g, *_mean(values, feedback.take(rows), confidence)))
    model, group, bias, error, low, high, n_gold, n_preference = map(
        np.array, zip(*entries, strict=True)
    )
    return BiasSummary(
        feedback.classes[model],
        None if by is None else names[group],
        bias,
        error,
        low,
        high,
        n_gold,
        n_preference,
        enough_gold(feedback, spread),
    )


@dataclass(frozen=True, repr=False)
class GoldLearningCurve(ShortRepr):
    """Error on held-out gold labels, by the number of gold labels that were used.

    Attributes
    ----------
    n_gold : ndarray of int of shape (m,)
        Gold labels used.
    error : ndarray of shape (m, r)
        Mean squared error of the corrected labels' outcome model on held-out gold labels, in every
        repetition. The noise of the gold labels is part of it and remains.
    uncorrected_error : ndarray of shape (m, r)
        The same where preference-based labels are taken as they are.
    """

    n_gold: np.ndarray
    error: np.ndarray
    uncorrected_error: np.ndarray


def gold_learning_curve(
    X: ArrayLike,
    y: Any,
    *,
    n_gold: Sequence[int] | None = None,
    corrector: DRBiasCorrector | None = None,
    n_repetitions: int = 5,
    test_size: float = 0.3,
    random_state: Any = None,
    verbose: int = 0,
) -> GoldLearningCurve:
    """Measure how the prediction of gold quality improves with the number of gold labels.

    Parameters
    ----------
    X, y
        As in `bias_summary`.
    n_gold : sequence of int, default=None
        Numbers of gold labels to learn from. None: an eighth, a fourth, half and all of those that
        are not held out.
    corrector : DRBiasCorrector, default=None
        It is cloned for every fit. None: the default one with ``random_state=0``.
    n_repetitions : int, default=5
        Random choices of held-out gold labels, at least 1.
    test_size : float, default=0.3
        Share of the gold rows, or of their groups, that is held out, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Decides what is held out and what is left out.
    verbose : int, default=0
        Above 0 prints which point is being measured, with the seconds since the start.

    Returns
    -------
    curve : GoldLearningCurve

    Raises
    ------
    ValueError
        If an argument is not as described, or there are too few gold rows.

    Notes
    -----
    Gold rows that are neither held out nor used are left out, and so is every row of a group that
    is held out. The outcome model behind every point is a default `JointOutcome`, on labels that
    the corrector has moved, with their weights. Costs two outcome models and a corrector a point.

    Examples
    --------
    >>> from skroute.correction import gold_learning_curve
    >>> from skroute.datasets import make_gold_preference
    >>> problem = make_gold_preference(1000, 10, n_gold=200, random_state=0)
    >>> curve = gold_learning_curve(problem.X, problem.y, n_repetitions=2, random_state=0)
    >>> curve.n_gold.tolist(), curve.error.shape
    ([17, 35, 70, 140], (4, 2))
    """
    if not 0 < test_size < 1:
        raise ValueError(f"test_size must be in (0, 1), got {test_size!r}")
    check_at_least(1, n_repetitions=n_repetitions)
    X, feedback = read_both_sources(X, y)
    feedback = feedback.judged_only()
    rng = check_random_state(random_state)
    splits = [_split(feedback, test_size, rng) for _ in range(n_repetitions)]
    most = min(len(train) for train, _, _ in splits)
    if most < _FEWEST_GOLD:
        raise ValueError(
            f"only {most} gold rows are left to learn from; at least {_FEWEST_GOLD} are needed. "
            "Add gold rows, or lower test_size."
        )
    sizes = np.unique([most // 8, most // 4, most // 2, most] if n_gold is None else n_gold)
    if sizes[0] < 1 or sizes[-1] > most:
        raise ValueError(f"n_gold must be from 1 to {most}, got {sizes.tolist()}")
    corrector = DRBiasCorrector(random_state=0) if corrector is None else corrector
    error = np.empty((len(sizes), n_repetitions, 2))
    announce = Steps("gold_learning_curve", verbose)
    for r, (train, preference, held) in enumerate(splits):
        for i, size in enumerate(sizes):
            announce(f"{size:,} gold labels, repetition {r + 1} of {n_repetitions}")
            rows = np.sort(np.append(train[:size], preference))
            raw = feedback.take(rows)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FewGoldWarning)  # that they are few is the question
                moved = clone(corrector).fit_correct_feedback(X[rows], raw)
            error[i, r] = [
                _error(X[rows], table, X[held], feedback.take(held)) for table in (moved, raw)
            ]
    announce("done")
    return GoldLearningCurve(sizes, error[:, :, 0], error[:, :, 1])


def _mean(values: np.ndarray, feedback: Feedback, confidence: float) -> tuple[float, ...]:
    """Return mean, standard error, interval and the numbers of labels of either source."""
    weight = feedback.weight / feedback.weight.sum()
    mean = float(weight @ values)
    score = weight * (values - mean)
    if feedback.group is not None:
        score = np.bincount(np.unique(feedback.group, return_inverse=True)[1], score)
    n_gold = int(np.count_nonzero(feedback.gold))
    counts = n_gold, len(values) - n_gold
    if len(score) < 2:
        return mean, np.nan, np.nan, np.nan, *counts
    error = float(np.sqrt(len(score) / (len(score) - 1) * (score @ score)))
    units = n_gold if feedback.group is None else len(np.unique(feedback.group[feedback.gold]))
    if units < 2:
        return mean, error, np.nan, np.nan, *counts
    reach = error * float(student.ppf((1 + confidence) / 2, units - 1))
    return mean, error, mean - reach, mean + reach, *counts


def _split(
    feedback: Feedback, test_size: float, rng: np.random.RandomState
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return gold rows to learn from, in random order, preference rows, and held-out gold rows."""
    counted = feedback.weight > 0
    group = np.arange(len(feedback)) if feedback.group is None else feedback.group
    gold_groups = rng.permutation(np.unique(group[feedback.gold & counted]))
    n_held = max(1, int(test_size * len(gold_groups)))
    held = np.isin(group, gold_groups[:n_held])
    train = rng.permutation(np.flatnonzero(feedback.gold & counted & ~held))
    preference = np.flatnonzero(~feedback.gold & ~held)
    return train, preference, np.flatnonzero(feedback.gold & counted & held)


def _error(X: np.ndarray, feedback: Feedback, X_held: np.ndarray, held: Feedback) -> float:
    predicted = JointOutcome(random_state=0).fit(X, feedback).predict(X_held)[0]
    return weighted_mean((held.quality - held.own(predicted)) ** 2, held.weight)
