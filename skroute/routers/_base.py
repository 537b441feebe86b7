"""What every router shares: predicting labels from decision values, and the honest score."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from .._utils import VersionedMixin, check_cost_sensitivity, check_sample_weight
from ..feedback import Feedback, check_excluded, read_feedback
from ..metrics import TrainingQueries, honest_value

_FLOATS = (np.float64, np.float32)


class RouterMixin(VersionedMixin):
    """Mixin of routers: labels, the keywords of `predict`, tags and the policy value as score.

    A router implements ``_decide(X, cost_sensitivity)``, which validates X and returns an (n, K)
    array of decision values in the order of ``classes_``; the largest is chosen.
    ``cost_sensitivity`` is the router's own value of lambda.
    """

    # Any router takes these keywords through pipelines, without set_predict_request.
    __metadata_request__predict: ClassVar[dict[str, bool]] = {
        "cost_sensitivity": True,
        "exclude": True,
    }

    def predict(
        self, X: Any, *, cost_sensitivity: float | np.ndarray | None = None, exclude: Any = None
    ) -> np.ndarray:
        """Choose a model for every query.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        cost_sensitivity : float or array-like of shape (n,), default=None
            Quality given up per dollar saved, one for all rows or one a row. None: the value the
            router was made with.
        exclude : label, sequence of labels or bool array of shape (n, K), default=None
            Models that must not be chosen, such as those that are down; for all rows, or by row in
            the order of ``classes_``.

        Returns
        -------
        label : ndarray of shape (n,)
            Labels of the chosen models, of the type given to `fit`.

        Raises
        ------
        ValueError
            If a label to exclude is unknown, none is left, or the router cannot serve that
            `cost_sensitivity`.
        """
        check_is_fitted(self)
        decision = self._decide(X, cost_sensitivity)
        excluded = check_excluded(exclude, self.classes_, len(decision))
        if excluded.any():
            decision = np.where(excluded, -np.inf, decision)
        return self.classes_[decision.argmax(axis=1)]

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the policy value: the mean utility of the models chosen for `X`.

        Exact on full feedback. On logged feedback it is the self-normalized doubly robust estimate
        with full inverse propensities, whose outcome models (and propensities, where the log has
        none) are cross-fitted on the very rows that are scored. They depend on the data alone, so
        that no setting of the router can improve its score but by choosing better. Only gold rows
        count where there are any.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        y : table of feedback of shape (n,)
            Their feedback.
        sample_weight : array-like of shape (n,), default=None
            Multiplies the ``weight`` column of `y`.

        Returns
        -------
        value : float
            In units of quality, at the router's own cost sensitivity. Values at different cost
            sensitivities do not compare.

        See Also
        --------
        skroute.metrics.policy_value_scorer : The same, with a warning where `X` was fitted on.
        """
        feedback, choice = read_feedback(y), self.predict(X)
        check_consistent_length(choice, feedback.quality)
        feedback = feedback.reweighted(check_sample_weight(sample_weight, len(choice)))
        return honest_value(
            choice,
            self._queries(X),
            feedback,
            classes=self.classes_,
            cost_sensitivity=check_cost_sensitivity(self.cost_sensitivity),
        )

    def _queries(self, X: Any) -> Any:
        """Return what of the input describes queries; the score rests on nothing else."""
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = True
        return tags


def read_queries(router: Any, X: Any) -> np.ndarray:
    """Validate X against what a router was fitted on.

    The checks of scikit-learn take longer than the routing of one query. Where a single look shows
    that they would find nothing, they are left out.
    """
    plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype in _FLOATS and len(X) > 0
    if plain and X.shape[1] == router.n_features_in_ and not hasattr(router, "feature_names_in_"):
        with np.errstate(over="ignore", invalid="ignore"):
            total = X.sum()
        if np.isfinite(total):
            return X
    return validate_data(router, X, dtype=_FLOATS, reset=False)


def read_fit_input(router: Any, X: Any, y: Any, sample_weight: Any) -> tuple[np.ndarray, Feedback]:
    """Validate what `fit` was given, set ``classes_``; return X and the weighted table.

    The router also remembers keys of its queries, by which scorers tell its training log.
    """
    check_cost_sensitivity(router.cost_sensitivity)
    X = validate_data(router, X, dtype=_FLOATS)
    feedback = read_feedback(y)
    check_consistent_length(X, feedback.quality)
    feedback = feedback.reweighted(check_sample_weight(sample_weight, len(X)))
    if not feedback.weight.any():
        raise ValueError("sample_weight and the column 'weight' leave no row with a weight above 0")
    if feedback.n_models < 2:
        raise ValueError(
            f"y shows one model only ({feedback.classes[0]!r}, 1 class), so there is nothing to "
            "choose. Log at least two models."
        )
    if not feedback.gold.all() and getattr(router, "bias_correction", None) is None:
        warnings.warn(
            f"{np.count_nonzero(~feedback.gold)} of {len(feedback)} rows have a preference-based "
            f"quality, which {type(router).__name__} takes as if it were gold. Correct its bias "
            "(bias_correction=DRBiasCorrector() of CausalRouter), or leave these rows out.",
            UserWarning,
            stacklevel=3,
        )
    router.classes_ = feedback.classes
    # Bias columns that a corrector appended are not part of the query.
    upstream = isinstance(getattr(router, "bias_correction", None), str)
    n_bias = feedback.n_models if upstream else 0
    router._training_queries = TrainingQueries.of(X[:, : X.shape[1] - n_bias])
    return X, feedback
