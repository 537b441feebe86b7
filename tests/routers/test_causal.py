"""What a router learns from a log, in which forms, and what it keeps of it."""

import json
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from router_logs import frames, make_log, regret
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skroute import CausalRouter, RegretPolicyClassifier, full_feedback, logged_feedback
from skroute.nuisance import NoExplorationWarning, OverlapWarning


@pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
@parametrize_with_checks(
    [CausalRouter(), CausalRouter(knots="auto", policy=RegretPolicyClassifier())]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_it_beats_every_fixed_model_on_a_biased_log():
    X, y, _, _, _ = make_log(1500)
    X_test, _, _, quality, cost = make_log(1000, seed=1)
    router = CausalRouter(5.0, random_state=0).fit(X, y)
    utility = quality - 5.0 * cost
    fixed = (utility.max(axis=1)[:, None] - utility).mean(axis=0).min()
    assert regret(router, X_test, quality, cost, 5.0) < 0.35 * fixed


def test_full_feedback_is_learned_from():
    X, _, _, quality, cost = make_log(800)
    y = full_feedback(quality, cost, models=["a", "b", "c"])
    router = CausalRouter(random_state=0).fit(X, y)
    assert regret(router, X, quality, cost) < 0.02
    assert_allclose(router.predict_quality(X), quality, atol=0.25)


def test_class_labels_are_learned_from():
    X, _, _, quality, _ = make_log(600)
    label = np.array(["a", "b", "c"])[quality.argmax(axis=1)]
    router = CausalRouter(random_state=0).fit(X, label)
    assert np.mean(router.predict(X) == label) > 0.85
    assert router.score(X, label) == pytest.approx(np.mean(router.predict(X) == label))


@pytest.mark.parametrize("labels", [["b", "a", "10"], [10, 2, 33]])
def test_labels_keep_their_type_and_are_sorted_by_string(labels):
    X, y, _, _, _ = make_log(labels=labels)
    router = CausalRouter(random_state=0).fit(X, y)
    assert router.classes_.tolist() == sorted(labels, key=str)
    assert router.predict(X).dtype == y["model"].dtype
    assert set(router.predict(X).tolist()) <= set(labels)


def test_every_form_of_table_gives_the_same_router():
    X, y, _, _, _ = make_log()
    fitted = {
        name: CausalRouter(1.0, random_state=0).fit(X, table) for name, table in frames(y).items()
    }
    for router in fitted.values():
        assert_array_equal(router.predict(X), fitted["structured"].predict(X))
        assert_array_equal(router.decision_function(X), fitted["structured"].decision_function(X))


@pytest.mark.parametrize("form", ["structured", "pandas", "polars"])
def test_grid_search_over_a_pipeline(form):
    X, y, _, _, _ = make_log(240)
    search = GridSearchCV(
        Pipeline([("reduce", PCA()), ("route", CausalRouter(random_state=0))]),
        {"reduce__n_components": [3, 5], "route__shrinkage": ["auto", 1.0]},
        n_jobs=2,
        error_score="raise",
    )
    search.fit(X, frames(y)[form])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_
    assert_array_equal(best.predict(X, cost_sensitivity=0.0), best.predict(X))
    assert "a" not in best.predict(X, exclude="a")


def test_a_fitted_router_predicts_the_same_in_another_process(tmp_path):
    X, y, _, _, _ = make_log(200)
    pipeline = make_pipeline(PCA(4, random_state=0), CausalRouter(2.0, random_state=0)).fit(X, y)
    joblib.dump(pipeline, tmp_path / "router.joblib")
    np.save(tmp_path / "X.npy", X)
    code = (
        "import joblib, json, numpy as np, sys;"
        "r = joblib.load(sys.argv[1]); X = np.load(sys.argv[2]);"
        "print(json.dumps([r.predict(X).tolist(),"
        " r[-1].decision_function(r[:-1].transform(X)).tobytes().hex()]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "router.joblib"), str(tmp_path / "X.npy")],
        capture_output=True,
        text=True,
        check=True,
    )
    labels, decision = json.loads(run.stdout)
    assert labels == pipeline.predict(X).tolist()
    here = pipeline[-1].decision_function(pipeline[:-1].transform(X))
    assert decision == here.tobytes().hex()


def test_clone_and_parameters_are_exact():
    router = CausalRouter(2.0, shrinkage=3.0, outcome_model=Ridge(7.0), cv=3, random_state=4)
    copy = clone(router)
    assert copy.get_params(deep=False).keys() == router.get_params(deep=False).keys()
    assert copy.outcome_model.alpha == 7.0
    assert copy.set_params(outcome_model__alpha=1.0).outcome_model.alpha == 1.0
    assert router.outcome_model.alpha == 7.0


@pytest.mark.parametrize("known", [True, False])
def test_results_do_not_depend_on_n_jobs(known):
    X, y, _, _, _ = make_log(200)
    if not known:
        y = logged_feedback(y["model"], y["quality"], cost=y["cost"])
    one = CausalRouter(1.0, random_state=3, n_jobs=1).fit(X, y)
    two = CausalRouter(1.0, random_state=3, n_jobs=2).fit(X, y)
    assert_array_equal(one.decision_function(X), two.decision_function(X))


def test_unknown_propensities_are_estimated():
    X, y, _, _, _ = make_log(1500)
    y = logged_feedback(y["model"], y["quality"], cost=y["cost"])
    X_test, _, _, quality, cost = make_log(800, seed=1)
    router = CausalRouter(random_state=0).fit(X, y)
    assert 0.0 < router.overlap_.smallest_propensity < 0.1
    fixed = (quality.max(axis=1)[:, None] - quality).mean(axis=0).min()
    assert regret(router, X_test, quality, cost) < 0.4 * fixed


def test_recorded_propensities_are_used_as_given_and_missing_ones_filled():
    X, y, _, _, _ = make_log(300)
    mixed = y.copy()
    mixed["propensity"][::2] = np.nan
    mixed["propensity"][1] = 0.02
    router = CausalRouter(random_state=0).fit(X, mixed)
    assert router.overlap_.smallest_propensity == 0.02
    assert np.isfinite(router.overlap_.effective_sample_size).all()
    assert (router.overlap_.effective_sample_size > 0).all()


def test_other_outcome_propensity_and_policy_models():
    X, y, _, _, _ = make_log(600)
    y = logged_feedback(y["model"], y["quality"], cost=y["cost"])
    X_test, _, _, quality, cost = make_log(800, seed=1)
    router = CausalRouter(
        outcome_model=Ridge(1.0),
        propensity_model=LogisticRegression(),
        policy=RegretPolicyClassifier(alpha=0.01),
        shrinkage=10.0,
        random_state=0,
    ).fit(X, y)
    fixed = (quality.max(axis=1)[:, None] - quality).mean(axis=0).min()
    assert regret(router, X_test, quality, cost) < 0.5 * fixed


def test_probabilities_follow_decisions():
    X, y, _, _, _ = make_log()
    router = CausalRouter(random_state=0).fit(X, y)
    decision, probability = router.decision_function(X), router.predict_proba(X)
    assert decision.shape == probability.shape == (400, 3)
    assert_allclose(probability.sum(axis=1), 1.0)
    assert_array_equal(router.classes_[decision.argmax(axis=1)], router.predict(X))
    assert_array_equal(probability.argmax(axis=1), decision.argmax(axis=1))


def test_predicted_outcomes_are_near_the_truth():
    X, y, _, _, _ = make_log(3000)
    X_test, _, _, quality, cost = make_log(500, seed=1)
    router = CausalRouter(random_state=0).fit(X, y)
    assert np.abs(router.predict_quality(X_test) - quality).mean() < 0.05
    assert np.abs(router.predict_cost(X_test) - cost).mean() < 0.003


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_read_only_input(dtype):
    X, y, _, _, _ = make_log()
    X = X.astype(dtype)
    X.flags.writeable = False
    y = y.copy()
    y.flags.writeable = False
    router = CausalRouter(random_state=0).fit(X, y)
    assert np.isfinite(router.decision_function(X)).all()
    reference = CausalRouter(random_state=0).fit(X.astype(np.float64), y)
    assert np.mean(router.predict(X) == reference.predict(X)) > 0.98


def test_feature_names():
    X, y, _, _, _ = make_log()
    frame = pd.DataFrame(X, columns=list("uvwxyz"))
    router = CausalRouter(random_state=0).fit(frame, y)
    assert router.feature_names_in_.tolist() == list("uvwxyz")
    assert router.n_features_in_ == 6
    with pytest.raises(ValueError, match="feature names"):
        router.predict(frame[list("zyxwvu")])


def test_a_rarely_logged_model_is_handled_with_a_warning():
    X, y, _, _, _ = make_log(300)
    keep = (y["model"] != "c") | (np.cumsum(y["model"] == "c") <= 2)
    with (
        pytest.warns(OverlapWarning, match="few effective rows for the models c"),
        pytest.warns(NoExplorationWarning, match="few queries had a chance of c"),
    ):
        router = CausalRouter(random_state=0).fit(X[keep], y[keep])
    assert router.classes_.tolist() == ["a", "b", "c"]
    assert np.isfinite(router.decision_function(X)).all()


def test_overlap_is_reported():
    X, y, _, _, _ = make_log(300)
    router = CausalRouter(random_state=0).fit(X, y)
    weight = 1 / y["propensity"][y["model"] == "b"]
    expected = weight.sum() ** 2 / (weight**2).sum()
    assert router.overlap_.effective_sample_size[1] == pytest.approx(expected)
    assert router.overlap_.smallest_propensity == y["propensity"].min()
    assert router.overlap_.share_clipped == 0.0
    with pytest.warns(OverlapWarning, match="raised to it"):
        clipped = CausalRouter(min_propensity=0.3, random_state=0).fit(X, y)
    assert clipped.overlap_.share_clipped == pytest.approx(np.mean(y["propensity"] < 0.3))


def test_integer_weights_equal_repetition():
    X, y, _, _, _ = make_log(120)
    weight = np.random.RandomState(0).randint(0, 3, len(X))
    rows = np.repeat(np.arange(len(X)), weight)
    fold = np.arange(len(X)) % 3

    def splits(fold):
        return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(3)]

    weighted = CausalRouter(1.0, cv=splits(fold), random_state=0).fit(X, y, sample_weight=weight)
    repeated = CausalRouter(1.0, cv=splits(fold[rows]), random_state=0).fit(X[rows], y[rows])
    assert_allclose(weighted.predict_quality(X), repeated.predict_quality(X), rtol=1e-4, atol=1e-6)
    assert np.mean(weighted.predict(X) == repeated.predict(X)) > 0.98
    column = logged_feedback(
        y["model"], y["quality"], cost=y["cost"], propensity=y["propensity"], weight=weight
    )
    by_column = CausalRouter(1.0, cv=splits(fold), random_state=0).fit(X, column)
    assert_array_equal(by_column.decision_function(X), weighted.decision_function(X))


def test_groups_stay_together_and_few_groups_are_no_error():
    X, y, _, _, _ = make_log(90)
    for group in (np.arange(90) // 3, np.arange(90) // 45, np.zeros(90, dtype=int)):
        grouped = logged_feedback(y["model"], y["quality"], propensity=y["propensity"], group=group)
        assert np.isfinite(CausalRouter(random_state=0).fit(X, grouped).decision_function(X)).all()


def test_no_warning_on_a_healthy_log():
    X, y, _, _, _ = make_log(300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CausalRouter(random_state=0).fit(X, y)


def test_probabilities_of_a_policy_on_two_models_are_its_own():
    X, y, _, _, _ = make_log(200, n_models=2)
    router = CausalRouter(policy=RegretPolicyClassifier(), random_state=0).fit(X, y)
    assert_allclose(router.predict_proba(X), router.policy_.predict_proba(X))
    with pytest.raises(ValueError, match=r"cost_sensitivity must be a number or have shape"):
        router.predict(X, cost_sensitivity=np.zeros(3))
