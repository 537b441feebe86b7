"""Scorers for model selection: what `CausalRouter.score` measures, for any estimator of labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.utils.metadata_routing import MetadataRequest
from sklearn.utils.validation import check_array, check_consistent_length

from .._utils import check_cost_sensitivity, check_sample_weight
from ..feedback import Feedback, read_feedback
from ._evaluator import PolicyEvaluator
from ._fitted_policy import FittedPolicy
from ._regret import regret_score

_METRICS = ("value", "quality", "neg_cost", "neg_regret")


@dataclass(frozen=True, kw_only=True)
class WeightedScorer:
    """Takes `sample_weight`, and says so to scikit-learn's metadata routing."""

    _sample_weight_request: bool | str | None = field(default=None, repr=False)

    def set_score_request(self, *, sample_weight: bool | str | None) -> Any:
        """Return a scorer that asks for sample weights where metadata routing is enabled.

        Parameters
        ----------
        sample_weight : bool, str or None
            True asks for it, False does not, a string asks for it under that name, and None makes
            it an error to pass any.

        Returns
        -------
        scorer : scorer
            A copy; the scorer itself stays as it is, for it may be shared.
        """
        return replace(self, _sample_weight_request=sample_weight)

    def get_metadata_routing(self) -> MetadataRequest:
        """Return what is asked for, as scikit-learn's metadata routing wants it."""
        request = MetadataRequest(owner=repr(self))
        request.score.add_request(param="sample_weight", alias=self._sample_weight_request)
        return request


@dataclass(frozen=True)
class PolicyScorer(WeightedScorer):
    """Made by `make_policy_scorer`."""

    metric: str
    cost_sensitivity: float | None
    features: Callable[[Any], Any] | None

    def __repr__(self) -> str:
        return as_call("make_policy_scorer", self, "metric")

    def __call__(self, estimator: Any, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of a fitted estimator on a table of feedback; higher is better."""
        policy = FittedPolicy.of(estimator, X)
        choice = policy.choose(self.cost_sensitivity)
        policy.warn_if_trained_on()
        feedback = read_feedback(y)
        if self.metric == "neg_regret":
            cost_sensitivity = self._cost_sensitivity(policy, feedback)
            return -regret_score(
                y, choice, cost_sensitivity=cost_sensitivity, sample_weight=sample_weight
            )
        evaluator = make_evaluator(policy, X, feedback, sample_weight, choice, self.features)
        quality, cost = evaluator.quality_and_cost(choice)
        if self.metric == "quality":
            return quality
        if self.metric == "neg_cost":
            return -cost
        return quality - self._cost_sensitivity(policy, feedback) * cost

    def _cost_sensitivity(self, policy: FittedPolicy, feedback: Feedback) -> float:
        """Return the one to value at; only free answers have the same value at any."""
        if self.cost_sensitivity is not None:
            return self.cost_sensitivity
        if policy.cost_sensitivity is not None:
            return policy.cost_sensitivity
        if feedback.cost.any():
            raise ValueError(
                f"{type(policy.router).__name__} has no cost_sensitivity of its own, and answers "
                "cost money, so that it is unclear what to value it at. Name one: "
                f"make_policy_scorer({self.metric!r}, cost_sensitivity=...)."
            )
        return 0.0


def make_policy_scorer(
    metric: str = "value",
    *,
    cost_sensitivity: float | None = None,
    features: Callable[[Any], Any] | None = None,
) -> PolicyScorer:
    """Make a scorer that values the models which an estimator chooses.

    Goes where scikit-learn takes a scorer. The estimator is a router, a pipeline or a search that
    ends in one, or any estimator whose predictions are model labels.

    Parameters
    ----------
    metric : {"value", "quality", "neg_cost", "neg_regret"}, default="value"
        "value": mean utility, quality minus cost sensitivity times cost. "quality" and "neg_cost":
        its parts, the second negated so that higher is better. "neg_regret": minus the utility lost
        against the best model of each query; full feedback only.
    cost_sensitivity : float, default=None
        The cost sensitivity at which the estimator chooses and is valued. None: the estimator's
        own. An estimator that has none, such as a classifier, chooses the same at any; name one to
        value it at where answers cost money. Values at different cost sensitivities do not compare,
        so do not search over it with None.
    features : callable, default=None
        From X to the numeric matrix (n, d) that describes the queries to the evaluation models of a
        log. None: X itself where it is numeric, else what the last step of a pipeline gets. Needed
        where X is numeric but says nothing, such as row numbers.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y, sample_weight=None)`` returns a float; higher is better.
        ``scorer.set_score_request(...)`` returns one that takes part in metadata routing.

    Raises
    ------
    ValueError
        If an argument is not as described. By the scorer, if the table is not as `policy_value`
        takes it, shows none of the estimator's models, or if it is unclear what cost sensitivity
        to value at.

    Warns
    -----
    TrainingLogWarning
        By the scorer, if most rows were among those that a router of this package was fitted on.
        Training scores (``return_train_score=True``) are such; Python shows the warning once.

    See Also
    --------
    policy_value_scorer : Made with the defaults.
    cross_val_policy : Choices for held-out rows, for an interval.

    Notes
    -----
    Exact on full feedback; on logged feedback it is what `CausalRouter.score` returns, which a
    policy can raise by its choices alone. Only gold rows count where there are any.

    In a pipeline the evaluation models read X as it enters the pipeline, where that is numeric: no
    transformer has a say in the value. `Pipeline.score` reads what the last step gets. For text,
    set `features` if the pipelines embed it differently.

    The warning goes by hashed keys of the queries of a router's `fit`, at most 1,000. Where N
    queries were fitted on, n of them go unnoticed about one time in ``exp(1000 n / N)``, and
    always behind a transformer whose `fit_transform` returns something else than its `transform`
    (a randomized PCA, cross-fitted encoders).

    Fitting the evaluation models is most of the time: that of five fits of `JointOutcome` to the
    scored rows. The latest are remembered, up to 64 MB in a process, so that the routers and the
    metrics of a search share them.

    Examples
    --------
    >>> from sklearn.model_selection import cross_validate
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.metrics import make_policy_scorer
    >>> problem = make_routing_problem(900, n_models=3, random_state=0)
    >>> router = CausalRouter(knots=[0.0, 50.0], random_state=0)
    >>> scoring = {
    ...     "quality": make_policy_scorer("quality", cost_sensitivity=20.0),
    ...     "cost": make_policy_scorer("neg_cost", cost_sensitivity=20.0),
    ... }
    >>> result = cross_validate(router, problem.X, problem.y, cv=3, scoring=scoring)
    >>> result["test_quality"].shape, bool((result["test_cost"] < 0).all())
    ((3,), True)
    """
    if metric not in _METRICS:
        raise ValueError(f"metric must be one of {list(_METRICS)}, got {metric!r}")
    if cost_sensitivity is not None:
        cost_sensitivity = check_cost_sensitivity(cost_sensitivity)
    return PolicyScorer(metric, cost_sensitivity, check_features(features))


def check_features(features: Any) -> Any:
    if features is not None and not callable(features):
        raise ValueError(f"features must be a callable or None, got {features!r}")
    return features


def as_call(function: str, scorer: Any, first: str) -> str:
    """Return the call that makes a scorer, without its defaults."""
    arguments = [repr(getattr(scorer, first))]
    for name, value in vars(scorer).items():
        if name != first and not name.startswith("_") and value is not None:
            arguments.append(f"{name}={getattr(value, '__name__', repr(value))}")
    return f"{function}({', '.join(arguments)})"


def make_evaluator(
    policy: FittedPolicy,
    X: Any,
    feedback: Feedback,
    sample_weight: Any,
    choice: np.ndarray,
    features: Callable[[Any], Any] | None,
) -> PolicyEvaluator:
    """Return the policy evaluator of a table, over the models that the policy can choose."""
    check_consistent_length(X, feedback.quality)
    feedback = feedback.reweighted(check_sample_weight(sample_weight, len(feedback)))
    classes = policy.labels(feedback, choice)
    gold = feedback.gold[feedback.weight > 0]
    if not feedback.logged and (gold.all() or not gold.any()):
        return PolicyEvaluator.of(None, feedback, classes)
    described = policy.queries if features is None else features(X)
    try:
        described = check_array(described, dtype=(np.float64, np.float32))
    except (TypeError, ValueError) as error:
        raise ValueError(
            "the evaluation models of a log need a finite numeric matrix that describes the "
            f"queries; name one by features= of the scorer. Found: {error}"
        ) from error
    check_consistent_length(described, feedback.quality)
    return PolicyEvaluator.of(described, feedback, classes)


policy_value_scorer = make_policy_scorer()
policy_quality_scorer = make_policy_scorer("quality")
neg_policy_cost_scorer = make_policy_scorer("neg_cost")
neg_regret_scorer = make_policy_scorer("neg_regret")
