import numpy as np
import pytest
from sklearn.dummy import DummyClassifier, DummyRegressor

from skroute.feedback import full_feedback, logged_feedback, read_feedback
from skroute.metrics import (
    GoldRowsWarning,
    PreferenceOnlyWarning,
    _evaluator,
    evaluation_predictions,
)
from skroute.metrics._evaluator import RECENT, PolicyEvaluator
from skroute.nuisance import (
    JointOutcome,
    NoExplorationWarning,
    PerModelOutcome,
    _outcome,
    _propensity,
    make_outcome_model,
)

CLASSES = np.array(["a", "b"])


def make_log(n=2000, seed=0, known=True):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    quality = np.column_stack([0.5 + 0.3 * np.tanh(X[:, 0]), 0.5 - 0.3 * np.tanh(X[:, 0])])
    cost = np.tile([0.01, 0.03], (n, 1))
    p = 1 / (1 + np.exp(-2 * X[:, 0]))
    action = (rng.random(n) < p).astype(int)
    logged = np.where(action == 1, p, 1 - p)
    rows = np.arange(n)
    y = logged_feedback(
        CLASSES[action],
        quality[rows, action] + 0.2 * rng.normal(size=n),
        cost=cost[rows, action],
        propensity=logged if known else None,
    )
    return X, y, quality, cost


def value(choice, X, y, cost_sensitivity=0.0, classes=CLASSES):
    evaluator = PolicyEvaluator.of(X, read_feedback(y), classes)
    return evaluator.value(np.asarray(choice), cost_sensitivity)


def test_full_feedback_is_exact():
    X, _, quality, cost = make_log(50)
    y = full_feedback(quality, cost, models=CLASSES, weight=np.arange(50))
    choice = np.where(X[:, 1] > 0, "a", "b")
    utility = np.where(choice == "a", quality[:, 0] - 0.02, quality[:, 1] - 0.06)
    assert value(choice, X, y, 2.0) == pytest.approx(np.average(utility, weights=np.arange(50)))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("rule", ["best", "worst", "a"])
def test_a_biased_log_is_valued_right(known, rule):
    X, y, quality, cost = make_log(4000, known=known)
    choice = {
        "best": CLASSES[quality.argmax(axis=1)],
        "worst": CLASSES[quality.argmin(axis=1)],
        "a": np.full(len(X), "a"),
    }[rule]
    truth = value(choice, X, full_feedback(quality, cost, models=CLASSES), 2.0)
    assert value(choice, X, y, 2.0) == pytest.approx(truth, abs=0.02)
    naive = (y["quality"] - 2 * y["cost"])[y["model"] == choice].mean()
    assert rule != "a" or abs(naive - truth) > 0.05


def test_it_is_blind_to_everything_but_choices():
    X, y, _, _ = make_log(300)
    choice = np.where(X[:, 0] > 0, "a", "b")
    assert value(choice, X, y) == value(choice.astype(object), X, y)


def test_models_outside_the_policy_count_as_never_chosen():
    X, y, _, _ = make_log(300)
    only_a = np.full(300, "a")
    assert np.isfinite(value(only_a, X, y, classes=np.array(["a"])))


def test_rows_of_unknown_models_count_by_prediction():
    """They say what the queries are like, if not how the models did."""
    rng = np.random.default_rng(0)
    n = 2000
    X = rng.normal(size=(n, 3))
    quality = 0.5 + 0.3 * np.tanh(X[:, 0])
    # A third model, unknown to the policy, answered all queries of high quality.
    model = np.where(X[:, 0] > 1.5, "z", np.where(rng.random(n) < 0.5, "a", "b"))
    y = logged_feedback(model, quality, propensity=np.where(model == "z", 1.0, 0.5))
    assert value(np.full(n, "a"), X, y) == pytest.approx(quality.mean(), abs=0.02)


def test_rows_without_weight_count_for_nothing():
    X, y, quality, _ = make_log(200)
    choice, weight = CLASSES[quality.argmax(axis=1)], (np.arange(200) < 120).astype(float)
    columns = {name: y[name] for name in ("model", "quality", "propensity")}
    weighted = logged_feedback(**columns, weight=weight)
    kept = logged_feedback(**{name: values[:120] for name, values in columns.items()})
    assert value(choice, X, weighted) == pytest.approx(value(choice[:120], X[:120], kept))


def test_without_gold_rows_it_warns():
    X, y, quality, _ = make_log(200)
    choice = CLASSES[quality.argmax(axis=1)]
    judged = logged_feedback(y["model"], y["quality"], gold=np.zeros(200, dtype=bool))
    with pytest.warns(PreferenceOnlyWarning, match="No row that counts has a gold quality"):
        assert np.isfinite(value(choice, X, judged))


@pytest.mark.parametrize("n_gold", [1, 3])
def test_few_gold_rows_are_warned_of(n_gold):
    X, y, _, _ = make_log(200)
    gold = np.arange(200) < n_gold
    mixed = logged_feedback(y["model"], y["quality"], propensity=y["propensity"], gold=gold)
    with pytest.warns(GoldRowsWarning, match=f"{n_gold} of 200 rows have one") as caught:
        value(np.full(200, "a"), X, mixed)
    assert caught[0].message.n_scored == n_gold


@pytest.mark.parametrize("n", [1, 2, 7])
def test_few_rows(n):
    X, y, quality, _ = make_log(50)
    choice = CLASSES[quality.argmax(axis=1)]
    assert np.isfinite(value(choice[:n], X[:n], y[:n]))


def test_float32_and_groups():
    X, y, quality, _ = make_log(100)
    y = logged_feedback(y["model"], y["quality"], group=np.arange(100) // 2)
    choice = CLASSES[quality.argmax(axis=1)]
    assert value(choice, X.astype(np.float32), y) == pytest.approx(value(choice, X, y), abs=1e-3)


def test_it_is_blind_to_what_routers_use_by_default(monkeypatch):
    X, y, quality, _ = make_log(300, known=False)
    choice = CLASSES[quality.argmax(axis=1)]
    before = value(choice, X, y, 2.0)
    RECENT.clear()
    monkeypatch.setattr(JointOutcome.__init__, "__defaults__", (3, 2, None))
    monkeypatch.setattr(_outcome, "JointOutcome", lambda **_: PerModelOutcome(DummyRegressor()))
    monkeypatch.setattr(_propensity, "default_propensity_model", DummyClassifier)
    assert isinstance(make_outcome_model(None), PerModelOutcome)
    assert value(choice, X, y, 2.0) == before


def test_the_value_by_figure():
    """What decides it is fixed: folds, outcome and propensity models, the least propensity."""
    X, y, quality, _ = make_log(400, known=False)
    assert value(CLASSES[quality.argmax(axis=1)], X, y, 2.0) == pytest.approx(
        0.5702957243, abs=1e-8
    )


def test_estimated_propensities_are_at_least_one_in_a_hundred():
    X = np.where(np.arange(2000) % 2, 1.0, -1.0)[:, None]
    # Four rows against the rule by which the log chose.
    model = np.where((X[:, 0] > 0) == (np.arange(2000) < 1996), "a", "b")
    y = logged_feedback(model, np.arange(2000) / 2000)
    with pytest.warns(NoExplorationWarning, match="queries tell 100% of its choices"):
        assert evaluation_predictions(X, y)["propensity"].min() == 0.01


def test_enough_rows_are_whole_groups_of_all_models():
    """A model with few rows keeps them, and no group is torn."""
    rng = np.random.default_rng(0)
    stratum = rng.choice(3, 40_000, p=[0.6, 0.39, 0.01])
    rows = _evaluator._enough_rows(stratum, None, 4)
    count = np.bincount(stratum[rows])
    assert count.tolist() == [2500, 2500, np.count_nonzero(stratum == 2)]
    assert (np.diff(rows) > 0).all()
    group = rng.integers(0, 4_000, 40_000)
    rows = _evaluator._enough_rows(stratum, group, 4)
    assert len(rows) < 30_000
    assert not set(group[rows]) & set(np.delete(group, rows))
    assert len(_evaluator._enough_rows(stratum[:2000], None, 4)) == 2000


def test_many_rows_are_predicted_by_what_some_taught(monkeypatch):
    """Values stay right, and no row is predicted by what it taught itself."""
    X, y, quality, cost = make_log(3000)
    everything = evaluation_predictions(X, y)
    monkeypatch.setattr(_evaluator, "_MOST_ROWS", 1000)
    monkeypatch.setattr(_evaluator, "_FEWEST_OF_A_MODEL", 500)
    RECENT.clear()
    some = evaluation_predictions(X, y)
    error = [np.mean((known["predicted_quality"] - quality) ** 2) for known in (everything, some)]
    assert 0 < error[1] < 3 * error[0]
    choice = CLASSES[quality.argmax(axis=1)]
    truth = value(choice, X, full_feedback(quality, cost, models=CLASSES), 2.0)
    assert value(choice, X, y, 2.0) == pytest.approx(truth, abs=0.02)
    # The noise of a row is not in its own prediction.
    action = np.searchsorted(CLASSES, y["model"])
    rows = np.arange(len(X))
    noise = y["quality"] - quality[rows, action]
    own = some["predicted_quality"][rows, action] - quality[rows, action]
    assert abs(np.corrcoef(noise, own)[0, 1]) < 3 / np.sqrt(len(X))
    RECENT.clear()


def test_a_log_of_other_models_has_no_value():
    """It was 0.0, and nobody was told."""
    X, y, _, _ = make_log(50)
    with pytest.raises(ValueError, match="y shows none of the models c, d, but a, b: nothing"):
        value(np.full(50, "c"), X, y, classes=np.array(["c", "d"]))
    with pytest.raises(ValueError, match="are names spelled alike"):
        evaluation_predictions(X, y, models=["c", "d"])
