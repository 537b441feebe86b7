import numpy as np
import pytest

from skroute._utils import make_folds
from skroute.feedback import full_feedback, logged_feedback, read_feedback
from skroute.nuisance import GoldOutcome, JointOutcome, cross_fit_judged

N = 1200


def make_log(seed=0, n_gold=40, slope=3.0, judge=True):
    """A judge who says a third of the quality, and a few gold rows."""
    rng = np.random.default_rng(seed)
    X, action = rng.normal(size=(N, 8)), rng.integers(2, size=N)
    truth = np.column_stack([X @ rng.normal(size=8), X @ rng.normal(size=8)]) / 4
    quality = truth[np.arange(N), action] + 0.1 * rng.normal(size=N)
    gold = np.arange(N) < n_gold
    said = quality / slope + 0.2
    label = np.where(gold, quality, said if judge else np.nan)
    table = read_feedback(logged_feedback(action, label, cost=1.0 + action, gold=gold))
    folds = make_folds(5, X, table.action, None, np.random.RandomState(0))
    return X, table, gold, folds, truth


def error(predicted, truth):
    return np.sqrt(np.mean((predicted - truth) ** 2))


def test_a_judge_on_another_scale_helps():
    X, table, gold, folds, truth = make_log()
    model = GoldOutcome()
    quality, cost, preference = model.cross_fit(X, table, gold, folds)
    assert model.line_[1] == pytest.approx(3.0, rel=0.15)
    assert error(preference, truth / 3 + 0.2) < 0.1
    alone, table_alone, gold, folds, _ = make_log(judge=False)
    without, _, nothing = GoldOutcome().cross_fit(alone, table_alone, gold, folds)
    assert not nothing.any()
    assert error(quality, truth) < 0.5 * error(without, truth)
    assert error(model.predict(X)[0], truth) < 0.5 * error(without, truth)
    np.testing.assert_allclose(cost, np.tile([1.0, 2.0], (N, 1)), rtol=1e-6)


def test_without_a_judge_it_is_the_outcome_model():
    X, table, _, folds, _ = make_log(n_gold=N)
    quality, cost, _ = GoldOutcome().cross_fit(X, table, np.ones(N, dtype=bool), folds)
    expected = JointOutcome(random_state=0).cross_fit(X, table, folds)
    np.testing.assert_array_equal(quality, expected[0])
    np.testing.assert_array_equal(cost, expected[1])


@pytest.mark.parametrize("n_gold", [1, 2])
def test_one_gold_row_shifts_what_the_judge_says(n_gold):
    X, table, gold, folds, _ = make_log(n_gold=n_gold)
    model = GoldOutcome()
    assert np.isfinite(model.cross_fit(X, table, gold, folds)[0]).all()
    assert 0.5 < model.line_[1] < 3.5


def test_full_feedback():
    X, _, _, _, truth = make_log()
    gold = np.arange(N) < 100
    said = np.where(gold[:, None], truth, truth + 0.3)
    table = read_feedback(full_feedback(said, gold=gold))
    folds = make_folds(5, X, np.zeros(N, int), None, np.random.RandomState(0))
    quality, _, _ = GoldOutcome().cross_fit(X, table, gold, folds)
    assert error(quality, truth) < 0.1


def test_who_was_judged_depends_on_query_and_model():
    rng = np.random.default_rng(0)
    X, action = rng.normal(size=(4000, 3)), rng.integers(2, size=4000)
    truth = 1 / (1 + np.exp(1.0 - X[:, 0] - 1.5 * action))
    judged = rng.random(4000) < truth
    table = read_feedback(logged_feedback(action, np.where(judged, 1.0, np.nan)))
    folds = make_folds(5, X, table.action, None, np.random.RandomState(0))
    probability = cross_fit_judged(X, table, judged, folds)
    assert error(probability, truth) < 0.03
    scaled = cross_fit_judged(1e6 * X, table, judged, folds)
    np.testing.assert_allclose(scaled, probability, atol=0.01)
