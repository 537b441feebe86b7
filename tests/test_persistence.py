"""Every fitted estimator comes back from skops, told to trust what skroute names."""

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import Ridge

import skroute
from skroute import CausalRouter, DRBiasCorrector, FixedBudgetRouter, RegretPolicyClassifier
from skroute.baselines import (
    BestFixedModel,
    KNeighborsRouter,
    RandomRouter,
    RegressAndCompare,
    ThresholdRouter,
)
from skroute.datasets import make_gold_preference, make_routing_problem
from skroute.feedback import read_feedback
from skroute.nuisance import JointOutcome, PerModelOutcome

PROBLEM = make_routing_problem(200, n_models=3, random_state=0)
TWO = make_routing_problem(200, n_models=2, random_state=0)
LABELS = make_gold_preference(200, random_state=0)
POLICY = RegretPolicyClassifier(max_iter=5, tol=1.0)

ROUTERS = {
    "one sensitivity": CausalRouter(random_state=0),
    "knots": CausalRouter(knots="auto", random_state=0),
    "a policy": CausalRouter(policy=POLICY, random_state=0),
    "a policy over knots": CausalRouter(knots=[0.0, 10.0], policy=POLICY, random_state=0),
    "a model each": CausalRouter(outcome_model=Ridge(), random_state=0),
    "a budget": FixedBudgetRouter(CausalRouter(knots="auto", random_state=0), budget=0.002),
    "best fixed": BestFixedModel(),
    "neighbors": KNeighborsRouter(),
    "random": RandomRouter(),
    "regressions": RegressAndCompare(),
}


def reloaded(estimator):
    return skops.io.loads(skops.io.dumps(estimator), trusted=skroute.trusted_types())


@pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
@pytest.mark.parametrize("router", ROUTERS.values(), ids=ROUTERS)
@pytest.mark.parametrize("y", [PROBLEM.y, PROBLEM.y_full], ids=["logged", "full"])
def test_routers(router, y):
    router.fit(PROBLEM.X, y)
    again = reloaded(router)
    assert again.predict(PROBLEM.X).tolist() == router.predict(PROBLEM.X).tolist()
    np.testing.assert_allclose(
        again.decision_function(PROBLEM.X), router.decision_function(PROBLEM.X)
    )


def test_neighbors_by_few_features():
    router = KNeighborsRouter(n_neighbors=5).fit(PROBLEM.X[:, :3], PROBLEM.y)
    again = reloaded(router)
    assert again.predict(PROBLEM.X[:, :3]).tolist() == router.predict(PROBLEM.X[:, :3]).tolist()


def test_a_threshold():
    router = ThresholdRouter().fit(TWO.X, TWO.y)
    assert reloaded(router).predict(TWO.X).tolist() == router.predict(TWO.X).tolist()


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_labels(learner):
    corrector = DRBiasCorrector(learner, random_state=0)
    router = CausalRouter(bias_correction=corrector, random_state=0).fit(LABELS.X, LABELS.y)
    assert reloaded(router).predict(LABELS.X).tolist() == router.predict(LABELS.X).tolist()
    corrector.fit(LABELS.X, LABELS.y)
    np.testing.assert_allclose(
        reloaded(corrector).predict_bias(LABELS.X), corrector.predict_bias(LABELS.X)
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("layers", [(), (4,)])
def test_policies(layers):
    policy = RegretPolicyClassifier(hidden_layer_sizes=layers, max_iter=5, tol=1.0)
    policy.fit(PROBLEM.X, PROBLEM.y["model"])
    np.testing.assert_allclose(
        reloaded(policy).predict_proba(PROBLEM.X), policy.predict_proba(PROBLEM.X)
    )


@pytest.mark.parametrize("model", [JointOutcome(random_state=0), PerModelOutcome(Ridge())])
def test_outcome_models(model):
    model.fit(PROBLEM.X, read_feedback(PROBLEM.y))
    np.testing.assert_allclose(reloaded(model).predict(PROBLEM.X), model.predict(PROBLEM.X))


def test_only_classes_of_the_package_and_trees_are_named():
    names = skroute.trusted_types()
    others = [name.rpartition(".")[2] for name in names if not name.startswith("skroute.")]
    assert others == ["EuclideanDistance64", "KDTree"]
    assert names == sorted(set(names))
