import numpy as np
import pytest
from policy_logs import big_log
from scipy.optimize import linprog

from skroute import full_feedback, logged_feedback
from skroute.metrics import (
    PolicyLabels,
    evaluation_predictions,
    flip_gamma,
    policy_difference,
    policy_value,
    sensitivity_bounds,
    weight_diagnostics,
)

Y, POLICY, QUALITY, COST = big_log(120)
OTHER = np.random.default_rng(1).dirichlet(np.ones(3), 120)
NAMES = np.array(["x", "y", "z"])


def estimated(y, recorded=()):
    """Return the log without its propensities, but for some rows, and these by themselves."""
    table = y.copy()
    unknown = np.ones(len(y), dtype=bool)
    unknown[list(recorded)] = False
    table["propensity"][unknown] = np.nan
    return table, y["propensity"]


LOG, PROPENSITY = estimated(Y)
KNOWN = {"predicted_quality": QUALITY, "predicted_cost": COST, "cost_sensitivity": 3.0}
SETTINGS = [
    pytest.param(POLICY, "zero", id="value"),
    pytest.param(POLICY, OTHER, id="difference"),
    pytest.param(POLICY, None, id="gain"),
    pytest.param(NAMES[POLICY.argmax(axis=1)], np.full(120, "y"), id="labels"),
]


def matrix(policy):
    if policy is None or isinstance(policy, str):
        return np.zeros((120, 3))
    return policy if np.ndim(policy) == 2 else (np.asarray(policy)[:, None] == NAMES) * 1.0


def programme(y, a, b, gamma, free, weight, quality, cost, cost_sensitivity):
    """Both ends by one linear programme a model, after Charnes and Cooper: scaled weights v sum to
    1 and lie within t times their limits."""
    utility = y["quality"] - cost_sensitivity * y["cost"]
    predicted = quality - cost_sensitivity * cost
    difference = matrix(a) - matrix(b)
    base = (difference * predicted).sum(axis=1) - (utility if b is None else 0.0)
    ends = np.full(2, np.average(base, weights=weight))
    odds = 1 / y["propensity"] - 1
    factor = np.where(free, gamma, 1.0)
    for k, name in enumerate(NAMES):
        rows = y["model"] == name
        effect = (difference[:, k] * (utility - predicted[:, k]))[rows]
        least, most = (weight * (1 + odds / factor))[rows], (weight * (1 + odds * factor))[rows]
        m = rows.sum()
        limits = np.block([[np.eye(m), -most[:, None]], [-np.eye(m), least[:, None]]])
        for end, sign in ((0, 1.0), (1, -1.0)):
            solved = linprog(
                np.append(sign * effect, 0.0),
                A_ub=limits,
                b_ub=np.zeros(2 * m),
                A_eq=np.append(np.ones(m), 0.0)[None],
                b_eq=[1.0],
                method="highs",
            )
            ends[end] += sign * solved.fun
    return ends


@pytest.mark.parametrize(("a", "b"), SETTINGS)
@pytest.mark.parametrize("predictions", [True, False])
@pytest.mark.parametrize("gamma", [1.3, 4.0])
def test_the_bounds_are_those_of_a_linear_programme(a, b, predictions, gamma):
    options = KNOWN if predictions else {"cost_sensitivity": 3.0}
    quality, cost = (QUALITY, COST) if predictions else np.zeros((2, 120, 3))
    weight = np.random.default_rng(2).integers(1, 4, 120).astype(float)
    recorded = range(0, 120, 4)
    log, propensity = estimated(Y, recorded)
    frame = logged_feedback(
        log["model"],
        log["quality"],
        cost=log["cost"],
        propensity=log["propensity"],
        weight=weight,
    )
    bounds = sensitivity_bounds(
        frame, a, b, gamma=gamma, propensity=propensity, models=NAMES, n_replicates=1, **options
    )
    free = ~np.isin(np.arange(120), recorded)
    expected = programme(Y, a, b, gamma, free, weight, quality, cost, 3.0)
    assert [bounds.low, bounds.high] == pytest.approx(expected, abs=1e-8)
    assert bounds.share_estimated == pytest.approx(weight[free].sum() / weight.sum())


@pytest.mark.parametrize(("a", "b"), SETTINGS)
def test_without_hidden_reasons_the_bounds_are_the_estimate(a, b):
    options = {**KNOWN, "models": NAMES, "n_replicates": 50}
    bounds = sensitivity_bounds(LOG, a, b, gamma=1.0, propensity=PROPENSITY, **options)
    assert bounds.low == bounds.high == bounds.value
    assert bounds.interval_low < bounds.value < bounds.interval_high
    # A log by known propensities, whatever gamma.
    drawn = sensitivity_bounds(Y, a, b, gamma=9.0, **options)
    assert (drawn.low, drawn.high, drawn.share_estimated) == (bounds.value, bounds.value, 0.0)
    assert drawn.interval_low == pytest.approx(bounds.interval_low)


def test_the_estimate_by_hand():
    y = logged_feedback(["a", "a", "b", "b"], [1.0, 0.0, 0.5, 1.0])
    propensity = np.array([0.5, 0.25, 0.5, 0.8])
    predicted = np.array([[0.8, 0.3], [0.6, 0.2], [0.4, 0.9], [0.5, 0.7]])
    bounds = sensitivity_bounds(
        y, ["a", "b", "a", "b"], gamma=2.0, propensity=propensity, predicted_quality=predicted
    )
    plain = (0.8 + 0.2 + 0.4 + 0.7) / 4
    # Of "a" the first row is chosen: residual 0.2, weight 2; the other row has weight 4.
    # Of "b" the last: residual 0.3, weight 1.25; the other row has weight 2.
    assert bounds.value == pytest.approx(plain + 2 * 0.2 / (2 + 4) + 1.25 * 0.3 / (1.25 + 2))
    # Weights of "a" lie in [1.5, 3] and [2.5, 7], those of "b" in [1.125, 1.5] and [1.5, 3].
    assert bounds.high == pytest.approx(plain + 3 * 0.2 / (3 + 2.5) + 1.5 * 0.3 / (1.5 + 1.5))
    assert bounds.low == pytest.approx(plain + 1.5 * 0.2 / (1.5 + 7) + 1.125 * 0.3 / (1.125 + 3))


@pytest.mark.parametrize("b", ["zero", None])
def test_the_log_itself_needs_no_weights(b):
    bounds = sensitivity_bounds(LOG, None, b, gamma=5.0, cost_sensitivity=3.0, n_replicates=200)
    expected = 0.0 if b is None else policy_value(Y, None, cost_sensitivity=3.0).value
    assert bounds.low == pytest.approx(expected)
    assert bounds.high == pytest.approx(expected)


def test_the_ends_move_apart_as_gamma_grows():
    gammas = [1.0, 1.1, 1.5, 3.0, 10.0, 1000.0]
    found = [
        sensitivity_bounds(
            LOG, POLICY, None, gamma=gamma, propensity=PROPENSITY, n_replicates=40, **KNOWN
        )
        for gamma in gammas
    ]
    for name, sign in (("low", -1), ("interval_low", -1), ("high", 1), ("interval_high", 1)):
        assert (sign * np.diff([getattr(bounds, name) for bounds in found]) > 0).all()
    assert all(bounds.interval_low < bounds.low for bounds in found)
    assert all(bounds.interval_high > bounds.high for bounds in found)


def big(seed, lift=0.15):
    rng = np.random.default_rng(seed)
    model = rng.integers(2, size=500)
    return logged_feedback(model, 0.5 + lift * model + 0.2 * rng.normal(size=500))


@pytest.mark.parametrize("lift", [0.15, -0.15])
@pytest.mark.parametrize("interval", [True, False])
def test_the_flip_is_where_the_bounds_reach_zero(lift, interval):
    y, half = big(0, lift), np.full(500, 0.5)
    policies = np.ones(500, dtype=int), np.zeros(500, dtype=int)
    options = {"propensity": half, "n_replicates": 60}
    gamma = flip_gamma(y, *policies, interval=interval, **options)
    assert 1.2 < gamma < 50
    names = ("interval_low", "interval_high") if interval else ("low", "high")
    for factor, open_ in ((0.99, True), (1.01, False)):
        bounds = sensitivity_bounds(y, *policies, gamma=factor * gamma, **options)
        low, high = (getattr(bounds, name) for name in names)
        assert (low > 0 or high < 0) is open_
    if not interval:
        end = sensitivity_bounds(y, *policies, gamma=gamma, **options)
        assert (end.low if lift > 0 else end.high) == pytest.approx(0.0, abs=1e-6)
        assert flip_gamma(y, *policies, interval=True, **options) < gamma


def test_signs_that_are_never_sure_and_always_sure():
    better, worse = np.ones(500, dtype=int), np.zeros(500, dtype=int)
    half = np.full(500, 0.5)
    assert flip_gamma(big(0, 0.0), better, worse, interval=True, propensity=half) == 1.0
    assert flip_gamma(big(0), better, better, propensity=half) == 1.0
    # No overlap of the outcomes.
    sure = logged_feedback(np.arange(500) % 2, np.arange(500) % 2 + 0.0)
    assert flip_gamma(sure, better, worse, propensity=half) == np.inf
    drawn = logged_feedback(np.arange(500) % 2, big(0)["quality"], propensity=half)
    drawn["quality"][1::2] += 0.2
    assert flip_gamma(drawn, better, worse) == np.inf


def confounded(rng, n, gamma):
    """A log of two models whose choice depends on a hidden reason that is worth half the scale.

    Given the query, model 1 has the odds of p times or divided by gamma, as the reason is 1 or 0.
    """
    x = rng.normal(size=n)
    p = 1 / (1 + np.exp(-0.7 * x))
    odds = p / (1 - p)
    most, least = odds * gamma / (1 + odds * gamma), odds / (gamma + odds)
    hidden = rng.random(n) < (p - least) / (most - least)
    action = (rng.random(n) < np.where(hidden, most, least)).astype(int)
    # The hidden reason is worth as much to either model.
    quality = 0.2 + 0.1 * (x > 0) + 0.5 * hidden
    y = logged_feedback(action, (rng.random(n) < quality).astype(float))
    return x, y, np.where(action == 1, p, 1 - p), quality.mean()


def test_intervals_hold_the_truth_at_the_gamma_that_is_true():
    gamma, inside, naive = 2.0, [], []
    truth = np.mean([confounded(np.random.default_rng(s), 100_000, gamma)[3] for s in range(5)])
    for seed in range(60):
        _, y, propensity, _ = confounded(np.random.default_rng(1000 + seed), 800, gamma)
        for model, at in ((1, gamma), (0, gamma), (1, 1.0)):
            bounds = sensitivity_bounds(
                y, np.full(800, model), gamma=at, propensity=propensity, n_replicates=100
            )
            held = bounds.interval_low <= truth <= bounds.interval_high
            (inside if at > 1 else naive).append(held)
    assert np.mean(inside) >= 0.95
    assert np.mean(naive) < 0.5


def test_rows_repeated_and_rows_in_another_order():
    weight = np.random.default_rng(0).integers(1, 3, 120)
    group = np.arange(120) // 4
    columns = {name: LOG[name] for name in ("model", "quality", "cost")}
    weighted = logged_feedback(**columns, weight=weight, group=group)
    again = np.repeat(np.arange(120), weight)
    repeated = logged_feedback(
        **{name: column[again] for name, column in columns.items()}, group=group[again]
    )

    def ends(y, rows, **options):
        bounds = sensitivity_bounds(
            y,
            POLICY[rows],
            None,
            gamma=2.0,
            propensity=PROPENSITY[rows],
            predicted_quality=QUALITY[rows],
            predicted_cost=COST[rows],
            n_replicates=30,
            **options,
        )
        return bounds.low, bounds.high, bounds.interval_low, bounds.interval_high

    everything = np.arange(120)
    assert ends(weighted, everything) == pytest.approx(ends(repeated, again), abs=1e-12)
    order = np.random.default_rng(1).permutation(120)
    for y in (weighted, LOG):
        assert ends(y[order], order) == pytest.approx(ends(y, everything), abs=1e-12)
    # Groups make the interval wider where they go together.
    assert ends(weighted, everything)[:2] != ends(LOG, everything)[:2]


@pytest.mark.parametrize("b", ["zero", None, OTHER], ids=["value", "gain", "difference"])
def test_rows_that_were_not_judged(b):
    """They are averaged over, and judged rows stand for them by how likely that was."""
    rng = np.random.default_rng(4)
    likely = rng.uniform(0.3, 0.9, 120)
    judged = rng.random(120) < likely
    table = logged_feedback(LOG["model"], np.where(judged, LOG["quality"], np.nan))
    bounds = sensitivity_bounds(
        table, POLICY, b, gamma=2.0, propensity=PROPENSITY, judged_propensity=likely,
        predicted_quality=QUALITY, models=NAMES, n_replicates=5,
    )  # fmt: skip
    difference = POLICY - matrix(b)
    own = (Y["model"][:, None] == NAMES) * 1.0
    residual = np.where(judged, Y["quality"] - (own * QUALITY).sum(axis=1), 0.0)
    expected = (difference * QUALITY).sum(axis=1).mean()
    for k, name in enumerate(NAMES):
        weight = np.where(judged & (Y["model"] == name), 1 / (PROPENSITY * likely), 0.0)
        expected += weight @ (difference[:, k] * residual) / weight.sum()
    if b is None:
        expected -= (own * QUALITY).sum(axis=1).mean()
        expected -= (judged / likely) @ residual / (judged / likely).sum()
    assert bounds.value == pytest.approx(expected)
    assert bounds.low < bounds.value < bounds.high


def test_rows_that_a_policy_says_nothing_of_are_left_out():
    label = NAMES[POLICY.argmax(axis=1)]
    block = np.random.default_rng(0).integers(-1, 3, 120)
    options = {"gamma": 2.0, "models": NAMES, "n_replicates": 20}
    rows = block >= 0
    for b in ("zero", None, np.full(120, "y")):
        labels = PolicyLabels(label, block)
        found = sensitivity_bounds(LOG, labels, b, propensity=PROPENSITY, **options)
        taken = b[rows] if isinstance(b, np.ndarray) else b
        alone = sensitivity_bounds(
            LOG[rows], label[rows], taken, propensity=PROPENSITY[rows], **options
        )
        assert found == alone


def test_all_that_is_predicted_can_be_passed_on():
    queries = np.random.default_rng(0).normal(size=(120, 2))
    quality = np.where(np.arange(120) % 3 == 0, np.nan, LOG["quality"])
    table = logged_feedback(LOG["model"], quality, preference=LOG["quality"])
    known = evaluation_predictions(queries, table)
    assert "judged_propensity" in known
    assert sensitivity_bounds(table, POLICY, n_replicates=5, **known).share_estimated == 1.0
    assert flip_gamma(table, POLICY, None, **known) >= 1.0
    assert weight_diagnostics(table, POLICY, **known).largest_share < 1.0


def test_the_estimate_is_near_that_of_the_value():
    y, policy, quality, cost = big_log(4000)
    options = {"predicted_quality": quality, "predicted_cost": cost}
    value = policy_value(y, policy, **options)
    bounds = sensitivity_bounds(y, policy, n_replicates=200, **options)
    assert bounds.value == pytest.approx(value.value, abs=value.standard_error)
    assert bounds.interval_low == pytest.approx(value.low, abs=value.standard_error)
    gain = policy_difference(y, policy, None, **options)
    bounds = sensitivity_bounds(y, policy, None, n_replicates=200, **options)
    assert bounds.value == pytest.approx(gain.value, abs=gain.standard_error)
    assert bounds.interval_high == pytest.approx(gain.high, abs=gain.standard_error)


def test_what_cannot_be_bounded_is_named():
    half = np.full(120, 0.5)
    with pytest.raises(ValueError, match="y is full feedback"):
        sensitivity_bounds(full_feedback(QUALITY, models=NAMES), POLICY)
    with pytest.raises(ValueError, match=r"row 0: found nan \(120 of 120 rows\).*propensity="):
        sensitivity_bounds(LOG, POLICY)
    with pytest.raises(ValueError, match="policy_b chooses 'w' in 120 rows, whose quality the log"):
        sensitivity_bounds(
            LOG, POLICY[:, [0, 0, 1, 2]] * [0, 1, 1, 1], np.full(120, "w"), models=["w", *NAMES],
            propensity=half,
        )  # fmt: skip
    for gamma in (0.9, np.nan, np.inf):
        with pytest.raises(ValueError, match="gamma must be a finite number of at least 1"):
            sensitivity_bounds(Y, POLICY, gamma=gamma)
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 1"):
        sensitivity_bounds(Y, POLICY, confidence=1)
    with pytest.raises(ValueError, match="n_replicates must be at least 1"):
        flip_gamma(Y, POLICY, None, interval=True, n_replicates=0)
    with pytest.raises(ValueError, match="cost_sensitivity must be"):
        sensitivity_bounds(Y, POLICY, cost_sensitivity=-1)
