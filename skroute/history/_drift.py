"""Whether newer queries look different: a classifier of old against new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata
from sklearn.linear_model import LogisticRegression

from .._utils import ShortRepr, earliest
from ..feedback import Feedback
from ..nuisance import SpectralFeatures, single_threaded

# The newest share of the queries is told from the oldest; what is between may be of either kind.
_SHARE = 1 / 3
_FEWEST_ROWS, _MOST_ROWS, _N_FOLDS = 150, 6000, 5
_COMPONENTS, _LANDMARKS, _RADIAL = 48, 128, 32
# Queries have changed if the probability of as large an AUC is below the first, and it is above the
# second.
_LEVEL, _LEAST_AUC = 0.01, 0.55


@dataclass(frozen=True, repr=False)
class QueryDrift(ShortRepr):
    """How well the newest third of the queries is told from the oldest.

    Attributes
    ----------
    auc : float
        Probability that a new query looks newer than an old one to a classifier that has seen
        neither; 0.5 is chance.
    p_value : float
        Probability of as large an `auc` where queries are alike.
    until, since : float
        Time of the last query that counts as old, and of the first that counts as new, in seconds
        since 1970.
    """

    auc: float
    p_value: float
    until: float
    since: float

    @property
    def found(self) -> bool:
        """Whether newer queries look different, beyond chance and by enough to matter."""
        return self.p_value < _LEVEL and self.auc >= _LEAST_AUC


@single_threaded
def find_drift(X: np.ndarray, feedback: Feedback) -> QueryDrift | None:
    """Tell the newest third of the queries from the oldest; None where too few rows could tell.

    Notes
    -----
    A logistic regression on components and radial features, in five folds: each holds out a stretch
    of time of the old queries and one of the new, since neighbours in time resemble each other.
    Rows of a group are one observation. At most 6,000 rows are looked at, evenly over time.
    """
    if feedback.time is None:
        return None
    order, unit = _in_order(feedback)
    n_units = int(unit.max(initial=-1)) + 1
    if n_units < _FEWEST_ROWS:
        return None
    n_each = int(_SHARE * n_units)
    new = unit >= n_units - n_each
    kept = new | (unit < n_each)
    order, unit, new = order[kept], unit[kept], new[kept]
    Z = _features(X[order])
    fold = np.where(new, unit - (n_units - n_each), unit) * _N_FOLDS // n_each
    found, errors = [], []
    for number in range(_N_FOLDS):
        train, held = fold != number, fold == number
        model = LogisticRegression(C=1.0, max_iter=200, tol=1e-3).fit(Z[train], new[train])
        score = model.decision_function(Z[held])
        auc, error = _auc(score, unit[held], new[held])
        found.append(auc)
        errors.append(error)
    mean = float(np.mean(found))
    # Folds share most of what they learn from (Nadeau, Bengio, *Inference for the Generalization
    # Error*, Machine Learning 52, 2003).
    shared = np.sqrt(1 / _N_FOLDS + 1 / (_N_FOLDS - 1))
    error = shared * max(float(np.mean(errors)), float(np.std(found, ddof=1)))
    until, since = feedback.time[order[~new]].max(), feedback.time[order[new]].min()
    return QueryDrift(mean, float(norm.sf((mean - 0.5) / error)), float(until), float(since))


def _features(X: np.ndarray) -> np.ndarray:
    features = SpectralFeatures(_COMPONENTS, n_landmarks=_LANDMARKS, n_radial=_RADIAL)
    features.fit(X, np.ones(len(X)), np.random.RandomState(0))
    Z = features.transform(X)[:, :-1].astype(np.float64)
    return Z / (np.sqrt((Z**2).mean(axis=0).max()) or 1.0)


def _in_order(feedback: Feedback) -> tuple[np.ndarray, np.ndarray]:
    """Return rows in the order of time, and the number of the observation of each."""
    assert feedback.time is not None
    rows = np.flatnonzero(feedback.weight > 0)
    time = feedback.time[rows]
    if feedback.group is None:
        order = rows[np.argsort(time, kind="stable")]
        if len(order) > _MOST_ROWS:
            order = order[np.linspace(0, len(order) - 1, _MOST_ROWS).round().astype(np.intp)]
        return order, np.arange(len(order))
    _, code = np.unique(feedback.group[rows], return_inverse=True)
    first = earliest(time, code)
    place = np.empty(len(first), dtype=np.intp)
    place[np.argsort(first, kind="stable")] = np.arange(len(first))
    kept = np.arange(len(rows))
    if len(rows) > _MOST_ROWS:
        kept = np.linspace(0, len(rows) - 1, _MOST_ROWS).round().astype(np.intp)
    by_place = kept[np.argsort(place[code[kept]], kind="stable")]
    return rows[by_place], np.unique(place[code[by_place]], return_inverse=True)[1]


def _auc(score: np.ndarray, unit: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """Return the AUC of mean scores of observations, and its standard error where all are alike."""
    _, first, code = np.unique(unit, return_index=True, return_inverse=True)
    mean, new = np.bincount(code, score) / np.bincount(code), new[first]
    n_new, n_old = int(new.sum()), int((~new).sum())
    wins = rankdata(mean)[new].sum() - n_new * (n_new + 1) / 2
    error = np.sqrt((n_new + n_old + 1) / (12 * n_new * n_old))
    return float(wins / (n_new * n_old)), float(error)
