"""Every router there is, and a small problem for all of them."""

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skroute.baselines
import skroute.routers
from skroute import CausalRouter, FixedBudgetRouter, RegretPolicyClassifier
from skroute.baselines import RegressAndCompare, ThresholdRouter
from skroute.datasets import make_routing_problem
from skroute.routers import OutcomeRouter

PROBLEM = make_routing_problem(200, n_features=4, n_models=3, random_state=0)
X, Y, MODELS = PROBLEM.X, PROBLEM.y, PROBLEM.models.tolist()
METHODS = ("predict", "predict_proba", "decision_function")
ROUTERS = {
    "causal": CausalRouter(random_state=0),
    "knots": CausalRouter(knots="auto", random_state=0),
    "policy": CausalRouter(5.0, policy=RegretPolicyClassifier(), random_state=0),
    "policy over knots": CausalRouter(
        knots=[0.0, 5.0], policy=RegretPolicyClassifier(), random_state=0
    ),
    "budget": FixedBudgetRouter(RegressAndCompare(), budget=0.01),
    "budget of a pipeline": FixedBudgetRouter(
        make_pipeline(StandardScaler(), RegressAndCompare()), budget=0.01
    ),
    "threshold of nothing": ThresholdRouter(0.0),
    **{name: getattr(skroute.baselines, name)() for name in skroute.baselines.__all__},
}
OUTCOMES = [name for name, router in ROUTERS.items() if isinstance(router, OutcomeRouter)]


def masks(rng, n_rows=200):
    """Return a table of excluded models that leaves at least one in every row."""
    down = rng.random((n_rows, 3)) < 0.5
    down[np.arange(n_rows), rng.integers(0, 3, n_rows)] = False
    return down


def chosen_are_excluded(labels, down):
    return down[np.arange(len(labels)), np.searchsorted(MODELS, labels)].any()
