"""Synthetic problems: the truth they state is the truth of what they show."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skroute.datasets import make_routing_problem
from skroute.feedback import read_feedback

REGIMES = ("linear", "nonlinear", "noisy", "no_signal", "dominating")


def by_model(y, part):
    return np.column_stack([y[part][name] for name in y.dtype[part].names])


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("logging", ["linear", "difficulty", "uniform"])
def test_parts_fit_together(regime, logging):
    problem = make_routing_problem(
        300, 7, 12, regime=regime, logging=logging, floor=0.2, random_state=3
    )
    assert problem.X.shape == (300, 7)
    assert problem.X.dtype == np.float32
    assert problem.models.tolist() == sorted(problem.models.tolist())
    full, log = read_feedback(problem.y_full), read_feedback(problem.y)
    assert full.quality.dtype == full.cost.dtype == np.float32
    action = np.array([problem.models.tolist().index(m) for m in problem.y["model"]])
    rows = np.arange(300)
    assert_array_equal(log.quality, full.quality[rows, action])
    assert_array_equal(log.cost, full.cost[rows, action])
    assert_array_equal(log.propensity, problem.propensity[rows, action])
    assert_allclose(problem.propensity.sum(axis=1), 1.0)
    assert problem.propensity.min() >= 0.2 / 12 - 1e-12
    assert set(np.unique(full.quality)) <= {0.0, 1.0}
    assert ((problem.expected_quality > 0) & (problem.expected_quality < 1)).all()
    assert (problem.expected_cost > 0).all()
    assert_array_equal(
        problem.true_utility(3.0), problem.expected_quality - 3.0 * problem.expected_cost
    )


@pytest.mark.parametrize("logging", ["linear", "difficulty"])
def test_outcomes_and_draws_have_the_stated_expectations(logging):
    problem = make_routing_problem(40_000, 5, 3, logging=logging, random_state=0)
    quality, cost = by_model(problem.y_full, "quality"), by_model(problem.y_full, "cost")
    # Within thirds of the queries by expected outcome, five standard errors.
    for seen, expected, tolerance in (
        (quality, problem.expected_quality, 0.5),
        (cost / problem.expected_cost, np.ones_like(cost), 0.32),
        (problem.y["model"][:, None] == problem.models, problem.propensity, 0.5),
    ):
        for k in range(3):
            for rows in np.array_split(np.argsort(problem.expected_quality[:, k]), 3):
                error = np.mean(seen[rows, k] - expected[rows, k])
                assert abs(error) < 5 * tolerance / np.sqrt(len(rows))


def test_inverse_propensities_recover_the_means_that_the_log_biases():
    problem = make_routing_problem(40_000, 5, 3, logging="difficulty", strength=1.5, random_state=0)
    log = read_feedback(problem.y)
    truth = problem.expected_quality.mean(axis=0)
    plain = np.array([log.quality[log.action == k].mean() for k in range(3)])
    weighted = np.array(
        [
            np.average(log.quality[log.action == k], weights=1 / log.propensity[log.action == k])
            for k in range(3)
        ]
    )
    assert np.abs(plain - truth).max() > 0.03
    assert np.abs(weighted - truth).max() < 0.02


def test_regimes_are_what_they_say():
    def problem(regime):
        return make_routing_problem(4000, 10, 4, regime=regime, random_state=1)

    none = problem("no_signal")
    assert_allclose(none.expected_quality, none.expected_quality[:1].repeat(4000, axis=0))
    assert_allclose(none.expected_cost, none.expected_cost[:1].repeat(4000, axis=0))
    dominating = problem("dominating").expected_quality
    assert (dominating[:, :-1].max(axis=1) < dominating[:, -1]).all()
    linear = problem("linear")
    logit = np.log(linear.expected_quality / (1 - linear.expected_quality))
    inputs = np.column_stack([linear.X, np.ones(4000)])
    residual = logit - inputs @ np.linalg.lstsq(inputs, logit, rcond=None)[0]
    assert np.abs(residual).max() < 1e-4

    def gain(regime):
        utility = problem(regime).true_utility()
        return utility.max(axis=1).mean() - utility.mean(axis=0).max()

    assert gain("noisy") < 0.5 * gain("nonlinear")


def test_prices_are_geometric_and_costs_grow_with_length_alone():
    problem = make_routing_problem(50, 4, 5, random_state=0)
    ratio = problem.expected_cost[:, 1:] / problem.expected_cost[:, :-1]
    assert_allclose(ratio, 100 ** (1 / 4))
    assert problem.expected_cost[:, 0].std() > 0


def test_hard_queries_go_to_strong_models():
    problem = make_routing_problem(5000, logging="difficulty", random_state=0)
    hard = problem.expected_quality.mean(axis=1) < np.median(problem.expected_quality.mean(axis=1))
    strong = problem.propensity[:, -1]
    assert strong[hard].mean() > 2 * strong[~hard].mean()


def test_strength_zero_is_uniform():
    for logging in ("linear", "difficulty"):
        propensity = make_routing_problem(
            20, logging=logging, strength=0.0, random_state=0
        ).propensity
        assert_allclose(propensity, 0.25)


def test_the_seed_decides_everything_and_leaves_the_global_state_alone():
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (make_routing_problem(50, random_state=7) for _ in range(2))
    assert_array_equal(first.y, second.y)
    assert_array_equal(first.X, second.X)
    assert not np.array_equal(first.X, make_routing_problem(50, random_state=8).X)
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_further_queries_share_the_truth():
    problem = make_routing_problem(400, 6, 3, random_state=0)
    test = problem.draw(30, random_state=5)
    assert test.X.shape == (30, 6)
    assert not np.isin(test.X, problem.X).any()
    assert_array_equal(test.X, problem.draw(30, random_state=5).X)
    truth = problem._truth
    assert_allclose(test.expected_quality, truth.quality(test.X))
    assert_allclose(test.expected_cost, truth.cost(test.X))
    assert_allclose(test.propensity, truth.propensity(test.X, truth.quality(test.X)))


def test_regret_by_hand():
    problem = make_routing_problem(6, n_models=3, random_state=0)
    utility = problem.true_utility(10.0)
    best, worst = problem.models[utility.argmax(axis=1)], problem.models[utility.argmin(axis=1)]
    assert problem.regret(best, 10.0) == 0.0
    expected = np.mean([max(row) - min(row) for row in utility.tolist()])
    assert problem.regret(worst.astype(object), 10.0) == pytest.approx(expected)
    with pytest.raises(ValueError, match=r"unknown models \['model_9'\]; known: \['model_0', "):
        problem.regret(["model_9"] * 6)
    with pytest.raises(ValueError, match=r"labels must have shape \(6,\), got \(5,\)"):
        problem.regret(best[:5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_queries": 0}, "n_queries must be at least 1, got 0"),
        ({"n_features": 0}, "n_features must be at least 1, got 0"),
        ({"n_models": 1}, "n_models must be at least 2, got 1"),
        ({"regime": "easy"}, r"regime must be one of \('linear', .*got 'easy'"),
        ({"logging": "lucky"}, r"mode must be one of \('linear', .*got 'lucky'"),
        ({"strength": -1}, "strength must be a finite number of at least 0, got -1"),
        ({"strength": np.nan}, "strength must be a finite number"),
        ({"floor": 0.0}, r"floor must be in \(0, 1\], got 0.0"),
    ],
)
def test_bad_arguments_are_told(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_routing_problem(**arguments)


def test_smallest_problem():
    problem = make_routing_problem(1, 1, 2, random_state=0)
    assert len(problem.y) == len(problem.y_full) == 1
