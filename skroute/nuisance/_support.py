"""Whether a log explored: whether its choices could have been others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from .._utils import Folds, ShortRepr, as_share, make_folds, short_labels, warn
from ..feedback import Feedback
from ._availability import Availability
from ._choices import ChoiceClassifier, ChoiceColumns
from ._fitting import single_threaded
from ._overlap import OverlapWarning

# Fewer rows cannot tell, and of more a sample does.
_FEWEST_ROWS, _MOST_ROWS = 300, 3000
# A set of choices is almost certain if, with this confidence, fewer of them are not the predicted
# ones than if this share had been drawn uniformly from the models.
_LEAST_EXPLORATION, _CONFIDENCE = 0.035, 0.99
# A log is flagged if more choices than this are almost certain, if it tried fewer models a query,
# or if a model had a chance in a smaller share of the queries, each beyond so many standard errors.
_LARGEST_CERTAIN, _FEWEST_TRIED, _SMALLEST_SHARE, _STANDARD_ERRORS = 0.2, 1.25, 0.5, 2.5
# If a first look by few trees is wrong of more of the most confident quarter, a second one is not
# worth it; the fewer models there are, the less it costs, and the more is wrong by chance.
_LARGEST_FIRST_ERROR, _FIRST_ROUNDS = 0.15, 10
# Folds of each classifier. The more rows the logistic one learns from the surer it is, and trees
# take longer.
_N_FOLDS = {"logistic": 10, "trees": 2}


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


@dataclass(frozen=True, repr=False)
class Support(ShortRepr):
    """How far the choices of a log could have been others.

    Attributes
    ----------
    share_by_model : ndarray of shape (K,)
        Estimated share of the queries in which the log could have chosen each model,
        ``sum 1[t = k] / p / n``, 1 in expectation where it always could; of those at whose time the
        model was there, see `Availability`. NaN without recorded propensities.
    standard_error : ndarray of shape (K,)
        Of these shares.
    models_tried : float
        How many models a query had a chance of, on average. NaN without recorded propensities.
    tried_error : float
        Its standard error.
    share_certain : float
        Share of the rows, up to 1, whose choice is almost certain given the query: the largest
        set of the most confident out-of-fold predictions of which, with a confidence of 99 %, fewer
        are wrong than if 3.5 % of the choices had been drawn uniformly from the models. NaN if it
        was not measured: without queries, with fewer than 300 rows, or if all are of one group.
    classifier : {"logistic", "trees"}
        Which of the two below predicts choices better.
    shown : ndarray of bool of shape (K,)
        Models that the log shows at all.

    Notes
    -----
    Recorded propensities may be wrong, or all large, and estimated ones always fit; hence the
    second measure. Two classifiers are cross-fitted on at most 3,000 rows, a logistic regression on
    128 principal components and boosted trees on 24 of them and the 8 columns that differ most
    between choices, and the larger share counts. The limit is that of Clopper and Pearson. What is
    drawn at random does not depend on the order of the rows.
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
    classifier: str
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
        certain = (np.nan, "logistic") if X is None else _share_certain(X, feedback)
        return cls(*_shares(feedback), *certain, shown)

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
            reasons.append(
                f"queries tell {as_share(self.share_certain)} of its choices almost surely"
            )
        if self._few_tried:
            reasons.append(
                f"by its propensities it tried {self.models_tried:.2f} models a query, and 1 is no "
                "choice"
            )
        if self.unsupported.any():
            shown = short_labels(classes)
            few = self._few(classes).items()
            listed = ", ".join(f"{shown[name]} ({as_share(share)})" for name, share in few)
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
    first = np.bincount(action, counted * inverse, n_models)
    second = np.bincount(action, counted * inverse**2, n_models)
    # A model is asked for its chances in the time in which it was there.
    there = Availability.of(feedback).mass(feedback)
    share, square = first / there, second / there
    # Large inverse propensities that were not drawn are missed; one more of each is allowed for.
    largest = np.zeros(n_models)
    np.maximum.at(largest, action, inverse)
    variance = np.maximum(square - share**2, 0.0) / there + (largest / there) ** 2
    tried = (second / total).sum() - (first / total).sum() ** 2
    tried_variance = max(tried, 0.0) / total + (largest.max(initial=0.0) / total) ** 2
    if feedback.group is not None:
        # As if all rows of a group were one.
        rows_in_group = np.count_nonzero(weight) / len(np.unique(feedback.group[weight > 0]))
        variance, tried_variance = variance * rows_in_group, tried_variance * rows_in_group
    tried = float((first / total).sum() + chance * n_models)
    return share + chance, np.sqrt(variance), tried, float(np.sqrt(tried_variance))


@single_threaded
def _share_certain(X: np.ndarray, feedback: Feedback) -> tuple[float, str]:
    """Return the share of rows whose choice is almost certain, and the best classifier."""
    rows = _in_order(X, feedback)
    group = feedback.group
    if len(rows) < _FEWEST_ROWS or (group is not None and len(np.unique(group[rows])) == 1):
        return np.nan, "logistic"
    random_state = np.random.RandomState(0)
    if len(rows) > _MOST_ROWS:
        rows = rows[np.sort(random_state.choice(len(rows), _MOST_ROWS, replace=False))]
    X, weight, group = X[rows], feedback.weight[rows], None if group is None else group[rows]
    shown, action = np.unique(feedback.action[rows], return_inverse=True)
    if len(shown) == 1:
        return float(feedback.n_models > 1), "logistic"
    columns, found = ChoiceColumns.of(X, action, weight), {}
    for kind, n_folds in _N_FOLDS.items():
        folds = make_folds(n_folds, X, action, group, random_state)
        found[kind] = _certain_by(kind, columns(X, kind), action, weight, folds)
    share = max(share for share, _ in found.values())
    return share, max(found, key=lambda kind: found[kind][1])


def _in_order(X: np.ndarray, feedback: Feedback) -> np.ndarray:
    """Return the rows of positive weight in an order that is theirs, however a table lists them."""
    rows = np.flatnonzero(feedback.weight > 0)
    direction = np.random.RandomState(0).normal(size=X.shape[1])
    place = np.einsum("ij,j->i", X, direction, dtype=np.float64)[rows]
    # Equal queries have equal places but for rounding.
    place = np.round(place / (np.abs(place).max(initial=0.0) or 1.0), 9)
    return rows[np.lexsort((feedback.weight[rows], feedback.action[rows], place))]


def _certain_by(
    kind: str, X: np.ndarray, action: np.ndarray, weight: np.ndarray, folds: Folds
) -> tuple[float, float]:
    """Return the share of rows of which a classifier is almost certain, and of which it is right.

    Both are out of fold, and 0 where a first look is hopeless.
    """
    n_models = int(action.max()) + 1
    least = _LEAST_EXPLORATION * (1 - 1 / n_models)

    def predict(train: np.ndarray, held: np.ndarray, n_rounds: int = 60) -> np.ndarray:
        classifier = ChoiceClassifier(kind, n_models, n_rounds)
        return classifier.fit(X[train], action[train], weight[train]).predict_proba(X[held])

    if kind == "trees":
        train, held = folds[0]
        _, wrong, _ = _by_confidence(predict(train, held, _FIRST_ROUNDS), action[held])
        if wrong[: len(wrong) // 4 + 1].mean() > max(_LARGEST_FIRST_ERROR, 1 / n_models):
            return 0.0, 0.0
    probability, seen = np.empty((len(X), n_models)), np.zeros(len(X), dtype=bool)
    for train, held in folds:
        probability[held], seen[held] = predict(train, held), True
        # Of as many as would have to be certain, more than so few are wrong beyond doubt.
        _, wrong, _ = _by_confidence(probability[seen], action[seen])
        wrong = wrong[: int(np.ceil(_LARGEST_CERTAIN * len(wrong)))]
        n_wrong = np.count_nonzero(wrong)
        if n_wrong and beta.ppf(1 - _CONFIDENCE, n_wrong, len(wrong) - n_wrong + 1) > least:
            return 0.0, 0.0
    order, wrong, last = _by_confidence(probability, action)
    size, errors = weight[order].cumsum(), (weight[order] * wrong).cumsum()
    right = np.maximum(size - errors, np.finfo(np.float64).tiny)
    certain = np.flatnonzero(last & (beta.ppf(_CONFIDENCE, errors + 1, right) < least))
    share = float(size[certain[-1]] / size[-1]) if len(certain) else 0.0
    return share, float(1 - errors[-1] / size[-1])


def _by_confidence(
    probability: np.ndarray, action: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the order of rows, most confident first; and in that order which of them are wrong,
    and which are the last of equally confident ones: these are counted together.
    """
    doubt = -probability.max(axis=1)
    order = np.argsort(doubt, kind="stable")
    last = np.append(np.diff(doubt[order]) > 0, True)
    return order, (probability.argmax(axis=1) != action)[order], last
