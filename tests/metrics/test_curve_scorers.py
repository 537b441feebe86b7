import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import CausalRouter, full_feedback
from skroute.baselines import BestFixedModel, RegressAndCompare
from skroute.datasets import make_routing_problem
from skroute.metrics import (
    average_improvement_in_quality,
    average_performance_gap_recovered,
    call_performance_threshold,
    cost_quality_curve,
    efficiency_gain_curve,
    evaluation_predictions,
    make_aiq_scorer,
    make_two_model_scorer,
)

PROBLEM = make_routing_problem(400, n_features=5, n_models=2, random_state=0)
TEST = PROBLEM.draw(300, random_state=1)
X, Y, FULL = TEST.X, TEST.y, TEST.y_full
GRID = [0.0, 5.0, 20.0, 100.0]


@pytest.fixture(scope="module")
def router():
    return CausalRouter(knots=[0.0, 100.0], random_state=0).fit(PROBLEM.X, PROBLEM.y)


# Of one of the policies the log says little.
@pytest.mark.filterwarnings("ignore::skroute.nuisance.OverlapWarning")
@pytest.mark.parametrize("y", [Y, FULL], ids=["logged", "full"])
def test_aiq_is_that_of_the_curve(router, y):
    scorer = make_aiq_scorer(GRID, cost_range=(0.0, 0.008), null_quality=0.1)
    curve = cost_quality_curve(
        y,
        [router.predict(X, cost_sensitivity=value) for value in GRID],
        **evaluation_predictions(X, y),
    )
    expected = average_improvement_in_quality(
        curve.cost, curve.quality, cost_range=(0.0, 0.008), null_quality=0.1
    )
    assert scorer(router, X, y) == pytest.approx(expected, abs=1e-12)
    pipeline = make_pipeline(StandardScaler(), clone(router)).fit(PROBLEM.X, PROBLEM.y)
    assert scorer(pipeline, X, y) == pytest.approx(expected, abs=0.05)
    assert scorer(router, X, y, sample_weight=np.ones(len(X))) == scorer(router, X, y)


def test_aiq_counts_more_policies_as_more(router):
    few, many = (make_aiq_scorer(GRID[:m], cost_range=(0.0, 0.008)) for m in (1, 4))
    assert many(router, X, FULL) > few(router, X, FULL)
    classifier = LogisticRegression().fit(PROBLEM.X, PROBLEM.y["model"])
    assert few(classifier, X, FULL) == many(classifier, X, FULL)


def test_an_estimated_cost_below_zero_counts_as_zero():
    """Answers of "a" are free, but for rows that the outcome model overrates."""
    y = full_feedback([[0.5, 0.5]] * 4, [[0.0, 1.0]] * 4, models=["a", "b"])
    fixed = BestFixedModel(1.0).fit([[0.0]] * 4, y)
    assert make_aiq_scorer([1.0], cost_range=(0.0, 1.0))(fixed, [[1.0]] * 4, y) == 0.5


@pytest.mark.parametrize(
    ("metric", "function"),
    [
        ("apgr", average_performance_gap_recovered),
        ("neg_cpt", lambda *a, **k: -call_performance_threshold(*a, **k)),
        ("efficiency_gain", lambda *a, **k: efficiency_gain_curve(*a, **k).mean()),
    ],
)
def test_two_models_are_ranked_by_what_the_estimator_offers(metric, function, router):
    def check(estimator, score):
        got = make_two_model_scorer(metric, strong="model_1")(estimator, X, FULL)
        assert got == pytest.approx(function(FULL, score, strong="model_1"), abs=1e-12)

    check(router, np.subtract(*router.decision_function(X).T[::-1]))
    best = np.array(["model_0", "model_1"])[PROBLEM.expected_quality.argmax(axis=1)]
    logistic = LogisticRegression().fit(PROBLEM.X, best)
    check(logistic, logistic.decision_function(X))
    forest = RandomForestClassifier(20, random_state=0).fit(PROBLEM.X, best)
    check(forest, forest.predict_proba(X)[:, 1])
    compare = RegressAndCompare(10.0).fit(PROBLEM.X, PROBLEM.y)
    utility = compare.predict_quality(X) - 10.0 * compare.predict_cost(X)
    check(compare, utility[:, 1] - utility[:, 0])


def test_a_pair_of_several_models():
    problem = make_routing_problem(300, n_features=5, n_models=3, random_state=0)
    test = problem.draw(200, random_state=1)
    router = CausalRouter(random_state=0).fit(problem.X, problem.y)
    scorer = make_two_model_scorer(strong="model_2", weak="model_0")
    decision = router.decision_function(test.X)
    expected = average_performance_gap_recovered(
        test.y_full, decision[:, 2] - decision[:, 0], strong="model_2", weak="model_0"
    )
    assert scorer(router, test.X, test.y_full) == expected
    with pytest.raises(
        ValueError, match=r"weak must name a model, since the estimator has 3: \['model_0'"
    ):
        make_two_model_scorer(strong="model_2")(router, test.X, test.y_full)
    with pytest.raises(ValueError, match="weak='small' is not a model of the estimator"):
        make_two_model_scorer(strong="model_2", weak="small")(router, test.X, test.y_full)


def test_the_weak_model_may_be_the_second():
    y = full_feedback([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], models=["a", "b"])
    rows = np.array([[1.0], [0.0], [1.0], [0.0]])
    classifier = LogisticRegression().fit(rows, ["a", "b", "a", "b"])
    assert make_two_model_scorer(strong="a")(classifier, rows, y) == 0.75


def test_wrong_input_is_named(router):
    with pytest.raises(ValueError, match="y is logged feedback, but both models' outcomes"):
        make_two_model_scorer(strong="model_1")(router, X, Y)
    voting = VotingClassifier([("alone", LogisticRegression())])
    voting.fit(PROBLEM.X, PROBLEM.y["model"])
    with pytest.raises(ValueError, match="VotingClassifier ranks no queries"):
        make_two_model_scorer(strong="model_1")(voting, X, FULL)
    with pytest.raises(ValueError, match=r"metric must be one of .*'apgr'.*got 'auc'"):
        make_two_model_scorer("auc", strong="model_1")
    with pytest.raises(ValueError, match="cost_sensitivities is empty"):
        make_aiq_scorer([], cost_range=(0, 1))
    with pytest.raises(ValueError, match=r"'cost_sensitivities', row 1: found -1\.0"):
        make_aiq_scorer([0, -1], cost_range=(0, 1))
    with pytest.raises(ValueError, match="cost_range must be two ascending numbers"):
        make_aiq_scorer([0], cost_range=(1, 0))
    with pytest.raises(ValueError, match=r"cost_sensitivity=200 .* is not served"):
        make_aiq_scorer([0, 200], cost_range=(0, 1))(router, X, Y)


def test_they_are_values_and_search(router):
    aiq = make_aiq_scorer(GRID, cost_range=(0, 0.01))
    apgr = make_two_model_scorer(strong="model_1")
    assert repr(aiq) == (
        "make_aiq_scorer((0.0, 5.0, 20.0, 100.0), cost_range=(0.0, 0.01), null_quality=0.0)"
    )
    assert repr(apgr) == "make_two_model_scorer('apgr', strong='model_1')"
    for scorer in (aiq, apgr):
        assert pickle.loads(pickle.dumps(scorer)) == scorer
        search = GridSearchCV(
            clone(router), {"shrinkage": ["auto", 1.0]}, scoring=scorer, error_score="raise"
        )
        search.fit(PROBLEM.X, PROBLEM.y_full)
        assert np.isfinite(search.best_score_)
