import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LinearRegression, Ridge

from skroute import DRBiasCorrector, gain_feedback, logged_feedback
from skroute.correction import FewGoldWarning, bias_summary, gold_learning_curve
from skroute.datasets import make_gold_preference


def by_source(level, n=600, seed=0, n_gold=200):
    """Paired gains whose judge is off by `level`, an array of one number a row."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    gold = np.zeros(n, dtype=bool)
    gold[rng.choice(n, n_gold, replace=False)] = True
    quality = X[:, 0] + 0.2 * rng.normal(size=n)
    return X, gain_feedback(np.where(gold, quality, quality - level), gold=gold)


def test_intervals_cover_the_mean_bias():
    covered = []
    for seed in range(60):
        X, y = by_source(np.full(400, 0.3), 400, seed, 120)
        corrector = DRBiasCorrector(outcome_model=LinearRegression(), random_state=0)
        summary = bias_summary(X, y, corrector=corrector)
        covered.append(summary.low[1] < 0.3 < summary.high[1])
    # 95 % of 60 is 57; fewer than 51 would be rarer than one in a thousand.
    assert sum(covered) >= 51


def test_groups_with_another_bias_are_found():
    topic = np.where(np.arange(600) % 2 == 0, "code", "law")
    X, y = by_source(np.where(topic == "law", 0.5, 0.0))
    # The topic is no feature: the models cannot know it, the summary does.
    summary = bias_summary(X, y, by=topic)
    entry = {(m, g): k for k, (m, g) in enumerate(zip(summary.model, summary.group, strict=True))}
    law, code = entry["primary", "law"], entry["primary", "code"]
    assert summary.low[law] < 0.5 < summary.high[law]
    assert summary.low[code] < 0.0 < summary.high[code]
    assert summary.high[code] < summary.low[law]
    assert summary.n_gold[law] == np.sum(y["gold"] & (topic == "law"))
    assert summary.bias[entry["alternative", "law"]] == 0.0


def test_logged_feedback_is_summarized_by_model():
    problem = make_gold_preference(2000, 5, n_models=3, n_gold=600, random_state=0)
    summary = bias_summary(problem.X, problem.y)
    assert summary.model.tolist() == problem.models.tolist()
    assert summary.group is None
    for k, model in enumerate(problem.models):
        shown = problem.y["model"] == model
        assert abs(summary.bias[k] - problem.bias[shown, k].mean()) < 4 * summary.standard_error[k]
        assert summary.n_gold[k] + summary.n_preference[k] == shown.sum()


def test_errors_are_clustered_by_group():
    X, y = by_source(np.full(300, 0.3), 300, n_gold=100)
    gain, gold = y["quality"]["primary"], y["gold"]
    twice = gain_feedback(np.tile(gain, 2), gold=np.tile(gold, 2), group=np.tile(np.arange(300), 2))
    options = {"outcome_model": Ridge(), "random_state": 0}
    once = bias_summary(X, y, corrector=DRBiasCorrector(**options)).standard_error[1]
    doubled = bias_summary(np.tile(X, (2, 1)), twice, corrector=DRBiasCorrector(**options))
    assert_allclose(doubled.standard_error[1], once, rtol=0.1)


def test_intervals_know_how_few_labels_are_gold():
    covered = []
    for seed in range(40):
        problem = make_gold_preference(300, 4, n_models=3, n_gold=8, random_state=seed)
        summary = bias_summary(problem.X, problem.y)
        for k, model in enumerate(summary.model):
            truth = problem.bias[problem.y["model"] == model, k].mean()
            known = summary.n_gold[k] > 1
            assert np.isfinite(summary.low[k]) == np.isfinite(summary.high[k]) == known
            if known:
                covered.append(summary.low[k] < truth < summary.high[k])
    # Degrees of freedom by rows of either source would cover 92 %.
    assert len(covered) > 90
    assert np.mean(covered) > 0.94


def test_gold_rows_of_one_group_are_one():
    X, y = by_source(np.full(300, 0.3), 300, n_gold=100)
    gain, gold = y["quality"]["primary"], y["gold"]
    alike = gain_feedback(gain, gold=gold, group=np.where(gold, 0, np.arange(300)))
    summary = bias_summary(X, alike)
    assert np.isnan([summary.low[1], summary.high[1]]).all()
    assert np.isfinite(summary.standard_error[1])


def test_more_gold_is_measured_to_help(capsys):
    problem = make_gold_preference(1500, 8, n_gold=500, bias=0.5, random_state=0)
    curve = gold_learning_curve(problem.X, problem.y, n_gold=[20, 350], random_state=0, verbose=1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith("s] 350 gold labels, repetition 1 of 5")
    assert len(lines) == 11
    assert_array_equal(curve.n_gold, [20, 350])
    assert curve.error.shape == curve.uncorrected_error.shape == (2, 5)
    error = curve.error.mean(axis=1)
    assert error[1] < error[0]
    assert error[1] < 0.8 * curve.uncorrected_error.mean(axis=1)[1]


def test_learning_curve_of_a_log_with_groups():
    problem = make_gold_preference(400, 5, n_models=3, n_gold=150, random_state=0)
    y = problem.y
    grouped = logged_feedback(y["model"], y["quality"], gold=y["gold"], group=np.arange(400) // 2)
    curve = gold_learning_curve(problem.X, grouped, n_repetitions=1, random_state=0)
    assert np.isfinite(curve.error).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"test_size": 1.0}, "test_size must be in"),
        ({"n_repetitions": 0}, "n_repetitions must be at least 1"),
        ({"n_gold": [0, 5]}, "n_gold must be from 1 to"),
        ({"n_gold": [10**6]}, "n_gold must be from 1 to"),
        ({"test_size": 0.97}, "gold rows are left to learn from"),
    ],
)
def test_wrong_arguments_of_the_curve_are_named(parameters, message):
    X, y = by_source(np.zeros(300), 300)
    with pytest.raises(ValueError, match=message):
        gold_learning_curve(X, y, **parameters)


@pytest.mark.parametrize("gold", [True, False])
def test_one_source_is_not_enough(gold):
    y = gain_feedback(np.arange(30.0), gold=np.full(30, gold))
    for estimate in (bias_summary, gold_learning_curve):
        with pytest.raises(ValueError, match="needs gold and preference-based rows"):
            estimate(np.ones((30, 2)), y)
    X, y = by_source(np.zeros(60), 60, n_gold=20)
    with pytest.raises(ValueError, match="confidence must be in"):
        bias_summary(X, y, confidence=1.0)


def test_ten_gold_rows_have_to_be_left_to_learn_from():
    X, y = by_source(np.zeros(60), 60, n_gold=20)
    with pytest.raises(ValueError, match=r"only 9 gold rows are left .* at least 10 are needed"):
        gold_learning_curve(X, y, test_size=0.55)
    curve = gold_learning_curve(X, y, n_gold=[10], test_size=0.5, n_repetitions=1)
    assert curve.n_gold.tolist() == [10]


def test_enough_gold_labels_tell_the_mean_bias_to_a_tenth_of_the_range():
    # Labels from 0 to 1 that queries say nothing of: their standard deviation is .5.
    rng = np.random.default_rng(0)
    X, label, gold = rng.normal(size=(600, 3)), rng.integers(2, size=600), np.arange(600) < 200
    y = gain_feedback(label.astype(float), gold=gold)
    assert bias_summary(X, y).enough_gold == pytest.approx((1.96 * 0.5 / 0.1) ** 2, rel=0.1)
    by_one_model = DRBiasCorrector(outcome_model=LinearRegression(), random_state=0)
    assert bias_summary(X, y, corrector=by_one_model).enough_gold == bias_summary(X, y).enough_gold
    # Nothing varies: nothing is to be learned, and the least is said.
    assert bias_summary(X, gain_feedback(np.ones(600), gold=gold)).enough_gold == 20
    # The warning says the same.
    few = gain_feedback(label.astype(float), gold=np.arange(600) < 15)
    with pytest.warns(FewGoldWarning) as caught:
        DRBiasCorrector(random_state=0).fit(X, few)
    assert caught[0].message.enough == bias_summary(X, few).enough_gold > 20
