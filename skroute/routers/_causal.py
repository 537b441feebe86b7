"""The router: from a log that shows one answer per query to a choice of model for every query."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax
from sklearn.base import clone
from sklearn.utils import check_random_state

from .._utils import Folds, Steps, atomic_fit, make_folds
from ..correction import correct_by_columns, weigh_prior, without_bias_columns
from ..feedback import Feedback
from ..nuisance import Overlap, Support, fill_propensity, make_outcome_model
from ._calibration import Calibration, inverse_of_judged
from ._caution import model_for_all, warn_of_fixed_model
from ._envelope import FixedModels
from ._exclusion import mask_excluded
from ._frontier import Frontier
from ._knots import place_knots, within_knots
from ._outcomes import OutcomeRouter
from ._parameters import check_parameters
from ._policy import fit_policy, knot_decisions, outcome_scores, policy_decision
from ._reading import read_fit_input
from ._routing_start import routing_start
from ._staying import LoggedChoices, stay_at_knots, stay_with


class CausalRouter(OutcomeRouter):
    """Router that learns from logged feedback which model should answer each query.

    The log shows one model per query, chosen by a policy that favoured some models for some
    queries. Outcome models of quality and cost are cross-fitted on it and corrected, doubly
    robustly, by what the log shows at its recorded or estimated propensities. The router then
    chooses the model of the highest utility ``quality - cost_sensitivity * cost``.

    Parameters
    ----------
    cost_sensitivity : float, default=0.0
        Quality given up per dollar saved (lambda), at least 0. A preference, not to be tuned:
        scores at different cost sensitivities do not compare.
    knots : array-like of float or "auto", default=None
        None serves `cost_sensitivity` alone. Increasing values serve every one from the first to
        the last from one fit, see Notes; "auto" places them where the predicted best model of
        training queries changes. What lies outside is an error: clip it to the ends of `knots_`.
    outcome_model : regressor or "xgboost", default=None
        None learns all models together (`skroute.nuisance.JointOutcome`). A scikit-learn regressor
        is cloned for each model's quality and cost; "xgboost" is one of shallow boosted trees.
    propensity_model : classifier, default=None
        Estimates the propensities that the log does not record. None is a multinomial logistic
        regression whose penalty does not depend on the scale of X.
    policy : estimator, default=None
        None chooses by the corrected outcome models. A `RegretPolicyClassifier` is fitted on the
        doubly robust scores of all models instead, and chooses by itself. With `knots` no other
        policy will do.
    bias_correction : DRBiasCorrector or "upstream", default=None
        How preference-based rows are moved to the gold scale before anything else. A corrector is
        cloned and fitted. "upstream" takes the last K columns of X as the bias of each model, as a
        corrector earlier in a pipeline appends them; nothing else sees them. Both weigh the rows.
        None takes such rows as they are, with a warning.
    cv : int, splitter or iterable of splits, default=5
        Folds of the cross-fitting. An int gives folds that are shuffled by `random_state`, keep the
        groups of `y` together and spread the logged models evenly.
    shrinkage : float or "auto", default="auto"
        Variance control of the doubly robust correction. "auto" shrinks each model's correction by
        how far it stands out of its own noise (empirical Bayes). A float s at least 0 replaces the
        inverse propensities w by ``w s / (w**2 + s)`` [2]_: 0 trusts the outcome models alone,
        infinity is the textbook estimator. The scores of a `policy` need a number: "auto" is 5.
    caution : float, default=0.75
        Standard errors z by which a model is marked down where models are chosen, in quality and in
        cost: ``z se**2 / sqrt(se**2 + t**2)``, se being the standard error of its mean outcome and
        t the standard deviation of these means over models. So luck with few answers does not
        choose; 0 takes predictions as they are. ``benchmarks/caution.py`` measures it.
    min_propensity : float, default=0.01
        In (0, 1]. Smaller propensities are raised to it; `overlap_` records how many.
    n_jobs : int, default=None
        Processes for cross-fitting. They do not change the result.
    random_state : int, RandomState instance or None, default=None
        Decides folds, random parts of default models, and a `policy` whose own one is None.
    verbose : int, default=0
        Above 0 prints each step as it starts, with the seconds since `fit` did.

    Attributes
    ----------
    classes_, gone_, moves_, left_out_, training_queries_, n_features_in_, feature_names_in_
        As of every router, see `skroute.routers.BaseRouter`. Bias columns count as features.
    outcome_model_ : object
        The fitted outcome models.
    calibration_ : Calibration
        The corrections of the outcome models. ``trust`` and ``cost_trust``, in [0, 1], multiply
        what is predicted of differences between queries: with both at 0 the router is the best
        fixed model. ``quality_intercept`` and ``cost_intercept`` (K,) are the doubly robust
        corrections, ``quality_caution`` and ``cost_caution`` (K,) what models are marked down by.
    routing_start_ : float
        Below this cost sensitivity every query gets the model that is best for all: with full
        feedback, where out-of-fold choices by query were worth less; 0 with logged feedback.
        A `policy` does not heed it.
    fixed_model_ : label or None
        The model that every training query gets at `cost_sensitivity` where predictions taken at
        their word would have chosen several, for want of evidence; None where queries choose, and
        not set with a `policy`.
    overlap_ : Overlap
        Effective sample size per model, smallest propensity, share of clipped ones and, as
        ``support``, whether the log explored; logged feedback only.
    logged_choices_ : LoggedChoices or None
        Where the log did not explore: what it would choose, with which the router stays. A model
        that the log chooses for a query with a probability below .1 comes after all others there.
    knots_ : ndarray
        The knots; `cost_sensitivity` alone without any.
    policy_ : estimator, IntervalPolicy or None
        The fitted policy; with `knots` the `skroute.policy.IntervalPolicy` over all of them.
    temperature_ : float
        Mean spread of decision values over the training queries; 1 with a `policy`.
    bias_correction_ : DRBiasCorrector
        The fitted corrector, where one was given.

    Raises
    ------
    ValueError
        If a parameter, X or y is not as described; the message names it.

    Warns
    -----
    OverlapWarning
        If some model has few effective rows, or many propensities were clipped; as
        `NoExplorationWarning` if the log did not explore.
    FixedModelWarning
        If `fixed_model_` is not None, by ``calibration_.trust`` or `routing_start_`.
    UnjudgedModelsWarning
        If no answer of some model was ever judged.
    PriorModelsWarning
        If some model has rows of a benchmark (column ``prior``) and no traffic.
    GoneModelsWarning, MovedModelsWarning
        If by the column ``time`` models are gone, or costs or qualities moved.
    UserWarning
        If rows have a preference-based quality and `bias_correction` is None.

    See Also
    --------
    skroute.RegretPolicyClassifier : Policy on given utilities.
    skroute.baselines : Routers to compare with.

    Notes
    -----
    **Assumptions.** Queries explain the log's choices, models had a chance (`overlap_`), and all
    stays as it was, but for what ``time`` shows; see `skroute.metrics.policy_value`.

    **Safety.** Three estimates keep noise from choosing. `calibration_.trust` is the slope of seen
    outcomes on the out-of-fold differences between models, at most 1, and 0 where it is within its
    standard error: where queries carry no signal the router falls back to the best fixed model.
    Full feedback shows what out-of-fold choices were worth: only that part of the slope is taken
    by which it was the most, and below `routing_start_` one model is chosen for all.
    Intercept corrections are shrunk by empirical Bayes. `caution` marks down what is little known.

    **Rows without quality.** They teach costs, propensities and what queries look like. Intercept
    corrections weigh judged rows by how likely they were to be, given query and model. If quality
    is missing because it was bad, nothing in the log can tell.

    **Benchmarks.** Rows whose column ``prior`` is True teach outcome models alone, moved to the
    scale of traffic and weighed by how well they predict the models that have both.

    **Choice of default.** A policy that minimizes softmax regret on doubly robust scores [1]_ is
    unbiased and, at the propensities of real logs, loses to a fixed model; choosing by jointly
    learned and corrected outcomes does not. ``benchmarks/router_study.py`` measures both.

    **Knots.** Predicted outcomes do not depend on cost sensitivity: without a `policy` each one is
    served exactly, and "auto" serves all from 0 up. With one there is a policy a knot, logits are
    interpolated, and all are trained together ([1]_, `skroute.policy.IntervalPolicy`); "auto" then
    puts a knot at every 16th of the changes up to their 95 % quantile.
    ``benchmarks/cost_sensitivity_study.py`` measures both.

    **Probabilities.** `predict_proba` is the softmax of the decision values over `temperature_`. It
    orders models as `predict` does, and is not the probability that a model is the best.

    **Complexity.** With the defaults, time is linear in rows: O(n (d r + M**2) + K M**3) with
    ``r <= 256`` components and ``M <= 353`` features; memory is O(n (M + K) + K M**2) beside X.
    The default linear algebra runs on one thread, so that results do not depend on threads.

    **Routers in pipelines.** ``pipeline.predict(X, exclude="gpt-4")`` passes the keywords on, with
    metadata routing off or on. Search objects pass none: use ``search.best_estimator_``.

    References
    ----------
    .. [1] Tsiourvas, Sun, Perakis, *Causal LLM Routing: End-to-End Regret Minimization from
       Observational Data*, arXiv 2505.16037, section 3.
    .. [2] Su, Dimakopoulou, Krishnamurthy, Dudik, *Doubly robust off-policy evaluation with
       shrinkage*, arXiv 1907.09623.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> problem = make_routing_problem(n_queries=600, n_models=3, random_state=0)
    >>> router = CausalRouter(cost_sensitivity=10.0, random_state=0).fit(problem.X, problem.y)
    >>> router.predict(problem.X).shape
    (600,)
    >>> router.score(problem.X, problem.y) > 0
    True
    """

    _reads_prior: ClassVar[bool] = True

    def __init__(
        self,
        cost_sensitivity: float = 0.0,
        *,
        knots: ArrayLike | None = None,
        outcome_model: Any = None,
        propensity_model: Any = None,
        policy: Any = None,
        bias_correction: Any = None,
        cv: Any = 5,
        shrinkage: float | str = "auto",
        caution: float = 0.75,
        min_propensity: float = 0.01,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.cost_sensitivity = cost_sensitivity
        self.knots = knots
        self.outcome_model = outcome_model
        self.propensity_model = propensity_model
        self.policy = policy
        self.bias_correction = bias_correction
        self.cv = cv
        self.shrinkage = shrinkage
        self.caution = caution
        self.min_propensity = min_propensity
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @atomic_fit
    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> CausalRouter:
        """Learn which model should answer each query.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries, such as embeddings of their text. float32 stays float32.
        y : table of feedback of shape (n,)
            Logged or full feedback (`skroute.feedback`), or class labels.
        sample_weight : array-like of shape (n,), default=None
            Multiplies the ``weight`` column of `y`. Integer weights equal repetition.

        Returns
        -------
        self : CausalRouter
        """
        cost_sensitivity = check_parameters(self)
        announce = Steps("CausalRouter", self.verbose)
        X, feedback = read_fit_input(self, X, y, sample_weight)
        X, feedback = self._correct_bias(X, feedback, announce)
        known = weigh_prior(X, feedback)
        weight, random_state = feedback.weight, check_random_state(self.random_state)
        folds = make_folds(self.cv, X, feedback.stratum, feedback.group, random_state)

        announce(f"outcome models of {feedback.n_models} models on {len(feedback):,} rows")
        seed = random_state.randint(np.iinfo(np.int32).max)
        self.outcome_model_ = make_outcome_model(self.outcome_model, seed)
        quality, cost = self.outcome_model_.cross_fit(X, known, folds, self.n_jobs)
        self.logged_choices_: LoggedChoices | None = None
        inverse_propensity = None
        if feedback.logged:
            announce("propensities, and whether the log explored")
            inverse_propensity = self._measure_overlap(X, feedback, folds)
        announce("corrections of the outcome models")
        inverse_judged = inverse_of_judged(X, feedback, folds, self.n_jobs)
        importance = inverse_propensity, inverse_judged, self.shrinkage
        deviation_error = self.outcome_model_.quality_error_
        self.calibration_ = Calibration.of(
            feedback, quality, cost, *importance, self.caution, folds, known, deviation_error
        )
        predicted = quality - cost_sensitivity * cost
        quality, cost = self.calibration_.apply(quality, cost)

        taken = self.calibration_.cautious(quality, cost)
        chosen_by = stay_with(self.logged_choices_, X, *taken)
        means = self.calibration_.means_taken()
        self.routing_start_ = routing_start(feedback, *chosen_by, *means)
        self.knots_ = place_knots(
            self.knots, cost_sensitivity, *chosen_by, weight, interpolated=self.policy is not None
        )
        if self.policy is None:
            spread = np.average(
                np.ptp(taken[0] - cost_sensitivity * taken[1], axis=1), weights=weight
            )
            routed = cost_sensitivity >= self.routing_start_
            by = chosen_by if routed else [np.broadcast_to(m, quality.shape) for m in means]
            self.policy_, self.temperature_ = None, float(spread) or 1.0
            utility, counted = by[0] - cost_sensitivity * by[1], weight > 0
            self.fixed_model_ = model_for_all(
                utility[counted], predicted[counted], self.classes_, self.left_out_
            )
            if self.fixed_model_ is not None and not (routed and self.calibration_.trust > 0):
                warn_of_fixed_model(self.fixed_model_, feedback, cost_sensitivity)
            announce("done")
            return self
        announce(f"policy at {len(self.knots_)} cost sensitivities")
        scores = outcome_scores(feedback, quality, cost, *importance)
        self.policy_ = fit_policy(self.policy, self.knots_, X, scores, weight, random_state)
        self.temperature_ = 1.0
        announce("done")
        return self

    def _correct_bias(
        self, X: np.ndarray, feedback: Feedback, announce: Steps
    ) -> tuple[np.ndarray, Feedback]:
        """Return the queries, and the table with all its labels on the gold scale."""
        if self.bias_correction is None:
            return X, feedback
        announce("bias of preference-based labels")
        if isinstance(self.bias_correction, str):
            return correct_by_columns(X, feedback)
        self.bias_correction_ = clone(self.bias_correction)
        return X, self.bias_correction_.fit_correct_feedback(X, feedback)

    def _measure_overlap(self, X: np.ndarray, feedback: Feedback, folds: Folds) -> np.ndarray:
        """Set `overlap_`, warn if it is poor; return the clipped inverse propensities (n,)."""
        model, least = self.propensity_model, self.min_propensity
        propensity = fill_propensity(model, X, feedback, folds, n_jobs=self.n_jobs)
        shown = feedback.action, propensity, feedback.weight, feedback.n_models
        self.overlap_ = Overlap.of(*shown, least, Support.of(feedback, X))
        self.overlap_.warn_if_poor(self.classes_)
        self.logged_choices_ = LoggedChoices.of(X, feedback, self.overlap_.support)
        return np.where(feedback.weight > 0, 1 / np.maximum(propensity, least), 1.0)

    def _query_columns(self, X: np.ndarray) -> np.ndarray:
        if isinstance(self.bias_correction, str):
            return without_bias_columns(X, len(self.classes_))
        return X

    def _predict_outcomes(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        predicted = self.outcome_model_.predict(self._query_columns(X))
        return self.calibration_.apply(*predicted)

    def _taken_for(
        self, X: np.ndarray, quality: np.ndarray, cost: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        taken = self.calibration_.cautious(quality, cost)
        return stay_with(self.logged_choices_, self._query_columns(X), *taken)

    def _fixed_models(self) -> FixedModels | None:
        if self.policy_ is not None or self.routing_start_ == 0:
            return None
        return FixedModels(self.routing_start_, *self.calibration_.means_taken())

    def _utility_error(self, cost_sensitivity: float | np.ndarray) -> np.ndarray:
        return self.calibration_.utility_error(cost_sensitivity)

    def _decision_values(self, X: np.ndarray, cost_sensitivity: float | np.ndarray) -> np.ndarray:
        if self.policy_ is None:
            return super()._decision_values(X, cost_sensitivity)
        return self._by_policy(X, cost_sensitivity)

    def _compare(
        self,
        X: np.ndarray,
        quality: np.ndarray,
        cost: np.ndarray,
        cost_sensitivity: float | np.ndarray,
    ) -> np.ndarray:
        if self.policy_ is None:
            return super()._compare(X, quality, cost, cost_sensitivity)
        return self._by_policy(X, cost_sensitivity)

    def _by_policy(self, X: np.ndarray, cost_sensitivity: float | np.ndarray) -> np.ndarray:
        X = self._query_columns(X)
        values = policy_decision(self.policy_, X, cost_sensitivity)
        (values,) = stay_at_knots(self.logged_choices_, X, [values])
        return values

    def _probabilities(
        self, X: np.ndarray, cost_sensitivity: float | np.ndarray, excluded: np.ndarray | None
    ) -> np.ndarray:
        with np.errstate(over="ignore"):
            scaled = self._decision_values(X, cost_sensitivity) / self.temperature_
            return softmax(mask_excluded(scaled, excluded), axis=1)

    def _frontier(
        self, X: np.ndarray, weight: np.ndarray | None, excluded: np.ndarray | None
    ) -> Frontier:
        if self.policy_ is None:
            return super()._frontier(X, weight, excluded)
        queries, predicted = self._query_columns(X), self._predict_outcomes(X)
        decisions = knot_decisions(self.policy_, queries, self.knots_)
        values = stay_at_knots(self.logged_choices_, queries, decisions)
        return Frontier.between_knots(
            values, self.knots_, *predicted, self.classes_, weight, excluded
        )

    def _served_range(self) -> tuple[float, float]:
        if self.policy_ is None and isinstance(self.knots, str):
            return 0.0, np.inf
        return float(self.knots_[0]), float(self.knots_[-1])

    def _resolve(self, cost_sensitivity: Any, n_rows: int) -> float | np.ndarray:
        return within_knots(cost_sensitivity, self.cost_sensitivity, self._served_range(), n_rows)
