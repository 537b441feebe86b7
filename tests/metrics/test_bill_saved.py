import numpy as np
import pytest

from skroute import full_feedback, logged_feedback
from skroute.metrics import BillSaved, bill_saved, cost_quality_curve

MODELS = ["l", "s"]


def population(n_rows, seed=0):
    """Return difficulties, and full feedback: the small model fails where it is hard."""
    rng = np.random.default_rng(seed)
    hard = rng.random(n_rows)
    quality = np.column_stack([rng.random(n_rows) < 0.6, rng.random(n_rows) > hard])
    cost = np.column_stack([rng.uniform(5, 15, n_rows), np.ones(n_rows)])
    return hard, full_feedback(quality.astype(float), cost, models=MODELS)


def path(hard, n_policies=21):
    """From the best to the cheapest; the true quality is 0.6 + 0.4 e - e**2 / 2 at the edge e."""
    return [np.where(hard > edge, "l", "s") for edge in np.linspace(0.4, 1, n_policies)]


def log(hard, y, seed=7):
    rng = np.random.default_rng(seed)
    large = 0.3 + 0.4 * hard
    drawn = rng.random(len(hard)) < large
    model = np.where(drawn, "l", "s")
    quality, cost = (np.where(drawn, y[part]["l"], y[part]["s"]) for part in ("quality", "cost"))
    propensity = np.where(drawn, large, 1 - large)
    return logged_feedback(model, quality, cost=cost, propensity=propensity)


def test_worked_by_hand():
    quality = [[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
    y = full_feedback(quality, [[8.0, 0.0]] * 4, models=MODELS)
    policies = [["l", "l", "l", "l"], ["l", "l", "s", "s"], ["s", "s", "s", "s"]]
    saved = bill_saved(y, policies, policies[0], quality_share=[1.0, 0.75, 0.5, 0.4])
    # Half is free; below it quality falls by a half for the other half of the bill.
    assert saved.share == pytest.approx([0.5, 0.75, 1.0, 1.0])
    assert (saved.cost, saved.quality) == (8.0, 1.0)
    assert saved.curve.cost == pytest.approx([8.0, 4.0, 0.0])
    assert (saved.low <= saved.share).all()
    assert (saved.high >= saved.share).all()


def test_the_curve_is_that_of_the_other_function():
    hard, y = population(300)
    y = log(hard, y)
    saved = bill_saved(y, path(hard), None)
    curve = cost_quality_curve(y, path(hard))
    np.testing.assert_array_equal(saved.curve.cost, curve.cost)
    np.testing.assert_array_equal(saved.curve.quality, curve.quality)
    assert isinstance(saved, BillSaved)


@pytest.mark.parametrize("logged", [False, True])
def test_intervals_are_about_those_of_the_bootstrap(logged):
    hard, y = population(2000)
    y = log(hard, y) if logged else y
    reference = np.full(2000, "l")
    saved = bill_saved(y, path(hard), reference)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(150):
        rows = rng.integers(0, 2000, 2000)
        drawn.append(bill_saved(y[rows], path(hard[rows]), reference).share)
    spread = 2 * 1.96 * np.nanstd(drawn, axis=0)
    np.testing.assert_allclose(saved.high - saved.low, spread, rtol=0.35)
    # True of the edges at which quality is 0.6, and 0.57.
    edge = 0.4 + np.sqrt(0.16 + 2 * np.array([0.0, 0.03]))
    truth = 1 - (edge + 10 * (1 - edge)) / 10
    assert (saved.low < truth).all()
    assert (truth < saved.high).all()


def test_groups_are_what_is_independent():
    hard, y = population(1000)
    columns = {name: y[name] for name in ("quality", "cost")}
    repeated = np.repeat(np.arange(1000), 2)
    known = {"models": MODELS, "group": repeated}
    twice = full_feedback(
        *(np.column_stack([part[m][repeated] for m in MODELS]) for part in columns.values()),
        **known,
    )
    once = bill_saved(y, path(hard), np.full(1000, "l"))
    grouped = bill_saved(twice, path(hard[repeated]), np.full(2000, "l"))
    np.testing.assert_allclose(grouped.share, once.share)
    np.testing.assert_allclose(grouped.low, once.low, rtol=1e-6)


def test_what_is_not_reached_has_no_saving():
    _, y = population(2000)
    poor = [np.full(2000, "s"), np.full(2000, "s")]
    saved = bill_saved(y, poor, np.full(2000, "l"), quality_share=[1.0, 0.5])
    assert np.isnan(saved.share[0])
    assert np.isneginf(saved.low[0])
    assert np.isnan(saved.high[0])
    # All of the path is good enough: what its end saves.
    assert saved.share[1] == saved.high[1] == 1 - saved.curve.cost[-1] / saved.cost


def test_what_may_be_reached_has_an_upper_end_alone():
    hard, y = population(200, seed=1)
    saved = bill_saved(y, path(hard), path(hard)[0], quality_share=1.05)
    assert np.isnan(saved.share[0])
    assert np.isneginf(saved.low[0])
    assert 0 < saved.high[0] < 1


def test_few_clusters_tell_no_interval():
    y = full_feedback([[1.0, 0.0]], [[2.0, 1.0]], models=MODELS)
    saved = bill_saved(y, [["l"], ["s"]], ["l"], quality_share=0.5)
    assert saved.share == pytest.approx([0.25])
    assert np.isnan(saved.low[0])
    assert np.isnan(saved.high[0])


def test_what_is_refused():
    hard, y = population(20)
    with pytest.raises(ValueError, match="policies is empty"):
        bill_saved(y, [], np.full(20, "l"))
    with pytest.raises(ValueError, match="quality_share must be at least 0"):
        bill_saved(y, path(hard), np.full(20, "l"), quality_share=[-0.5])
    with pytest.raises(ValueError, match=r"policies\[0\], row 0: chooses 'm'"):
        bill_saved(y, [np.full(20, "m")], np.full(20, "l"))
    free = full_feedback(np.ones((20, 2)), models=MODELS)
    with pytest.raises(ValueError, match="reference costs nothing"):
        bill_saved(free, path(hard), np.full(20, "l"))
    with pytest.raises(ValueError, match="'dr' needs predicted_cost"):
        bill_saved(log(hard, y), path(hard), None, method="dr", predicted_quality=np.ones((20, 2)))
