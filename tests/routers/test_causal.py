import json
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from router_logs import make_log, regret
from scipy import sparse
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skroute import CausalRouter, RegretPolicyClassifier, full_feedback, logged_feedback
from skroute.nuisance import OverlapWarning


@parametrize_with_checks(
    [CausalRouter(), CausalRouter(knots="auto", policy=RegretPolicyClassifier())]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def frames(y):
    table = pd.DataFrame({name: y[name] for name in y.dtype.names})
    return {"structured": y, "pandas": table, "polars": pl.from_pandas(table)}


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


def test_the_score_is_policy_value_not_agreement_with_the_log():
    """The log chose badly; the candidate that agrees with it scores less."""
    rng = np.random.default_rng(0)
    n = 600
    X = rng.normal(size=(n, 2))
    good = (X[:, 0] > 0).astype(int)
    action = np.where(rng.random(n) < 0.9, 1 - good, good)
    y = logged_feedback(
        np.array(["a", "b"])[action],
        (action == good).astype(float),
        propensity=np.where(action == good, 0.1, 0.9),
    )
    router = CausalRouter(random_state=0).fit(X, y)
    agreement = np.mean(router.predict(X) == y["model"])
    assert agreement < 0.2
    assert router.score(X, y) > 0.9
    copycat = CausalRouter(random_state=0).fit(X, y["model"])
    assert np.mean(copycat.predict(X) == y["model"]) > 0.8
    assert copycat.score(X, y) < 0.2


def test_an_optimistic_outcome_model_does_not_win_a_search():
    """Shrinking to a model of one's own fancy must not raise one's score."""

    class Optimist(Ridge):
        def predict(self, X):
            return np.where(np.asarray(X)[:, 0] > 0, 50.0, -50.0)

    X, y, _, quality, _cost = make_log(600)
    search = GridSearchCV(
        CausalRouter(random_state=0),
        {"outcome_model": [Optimist(), Ridge()], "shrinkage": [0.0, 1.0]},
        error_score="raise",
    ).fit(X, y)
    assert not isinstance(search.best_params_["outcome_model"], Optimist)
    assert search.best_score_ < quality.max(axis=1).mean() + 0.05


def test_the_score_does_not_move_with_settings_that_leave_choices_alone():
    X, y, _, _, _ = make_log(300)
    router = CausalRouter(random_state=0).fit(X, y)
    score = router.score(X, y)
    router.set_params(shrinkage=0.0, min_propensity=0.2, outcome_model=Ridge(), cv=2)
    assert router.score(X, y) == score


def test_the_score_estimates_the_true_value():
    X, y, _, _, _ = make_log(2000)
    X_test, y_test, _, quality, cost = make_log(4000, seed=5)
    router = CausalRouter(3.0, random_state=0).fit(X, y)
    truth = full_feedback(quality, cost, models=["a", "b", "c"])
    assert router.score(X_test, y_test) == pytest.approx(router.score(X_test, truth), abs=0.02)


def test_score_counts_gold_rows_only():
    X, y, _, _, _ = make_log(300)
    router = CausalRouter(random_state=0).fit(X, y)
    gold = np.arange(300) < 200
    spoiled = np.where(gold, y["quality"], 99.0)
    mixed = logged_feedback(
        y["model"], spoiled, cost=y["cost"], propensity=y["propensity"], gold=gold
    )
    assert router.score(X, mixed) == pytest.approx(router.score(X[gold], y[gold]))


def test_score_takes_a_model_that_was_never_fitted_as_never_chosen():
    X, y, _, _, _ = make_log(300, n_models=2)
    router = CausalRouter(random_state=0).fit(X, y)
    X_new, y_new, _, _, _ = make_log(300, n_models=3, seed=2)
    assert np.isfinite(router.score(X_new, y_new))
    with pytest.raises(ValueError, match=r"no column for the models \['b'\]"):
        router.score(X, full_feedback(np.ones((300, 2)), models=["a", "c"]))


def test_cross_val_predict_of_probabilities_is_refused():
    X, y, _, _, _ = make_log(100)
    for table in frames(y).values():
        with pytest.raises(ValueError, match="cross_val_predict"):
            cross_val_predict(CausalRouter(), X, table, method="predict_proba")
    assert cross_val_predict(CausalRouter(random_state=0), X, y).shape == (100,)


def test_cross_validation_of_a_table_is_not_stratified():
    X, y, _, _, _ = make_log(120)
    router = CausalRouter(random_state=0)
    assert_allclose(cross_val_score(router, X, y), cross_val_score(router, X, y, cv=KFold(5)))


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


def test_excluded_models_are_never_chosen():
    X, y, _, _, _ = make_log()
    router = CausalRouter(random_state=0).fit(X, y)
    assert set(router.predict(X, exclude=["a", "c"])) == {"b"}
    probability = router.predict_proba(X, exclude="b")
    assert_array_equal(probability[:, 1], 0.0)
    assert_allclose(probability.sum(axis=1), 1.0)
    kept = router.predict(X) != "b"
    assert_array_equal(router.predict(X, exclude="b")[kept], router.predict(X)[kept])
    with pytest.raises(ValueError, match="unknown model 'z'"):
        router.predict(X, exclude="z")
    with pytest.raises(ValueError, match="none is left"):
        router.predict(X, exclude=["a", "b", "c"])


def test_models_are_excluded_by_row():
    X, y, _, _, _ = make_log(200)
    router = CausalRouter(random_state=0).fit(X, y)
    down = np.random.default_rng(0).random((200, 3)) < 0.4
    down[down.all(axis=1), 1] = False
    labels = router.predict(X, exclude=down)
    assert not down[np.arange(200), np.searchsorted(router.classes_, labels)].any()
    down[5] = True
    with pytest.raises(ValueError, match="every model for row 5"):
        router.predict(X, exclude=down)
    with pytest.raises(ValueError, match=r"boolean array of shape \(200, 3\)"):
        router.predict(X, exclude=np.zeros((200, 2), dtype=bool))


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
    with pytest.warns(OverlapWarning, match="few effective rows for the models c"):
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


def test_preference_rows_without_correction_warn():
    X, y, _, _, _ = make_log(200)
    mixed = logged_feedback(
        y["model"], y["quality"], propensity=y["propensity"], gold=np.arange(200) % 2 == 0
    )
    with pytest.warns(UserWarning, match="preference-based"):
        CausalRouter(random_state=0).fit(X, mixed)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cost_sensitivity": -1.0}, "cost_sensitivity must be a finite number"),
        ({"cost_sensitivity": np.nan}, "cost_sensitivity must be a finite number"),
        ({"cost_sensitivity": "cheap"}, "cost_sensitivity must be a finite number"),
        ({"shrinkage": -1.0}, "shrinkage must be"),
        ({"shrinkage": "much"}, "shrinkage must be"),
        ({"min_propensity": 0.0}, "min_propensity must be"),
        ({"min_propensity": 1.5}, "min_propensity must be"),
        ({"cv": 1}, "cv must be at least 2"),
        ({"knots": "some"}, "knots must be 'auto'"),
        ({"knots": [1.0]}, "knots must be 'auto' or two or more"),
        ({"knots": [0.0, np.inf]}, "knots must be 'auto' or two or more finite"),
        ({"knots": [2.0, 1.0]}, "knots must be at least 0 and increasing"),
        ({"knots": [-1.0, 1.0]}, "knots must be at least 0 and increasing"),
        ({"knots": [1.0, 2.0]}, "knots must span cost_sensitivity=0"),
        ({"outcome_model": "ridge"}, "outcome_model must be"),
        ({"propensity_model": Ridge()}, "propensity_model must"),
        ({"policy": Ridge()}, "policy must be"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    X, y, _, _, _ = make_log(100)
    unknown = logged_feedback(y["model"], y["quality"])
    with pytest.raises(ValueError, match=message):
        CausalRouter(**parameters).fit(X, unknown)


def test_wrong_input_is_named():
    X, y, _, _, _ = make_log(100)
    router = CausalRouter(random_state=0)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        router.fit(X[:-1], y)
    with pytest.raises(ValueError, match="one model"):
        router.fit(X, logged_feedback(["a"] * 100, np.zeros(100)))
    with pytest.raises(ValueError, match="NaN"):
        router.fit(np.where(X > 1, np.nan, X), y)
    with pytest.raises(TypeError, match="Sparse data"):
        router.fit(sparse.csr_array(X), y)
    with pytest.raises(ValueError, match="sample_weight must be finite"):
        router.fit(X, y, sample_weight=-np.ones(100))
    router.fit(X, y)
    with pytest.raises(ValueError, match="6 features"):
        router.predict(X[:, :5])


def test_metadata_routing_passes_the_keywords():
    X, y, _, _, _ = make_log(150)
    pipeline = make_pipeline(PCA(4), CausalRouter(1.0, random_state=0)).fit(X, y)
    off = pipeline.predict(X, exclude="a", cost_sensitivity=1.0)
    with skroute_routing():
        on = pipeline.predict(X, exclude="a", cost_sensitivity=1.0)
    assert_array_equal(on, off)
    assert "a" not in on


def skroute_routing():
    from sklearn import config_context

    return config_context(enable_metadata_routing=True)


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
