"""The interface of all routers: what they answer, and what a new one has to implement."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._utils import (
    DocumentedMixin,
    VersionedMixin,
    check_cost_sensitivity,
    check_sample_weight,
    resolve_cost_sensitivity,
)
from ..feedback import read_feedback
from ..metrics import PolicyEvaluator
from ._exclusion import mask_excluded, read_exclusion
from ._exploration import Exploration, Prospects, Sample, draw
from ._reading import read_queries

# Any router takes these through pipelines, without set_predict_request and the like.
_KEYWORDS = {"cost_sensitivity": True, "exclude": True, "include": True}


class BaseRouter(VersionedMixin, DocumentedMixin, BaseEstimator, metaclass=ABCMeta):
    """Base of routers: for every query a value of every model, of which the largest is chosen.

    A router implements `_decision_values`, and a `fit` that begins with `read_fit_input`. It has a
    parameter ``cost_sensitivity``, its own value of lambda. Its methods are given X checked, once
    for each public call.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels of the models, sorted by their string; every model axis is in this order.
    gone_ : ndarray of labels
        Models that are gone by the column ``time`` of the log, see `skroute.nuisance.Availability`.
    moves_ : tuple of `skroute.history.Move`
        Costs and qualities of models that moved over time; empty without the column ``time``.
        Earlier rows were learned from as if they were of today's level.
    left_out_ : ndarray of labels
        Models that are not chosen unless `include` names them: those of `gone_`, and those of
        which there are prior rows alone (but `CausalRouter` reads these). Assign labels to it to
        retire models.
    training_queries_ : TrainingQueries
        By which scorers recognize the log that the router was fitted on; at most 1,000 keys,
        whatever its length.
    n_features_in_, feature_names_in_ : int and ndarray of shape (n_features,)
        Number of features, and their names where X had any.
    """

    # Whether `fit` learns from prior rows; see `logged_feedback`.
    _reads_prior: ClassVar[bool] = False

    __metadata_request__predict: ClassVar[dict[str, bool]] = _KEYWORDS
    __metadata_request__predict_proba: ClassVar[dict[str, bool]] = _KEYWORDS
    __metadata_request__decision_function: ClassVar[dict[str, bool]] = _KEYWORDS

    @abstractmethod
    def _decision_values(self, X: Any, cost_sensitivity: float | np.ndarray) -> np.ndarray:
        """Return the value (n, K) of every model for checked queries, in the order of `classes_`.

        The cost sensitivity is a number, or a column (n, 1) of one a row.
        """

    def predict(
        self,
        X: Any,
        *,
        cost_sensitivity: float | np.ndarray | None = None,
        exclude: Any = None,
        include: Any = None,
    ) -> np.ndarray:
        """Choose a model for every query.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        cost_sensitivity : float or array-like of shape (n,), default=None
            Quality given up per dollar saved, one for all rows or one a row. None: the value the
            router was made with.
        exclude : label, collection of labels or bool array of shape (n, K), default=None
            Models that must not be chosen, such as those that are down; for all rows, or by row in
            the order of ``classes_``, or as a DataFrame whose columns name the models.
        include : label or collection of labels, default=None
            Models that may be chosen although the router leaves them out by itself
            (``left_out_``).

        Returns
        -------
        label : ndarray of shape (n,)
            Labels of the chosen models, of the type given to `fit`.

        Raises
        ------
        ValueError
            If a label is unknown, no model is left, or the router cannot serve that
            `cost_sensitivity`.
        """
        check_is_fitted(self, "classes_")
        return self._choose(self._read(X), cost_sensitivity, exclude, include)

    def decision_function(
        self,
        X: Any,
        *,
        cost_sensitivity: float | np.ndarray | None = None,
        exclude: Any = None,
        include: Any = None,
    ) -> np.ndarray:
        """Return the value of every model for every query; the largest is chosen.

        Parameters
        ----------
        X, cost_sensitivity, exclude, include
            As in `predict`.

        Returns
        -------
        value : ndarray of shape (n, K)
            Minus infinity for models that must not be chosen, finite for all others. The shape is
            (n, K) for two models as well.
        """
        check_is_fitted(self, "classes_")
        return self._decide(self._read(X), cost_sensitivity, exclude, include)

    def predict_proba(
        self,
        X: Any,
        *,
        cost_sensitivity: float | np.ndarray | None = None,
        exclude: Any = None,
        include: Any = None,
    ) -> np.ndarray:
        """Return probabilities of the models, as `skroute.metrics.policy_value` takes them.

        Where a router decides without chance they are 1 for the model that `predict` chooses and 0
        for the others. `CausalRouter` and `RandomRouter` say in their notes what theirs are.

        Parameters
        ----------
        X, cost_sensitivity, exclude, include
            As in `predict`; excluded models get 0.

        Returns
        -------
        probability : ndarray of shape (n, K)
            Rows sum to 1.
        """
        check_is_fitted(self, "classes_")
        X = self._read(X)
        excluded = self._excluded(exclude, include, len(X))
        return self._probabilities(X, self._resolve(cost_sensitivity, len(X)), excluded)

    def exploration_proba(
        self,
        X: Any,
        *,
        exploration: float = 0.05,
        floor: float | None = None,
        max_regret: float | None = None,
        max_cost: float | None = None,
        previous: Any = None,
        switching_cost: float = 0.0,
        cost_sensitivity: float | np.ndarray | None = None,
        exclude: Any = None,
        include: Any = None,
    ) -> np.ndarray:
        """Return the probabilities to choose by, so that the next log tells of other models too.

        Most of the probability is that of the model that `predict` chooses. The rest goes to the
        models that may yet be best, by the error of what the router predicts, and a little of it to
        every model in use.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        exploration : float, default=0.05
            In [0, 1]: the most that the other models get together. They get less where it is clear
            which model is best.
        floor : float, default=None
            Least probability of every model that may be chosen. None: a tenth of `exploration`,
            shared by the other models. 0: none for models that are surely worse.
        max_regret : float, default=None
            Most expected utility to give up for a query, in units of quality.
        max_cost : float, default=None
            Most expected cost for a query beyond that of the model that `predict` chooses, dollars.
        previous : label, or array-like of labels of shape (n,), default=None
            The model that answered last in the session of each query; None or NaN where there is
            none. The probabilities hold given these.
        switching_cost : float, default=0.0
            Dollars that leaving `previous` costs, such as a prompt cache that is lost. It is left
            only for a gain in predicted utility above cost sensitivity times this.
        cost_sensitivity, exclude, include
            As in `predict`; excluded models get 0.

        Returns
        -------
        probability : ndarray of shape (n, K)
            Rows sum to 1. The same queries always get the same ones.

        Raises
        ------
        ValueError
            As in `predict`; if `floor` for every other model does not fit into `exploration`; or if
            `max_regret`, `max_cost` or `switching_cost` are given to a router that does not predict
            outcomes.

        Warns
        -----
        ExplorationBoundWarning
            Where `max_regret` or `max_cost` scale down all exploration of a query, `floor` too.

        Notes
        -----
        What is left of `exploration` after the floors is shared in proportion to
        ``2 Phi(-gap / error)``: the gap in predicted utility to the chosen model by the standard
        error of the difference. Only `CausalRouter` knows such errors; with other routers all
        models are alike. ``benchmarks/exploration.py`` measures what it costs and buys.
        """
        check_is_fitted(self, "classes_")
        options = Exploration(exploration, floor, max_regret, max_cost, previous, switching_cost)
        X = self._read(X)
        excluded = self._excluded(exclude, include, len(X))
        return self._explore(X, self._resolve(cost_sensitivity, len(X)), excluded, options)

    def sample(self, X: Any, *, random_state: Any = None, **options: Any) -> Sample:
        """Draw a model for every query.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        random_state : int, RandomState instance or None, default=None
            Decides the draws.
        **options
            As in `exploration_proba`.

        Returns
        -------
        sample : Sample
            Named tuple of ``label`` and ``propensity``, (n,) each. The propensity is the
            probability of that very draw: log it with the query (`skroute.logged_feedback`).
        """
        return draw(self.exploration_proba(X, **options), self.classes_, random_state)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the policy value: the mean utility of the models chosen for `X`.

        Exact on full feedback. On logged feedback it is the self-normalized doubly robust estimate
        with full inverse propensities, whose outcome models (and propensities, where the log has
        none) are cross-fitted on the very rows that are scored. They depend on the data alone, so
        that no setting of the router can improve its score but by choosing better. Where not every
        row has a gold quality, it is still the value for all rows' queries: gold rows count by the
        inverse of their estimated probability of being gold, and a judge's labels help to predict.

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
            In units of quality, at ``score_cost_sensitivity``. Values at different cost
            sensitivities do not compare.

        Warns
        -----
        NoExplorationWarning
            If the log did not explore, so that other choices cannot be valued.
        GoldRowsWarning
            If the value rests on few gold rows.
        PreferenceOnlyWarning
            If there are none, so that it is on the judge's scale.

        See Also
        --------
        skroute.metrics.policy_value_scorer : The same, with a warning where `X` was fitted on.
        """
        check_is_fitted(self, "classes_")
        X, feedback = self._read(X), read_feedback(y)
        check_consistent_length(X, feedback.quality)
        feedback = feedback.reweighted(check_sample_weight(sample_weight, len(X)))
        evaluator = PolicyEvaluator.of(self._query_columns(X), feedback, self.classes_)
        return evaluator.value(self._choose(X), self.score_cost_sensitivity)

    @property
    def score_cost_sensitivity(self) -> float:
        """The cost sensitivity at which `score` values what is chosen: the router's own."""
        return check_cost_sensitivity(self.cost_sensitivity)

    def query_features(self, X: Any) -> np.ndarray:
        """Return what of the input describes queries; evaluations of the router rest on it alone.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries as `predict` takes them.

        Returns
        -------
        features : ndarray of shape (n, d)
            X, checked; without the columns that a bias corrector appended, where there are such.
        """
        check_is_fitted(self, "classes_")
        return self._query_columns(self._read(X))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = True
        return tags

    def _read(self, X: Any) -> Any:
        return read_queries(self, X)

    def _query_columns(self, X: Any) -> Any:
        """Return what of checked X describes queries."""
        return X

    def _resolve(self, cost_sensitivity: Any, n_rows: int) -> float | np.ndarray:
        """Return a cost sensitivity that the router serves; None is its own."""
        return resolve_cost_sensitivity(cost_sensitivity, self.cost_sensitivity, n_rows)

    def _excluded(self, exclude: Any, include: Any, n_rows: int) -> np.ndarray | None:
        return read_exclusion(exclude, include, self.left_out_, self.classes_, n_rows)

    def _decide(
        self, X: Any, cost_sensitivity: Any = None, exclude: Any = None, include: Any = None
    ) -> np.ndarray:
        values = self._decision_values(X, self._resolve(cost_sensitivity, len(X)))
        return mask_excluded(values, self._excluded(exclude, include, len(X)))

    def _choose(self, X: Any, *keywords: Any) -> np.ndarray:
        return self.classes_[self._decide(X, *keywords).argmax(axis=1)]

    def _explore(
        self,
        X: Any,
        cost_sensitivity: float | np.ndarray,
        excluded: np.ndarray | None,
        options: Exploration,
    ) -> np.ndarray:
        prospects = self._prospects(X, cost_sensitivity)
        decision = mask_excluded(prospects.decision, excluded)
        shown = cost_sensitivity, self.classes_, excluded
        return options.probabilities(decision, prospects, *shown)

    def _prospects(self, X: Any, cost_sensitivity: float | np.ndarray) -> Prospects:
        """Return what exploration rests on; decision values alone where nothing else is known."""
        return Prospects(self._decision_values(X, cost_sensitivity))

    def _probabilities(
        self, X: Any, cost_sensitivity: float | np.ndarray, excluded: np.ndarray | None
    ) -> np.ndarray:
        decision = mask_excluded(self._decision_values(X, cost_sensitivity), excluded)
        chosen = decision.argmax(axis=1)
        return np.eye(len(self.classes_))[chosen]
