import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skroute import CausalRouter, DRBiasCorrector, FixedBudgetRouter
from skroute.baselines import BestFixedModel, KNeighborsRouter, RegressAndCompare
from skroute.datasets import make_gold_preference, make_routing_problem
from skroute.metrics import (
    TrainingLogWarning,
    make_aiq_scorer,
    make_policy_scorer,
    make_two_model_scorer,
    policy_value_scorer,
)
from skroute.metrics._training_queries import TrainingQueries

PROBLEM = make_routing_problem(400, n_features=5, n_models=2, random_state=0)
TEST = PROBLEM.draw(300, random_state=1)


@pytest.mark.parametrize(
    "router",
    [CausalRouter(random_state=0), BestFixedModel(), KNeighborsRouter(), RegressAndCompare()],
    ids=lambda router: type(router).__name__,
)
def test_scoring_the_training_log_warns(router):
    router = clone(router).fit(PROBLEM.X, PROBLEM.y)
    message = f"About 100% of the rows .* {type(router).__name__} was fitted on.*cross_val_policy"
    with pytest.warns(TrainingLogWarning, match=message):
        policy_value_scorer(router, PROBLEM.X, PROBLEM.y)
    with pytest.warns(TrainingLogWarning):
        policy_value_scorer(router, PROBLEM.X[5:9].astype(np.float64), PROBLEM.y_full[5:9])
    # Warnings are errors here.
    policy_value_scorer(router, TEST.X, TEST.y)
    router.score(PROBLEM.X, PROBLEM.y)


def test_every_scorer_warns():
    router = CausalRouter(knots=[0, 10], random_state=0).fit(PROBLEM.X, PROBLEM.y_full)
    for scorer in (
        make_policy_scorer("neg_regret"),
        make_aiq_scorer([0.0, 1.0], cost_range=(0, 1)),
        make_two_model_scorer(strong="model_1"),
    ):
        with pytest.warns(TrainingLogWarning) as caught:
            scorer(router, PROBLEM.X, PROBLEM.y_full)
        assert caught[0].filename == __file__
        scorer(router, TEST.X, TEST.y_full)


@pytest.mark.parametrize("transformer", [StandardScaler(), PCA(3, svd_solver="full")])
def test_it_sees_through_pipelines_and_searches(transformer):
    pipeline = make_pipeline(transformer, CausalRouter(random_state=0))
    search = GridSearchCV(
        pipeline, {"causalrouter__shrinkage": ["auto"]}, scoring=policy_value_scorer, cv=2
    ).fit(PROBLEM.X, PROBLEM.y)
    with pytest.warns(TrainingLogWarning):
        policy_value_scorer(search, PROBLEM.X[:100], PROBLEM.y[:100])
    policy_value_scorer(search, TEST.X, TEST.y)


def test_it_sees_through_a_router_of_a_router():
    router = FixedBudgetRouter(budget=0.005).fit(PROBLEM.X, PROBLEM.y)
    with pytest.warns(TrainingLogWarning):
        policy_value_scorer(router, PROBLEM.X, PROBLEM.y)
    assert policy_value_scorer(router, TEST.X, TEST.y) == router.score(TEST.X, TEST.y)


def test_bias_columns_do_not_hide_the_queries():
    problem = make_gold_preference(600, n_models=3, n_gold=200, random_state=0)
    pipeline = make_pipeline(
        DRBiasCorrector(random_state=0), CausalRouter(bias_correction="upstream", random_state=0)
    ).fit(problem.X[:400], problem.y[:400])
    with pytest.warns(TrainingLogWarning, match="100%"):
        policy_value_scorer(pipeline, problem.X[:400], problem.y[:400])
    policy_value_scorer(pipeline, problem.X[400:], problem.y[400:])


def test_training_scores_are_training_scores():
    with pytest.warns(TrainingLogWarning):
        cross_validate(
            BestFixedModel(),
            PROBLEM.X,
            PROBLEM.y,
            scoring=policy_value_scorer,
            return_train_score=True,
        )


def test_half_of_the_rows_is_the_limit():
    router = BestFixedModel().fit(PROBLEM.X, PROBLEM.y)
    for n_seen, warned in ((140, False), (160, True)):
        rows = np.vstack([PROBLEM.X[:n_seen], TEST.X[: 300 - n_seen]])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            policy_value_scorer(router, rows, TEST.y)
        assert bool(caught) == warned


def test_queries_that_come_again_are_no_leak():
    rng = np.random.default_rng(0)
    prompts = rng.normal(size=(50, 4))
    train, test = (prompts[rng.integers(0, 50, 400)] for _ in range(2))
    router = BestFixedModel().fit(train, PROBLEM.y)
    assert TrainingQueries.of(train).share_seen(test) == 1.0
    policy_value_scorer(router, test[:300], TEST.y)


def test_an_estimator_that_remembers_nothing_is_not_warned_of():
    classifier = LogisticRegression().fit(PROBLEM.X, PROBLEM.y["model"])
    make_policy_scorer("quality")(classifier, PROBLEM.X, PROBLEM.y)


@pytest.mark.parametrize("n_train", [300, 30_000])
def test_the_share_is_estimated_without_bias(n_train):
    rng = np.random.default_rng(0)
    train, other = rng.normal(size=(n_train, 8)), rng.normal(size=(20_000, 8))
    seen = TrainingQueries.of(train)
    assert seen.share_seen(train) == 1.0
    assert seen.share_seen(other) == 0.0
    assert seen.repeated == 0.0
    mixed = np.vstack([np.tile(train, (30_000 // n_train, 1))[:10_000], other[:10_000]])
    assert seen.share_seen(mixed) == pytest.approx(0.5, abs=0.06)


def test_it_is_small_and_holds_no_queries():
    X = np.random.default_rng(0).normal(size=(20_000, 10))
    seen = TrainingQueries.of(X)
    assert len(seen.keys) == 1000
    assert len(pickle.dumps(seen)) < 10_000
    assert seen.share_seen(pickle.loads(pickle.dumps(X))) == 1.0


def test_wide_queries_take_little_room():
    X = np.random.default_rng(0).normal(size=(2_000, 3072)).astype(np.float32)
    assert len(pickle.dumps(TrainingQueries.of(X))) < 16_000


def test_rows_go_unnoticed_as_often_as_documented():
    """Of 20,000 queries a thousand are known: 20 rows hold one of these with chance 1 - exp(-1)."""
    X = np.random.default_rng(0).normal(size=(20_000, 8))
    seen = TrainingQueries.of(X)
    noticed = [seen.share_seen(rows) for rows in np.split(X, 1000)]
    assert set(noticed) == {0.0, 1.0}
    assert np.mean(noticed) == pytest.approx(1 - np.exp(-1), abs=0.05)


def test_the_warning_carries_its_facts():
    router = BestFixedModel().fit(PROBLEM.X, PROBLEM.y)
    with pytest.warns(TrainingLogWarning) as caught:
        policy_value_scorer(router, PROBLEM.X, PROBLEM.y)
    for warning in (caught[0].message, pickle.loads(pickle.dumps(caught[0].message))):
        assert (warning.router, warning.share_seen) == ("BestFixedModel", 1.0)
    assert caught[0].filename == __file__


def test_rounding_does_not_hide_a_query():
    X = np.random.default_rng(0).normal(3.0, 1.0, size=(2000, 30))
    assert TrainingQueries.of(X).share_seen(X.astype(np.float32)) > 0.97
    order = np.random.default_rng(1).permutation(2000)
    assert TrainingQueries.of(X[order]).share_seen(X) == 1.0


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 30), st.integers(1, 4)),
        elements=st.floats(-1e300, 1e300),
    )
)
def test_any_queries_are_recognized(X):
    seen = TrainingQueries.of(X)
    assert seen.share_seen(X) == 1.0
    assert 0.0 <= seen.repeated <= 1.0


@pytest.mark.parametrize("X", [np.ones((1, 3)), np.zeros((20, 2))])
def test_queries_that_are_all_alike_tell_nothing(X):
    assert TrainingQueries.of(X).repeated == 1.0
