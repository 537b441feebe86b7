"""The policy of a router: the scores it is fitted on, its fit and its decisions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import clone

from ..feedback import Feedback
from ..nuisance import doubly_robust_scores, shrinkage_rule
from ..policy import IntervalPolicy, RegretPolicyClassifier


def check_policy(policy: Any, knots: Any) -> None:
    """Check that a policy is None or can do what is asked of it."""
    if policy is None:
        return
    if not hasattr(policy, "decision_function"):
        raise ValueError(f"policy must be a RegretPolicyClassifier or None, got {policy!r}")
    if knots is not None and not isinstance(policy, RegretPolicyClassifier):
        raise ValueError(
            "knots need a policy that is trained for all of them together, a "
            f"RegretPolicyClassifier; got {policy!r}. Leave knots out, or the policy."
        )


def outcome_scores(
    feedback: Feedback,
    quality: np.ndarray,
    cost: np.ndarray,
    inverse_propensity: np.ndarray | None,
    inverse_judged: np.ndarray | float,
    shrinkage: float | str,
) -> tuple[np.ndarray, np.ndarray]:
    """Return doubly robust scores of quality and of cost (n, K); outcomes if all are seen.

    Utility scores at any cost sensitivity l are the first minus l times the second. Quality is
    corrected where it was judged, which `inverse_judged` (n,) makes up for.
    """
    if inverse_propensity is None or feedback.action is None:
        return feedback.quality, feedback.cost
    shrink, judged = shrinkage_rule(shrinkage).score_weights, feedback.judged_only()
    of_judged = feedback.judged * shrink(inverse_propensity * inverse_judged)
    return (
        doubly_robust_scores(quality, feedback.action, judged.quality, of_judged),
        doubly_robust_scores(cost, feedback.action, feedback.cost, shrink(inverse_propensity)),
    )


def fit_policy(
    policy: Any,
    knots: np.ndarray,
    X: np.ndarray,
    scores: tuple[np.ndarray, np.ndarray],
    sample_weight: np.ndarray,
    random_state: np.random.RandomState,
) -> Any:
    """Fit a copy of `policy` at the one knot there is, or one policy over all knots."""
    policy = clone(policy)
    if policy.get_params().get("random_state", 0) is None:
        policy.set_params(random_state=random_state.randint(np.iinfo(np.int32).max))
    quality, cost = scores
    if len(knots) == 1:
        return policy.fit(X, quality - knots[0] * cost, sample_weight=sample_weight)
    return IntervalPolicy.of(policy, knots, X, quality, cost, sample_weight)


def policy_decision(policy: Any, X: np.ndarray, cost_sensitivity: float | np.ndarray) -> np.ndarray:
    """Return logits (n, K) at one cost sensitivity or at a column of one a row."""
    if isinstance(policy, IntervalPolicy):
        return policy.decision_function(X, cost_sensitivity)
    decision = policy.decision_function(X)
    # One column for two models, split so that the softmax gives their probabilities.
    return decision if decision.ndim == 2 else np.column_stack([-decision / 2, decision / 2])


def knot_decisions(policy: Any, X: np.ndarray, knots: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the logits (n, K) at each knot in turn."""
    if isinstance(policy, IntervalPolicy):
        yield from policy.knot_logits(X)
    else:
        yield policy_decision(policy, X, knots[0])
