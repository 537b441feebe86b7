import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute import CausalRouter
from skroute.feedback import full_feedback, logged_feedback, read_feedback
from skroute.routers import FixedModelWarning
from skroute.routers._caution import caution_of, mean_error


def make_table(n=300, seed=0, group=None, share=(0.6, 0.35, 0.05)):
    rng = np.random.default_rng(seed)
    action = rng.choice(3, size=n, p=share)
    return read_feedback(logged_feedback(action, rng.normal(size=n), group=group)), rng


def test_error_of_a_well_known_model_is_that_of_its_mean():
    table, _ = make_table(3000)
    error = mean_error(table, table.quality, np.ones(3000))
    count = np.bincount(table.action)
    assert_allclose(error[:2], 1 / np.sqrt(count[:2]), rtol=0.1)


def test_unequal_propensities_are_fewer_rows():
    table, rng = make_table(3000)
    inverse = np.exp(rng.normal(size=3000))
    assert (
        mean_error(table, table.quality, inverse)
        > 1.3 * mean_error(table, table.quality, np.ones(3000))
    ).all()


def test_copies_in_a_group_are_no_evidence():
    table, _ = make_table(400)
    rows = np.repeat(np.arange(400), 10)
    copied = read_feedback(logged_feedback(table.action[rows], table.quality[rows], group=rows))
    one = mean_error(table, table.quality, np.ones(400))
    many = mean_error(copied, copied.quality, np.ones(4000))
    assert_allclose(one, many, rtol=0.35)
    free = read_feedback(logged_feedback(table.action[rows], table.quality[rows]))
    assert (mean_error(free, copied.quality, np.ones(4000)) < 0.5 * one).all()


def test_caution_fades_where_models_differ_and_is_standard_errors_where_they_do_not():
    table, _ = make_table()
    error = mean_error(table, table.quality, np.ones(300))
    alike = caution_of(error, np.zeros(3), 1.5)
    apart = caution_of(error, np.array([0.0, 50.0, 100.0]), 1.5)
    assert_allclose(alike, 1.5 * error)
    assert (apart < 0.05 * alike).all()
    assert_allclose(caution_of(error, np.zeros(3), 0.0), 0.0)


def test_full_feedback_compares_query_by_query():
    rng = np.random.default_rng(0)
    hard = 10 * rng.normal(size=(500, 1))
    table = read_feedback(full_feedback(hard + 0.1 * rng.normal(size=(500, 3))))
    assert (mean_error(table, table.quality, None) < 0.01).all()


@pytest.mark.parametrize("grouped", [False, True])
def test_weights_equal_repetition(grouped):
    table, rng = make_table(200, group=np.arange(200) // 4 if grouped else None)
    weight = rng.integers(0, 3, 200)
    rows = np.repeat(np.arange(200), weight)
    inverse = np.exp(rng.normal(size=200))
    one = mean_error(table.reweighted(weight.astype(float)), table.quality, inverse)
    other = mean_error(table.take(rows), table.quality[rows], inverse[rows])
    assert_allclose(one, other)


def thin_log(seed, n=80):
    """A cheap bad model with few answers, and three that are better and dearer."""
    rng = np.random.default_rng(seed)
    quality, price = np.array([0.55, 0.77, 0.80, 0.88]), np.array([2e-5, 1.5e-4, 1e-3, 2.4e-3])
    action = rng.choice(4, size=n, p=[0.15, 0.30, 0.20, 0.35])
    seen = (rng.random(n) < quality[action]).astype(float)
    y = logged_feedback(
        action, seen, cost=price[action], propensity=np.array([0.15, 0.30, 0.20, 0.35])[action]
    )
    return rng.normal(size=(n, 8)), y, quality - 50 * price


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_few_answers_do_not_make_a_cheap_model_the_best():
    regret = {0.0: [], 0.5: []}
    for seed in range(20):
        X, y, value = thin_log(seed)
        for caution, found in regret.items():
            router = CausalRouter(50.0, caution=caution, random_state=0).fit(X, y)
            found.append(value.max() - value[router.predict(X).astype(int)].mean())
    assert np.mean(regret[0.5]) < 0.7 * np.mean(regret[0.0])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_frontier_and_knots_choose_as_predict_does():
    X, y, _ = thin_log(0, 400)
    router = CausalRouter(knots="auto", random_state=0).fit(X, y)
    frontier = router.frontier(X)
    for value in np.geomspace(1e-2, 1e5, 50):
        assert (frontier.choice_at(value) == router.predict(X, cost_sensitivity=value)).all()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_without_trust_the_router_is_one_model_at_every_cost_sensitivity():
    X, y, _ = thin_log(1, 400)
    router = CausalRouter(knots="auto", random_state=0).fit(X, y)
    calibration = router.calibration_
    object.__setattr__(calibration, "trust", 0.0)
    object.__setattr__(calibration, "cost_trust", 0.0)
    for value in np.geomspace(1e-3, 1e6, 30):
        assert len(np.unique(router.predict(X, cost_sensitivity=value))) == 1


def test_a_router_that_stays_with_one_model_for_want_of_data_says_so():
    said = 0
    for seed in range(8):
        X, y, _ = thin_log(seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            router = CausalRouter(random_state=0).fit(X, y)
        caught = [found for found in caught if issubclass(found.category, FixedModelWarning)]
        if caught:
            said += 1
            assert router.calibration_.trust == 0
            assert repr(str(router.fixed_model_)) in str(caught[0].message)
            assert caught[0].filename == __file__
            assert set(router.predict(X)) == {router.fixed_model_}
    assert said > 0


@pytest.mark.parametrize("caution", [-1.0, np.inf, np.nan])
def test_caution_is_checked(caution):
    X, y, _ = thin_log(0)
    with pytest.raises(ValueError, match="caution must be"):
        CausalRouter(caution=caution).fit(X, y)
