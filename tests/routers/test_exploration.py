import numpy as np
import pytest
from every_router import MODELS, OUTCOMES, ROUTERS, X, Y, masks
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import chisquare, norm
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter, FixedBudgetRouter
from skroute.baselines import KNeighborsRouter, RandomRouter
from skroute.datasets import make_routing_problem
from skroute.routers import ExplorationBoundWarning, exploration_proba, sample
from skroute.routers._exploration import Exploration, Prospects, draw

PROBLEM = make_routing_problem(1500, n_features=5, n_models=4, random_state=0)
ROUTER = CausalRouter(knots="auto", cost_sensitivity=20.0, random_state=0)
ROUTER.fit(PROBLEM.X, PROBLEM.y)
LABELS = np.array(["a", "b", "c"])


@pytest.fixture(scope="module", params=ROUTERS)
def fitted(request):
    return request.param, clone(ROUTERS[request.param]).fit(X, Y)


def test_every_router_explores(fitted):
    _, router = fitted
    probability = router.exploration_proba(X, exploration=0.2)
    assert probability.shape == (len(X), 3)
    assert_allclose(probability.sum(axis=1), 1)
    assert (probability >= 0.01 - 1e-12).all()  # a tenth of .2, shared by two
    chosen = probability.argmax(axis=1)
    assert_array_equal(router.classes_[chosen], router.predict(X))
    assert (probability.max(axis=1) >= 0.8 - 1e-12).all()
    assert_array_equal(probability, router.exploration_proba(X, exploration=0.2))
    # Rows do not depend on each other, up to the rounding of matrix products.
    assert_allclose(router.exploration_proba(X[3:5], exploration=0.2), probability[3:5], rtol=1e-6)


def test_excluded_models_are_never_explored(fitted):
    _, router = fitted
    down = masks(np.random.default_rng(0))
    probability = router.exploration_proba(X, exclude=down)
    assert (probability[down] == 0).all()
    assert (probability[~down] > 0).all()
    assert_allclose(probability.sum(axis=1), 1)
    for label in MODELS:
        drawn, _ = router.sample(X, exclude=label, exploration=0.5, random_state=0)
        assert label not in drawn


def test_nothing_is_explored_where_nothing_may_be(fitted):
    _, router = fitted
    probability = router.exploration_proba(X, exploration=0.0)
    assert_array_equal(np.unique(probability), [0.0, 1.0])
    assert_array_equal(router.sample(X, exploration=0).label, router.predict(X))


def test_draws_are_those_of_the_probabilities(fitted):
    _, router = fitted
    options = {"exploration": 0.4, "exclude": MODELS[0]}
    label, propensity = router.sample(X, random_state=0, **options)
    place = np.searchsorted(MODELS, label)
    probability = router.exploration_proba(X, **options)
    assert_array_equal(propensity, probability[np.arange(len(X)), place])
    again = router.sample(X, random_state=0, **options)
    assert_array_equal(again.label, label)


def test_a_seed_draws_as_a_generator_of_its_own():
    expected = ROUTER.sample(PROBLEM.X, exploration=0.5, random_state=np.random.RandomState(7))
    seeds = 7, np.int64(7)
    for seed in seeds:
        found = ROUTER.sample(PROBLEM.X, exploration=0.5, random_state=seed)
        assert_array_equal(found.label, expected.label)
    # One that was handed over goes on, whatever was drawn by a seed meanwhile.
    generator = np.random.RandomState(7)
    first = ROUTER.sample(PROBLEM.X[:9], exploration=0.5, random_state=generator)
    ROUTER.sample(PROBLEM.X, random_state=1)
    rest = ROUTER.sample(PROBLEM.X[9:], exploration=0.5, random_state=generator)
    assert_array_equal(np.concatenate([first.label, rest.label]), expected.label)


@pytest.mark.filterwarnings("ignore::skroute.routers.ExplorationBoundWarning")
def test_a_row_is_explored_alone_as_among_others():
    rng = np.random.default_rng(0)
    n, labels = 40, ROUTER.classes_
    utility, cost = rng.normal(size=(n, 4)), rng.uniform(size=(n, 4))
    errors = rng.uniform(size=4), rng.uniform(size=(n, 4))
    excluded, sensitivity = rng.random((n, 4)) < 0.4, rng.uniform(size=(n, 1))
    excluded[excluded.all(axis=1)] = False
    decision = np.where(excluded, -np.inf, utility)
    previous = [labels[k] if k < 4 else None for k in rng.integers(0, 6, n)]

    def rows(part, error):
        known = Prospects(utility[part], utility[part], cost[part], error)
        options = {"max_regret": 0.02, "max_cost": 0.01, "switching_cost": 0.5}
        exploration = Exploration(0.3, previous=previous[part], **options)
        return exploration.probabilities(
            decision[part], known, sensitivity[part], labels, excluded[part]
        )

    for error in errors:
        together = rows(slice(None), error)
        for part in map(slice, range(n), range(1, n + 1)):
            alone = rows(part, error if error.ndim == 1 else error[part])
            assert_array_equal(alone, together[part])


def test_counts_of_draws_fit_their_probabilities():
    probability = ROUTER.exploration_proba(PROBLEM.X, exploration=0.5)
    counts = np.zeros(4)
    for seed in range(20):
        drawn = ROUTER.sample(PROBLEM.X, exploration=0.5, random_state=seed).label
        counts += np.bincount(np.searchsorted(ROUTER.classes_, drawn), minlength=4)
    expected = 20 * probability.sum(axis=0)
    # Draws of a row are of different probabilities, so that the test is conservative.
    assert chisquare(counts, expected).pvalue > 0.001


def test_a_model_of_probability_zero_is_never_drawn():
    probability = np.tile([0.0, 1.0, 0.0], (10_000, 1))
    assert set(draw(probability, LABELS, 0).label) == {"b"}

    class Ends:  # the least and the largest that a generator gives
        def random_sample(self, size):
            return np.array([0.0, 1 - 2**-53])

    class Generator(np.random.RandomState, Ends):
        random_sample = Ends.random_sample

    ends = np.array([[0.0, 0.9, 0.1], [0.1, 0.9, 0.0]])
    assert_array_equal(draw(ends, LABELS, Generator()).label, ["b", "b"])


def prospects(utility, error=(0.1, 0.1, 0.1), cost=(0.0, 0.0, 0.0)):
    utility = np.atleast_2d(np.asarray(utility, dtype=float))
    cost = np.broadcast_to(np.asarray(cost, dtype=float), utility.shape)
    return utility, Prospects(utility, utility, cost, np.asarray(error))


def probabilities(utility, options, cost_sensitivity=1.0, **known):
    return Exploration(**options).probabilities(
        *prospects(utility, **known), cost_sensitivity, LABELS
    )


def test_probabilities_by_hand():
    options = {"exploration": 0.1, "floor": 0.01}
    found = probabilities([0.5, 0.3, -9.0], options, error=[0.1, 0.2, 0.1])
    share = 2 * norm.sf(0.2 / np.hypot(0.1, 0.2))
    second = 0.01 + 0.08 * share
    assert_allclose(found, [[1 - second - 0.01, second, 0.01]])


def test_models_as_good_as_the_chosen_one_share_all_of_it():
    found = probabilities([0.5, 0.5, 0.5], {"exploration": 0.3, "floor": 0.0})
    assert_allclose(found, [[0.7, 0.15, 0.15]])


def test_where_nothing_is_unknown_only_floors_are_explored():
    found = probabilities([0.5, 0.4, 0.3], {"exploration": 0.3}, error=[0.0, 0.0, 0.0])
    assert_allclose(found, [[0.97, 0.015, 0.015]])
    tied = probabilities([0.5, 0.5, 0.3], {"exploration": 0.3}, error=[0.0, 0.0, 0.0])
    assert_allclose(tied, [[0.7, 0.285, 0.015]])


def test_uncertain_decisions_are_explored_more():
    probability = ROUTER.exploration_proba(PROBLEM.X)
    utility = ROUTER.predict_quality(PROBLEM.X) - 20 * ROUTER.predict_cost(PROBLEM.X)
    ordered = np.sort(utility, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    explored = 1 - probability.max(axis=1)
    close = margin < np.quantile(margin, 0.2)
    assert explored[close].mean() > 1.2 * explored[~close].mean()
    assert explored.max() <= 0.05 + 1e-12


def test_regret_that_is_given_up_is_bounded():
    options = {"exploration": 0.3, "floor": 0.1, "max_regret": 0.005}
    with pytest.warns(ExplorationBoundWarning, match="1 of 2 queries") as caught:
        found = probabilities([[0.5, 0.3, 0.1], [0.5, 0.5, 0.5]], options)
    assert (caught[0].message.n_bound, caught[0].message.n_queries) == (1, 2)
    given_up = found[0] @ [0.0, 0.2, 0.4]
    assert given_up == pytest.approx(0.005)
    # Floors are scaled with all the rest.
    free = probabilities([0.5, 0.3, 0.1], {"exploration": 0.3, "floor": 0.1})[0]
    assert_allclose(found[0, 1:] / free[1:], np.full(2, 0.005 / (free @ [0.0, 0.2, 0.4])))
    assert_allclose(found[1], [0.7, 0.15, 0.15])


def test_cost_beyond_that_of_predict_is_bounded():
    options = {"exploration": 0.4, "floor": 0.2, "max_cost": 0.05}
    with pytest.warns(ExplorationBoundWarning):
        found = probabilities([0.5, 0.3, 0.3], options, cost=[0.0, 1.0, 2.0])
    assert found[0] @ [0.0, 1.0, 2.0] == pytest.approx(0.05)
    cheaper = probabilities([0.5, 0.3, 0.3], options, cost=[9.0, 1.0, 2.0])
    assert_allclose(cheaper, [[0.6, 0.2, 0.2]])


@pytest.mark.parametrize("name", OUTCOMES)
def test_bounds_hold_for_every_query_of_every_router(name):
    router = clone(ROUTERS[name]).fit(X, Y)
    sensitivity = router.cost_sensitivity
    quality, cost = router.predict_quality(X), router.predict_cost(X)
    utility, rows = quality - sensitivity * cost, np.arange(len(X))
    place = np.searchsorted(MODELS, router.predict(X))
    with pytest.warns(ExplorationBoundWarning):
        p = router.exploration_proba(X, exploration=0.5, max_regret=0.01, max_cost=1e-5)
    gap = np.maximum(utility[rows, place][:, None] - utility, 0)
    assert ((p * gap).sum(axis=1) <= 0.01 + 1e-12).all()
    assert ((p * (cost - cost[rows, place][:, None])).sum(axis=1) <= 1e-5 + 1e-12).all()


def test_a_session_keeps_its_model_unless_the_gain_is_worth_it():
    options = {"exploration": 0.1, "floor": 0.0, "switching_cost": 0.05}
    chosen = {
        (gain, previous): probabilities(
            [0.5, 0.5 - gain, -9.0],
            {**options, "previous": [previous]},
            cost_sensitivity=2.0,
            error=[0.0] * 3,
        ).argmax()
        for gain in (0.09, 0.11)
        for previous in ("b", None, "a")
    }
    # To switch costs 2 * .05 = .1 of utility.
    assert chosen == {
        (0.09, "b"): 1,
        (0.09, None): 0,
        (0.09, "a"): 0,
        (0.11, "b"): 0,
        (0.11, None): 0,
        (0.11, "a"): 0,
    }


def test_a_session_whose_model_is_excluded_goes_elsewhere():
    found = ROUTER.exploration_proba(
        PROBLEM.X[:3],
        previous=["model_0", "model_1", None],
        switching_cost=100.0,
        exclude="model_0",
        floor=0.0,
    )
    assert_array_equal(
        found[0].argmax(), ROUTER.exploration_proba(PROBLEM.X[:1], exclude="model_0").argmax()
    )
    assert ROUTER.classes_[found[1].argmax()] == "model_1"


def test_leaving_a_session_counts_in_the_bounds():
    options = {"exploration": 0.2, "floor": 0.1, "switching_cost": 1.0, "previous": ["a"]}
    with pytest.warns(ExplorationBoundWarning):
        found = probabilities([0.5, 0.5, 0.5], {**options, "max_cost": 0.1})
    assert_allclose(found, [[0.9, 0.05, 0.05]])
    with pytest.warns(ExplorationBoundWarning):
        found = probabilities([0.5, 0.5, 0.5], {**options, "max_regret": 0.4}, cost_sensitivity=4.0)
    assert_allclose(found, [[0.9, 0.05, 0.05]])


def test_cost_sensitivity_by_row():
    sensitivity = np.where(np.arange(len(PROBLEM.X)) % 2, 0.0, 500.0)
    found = ROUTER.exploration_proba(PROBLEM.X, cost_sensitivity=sensitivity)
    for value in (0.0, 500.0):
        alone = ROUTER.exploration_proba(PROBLEM.X, cost_sensitivity=value)
        assert_allclose(found[sensitivity == value], alone[sensitivity == value])


def test_pipelines_and_wrappers_explore_as_their_router_does():
    pipeline = make_pipeline(PCA(3, random_state=0), CausalRouter(random_state=0))
    pipeline.fit(PROBLEM.X, PROBLEM.y)
    inner = pipeline[-1].exploration_proba(pipeline[:-1].transform(PROBLEM.X), exploration=0.2)
    assert_array_equal(exploration_proba(pipeline, PROBLEM.X, exploration=0.2), inner)
    label, propensity = sample(pipeline, PROBLEM.X, exploration=0.2, random_state=3)
    place = np.searchsorted(ROUTER.classes_, label)
    assert_array_equal(propensity, inner[np.arange(len(inner)), place])
    budget = FixedBudgetRouter(FrozenEstimator(ROUTER), budget=0.002).fit(PROBLEM.X)
    at_budget = ROUTER.exploration_proba(PROBLEM.X, cost_sensitivity=budget.cost_sensitivity)
    assert_array_equal(budget.exploration_proba(PROBLEM.X), at_budget)
    budget.left_out_ = ["model_2"]
    assert (budget.exploration_proba(PROBLEM.X)[:, 2] == 0).all()
    ROUTER.left_out_ = ROUTER.classes_[:0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exploration": -0.1}, "exploration must be at least 0"),
        ({"exploration": 1.5}, "exploration must be at most 1"),
        ({"floor": np.nan}, "floor must be at least 0"),
        ({"max_regret": -1}, "max_regret must be at least 0"),
        ({"floor": 0.02}, r"floor=0.02 for each of 3 models .* takes 0.06, more than explor"),
        ({"previous": ["model_0"]}, "previous must have one label or None for each of 4 queries"),
        ({"previous": ["model_0", "modell_1", None, None]}, "previous names the unknown model"),
        ({"exclude": "nobody"}, "exclude names the unknown model"),
    ],
)
def test_errors_name_the_argument(options, message):
    with pytest.raises(ValueError, match=message):
        ROUTER.exploration_proba(PROBLEM.X[:4], **options)


@pytest.mark.parametrize("argument", ["max_regret", "max_cost", "switching_cost"])
def test_routers_without_outcomes_refuse_what_needs_them(argument):
    router = RandomRouter(random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=f"{argument} needs a router that predicts outcomes"):
        router.exploration_proba(X, previous=["model_0"] * len(X), **{argument: 0.1})


def test_routers_without_errors_share_among_all():
    router = KNeighborsRouter().fit(X, Y)
    probability = router.exploration_proba(X, exploration=0.2, floor=0.02)
    assert_allclose(np.sort(probability, axis=1), np.tile([0.1, 0.1, 0.8], (len(X), 1)))
