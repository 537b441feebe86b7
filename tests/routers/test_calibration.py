from dataclasses import fields

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute._utils._folds import make_folds
from skroute.feedback import full_feedback, logged_feedback, read_feedback
from skroute.nuisance import Evidence
from skroute.routers._calibration import Calibration, deviation_trust, part_worth_most


def make_table(n=900, seed=0, group=None):
    rng = np.random.default_rng(seed)
    action = rng.integers(0, 3, n)
    table = read_feedback(logged_feedback(action, rng.normal(size=n), group=group))
    folds = make_folds(5, np.zeros((n, 1)), action, table.group, np.random.RandomState(0))
    return table, folds, rng


def deviation_of(values):
    values = values - values.mean(axis=0)
    return values - values.mean(axis=1, keepdims=True)


def test_apply_by_hand():
    calibration = Calibration(
        trust=0.5,
        cost_trust=0.25,
        mean=np.array([0.2, 0.4]),
        mean_cost=np.array([1.0, 3.0]),
        quality_intercept=np.array([0.1, 0.0]),
        cost_intercept=np.array([0.0, 1.0]),
        quality_caution=np.array([0.02, 0.0]),
        cost_caution=np.array([0.0, 0.5]),
        quality_error=np.array([0.3, 0.0]),
        cost_error=np.array([0.4, 0.2]),
    )
    quality, cost = calibration.apply(np.array([[0.4, 0.4]]), np.array([[1.0, 1.0]]))
    # centred (.2, 0), shared .1, deviations (.1, -.1), of which half are kept
    assert_allclose(quality, [[0.4 - 0.05 + 0.1, 0.4 + 0.05]])
    # a quarter of the deviation of -2 is kept
    assert_allclose(cost, [[1.0, 3.5]])
    taken_for = calibration.cautious(quality, cost)
    assert_allclose(taken_for[0], quality - np.array([0.02, 0.0]))
    assert_allclose(taken_for[1], cost + np.array([0.0, 0.5]))
    assert_allclose(calibration.utility_error(1.0), [0.5, 0.2])
    column = np.array([[0.0], [1.0]])
    assert_allclose(calibration.utility_error(column), [[0.3, 0.0], [0.5, 0.2]])


@pytest.mark.parametrize(("scale", "expected"), [(1.0, 0.75), (2.0, 1.0), (-1.0, 0.0)])
def test_trust_by_hand(scale, expected):
    """The slope of what was seen on the deviations: 3 / 4 for one that is half wrong."""
    action, quality = np.array([0, 0, 1, 1]), scale * np.array([1.0, -1.0, 0.5, -0.5])
    table = read_feedback(logged_feedback(action, quality))
    deviation = np.array([[1.0, -1.0], [-1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])
    everything = np.arange(4)
    trust = deviation_trust(Evidence(table, [(everything, everything)]), deviation, deviation)
    assert trust == pytest.approx(expected)


def test_what_is_within_its_standard_error_is_not_trusted():
    action, quality = np.zeros(4, dtype=int), np.array([1.0, -1.0, -0.9, 0.9])
    table = read_feedback(logged_feedback(action, quality))
    deviation = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    everything = np.arange(4)
    evidence = Evidence(table, [(everything, everything)])
    slope, error = evidence.slope(np.zeros((4, 1)), deviation)
    assert 0 < slope < error
    assert deviation_trust(evidence, deviation, deviation) == 0.0


def test_signal_is_trusted_and_noise_is_not():
    signal, noise = [], []
    for seed in range(20):
        table, folds, rng = make_table(seed=seed)
        truth = rng.normal(size=(900, 3))
        rows = np.arange(900)
        seen = truth[rows, table.action] + rng.normal(size=900)
        signal_table = read_feedback(logged_feedback(table.action, seen))
        signal.append(deviation_trust(Evidence(signal_table, folds), truth, deviation_of(truth)))
        noise.append(deviation_trust(Evidence(table, folds), truth, deviation_of(truth)))
    assert min(signal) > 0.85
    assert np.mean(noise) < 0.1


def test_opposite_deviations_are_not_trusted():
    table, folds, _ = make_table()
    wrong = np.zeros((900, 3))
    wrong[np.arange(900), table.action] = -table.quality
    assert deviation_trust(Evidence(table, folds), wrong, deviation_of(wrong)) == 0.0
    assert deviation_trust(Evidence(table, folds), np.zeros((900, 3)), np.zeros((900, 3))) == 0.0


def test_groups_count_as_one_observation():
    """Thirty copies of each row are no more evidence than one."""
    table, folds, rng = make_table(60)
    deviation = rng.normal(size=(60, 3))
    rows = np.repeat(np.arange(60), 30)
    grouped = read_feedback(logged_feedback(table.action[rows], table.quality[rows], group=rows))
    copied = [tuple(np.flatnonzero(np.isin(rows, part)) for part in fold) for fold in folds]
    shifted = deviation + 2 * np.eye(3)[table.action] * table.quality[:, None]
    one = deviation_trust(Evidence(table, folds), shifted, shifted)
    many = deviation_trust(Evidence(grouped, copied), shifted[rows], shifted[rows])
    assert many == pytest.approx(one)


@pytest.mark.parametrize("full", [True, False])
def test_weights_equal_repetition(full):
    rng = np.random.default_rng(0)
    n, weight = 90, rng.integers(0, 3, 90)
    predicted, quality = rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    action = rng.integers(0, 3, n)
    rows = np.repeat(np.arange(n), weight)
    fold = np.arange(n) % 3

    def table(index, weights=None):
        if full:
            return read_feedback(full_feedback(quality[index], weight=weights))
        seen = quality[np.arange(n), action]
        return read_feedback(logged_feedback(action[index], seen[index], weight=weights))

    def splits(fold):
        return [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(3)]

    def calibrate(table, predicted, fold):
        importance = None if full else np.full(len(table), 3.0)
        cost = np.zeros_like(predicted)
        return Calibration.of(table, predicted, cost, importance, 1.0, "auto", 1.5, splits(fold))

    weighted = calibrate(table(np.arange(n), weight), predicted, fold)
    repeated = calibrate(table(rows), predicted[rows], fold[rows])
    assert weighted.trust == pytest.approx(repeated.trust)
    assert_allclose(weighted.quality_intercept, repeated.quality_intercept)
    assert_allclose(weighted.mean, repeated.mean)
    assert_allclose(weighted.quality_caution, repeated.quality_caution)


def test_levels_correct_a_model_that_is_predicted_too_high():
    rng = np.random.default_rng(0)
    n = 3000
    action = rng.integers(0, 3, n)
    quality = 0.5 + 0.1 * rng.normal(size=n)
    cost = np.array([0.001, 0.01, 0.1])[action]
    table = read_feedback(logged_feedback(action, quality, cost=cost))
    folds = make_folds(5, np.zeros((n, 1)), action, None, np.random.RandomState(0))
    predicted = np.tile([0.5, 0.5, 0.8], (n, 1))
    predicted_cost = np.tile([0.001, 0.02, 0.1], (n, 1))
    calibration = Calibration.of(
        table, predicted, predicted_cost, np.full(n, 3.0), 1.0, "auto", 1.5, folds
    )
    assert_allclose(calibration.quality_intercept, [0, 0, -0.3], atol=0.01)
    assert_allclose(calibration.cost_intercept, [0, -0.01, 0], atol=1e-4)
    none = Calibration.of(table, predicted, predicted_cost, np.full(n, 3.0), 1.0, 0.0, 1.5, folds)
    assert_allclose(none.quality_intercept, 0.0)


def test_quality_is_calibrated_by_judged_rows_and_cost_by_all():
    rng = np.random.default_rng(0)
    n = 600
    action, quality = rng.integers(0, 3, n), rng.normal(size=n)
    cost, predicted = rng.random(n), rng.normal(size=(n, 3))
    predicted_cost = rng.random((n, 3))
    judged = rng.random(n) < 0.4
    importance = 1 + rng.random(n)
    folds = make_folds(5, np.zeros((n, 1)), action, None, np.random.RandomState(0))

    def calibrated(quality, weight=None):
        table = read_feedback(logged_feedback(action, quality, cost=cost, weight=weight))
        return Calibration.of(table, predicted, predicted_cost, importance, 1.0, "auto", 1.5, folds)

    partly = calibrated(np.where(judged, quality, np.nan))
    over_all = "mean", "quality_intercept", "quality_caution", "quality_error"
    for field in fields(Calibration):
        by = calibrated(quality) if "cost" in field.name else calibrated(quality, judged * 1.0)
        if field.name not in over_all:  # of queries
            assert_allclose(getattr(partly, field.name), getattr(by, field.name), rtol=1e-9)
    assert_allclose(partly.mean, predicted.mean(axis=0))


def test_the_intercept_makes_up_for_who_was_judged():
    """Hard queries, half of all, are judged five times as often as easy ones."""
    rng = np.random.default_rng(0)
    n = 4000
    action, hard = rng.integers(0, 3, n), rng.random(n) < 0.5
    chance = np.where(hard, 0.5, 0.1)
    quality = np.where(hard, 0.2, 0.8) + 0.05 * rng.normal(size=n) + 0.1 * action
    table = read_feedback(
        logged_feedback(action, np.where(rng.random(n) < chance, quality, np.nan))
    )
    folds = make_folds(5, np.zeros((n, 1)), action, None, np.random.RandomState(0))
    nothing = np.zeros((n, 3))
    for inverse_judged, easy in ((1.0, 1 / 6), (1 / chance, 1 / 2)):
        found = Calibration.of(
            table, nothing, nothing, np.full(n, 3.0), inverse_judged, np.inf, 0.0, folds
        ).quality_intercept
        assert_allclose(found, 0.2 + 0.6 * easy + np.array([0, 0.1, 0.2]), atol=0.06)


def contenders(noise, n=2000, seed=0):
    """Two close models, told apart with noise, and one that is far worse, at times."""
    rng = np.random.default_rng(seed)
    third = np.where(rng.random(n) < 0.5, 0.1, 0.5)
    quality = np.column_stack([np.full(n, 0.8), np.full(n, 0.75), third])
    quality[:, 1] += 0.2 * rng.choice([-1, 1], n) * (noise == 0)
    predicted = quality.copy()
    predicted[:, 1] += noise * rng.normal(size=n)
    return quality, predicted, np.tile([0.002, 0.001, 0.0001], (n, 1))


def part_of(quality, predicted, cost, weight=None):
    table = read_feedback(full_feedback(quality, cost, weight=weight))
    mean = np.average(predicted, axis=0, weights=weight)
    return part_worth_most(table, predicted, cost, mean, 1.0)


def test_noise_among_the_best_models_is_trusted_less_than_the_slope_of_all_says():
    quality, predicted, cost = contenders(noise=0.1)
    table = read_feedback(full_feedback(quality, cost))
    everything = np.arange(len(quality))
    evidence = Evidence(table, [(everything, everything)])
    assert deviation_trust(evidence, predicted, deviation_of(predicted)) > 0.8
    part = part_of(quality, predicted, cost)
    assert part <= 0.7

    def worth(part):
        taken = predicted - (1 - part) * deviation_of(predicted)
        return quality[everything, taken.argmax(axis=1)].mean()

    assert worth(part) > worth(1.0) + 0.005


def test_deviations_that_are_right_are_trusted_in_full():
    assert part_of(*contenders(noise=0)) == 1.0


def test_parts_take_weights_for_repetitions():
    quality, predicted, cost = contenders(noise=0.1, n=200)
    times = np.random.default_rng(1).integers(0, 4, 200)
    rows = np.repeat(np.arange(200), times)
    weighted = part_of(quality, predicted, cost, times.astype(float))
    assert weighted == part_of(quality[rows], predicted[rows], cost[rows])
