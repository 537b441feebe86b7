import numpy as np
import pytest
from policy_logs import Constant, lengths
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skroute import CausalRouter, DRBiasCorrector, full_feedback, logged_feedback
from skroute.baselines import (
    BestFixedModel,
)
from skroute.datasets import make_gold_preference, make_routing_problem
from skroute.metrics import (
    make_policy_scorer,
    policy_value,
    policy_value_scorer,
)

PROBLEM = make_routing_problem(400, n_features=5, n_models=3, random_state=0)
TEST = PROBLEM.draw(300, random_state=1)
X, Y = TEST.X, TEST.y


@pytest.fixture(scope="module")
def served():
    return CausalRouter(10.0, knots=[0.0, 50.0], random_state=0).fit(PROBLEM.X, PROBLEM.y)


def test_a_pipeline_and_a_search_are_what_they_end_in(served):
    fitted = make_pipeline(StandardScaler(), clone(served)).fit(PROBLEM.X, PROBLEM.y)
    at_40 = make_policy_scorer(cost_sensitivity=40.0)
    labels = fitted.predict(X, cost_sensitivity=40.0)
    got = at_40(fitted, X, TEST.y_full)
    assert got == pytest.approx(policy_value(TEST.y_full, labels, cost_sensitivity=40.0).value)
    nested = make_pipeline("passthrough", clone(fitted)).fit(PROBLEM.X, PROBLEM.y)
    assert at_40(nested, X, Y) == at_40(fitted, X, Y)
    search = GridSearchCV(clone(fitted), {"causalrouter__shrinkage": ["auto"]}, cv=2)
    search.fit(PROBLEM.X, PROBLEM.y)
    assert at_40(search, X, Y) == at_40(fitted, X, Y)


def test_no_transformer_has_a_say_in_the_value():
    """The log is confounded by the first feature; a pipeline that drops it hides that."""
    rng = np.random.default_rng(0)
    n = 4000
    Z = rng.normal(size=(n, 3))
    hard = Z[:, 0] > 0
    large = rng.random(n) < np.where(hard, 0.8, 0.2)
    # Both models are equally good on every query.
    y = logged_feedback(
        np.where(large, "large", "small"), np.where(hard, 0.2, 0.8) + rng.normal(0, 0.05, n)
    )
    blind = make_pipeline(FunctionTransformer(_drop_first), BestFixedModel()).fit(
        Z[:2000], y[:2000]
    )
    assert policy_value_scorer(blind, Z[2000:], y[2000:]) == pytest.approx(0.5, abs=0.03)
    assert blind.score(Z[2000:], y[2000:]) > 0.6


def _drop_first(X):
    return X[:, 1:]


TEXTS = np.array(["write code", "sum two numbers", "tell a joke", "prove a theorem"] * 15)


@pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
def test_text_is_known_by_what_the_last_step_gets():
    rng = np.random.default_rng(0)
    y = logged_feedback(rng.choice(["a", "b"], 60), rng.random(60), propensity=np.full(60, 0.5))
    texts = [f"{text} {rng.integers(30)}" for text in TEXTS]
    router = make_pipeline(
        TfidfVectorizer(), TruncatedSVD(3, random_state=0), CausalRouter(random_state=0)
    )
    scorer = make_policy_scorer(features=lengths)
    router.fit(texts[:40], y[:40])
    assert policy_value_scorer(router, texts[40:], y[40:]) == router.score(texts[40:], y[40:])
    labels = Constant("a").fit(texts, y)
    assert scorer(labels, texts, y) == pytest.approx(
        y["quality"][y["model"] == "a"].mean(), abs=0.1
    )
    with pytest.raises(ValueError, match=r"need a finite numeric matrix .* features="):
        policy_value_scorer(labels, texts, y)
    # Where everything is known, nothing has to be described.
    full = full_feedback(rng.random((60, 2)), models=["a", "b"])
    assert np.isfinite(policy_value_scorer(labels, texts, full))


def test_any_estimator_whose_predictions_are_model_labels():
    classifier = LogisticRegression().fit(PROBLEM.X, PROBLEM.y["model"])
    free = logged_feedback(Y["model"], Y["quality"], propensity=Y["propensity"])
    fixed = BestFixedModel().fit(PROBLEM.X, PROBLEM.y)
    label = fixed.predict(X)[0]
    assert policy_value_scorer(Constant(label), X, free) == fixed.score(X, free)
    assert np.isfinite(policy_value_scorer(classifier, X, free))
    assert np.isfinite(make_policy_scorer(cost_sensitivity=5.0)(classifier, X, Y))
    # Labels alone make it the accuracy.
    labels = Y["model"].astype(object)
    assert policy_value_scorer(classifier, X, labels) == classifier.score(X, Y["model"])


def test_bias_columns_are_none_of_the_query():
    problem = make_gold_preference(600, n_models=3, n_gold=200, random_state=0)
    pipeline = make_pipeline(
        DRBiasCorrector(random_state=0), CausalRouter(bias_correction="upstream", random_state=0)
    ).fit(problem.X[:400], problem.y[:400])
    test_X, test_y = problem.X[400:], problem.y[400:]
    got = policy_value_scorer(pipeline, test_X, test_y)
    assert got == pytest.approx(pipeline.score(test_X, test_y), abs=1e-12)
    inner = pipeline[:-1].transform(test_X)
    assert policy_value_scorer(pipeline[-1], inner, test_y) == pipeline[-1].score(inner, test_y)
