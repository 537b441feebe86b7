"""The parameters of a policy are checked when it is fitted."""

import numpy as np
import pytest
from policy_problem import problem

from skroute.policy import RegretPolicyClassifier


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "hinge"}, "loss must be one of"),
        ({"solver": "sgd"}, "solver must be one of"),
        ({"solver": "lbfgs", "hidden_layer_sizes": (3,)}, "linear policies only"),
        ({"alpha": -1}, "alpha must be"),
        ({"alpha": np.inf}, "alpha must be"),
        ({"alpha": np.nan}, "alpha must be"),
        ({"alpha": "x"}, "alpha must be"),
        ({"tol": -1e-3}, "tol must be"),
        ({"max_iter": 0}, "max_iter must be an integer"),
        ({"max_iter": 2.5}, "max_iter must be an integer"),
        ({"learning_rate": -1.0}, "learning_rate must be"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"batch_size": "all"}, "batch_size must be"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be"),
        ({"hidden_layer_sizes": 3}, "hidden_layer_sizes must be"),
        ({"verbose": -1}, "verbose must be"),
    ],
)
def test_bad_parameters(options, message):
    X, utility = problem(20)
    with pytest.raises(ValueError, match=message):
        RegretPolicyClassifier(**options).fit(X, utility)
