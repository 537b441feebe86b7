"""Whether a log explored: whether its choices could have been others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

from .._utils import Folds, make_folds, warn
from ..feedback import Feedback
from ._features import PrincipalComponents
from ._fitting import single_threaded
from ._overlap import OverlapWarning

# Fewer rows cannot tell, and of more a sample does.
_FEWEST_ROWS, _MOST_ROWS = 300, 3000
# A set of choices is almost certain if, with this confidence, fewer of them are not the predicted
# ones than if this share had been drawn uniformly from the models.
_LEAST_EXPLORATION, _CONFIDENCE = 0.035, 0.99
# A log is flagged if more choices than this are almost certain, if it tried fewer models a query,
# or if a model had a chance in a smaller share of the queries, each beyond so many standard errors.
_LARGEST_CERTAIN, _FEWEST_TRIED, _SMALLEST_SHARE, _STANDARD_ERRORS = 0.3, 1.25, 0.5, 2.5
# Components that the logistic regression and the trees see, and columns that the latter see too.
_COMPONENTS, _TREE_COMPONENTS, _TREE_COLUMNS = 64, 24, 8
# If a first look at the most confident quarter is wrong more often, a second one is not worth it.
_LARGEST_FIRST_ERROR = 0.15

# Of columns (n, m), choices (n,) and weights (n,) among so many models, how hard to try.
_Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, int, bool], Callable[[np.ndarray], np.ndarray]]


class NoExplorationWarning(OverlapWarning):
    """The log did not explore: nothing tells what other choices would have come to.

    Attributes
    ----------
    reasons : tuple of str
        What betrays it, in words.
    models : dict from str to float
        Share of the queries in which each model had a chance, of those that had too few.
    models_tried, share_certain : float
        As in `Support`.
    """

    models_tried: float = np.nan
    share_certain: float = np.nan


@dataclass(frozen=True)
class Support:
    """How far the choices of a log could have been others.

    Attributes
    ----------
    share_by_model : ndarray of shape (K,)
        Estimated share of the queries in which the log could have chosen each model,
        ``sum 1[t = k] / p / n``, 1 in expectation where it always could. NaN without recorded
        propensities.
    standard_error : ndarray of shape (K,)
        Of these shares.
    models_tried : float
        Their sum: how many models a query had a chance of. NaN without recorded propensities.
    tried_error : float
        Its standard error.
    share_certain : float
        Share of the rows, up to 1, whose choice is almost certain given the query: the largest
        set of the most confident out-of-fold predictions of which, with a confidence of 99 %, fewer
        are wrong than if 3.5 % of the choices had been drawn uniformly from the models. NaN if it
        was not measured: without queries, with fewer than 300 rows, or if all are of one group.
    shown : ndarray of bool of shape (K,)
        Models that the log shows at all.

    Notes
    -----
    Recorded propensities may be wrong, or all large, and estimated ones always fit; hence the
    second measure. Two classifiers are cross-fitted on at most 3,000 rows, a logistic regression on
    64 principal components and boosted trees on 24 of them and the 8 columns that differ most
    between choices, and the larger share counts. The limit is that of Clopper and Pearson.
    A log that shows one model only is certain of all its choices, unless there is no other model.
    ``benchmarks/support_study.py`` measures how often logs are flagged.

    References
    ----------
    Clopper, Pearson, *The use of confidence or fiducial limits illustrated in the case of the
    binomial*, Biometrika 26, 1934.
    """

    share_by_model: np.ndarray
    standard_error: np.ndarray
    models_tried: float
    tried_error: float
    share_certain: float
    shown: np.ndarray

    @classmethod
    def of(cls, feedback: Feedback, X: np.ndarray | None = None) -> Support:
        """Measure the support of a logged table.

        Parameters
        ----------
        feedback : Feedback
            Logged, with its recorded propensities, NaN where there is none. Such a row counts for
            every model as if it had a chance.
        X : ndarray of shape (n, d), default=None
            Queries. None leaves `share_certain` NaN.

        Returns
        -------
        support : Support
        """
        known = feedback.action >= 0
        shown = np.bincount(feedback.action[known], feedback.weight[known], feedback.n_models) > 0
        certain = np.nan if X is None else _share_certain(X, feedback)
        return cls(*_shares(feedback), certain, shown)

    @property
    def unsupported(self) -> np.ndarray:
        """Which models that the log shows had a chance in too few queries, bool (K,)."""
        most = self.share_by_model + _STANDARD_ERRORS * self.standard_error
        return self.shown & (most < _SMALLEST_SHARE)

    @property
    def poor(self) -> bool:
        """Whether the log is flagged as one that did not explore."""
        return bool(self._few_tried or self._certain or self.unsupported.any())

    @property
    def _few_tried(self) -> bool:
        most = self.models_tried + _STANDARD_ERRORS * self.tried_error
        return len(self.shown) > 1 and most < _FEWEST_TRIED

    @property
    def _certain(self) -> bool:
        return self.share_certain > _LARGEST_CERTAIN

    def reasons(self, classes: np.ndarray) -> tuple[str, ...]:
        """Return in words what betrays that the log did not explore; labels (K,) name models."""
        reasons = []
        if self._certain:
            reasons.append(f"queries tell {self.share_certain:.0%} of its choices almost surely")
        if self._few_tried:
            reasons.append(
                f"by its propensities it tried {self.models_tried:.2f} models a query, and 1 is no "
                "choice"
            )
        if self.unsupported.any():
            listed = ", ".join(f"{k} ({share:.0%})" for k, share in self._few(classes).items())
            reasons.append(f"by its propensities few queries had a chance of {listed}")
        return tuple(reasons)

    def warn_if_poor(self, classes: np.ndarray) -> None:
        """Say that the log did not explore and what to do, as a `NoExplorationWarning`."""
        if self.poor:
            reasons = self.reasons(classes)
            message = (
                f"The log explored too little: {'; '.join(reasons)}. Nothing tells what other "
                "choices would have come to: values of other policies rest on extrapolation. Keep "
                "older rows that did explore in the log, or choose at random for a few percent of "
                "the traffic and log the propensities."
            )
            warn(
                NoExplorationWarning(
                    message,
                    reasons=reasons,
                    models=self._few(classes),
                    models_tried=self.models_tried,
                    share_certain=self.share_certain,
                )
            )

    def _few(self, classes: np.ndarray) -> dict[str, float]:
        few = self.unsupported
        names = map(str, classes[few].tolist())
        return dict(zip(names, self.share_by_model[few].tolist(), strict=True))


def _shares(feedback: Feedback) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Return the shares of queries by model (K,), their sum, and the standard errors of both."""
    n_models, weight = feedback.n_models, feedback.weight
    recorded = (~np.isnan(feedback.propensity)) & (weight > 0)
    if not recorded.any():
        unknown = np.full(n_models, np.nan)
        return unknown, unknown, np.nan, np.nan
    total = weight.sum()
    chance = (total - weight[recorded].sum()) / total
    known = recorded & (feedback.action >= 0)
    action, inverse, counted = feedback.action[known], 1 / feedback.propensity[known], weight[known]
    share = np.bincount(action, counted * inverse, n_models) / total
    square = np.bincount(action, counted * inverse**2, n_models) / total
    # Large inverse propensities that were not drawn are missed; one more of each is allowed for.
    largest = np.zeros(n_models)
    np.maximum.at(largest, action, inverse)
    variance = np.maximum(square - share**2, 0.0) / total + (largest / total) ** 2
    tried = square.sum() - share.sum() ** 2
    tried_variance = max(tried, 0.0) / total + (largest.max(initial=0.0) / total) ** 2
    if feedback.group is not None:
        # As if all rows of a group were one.
        rows_in_group = np.count_nonzero(weight) / len(np.unique(feedback.group[weight > 0]))
        variance, tried_variance = variance * rows_in_group, tried_variance * rows_in_group
    tried = float(share.sum() + chance * n_models)
    return share + chance, np.sqrt(variance), tried, float(np.sqrt(tried_variance))


@single_threaded
def _share_certain(X: np.ndarray, feedback: Feedback) -> float:
    """Return the share of rows whose choice is almost certain given the query."""
    rows = np.flatnonzero(feedback.weight > 0)
    group = feedback.group
    if len(rows) < _FEWEST_ROWS or (group is not None and len(np.unique(group[rows])) == 1):
        return np.nan
    random_state = np.random.RandomState(0)
    if len(rows) > _MOST_ROWS:
        rows = np.sort(random_state.choice(rows, _MOST_ROWS, replace=False))
    X, weight, group = X[rows], feedback.weight[rows], None if group is None else group[rows]
    shown, action = np.unique(feedback.action[rows], return_inverse=True)
    if len(shown) == 1:
        return float(feedback.n_models > 1)
    components = PrincipalComponents.of(X, weight, _COMPONENTS)
    projected = components(X)
    columns = components.columns.transform(X.astype(np.float64))
    if columns.shape[1] > _TREE_COMPONENTS + _TREE_COLUMNS:
        telling = np.argsort(-_share_between(columns, action, weight), kind="stable")
        telling = np.sort(telling[:_TREE_COLUMNS])
        columns = np.column_stack([projected[:, :_TREE_COMPONENTS], columns[:, telling]])
    share = 0.0
    for fit, features, n_folds in ((_fit_logistic, projected, 5), (_fit_trees, columns, 2)):
        folds = make_folds(n_folds, features, action, group, random_state)
        share = max(share, _certain_by(fit, features, action, weight, folds))
    return share


def _certain_by(
    fit: _Fit, X: np.ndarray, action: np.ndarray, weight: np.ndarray, folds: Folds
) -> float:
    """Return the share of rows of which a classifier is almost certain, out of fold."""
    n_models = int(action.max()) + 1

    def predict(train: np.ndarray, held: np.ndarray, quick: bool) -> np.ndarray:
        if len(np.unique(action[train])) == 1:
            return np.eye(n_models)[np.broadcast_to(action[train[0]], len(held))]
        return fit(X[train], action[train], weight[train], n_models, quick)(X[held])

    train, held = folds[0]
    order, wrong = _by_confidence(predict(train, held, True), action[held])
    if wrong[: len(wrong) // 4 + 1].mean() > _LARGEST_FIRST_ERROR:
        return 0.0
    probability = np.empty((len(X), n_models))
    for train, held in folds:
        probability[held] = predict(train, held, False)
    order, wrong = _by_confidence(probability, action)
    size, errors = weight[order].cumsum(), (weight[order] * wrong).cumsum()
    right = np.maximum(size - errors, np.finfo(np.float64).tiny)
    least = _LEAST_EXPLORATION * (1 - 1 / n_models)
    certain = np.flatnonzero(beta.ppf(_CONFIDENCE, errors + 1, right) < least)
    return float(size[certain[-1]] / size[-1]) if len(certain) else 0.0


def _by_confidence(probability: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the order of rows, most confident first, and which are wrong, in that order."""
    order = np.argsort(-probability.max(axis=1), kind="stable")
    return order, (probability.argmax(axis=1) != action)[order]


def _share_between(X: np.ndarray, action: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the share of the variance of each column (m,) that is between choices."""
    shown = np.eye(int(action.max()) + 1)[action] * weight[:, None]
    rows, center = shown.sum(axis=0), weight @ X / weight.sum()
    between = rows @ (shown.T @ X / rows[:, None] - center) ** 2
    total = weight @ (X - center) ** 2
    return np.divide(between, total, out=np.zeros_like(total), where=total > 0)


def _fit_logistic(
    X: np.ndarray, action: np.ndarray, weight: np.ndarray, n_models: int, quick: bool
) -> Callable[[np.ndarray], np.ndarray]:
    # Choices without chance are separable, so the penalty is light.
    model = LogisticRegression(C=100.0, max_iter=200, tol=1e-3)
    model.fit(X, action, sample_weight=weight)

    def predict(X: np.ndarray) -> np.ndarray:
        probability = np.zeros((len(X), n_models))
        probability[:, model.classes_] = model.predict_proba(X)
        return probability

    return predict


def _fit_trees(
    X: np.ndarray, action: np.ndarray, weight: np.ndarray, n_models: int, quick: bool
) -> Callable[[np.ndarray], np.ndarray]:
    import xgboost  # slow to import

    options: dict[str, Any] = {
        "objective": "multi:softprob",
        "num_class": n_models,
        "tree_method": "hist",
        "max_depth": 4,
        "max_bin": 64,
        "eta": 0.3,
        "nthread": 1,
    }
    table = xgboost.DMatrix(X, label=action, weight=weight, nthread=1)
    booster = xgboost.train(options, table, 10 if quick else 60)
    return lambda X: booster.inplace_predict(X).reshape(len(X), n_models)
