"""The router: from a log that shows one answer per query to a choice of model for every query."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data

from ._crossfit import Folds, make_folds
from ._reader import Feedback, read_feedback
from ._router_base import RouterMixin
from ._validation import check_cost_sensitivity, check_excluded, check_sample_weight
from .nuisance import Overlap, fill_propensity, make_outcome_model
from .scores import doubly_robust_levels, doubly_robust_scores, shrink_weights


class CausalRouter(RouterMixin, BaseEstimator):
    """DOCSTRING"""

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
        self.min_propensity = min_propensity
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> CausalRouter:
        """Learn which model should answer each query."""
        cost_sensitivity = self._check_parameters()
        X, feedback = self._read(X, y, sample_weight)
        random_state = check_random_state(self.random_state)
        self.classes_ = feedback.classes
        stratum = feedback.action if feedback.logged else feedback.quality.argmax(axis=1)
        folds = make_folds(self.cv, X, stratum, feedback.group, random_state)
        self._report("outcome models")
        seed = random_state.randint(np.iinfo(np.int32).max)
        self.outcome_model_ = make_outcome_model(self.outcome_model, seed)
        quality, cost = self.outcome_model_.cross_fit(X, feedback, folds, self.n_jobs)
        if feedback.logged:
            self._report("propensities")
            self._measure_overlap(X, feedback, folds)
            quality, cost = self._score(feedback, quality, cost)
        else:
            self.quality_level_ = self.cost_level_ = np.zeros(feedback.n_models)
            quality, cost = feedback.quality, feedback.cost
        self.policy_ = None
        if self.policy is not None:
            self._report("policy")
            utility = quality - cost_sensitivity * cost
            self.policy_ = clone(self.policy).fit(X, utility, sample_weight=feedback.weight)
        return self

    def predict_quality(self, X: ArrayLike) -> np.ndarray:
        """Predict the quality of every model's answer."""
        return self._predict_outcomes(X)[0]

    def predict_cost(self, X: ArrayLike) -> np.ndarray:
        """Predict the cost of every model's answer."""
        return self._predict_outcomes(X)[1]

    def decision_function(
        self, X: ArrayLike, *, cost_sensitivity: Any = None, exclude: Any = None
    ) -> np.ndarray:
        """Return decision values."""
        check_is_fitted(self)
        decision = self._decide(X, cost_sensitivity)
        excluded = check_excluded(exclude, self.classes_)
        return np.where(excluded, -np.inf, decision) if excluded.any() else decision

    def predict_proba(
        self, X: ArrayLike, *, cost_sensitivity: Any = None, exclude: Any = None
    ) -> np.ndarray:
        """Return probabilities."""
        decision = self.decision_function(X, cost_sensitivity=cost_sensitivity, exclude=exclude)
        return softmax(decision, axis=1)

    def _check_parameters(self) -> float:
        if self.knots is not None:
            raise NotImplementedError(
                "knots is not available yet: fit one router per cost_sensitivity instead"
            )
        if self.bias_correction is not None:
            raise NotImplementedError(
                "bias_correction is not available yet: fit on gold rows, or leave it None"
            )
        if isinstance(self.shrinkage, str):
            if self.shrinkage != "auto":
                raise ValueError(f"shrinkage must be 'auto' or a number, got {self.shrinkage!r}")
        elif not self.shrinkage >= 0:
            raise ValueError(f"shrinkage must be 'auto' or at least 0, got {self.shrinkage!r}")
        if not 0 < self.min_propensity <= 1:
            raise ValueError(f"min_propensity must be in (0, 1], got {self.min_propensity!r}")
        if self.policy is not None and not hasattr(self.policy, "decision_function"):
            raise ValueError(
                f"policy must be a RegretPolicyClassifier or None, got {self.policy!r}"
            )
        return check_cost_sensitivity(self.cost_sensitivity)

    def _read(
        self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None
    ) -> tuple[np.ndarray, Feedback]:
        X = validate_data(self, X, dtype=(np.float64, np.float32))
        feedback = read_feedback(y)
        check_consistent_length(X, feedback.quality)
        feedback = feedback.reweighted(check_sample_weight(sample_weight, len(X)))
        if feedback.n_models < 2:
            raise ValueError(
                f"y shows one model only ({feedback.classes[0]!r}, 1 class): there is nothing to "
                "choose. Log at least two models."
            )
        if not feedback.gold.all():
            warnings.warn(
                f"{np.mean(~feedback.gold):.0%} of the rows have a preference-based quality, which "
                "is taken as if it were gold. Correct its bias first, or leave these rows out.",
                UserWarning,
                stacklevel=3,
            )
        return X, feedback

    def _measure_overlap(self, X: np.ndarray, feedback: Feedback, folds: Folds) -> None:
        self.propensity_ = fill_propensity(
            self.propensity_model, X, feedback, folds, n_jobs=self.n_jobs
        )
        self.overlap_ = Overlap.of(
            feedback.action,
            self.propensity_,
            feedback.weight,
            feedback.n_models,
            self.min_propensity,
        )
        self.overlap_.warn_if_poor(self.classes_)

    def _score(
        self, feedback: Feedback, quality: np.ndarray, cost: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Set the doubly robust levels; return doubly robust scores of quality and cost."""
        rows, action = np.arange(len(feedback)), feedback.action
        importance = 1 / np.maximum(self.propensity_, self.min_propensity)
        # Costs differ between models by orders of magnitude, so their levels are relative.
        own = np.bincount(action, feedback.weight * cost[rows, action], feedback.n_models)
        unit = own / np.maximum(np.bincount(action, feedback.weight, feedback.n_models), 1e-300)
        unit = np.where(unit > 0, unit, 1.0)

        def levels(residual: np.ndarray) -> np.ndarray:
            return doubly_robust_levels(
                residual,
                action,
                importance,
                feedback.n_models,
                sample_weight=feedback.weight,
                shrinkage=self.shrinkage,
            )

        self.quality_level_ = levels(feedback.quality - quality[rows, action])
        self.cost_level_ = unit * levels((feedback.cost - cost[rows, action]) / unit[action])
        quality, cost = quality + self.quality_level_, cost + self.cost_level_
        shrinkage = 5.0 if self.shrinkage == "auto" else self.shrinkage
        weight = shrink_weights(importance, shrinkage)
        return (
            doubly_robust_scores(quality, action, feedback.quality, weight),
            doubly_robust_scores(cost, action, feedback.cost, weight),
        )

    def _predict_outcomes(self, X: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        quality, cost = self.outcome_model_.predict(X)
        return quality + self.quality_level_, cost + self.cost_level_

    def _decide(self, X: ArrayLike, cost_sensitivity: Any) -> np.ndarray:
        own = check_cost_sensitivity(self.cost_sensitivity)
        if cost_sensitivity is not None and (np.asarray(cost_sensitivity) != own).any():
            raise ValueError(
                f"this router serves cost_sensitivity={own:g} only. Make it with knots that span "
                "the range to serve others."
            )
        if self.policy_ is None:
            quality, cost = self._predict_outcomes(X)
            return quality - own * cost
        X = validate_data(self, X, dtype=(np.float64, np.float32), reset=False)
        decision = self.policy_.decision_function(X)
        return decision if decision.ndim == 2 else np.column_stack([-decision, decision])

    def _report(self, step: str) -> None:
        if self.verbose:
            print(f"CausalRouter: {step}")
