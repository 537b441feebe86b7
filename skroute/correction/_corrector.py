"""The corrector of preference-based labels: a transformer, and table in, corrected table out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from .._utils import DocumentedMixin, VersionedMixin, atomic_fit
from ..feedback import Feedback, read_feedback, require_judged, with_quality
from ..nuisance import make_propensity_model
from ._estimate import estimate_bias
from ._labels import correct_labels
from ._pseudo_outcomes import PSEUDO_OUTCOMES

_FLOATS = (np.float64, np.float32)


class DRBiasCorrector(
    VersionedMixin, DocumentedMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator
):
    """Move preference-based quality labels to the scale of gold ones.

    A few rows carry a gold-standard quality (expert, rubric, verifier), most a cheap one (crowd,
    LLM judge) that is biased in a way that depends on query and model. The source of a label is a
    treatment and the bias ``delta(x, k) = E[gold - preference | x, k]`` its conditional effect,
    learned by cross-fitted, doubly robust pseudo-outcomes [1]_.

    Parameters
    ----------
    learner : {"dr", "r"}, default="dr"
        Which pseudo-outcome the bias model is fitted on. "dr": ``mu1 - mu0 + (T - e) / (e (1 - e))
        (Y - mu_T)``, right if the outcome models or the propensities are. "r": ``(Y - m) / (T -
        e)``, weighted by ``(T - e)**2``.
    outcome_model : regressor, default=None
        None learns both sources and all models together. A scikit-learn regressor, or "xgboost", is
        cloned for every model and source.
    propensity_model : classifier, default=None
        Estimates the probability of gold, given the query and, in logged feedback, the model
        (indicator columns). None is a logistic regression.
    bias_model : regressor, default=None
        None starts at the difference of the outcome models and learns, all models together, where
        the pseudo-outcomes depart from it. A scikit-learn regressor is fitted on the
        pseudo-outcomes, given the query and an indicator column for each model.
    cv : int, splitter or iterable of splits, default=5
        Folds of the cross-fitting. An int gives folds that are shuffled by `random_state`, keep the
        groups of `y` together and spread models and sources evenly.
    min_propensity : float, default=0.01
        In (0, 0.5). Probabilities of gold are kept this far from 0 and 1; no row is dropped, and
        `overlap_` records how many were moved.
    passthrough : bool, default=True
        Whether `transform` keeps X in front of the bias columns.
    n_jobs : int, default=None
        Processes for cross-fitting. They do not change the result.
    random_state : int, RandomState instance or None, default=None
        Decides folds and the random parts of the default models.

    Attributes
    ----------
    classes_ : ndarray of shape (K,)
        Labels of the models, sorted by their string.
    preference_weight_ : ndarray of shape (K,)
        What a corrected preference row of each model is worth beside a gold one, in [0, 1]: the
        noise variance of gold labels by that of the judge's, at most 1, times how well this model's
        mean on the gold scale is known beside the one that is known best (inverse posterior
        variances), and less where the bias is less certain than gold quality would be by gold
        labels alone; all that to the power t of Notes. So rows of a model without gold labels weigh
        little, and all rows where a bias is far larger than what there is to learn; with few gold
        rows all weigh about 1. A row of full feedback weighs their mean.
    overlap_ : Overlap or None
        Effective sample sizes of preference and gold by model, (2, K); smallest propensity of a
        row's own source and share of rows below `min_propensity`. None where there was nothing to
        correct.
    n_features_in_, feature_names_in_ : int and ndarray of shape (n_features,)
        Number of features, and their names where X had any.

    Raises
    ------
    ValueError
        If a parameter, X or y is not as described; the message names it.

    Warns
    -----
    FewGoldWarning
        If fewer than 20 rows are gold.
    MissingGoldWarning
        If `y` has no gold rows, so that the bias cannot be known and is taken as 0, or none of some
        models, whose bias is then what the others have in common.

    See Also
    --------
    skroute.CausalRouter : Takes a corrector as ``bias_correction``.
    skroute.correction.bias_summary : Where judge and gold disagree.
    skroute.correction.gold_learning_curve : What more gold would buy.

    Notes
    -----
    Where `y` has gold rows only there is nothing to correct, and the bias is 0.

    With the defaults, features and penalties, two dozen numbers, are learned from all rows; the
    coefficients behind a row's bias have not seen its fold, except through the outcome models
    inside the pseudo-outcomes of other rows, as always in cross-fitting with one set of folds.

    The default outcome models see what the judge would say: gold is expected to be that, moved by
    nothing, by a constant, by a line, by constants of the models or by a smooth function of query
    and model, averaged by how likely each makes the gold labels. A judge who compresses the scale,
    or inverts it, costs two numbers.

    Of n gold rows the bias keeps ``t = n**6 / (n**6 + 20**6)`` of its departures from one constant:
    .02 of ten, .5 of 20, .92 of 30. The constant needs more evidence, too: without any bias it has
    prior odds of ``sqrt(t) / 3``. Luck with a few labels looks like a bias of models or queries,
    and weights below 1 cost rows. With ten gold rows of 60 and two models, routers are level with
    pooling where there is no bias (``benchmarks/few_gold.md``).

    Rows with both labels (column ``preference``) teach both, and what the judge saw in an answer is
    taken from the noise of its gold label.

    Weights follow from queries and labels alone. A router that reads appended columns finds the
    same ones, as long as nothing between the two changes the columns.

    Rows whose quality is NaN, never judged, teach nothing and stay as they are.

    A model whose quality never varies (the alternative of paired gains) has bias 0.

    With the defaults time is O(n (d r + M**2) + F K M**3), with ``M <= 321 + K`` columns, ``r <=
    128`` components and F folds; memory is O(n M + F K M**2).

    References
    ----------
    .. [1] Zhang, Xie, Yang, Wu, *Meta-Router: Bridging Gold-standard and Preference-based
       Evaluations in LLM Routing*, ICLR 2026, arXiv 2509.25535.
    .. [2] Kennedy, *Towards optimal doubly robust estimation of heterogeneous causal effects*,
       arXiv 2004.14497.

    Examples
    --------
    >>> from skroute import DRBiasCorrector
    >>> from skroute.datasets import make_gold_preference
    >>> problem = make_gold_preference(1000, n_gold=100, random_state=0)
    >>> corrector = DRBiasCorrector(random_state=0)
    >>> corrected = corrector.fit_correct(problem.X, problem.y)
    >>> corrected.dtype.names
    ('quality', 'gold', 'weight')
    >>> corrector.predict_bias(problem.X).shape
    (1000, 2)
    """

    def __init__(
        self,
        learner: str = "dr",
        *,
        outcome_model: Any = None,
        propensity_model: Any = None,
        bias_model: Any = None,
        cv: Any = 5,
        min_propensity: float = 0.01,
        passthrough: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.learner = learner
        self.outcome_model = outcome_model
        self.propensity_model = propensity_model
        self.bias_model = bias_model
        self.cv = cv
        self.min_propensity = min_propensity
        self.passthrough = passthrough
        self.n_jobs = n_jobs
        self.random_state = random_state

    @atomic_fit
    def fit(self, X: ArrayLike, y: Any) -> DRBiasCorrector:
        """Learn the bias of the preference-based labels.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        y : table of feedback of shape (n,)
            Logged or full feedback with a column ``gold``, see `skroute.feedback`.

        Returns
        -------
        self : DRBiasCorrector
        """
        self._read_and_fit(X, y)
        return self

    @atomic_fit
    def fit_transform(self, X: ArrayLike, y: Any = None) -> np.ndarray:
        """Fit, and return X with the cross-fitted bias of every row and model.

        Unlike ``fit(X, y).transform(X)``, so that no row is corrected by its own label.

        Parameters
        ----------
        X, y
            As in `fit`.

        Returns
        -------
        columns : ndarray of shape (n, d + K), or (n, K) without `passthrough`
        """
        queries, _, bias = self._read_and_fit(X, y)
        return self._append(queries, bias)

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Return X with the bias of every row and model, by the models fitted on all rows.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.

        Returns
        -------
        columns : ndarray of shape (n, d + K), or (n, K) without `passthrough`
        """
        check_is_fitted(self)
        queries: np.ndarray = validate_data(self, X, dtype=_FLOATS, reset=False)
        return self._append(queries, self._bias_.predict(queries))

    def predict_bias(self, X: ArrayLike) -> np.ndarray:
        """Return the bias: expected gold minus expected preference quality.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.

        Returns
        -------
        bias : ndarray of shape (n, K)
        """
        check_is_fitted(self)
        return self._bias_.predict(validate_data(self, X, dtype=_FLOATS, reset=False))

    @atomic_fit
    def fit_correct(self, X: ArrayLike, y: Any) -> Any:
        """Fit, and return y with cross-fitted corrections of its preference rows.

        Parameters
        ----------
        X, y
            As in `fit`.

        Returns
        -------
        corrected : table of the form of y
            Preference rows have the bias added to their quality; their ``weight``, a column that is
            added where it is missing, is multiplied by `preference_weight_`. Gold rows are as they
            were. ``gold`` still tells which is which.
        """
        _, feedback, bias = self._read_and_fit(X, y)
        return with_quality(y, correct_labels(feedback, bias, self.preference_weight_))

    def correct(self, X: ArrayLike, y: Any) -> Any:
        """Return y with its preference rows corrected, for rows that were not fitted on.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries.
        y : table of feedback of shape (n,)
            Of the models that were fitted.

        Returns
        -------
        corrected : table of the form of y
            As in `fit_correct`.
        """
        bias = self.predict_bias(X)
        feedback = read_feedback(y).aligned(self.classes_)
        check_consistent_length(bias, feedback.quality)
        if feedback.action is not None and (feedback.action < 0).any():
            row = int(np.flatnonzero(feedback.action < 0)[0])
            raise ValueError(
                f"y shows in row {row} a model that was not fitted; fitted were "
                f"{[str(label) for label in self.classes_]}. Leave such rows out, or refit."
            )
        return with_quality(y, correct_labels(feedback, bias, self.preference_weight_))

    @atomic_fit
    def fit_correct_feedback(self, X: np.ndarray, feedback: Feedback) -> Feedback:
        """Do `fit_correct` on validated X and a table that was read; judged rows count as gold."""
        corrected = correct_labels(feedback, self._fit(X, feedback), self.preference_weight_)
        return replace(corrected, gold=feedback.judged)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Return names of the columns: those of X and ``bias_<model>``.

        Parameters
        ----------
        input_features : array-like of str of shape (d,), default=None
            Names of the features, where `fit` saw none.

        Returns
        -------
        names : ndarray of str
        """
        check_is_fitted(self)
        names = super().get_feature_names_out(input_features)
        bias = np.array([f"bias_{label}" for label in self.classes_], dtype=object)
        return np.concatenate([names, bias]) if self.passthrough else bias

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.one_d_labels = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _read_and_fit(self, X: ArrayLike, y: Any) -> tuple[np.ndarray, Feedback, np.ndarray]:
        """Fit; return queries, table and cross-fitted bias (n, K)."""
        queries: np.ndarray = validate_data(self, X, dtype=_FLOATS)
        feedback = read_feedback(y)
        check_consistent_length(queries, feedback.quality)
        return queries, feedback, self._fit(queries, feedback)

    def _fit(self, X: np.ndarray, feedback: Feedback) -> np.ndarray:
        """Fit; return the cross-fitted bias (n, K)."""
        self._check_parameters()
        require_judged(feedback)
        estimate = estimate_bias(self, X, feedback)
        self.n_features_in_, self.classes_ = X.shape[1], feedback.classes
        self._bias_, self.overlap_ = estimate.fitted, estimate.overlap
        self.preference_weight_ = estimate.preference_weight
        return estimate.cross_fitted

    def _append(self, X: np.ndarray, bias: np.ndarray) -> np.ndarray:
        bias = bias.astype(X.dtype)
        return np.hstack([X, bias]) if self.passthrough else bias

    def _check_parameters(self) -> None:
        if self.learner not in PSEUDO_OUTCOMES:
            raise ValueError(f"learner must be 'dr' or 'r', got {self.learner!r}")
        if not 0 < self.min_propensity < 0.5:
            raise ValueError(f"min_propensity must be in (0, 0.5), got {self.min_propensity!r}")
        make_propensity_model(self.propensity_model)
        regressor = self.bias_model
        if regressor is not None and not (
            hasattr(regressor, "fit") and hasattr(regressor, "predict")
        ):
            raise ValueError(f"bias_model must be a regressor or None, got {regressor!r}")
