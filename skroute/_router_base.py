"""What every router shares: predicting labels from decision values, and the honest score."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._validation import check_cost_sensitivity, check_excluded, check_sample_weight
from .feedback import read_feedback
from .metrics._ruler import honest_value


class RouterMixin:
    """Mixin of routers: labels, the keywords of `predict`, tags and the policy value as score.

    A router implements ``_decide(X, cost_sensitivity)``, which validates X and returns an (n, K)
    array of decision values in the order of ``classes_``; the largest is chosen.
    ``cost_sensitivity`` is the router's own value of lambda.
    """

    # Any router takes these keywords through pipelines, without set_predict_request.
    __metadata_request__predict: ClassVar[dict[str, bool]] = {"cost_sensitivity": True, "exclude": True}

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
        exclude : label or sequence of labels, default=None
            Models that must not be chosen, such as those that are down.

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
        excluded = check_excluded(exclude, self.classes_)
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
        """
        feedback = read_feedback(y).reweighted(check_sample_weight(sample_weight, len(X)))
        return honest_value(
            self.predict(X),
            X,
            feedback,
            classes=self.classes_,
            cost_sensitivity=check_cost_sensitivity(self.cost_sensitivity),
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = True
        return tags
