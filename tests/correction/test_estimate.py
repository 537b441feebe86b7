"""How near the bias and the weights of preference labels are to the truth."""

import numpy as np
import pytest
from gold_labels import gain, logged_problem
from numpy.testing import assert_allclose
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from skroute import DRBiasCorrector, full_feedback, gain_feedback, logged_feedback
from skroute.correction import FewGoldWarning, MissingGoldWarning
from skroute.correction._estimate import cross_fit_nuisances, preference_weight
from skroute.datasets import make_gold_preference
from skroute.feedback import read_feedback


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_bias_error_falls_like_one_over_the_number_of_gold_labels(learner):
    """A bias linear in five features has six coefficients: its mean square error is about 6 / n."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 5))
    truth = 0.1 + 0.3 * X[:, 0] - 0.2 * X[:, 1]
    noise = 0.3 * rng.normal(size=6000)
    errors = []
    for n_gold in (50, 200, 800):
        gold = np.zeros(6000, dtype=bool)
        gold[rng.choice(6000, n_gold, replace=False)] = True
        y = gain_feedback(X[:, 2] + np.where(gold, truth, 0.0) + noise, gold=gold)
        found = DRBiasCorrector(learner, random_state=0).fit(X, y).predict_bias(X)
        assert not found[:, 0].any()
        errors.append(np.mean((found[:, 1] - truth) ** 2) * n_gold / 0.3**2)
    # Times n, over the variance of the noise: no trend, and no more than three times theory.
    assert max(errors) < 3 * 6


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_smooth_bias_is_recovered_better_with_more_gold(learner):
    errors = []
    for n_gold in (100, 400, 1600):
        problem = make_gold_preference(4000, 20, n_gold=n_gold, random_state=1)
        found = DRBiasCorrector(learner, random_state=0).fit(problem.X, problem.y)
        errors.append(np.mean((found.predict_bias(problem.X) - problem.bias)[:, 1] ** 2))
    assert errors[0] > errors[1] > errors[2]
    assert errors[0] < 0.25 * np.mean(problem.bias[:, 1] ** 2)


class Wrong(Ridge):
    """A regressor that is wrong everywhere."""

    def predict(self, X):
        return np.full(len(X), 0.7)


class Even(LogisticRegression):
    """A classifier that says 1/2 of everything."""

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


def mean_bias_error(n_queries, seed, **models):
    """Error of the mean bias over all queries where gold was drawn by a feature that matters."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_queries, 3))
    propensity = 1 / (1 + np.exp(1.0 - 0.7 * X[:, 0]))
    gold = rng.random(n_queries) < propensity
    truth = 0.2 + 0.5 * X[:, 0]
    quality = X[:, 1] + np.where(gold, truth, 0.0) + 0.3 * rng.normal(size=n_queries)
    corrector = DRBiasCorrector("dr", bias_model=LinearRegression(), random_state=0, **models).fit(
        X, gain_feedback(quality, gold=gold)
    )
    return np.mean(corrector.predict_bias(X)[:, 1]) - np.mean(truth)


ONE_WRONG = [
    {"outcome_model": Wrong(), "propensity_model": LogisticRegression()},
    {"outcome_model": LinearRegression(), "propensity_model": Even()},
]


@pytest.mark.parametrize("models", ONE_WRONG, ids=["outcome", "propensity"])
def test_one_wrong_nuisance_is_forgiven_as_rows_grow(models):
    error = [
        np.sqrt(np.mean([mean_bias_error(n, seed, **models) ** 2 for seed in range(6)]))
        for n in (500, 8000)
    ]
    assert error[1] < error[0]
    assert error[1] < 0.03


def test_two_wrong_nuisances_are_not_forgiven():
    wrong = {"outcome_model": Wrong(), "propensity_model": Even()}
    assert abs(np.mean([mean_bias_error(8000, seed, **wrong) for seed in range(3)])) > 0.1


def test_default_bias_model_overrules_wrong_outcome_models():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 3))
    gold = rng.random(6000) < 0.3
    quality = np.where(gold, 0.5 + 0.5 * X[:, 0], 0.0) + 0.2 * rng.normal(size=6000)
    corrector = DRBiasCorrector(
        outcome_model=Wrong(), propensity_model=LogisticRegression(), random_state=0
    ).fit(X, gain_feedback(quality, gold=gold))
    error = corrector.predict_bias(X)[:, 1] - (0.5 + 0.5 * X[:, 0])
    assert np.sqrt(np.mean(error**2)) < 0.1


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_bias_of_many_models_is_borrowed_between_them(learner):
    problem = logged_problem(3000, 8, 160)
    bias = (
        DRBiasCorrector(learner, random_state=0).fit(problem.X, problem.y).predict_bias(problem.X)
    )
    # Twenty gold labels a model: better than no correction by far.
    assert np.mean((bias - problem.bias) ** 2) < 0.3 * np.mean(problem.bias**2)


def test_a_model_without_gold_labels_borrows_the_common_bias():
    problem = logged_problem(3000, 4, 400)
    y = problem.y[~(problem.y["gold"] & (problem.y["model"] == "model_2"))]
    X = problem.X[~(problem.y["gold"] & (problem.y["model"] == "model_2"))]
    with pytest.warns(MissingGoldWarning, match="model_2"):
        corrector = DRBiasCorrector(random_state=0).fit(X, y)
    error = corrector.predict_bias(problem.X) - problem.bias
    assert np.mean(error[:, 2] ** 2) < 0.5 * np.mean(problem.bias[:, 2] ** 2)


def test_full_feedback_of_several_models():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 4))
    truth = X[:, :3] / 3
    gold = np.arange(600) % 4 == 0
    quality = np.where(gold[:, None], truth, truth - [0.1, 0.3, 0.0]) + 0.1 * rng.normal(
        size=(600, 3)
    )
    y = full_feedback(quality, models=list("cab"), gold=gold)
    corrector = DRBiasCorrector(random_state=0).fit(X, y)
    assert corrector.classes_.tolist() == ["a", "b", "c"]
    assert_allclose(corrector.predict_bias(X).mean(axis=0), [0.3, 0.0, 0.1], atol=0.03)


@pytest.mark.parametrize("n_gold", [1, 2, 5, 10])
@pytest.mark.parametrize("learner", ["dr", "r"])
def test_few_gold_rows_move_labels_within_their_range(n_gold, learner):
    for seed in range(5):
        problem = make_gold_preference(200, 5, n_gold=n_gold, random_state=seed)
        corrector = DRBiasCorrector(learner, random_state=0)
        with pytest.warns(FewGoldWarning, match=f"Only {n_gold} of 200 judged rows are gold"):
            corrector.fit(problem.X, problem.y)
        bias = corrector.predict_bias(problem.X)
        assert np.abs(bias).max() < np.ptp(gain(problem.y))


def test_groups_stay_together_and_one_group_is_no_error():
    problem = make_gold_preference(120, 5, n_gold=40, random_state=0)
    for group in (np.arange(120) // 3, np.zeros(120, dtype=int)):
        y = gain_feedback(gain(problem.y), gold=problem.y["gold"], group=group)
        assert np.isfinite(DRBiasCorrector(random_state=0).fit_transform(problem.X, y)).all()


def test_constant_labels_and_constant_features():
    gold = np.arange(60) % 3 == 0
    X = np.ones((60, 2))
    level = DRBiasCorrector(random_state=0).fit(
        X, gain_feedback(np.where(gold, 0.4, 0.1), gold=gold)
    )
    assert_allclose(level.predict_bias(X)[:, 1], 0.3, atol=0.01)
    flat = DRBiasCorrector(random_state=0).fit(X, gain_feedback(np.full(60, 0.4), gold=gold))
    assert not flat.predict_bias(X).any()


def test_rows_of_weight_zero_do_not_count():
    problem = logged_problem(400, 3, 120)
    y, X = problem.y, problem.X
    weight = np.ones(400)
    weight[::5] = 0.0
    quality = np.where(weight > 0, y["quality"], 1e3)
    spoiled = logged_feedback(y["model"], quality, gold=y["gold"], weight=weight)
    bias = DRBiasCorrector(random_state=0).fit(X, spoiled).predict_bias(X)
    assert np.abs(bias).max() < 2


def test_overlap_is_measured_and_no_row_is_dropped():
    problem = make_gold_preference(1000, 5, n_gold=50, selection=2.0, random_state=0)
    corrector = DRBiasCorrector(min_propensity=0.02, random_state=0)
    columns = corrector.fit_transform(problem.X, problem.y)
    found = cross_fit_nuisances(corrector, problem.X, read_feedback(problem.y)).gold_propensity
    own = np.where(problem.y["gold"], found, 1 - found)
    assert corrector.overlap_.smallest_propensity == own.min()
    assert corrector.overlap_.share_clipped == pytest.approx(np.mean(own < 0.02))
    assert np.corrcoef(found, problem.gold_propensity)[0, 1] > 0.7
    assert np.isfinite(columns).all()
    # Every row shows both models.
    weight = np.where(problem.y["gold"], 1 / np.maximum(own, 0.02), 0)
    effective = corrector.overlap_.effective_sample_size
    assert_allclose(effective[1], np.sum(weight) ** 2 / np.sum(weight**2))
    assert effective.shape == (2, 2)


def test_overlap_of_a_log_is_that_of_each_source_and_model():
    problem = logged_problem(600, 3, 150)
    kept = ~(problem.y["gold"] & (problem.y["model"] == "model_1"))
    with pytest.warns(MissingGoldWarning, match="model_1"):
        corrector = DRBiasCorrector(random_state=0).fit(problem.X[kept], problem.y[kept])
    effective = corrector.overlap_.effective_sample_size
    assert effective.shape == (2, 3)
    assert effective[1, 1] == 0
    assert (effective[0] > 50).all()
    assert (effective[1, [0, 2]] > 10).all()


def test_unbiased_preference_is_not_wasted():
    problem = make_gold_preference(3000, 20, n_gold=60, bias=0.0, random_state=0)
    corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
    assert np.sqrt(np.mean(corrector.predict_bias(problem.X) ** 2)) < 0.08
    assert (corrector.preference_weight_ > 0.7).all()


def test_noisy_preference_gets_little_weight():
    problem = make_gold_preference(3000, 20, n_gold=200, preference_noise=2.0, random_state=0)
    corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
    # A hundredth of the information of a gold row, and a bias that is hard to learn from it.
    assert (corrector.preference_weight_ > 0.001).all()
    assert (corrector.preference_weight_ < 0.03).all()


def test_rows_of_a_model_without_gold_weigh_little():
    problem = logged_problem(3000, 4, 400, noise=0.3, preference_noise=0.3)
    kept = ~(problem.y["gold"] & (problem.y["model"] == "model_2"))
    with pytest.warns(MissingGoldWarning, match="model_2"):
        corrector = DRBiasCorrector(random_state=0).fit(problem.X[kept], problem.y[kept])
    weight = corrector.preference_weight_
    assert (weight[[0, 1, 3]] > 0.5).all()
    assert weight[2] < 0.2


def test_what_models_have_in_common_is_trusted_where_it_foretells_them():
    """Eleven models of one bias: that of a twelfth is likely the same. Eleven of their own: not."""
    rng = np.random.default_rng(0)
    X, action = rng.normal(size=(3000, 4)), rng.integers(12, size=3000)
    gold = (action > 0) & (rng.random(3000) < 0.4)
    names = np.array([f"m{k:02d}" for k in range(12)])
    weight = []
    for spread in (0.0, 0.15):
        bias = 0.3 + spread * np.cos(np.arange(12.0))
        level = 0.3 * np.sin(2 * np.arange(12.0)) + 0.1 * X[:, [0]]
        quality = level[np.arange(3000), action] + 0.1 * rng.normal(size=3000)
        quality += np.where(gold, 0, bias[action])
        with pytest.warns(MissingGoldWarning, match="m00"):
            corrector = DRBiasCorrector(random_state=0).fit(
                X, logged_feedback(names[action], quality, gold=gold)
            )
        assert corrector.predict_bias(X)[:, 0].mean() == pytest.approx(-0.3, abs=0.1)
        weight.append(corrector.preference_weight_[0])
    assert weight[0] > 4 * weight[1]
    assert weight[1] < 0.05


def test_a_constant_model_weighs_as_the_others():
    problem = make_gold_preference(400, 5, n_gold=100, random_state=0)
    weight = DRBiasCorrector(random_state=0).fit(problem.X, problem.y).preference_weight_
    assert weight[0] == weight[1]
    found = preference_weight(problem.X, read_feedback(problem.y))
    assert_allclose(found, weight)


@pytest.mark.parametrize("slope", [0.2, 3.0, -1.0])
def test_a_judge_of_another_scale_costs_few_gold_labels(slope):
    """A fifth, threefold, or inverted: a line through what he would say, not a new function."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4000, 20))
    truth = X @ rng.normal(size=20) / 20**0.5
    gold = np.arange(4000) < 60
    label = np.where(gold, truth, slope * truth + 0.2) + 0.2 * rng.normal(size=4000)
    bias = DRBiasCorrector(random_state=0).fit(X, gain_feedback(label, gold=gold)).predict_bias(X)
    left = (1 - slope) * truth - 0.2 - bias[:, 1]
    assert np.mean(left**2) < 0.1 * np.mean(((1 - slope) * truth) ** 2)


def both_labels(seed, judge_sees):
    """Gold rows carry the judge's label too, who sees a share of what makes an answer good."""
    rng = np.random.default_rng(seed)
    X, action = rng.normal(size=(1500, 5)), rng.integers(3, size=1500)
    unseen = rng.normal(size=1500)
    truth = 0.3 * X[:, 0] + unseen
    bias = 0.3 * action + 0.4 * X[:, 1]
    judge = truth - bias if judge_sees else 0.3 * X[:, 0] - bias + rng.normal(size=1500)
    gold = np.arange(1500) < 60
    y = logged_feedback(
        np.array(list("abc"))[action],
        np.where(gold, truth, judge),
        gold=gold,
        preference=np.where(gold, judge, np.nan),
    )
    return X, y, 0.3 * np.arange(3) + 0.4 * X[:, [1]]


def squared_errors(judge_sees, **options):
    """Return mean squared errors of the bias, with the judge's labels of gold rows and without."""
    squares = []
    for seed in range(6):
        X, y, bias = both_labels(seed, judge_sees)
        alone = y.copy()
        alone["preference"] = np.nan
        found = [
            DRBiasCorrector(random_state=0, **options).fit(X, table).predict_bias(X)
            for table in (y, alone)
        ]
        squares.append([np.mean((values - bias) ** 2) for values in found])
    return np.mean(squares, axis=0)


@pytest.mark.parametrize("options", [{}, {"learner": "r"}], ids=["dr", "r"])
def test_gold_rows_with_both_labels_teach_more(options):
    both, one = squared_errors(True, **options)
    assert both < 0.5 * one


def test_a_judge_who_sees_nothing_in_an_answer_costs_nothing():
    both, one = squared_errors(False)
    assert both < 1.2 * one


def test_a_huge_bias_takes_weight_from_preference_rows():
    """However many rows share a bias that gold labels do not settle, they tell little."""
    weights = []
    for bias in (0.3, 3.0, 30.0):
        problem = logged_problem(1500, 11, 300, bias=bias)
        corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
        weights.append(corrector.preference_weight_.mean())
    assert weights[0] > 0.5
    assert weights[0] > 20 * weights[1]
    assert weights[1] > 3 * weights[2]


def test_with_few_gold_rows_preference_rows_keep_their_weight():
    """Also those of a model without gold: nothing is known better, and less weight costs rows."""
    for seed in range(3):
        problem = logged_problem(300, 4, 5, bias=0.0, seed=seed)
        with pytest.warns((FewGoldWarning, MissingGoldWarning)):
            corrector = DRBiasCorrector(random_state=0).fit(problem.X, problem.y)
        assert corrector.preference_weight_.min() > 0.9
