import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from skroute import CausalRouter, full_feedback, logged_feedback, monitor
from skroute.__main__ import main
from skroute._reporting._traffic import MeanGap
from skroute.baselines import RandomRouter, RegressAndCompare
from skroute.datasets import make_routing_problem

PROBLEM = make_routing_problem(1500, n_features=5, n_models=3, random_state=0)
ROUTER = CausalRouter(10.0, random_state=0).fit(PROBLEM.X, PROBLEM.y)
DAY, START = 24 * 3600.0, 1_767_225_600.0


def serve(n=2000, seed=1, **columns):
    """Return queries and the log of what the router answered, half of it judged."""
    rng = np.random.default_rng(seed)
    problem = PROBLEM.draw(n, random_state=seed)
    label, propensity = ROUTER.sample(problem.X, exploration=0.1, random_state=seed)
    place = np.arange(n), np.searchsorted(PROBLEM.models, label)
    # As good and as dear as predicted, but for noise.
    quality = ROUTER.predict_quality(problem.X)[place] + 0.1 * rng.normal(size=n)
    cost = ROUTER.predict_cost(problem.X)[place] * rng.lognormal(-0.02, 0.2, n)
    quality[rng.random(n) < 0.5] = np.nan
    given = {"quality": quality, "cost": cost, "propensity": propensity, **columns}
    return problem.X, logged_feedback(label, **given)


def test_nothing_stands_out_where_all_is_as_predicted():
    X, y = serve()
    page = monitor(ROUTER, X, y)
    assert page.alarms == ()
    assert page.n_rows == 2000
    assert page.since is None
    assert "Nothing stands out of chance." in page.html
    assert repr(page) == "<RoutingMonitor: 2,000 rows, 0 alarms>"


def test_shares_and_gaps_by_hand():
    X, y = serve()
    page = monitor(ROUTER, X, y)
    planned = ROUTER.predict(X)
    quality, cost = ROUTER.predict_quality(X), ROUTER.predict_cost(X)
    utility, rows = quality - 10 * cost, np.arange(len(X))
    action = np.searchsorted(PROBLEM.models, y["model"])
    best = np.searchsorted(PROBLEM.models, planned)
    for k, traffic in enumerate(page.models):
        assert traffic.model == PROBLEM.models[k]
        assert traffic.share == pytest.approx(np.mean(action == k))
        assert traffic.planned_share == pytest.approx(np.mean(best == k))
        mine = action == k
        assert traffic.cost == pytest.approx(y["cost"][mine].mean())
        assert traffic.predicted_cost == pytest.approx(cost[mine, k].mean())
        judged = mine & ~np.isnan(y["quality"])
        gap = y["quality"][judged] - quality[judged, k]
        assert traffic.quality.n_rows == judged.sum()
        assert traffic.quality.value == pytest.approx(gap.mean())
        assert traffic.quality.standard_error == pytest.approx(gap.std(ddof=1) / np.sqrt(len(gap)))
    assert page.utility_given_up == pytest.approx(
        np.mean(utility[rows, best] - utility[rows, action])
    )
    assert page.explored_share == np.mean(y["propensity"] < 0.5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y: y["quality"].__isub__(0.05), "Judged answers are worse than predicted: -0.0"),
        (lambda y: y["cost"].__imul__(1.3), "Answers cost more than predicted, by $"),
        (lambda y: y["cost"].__imul__(0.5), "Answers cost less than predicted, by $"),
        (
            lambda y: y["propensity"].__setitem__(y["propensity"] > 0.5, 0.99),
            "Other models than the main choice answer more often than the propensities say",
        ),
    ],
)
def test_what_is_wrong_is_said(change, words):
    X, y = serve()
    change(y)
    alarms = monitor(ROUTER, X, y).alarms
    assert len(alarms) == 1
    assert words in alarms[0]


def test_alarms_are_rare_where_nothing_is_wrong():
    said = [bool(monitor(ROUTER, *serve(600, seed)).alarms) for seed in range(100)]
    # Three tests at 1 % each.
    assert sum(said) <= binom.ppf(0.999, 100, 0.03)


def test_models_that_the_router_does_not_know_are_said():
    X, y = serve()
    label = np.where(np.arange(len(X)) < 20, "brand-new", y["model"])
    columns = {name: y[name] for name in ("quality", "cost", "propensity")}
    (alarm,) = monitor(ROUTER, X, logged_feedback(label, **columns)).alarms
    assert alarm.startswith("1% of the answers are of models that the router does not know")


def test_the_newest_days_are_looked_at():
    time = START + 0.01 * DAY * np.arange(2000)  # 20 days
    X, y = serve(time=time)
    y["quality"][:1300] -= 0.3
    page = monitor(ROUTER, X, y, days=6.995)
    assert page.n_rows == 700
    assert page.since == pytest.approx(time[-1] - 6.995 * DAY)
    assert not any("than predicted" in alarm for alarm in page.alarms)
    # The history is that of the whole log.
    assert any("quality" in alarm and "rose" in alarm for alarm in page.alarms)
    assert any("worse than predicted" in alarm for alarm in monitor(ROUTER, X, y, days=20).alarms)


def test_sessions_are_one_observation():
    X, y = serve()
    columns = {name: y[name] for name in ("quality", "cost", "propensity")}
    twice = logged_feedback(
        np.tile(y["model"], 2),
        **{name: np.tile(values, 2) for name, values in columns.items()},
        group=np.tile(np.arange(len(y)), 2),
    )
    once = monitor(ROUTER, X, y)
    both = monitor(ROUTER, np.tile(X, (2, 1)), twice)
    assert both.quality.standard_error == pytest.approx(once.quality.standard_error)
    assert both.cost.standard_error == pytest.approx(once.cost.standard_error)


@pytest.mark.parametrize("grouped", [False, True])
def test_a_weight_of_two_is_a_row_twice(grouped):
    X, y = serve()
    columns = {name: y[name] for name in ("quality", "cost", "propensity")}
    if grouped:
        columns["group"] = np.arange(len(y)) // 3
    weight = np.arange(len(y)) % 3
    rows = np.repeat(np.arange(len(y)), weight)
    weighted = monitor(ROUTER, X, logged_feedback(y["model"], weight=weight, **columns))
    repeated = {name: values[rows] for name, values in columns.items()}
    twice = monitor(ROUTER, X[rows], logged_feedback(y["model"][rows], **repeated))
    assert weighted.explored_share == pytest.approx(twice.explored_share)
    assert weighted.utility_given_up == pytest.approx(twice.utility_given_up)
    pairs = [(weighted.models[k].quality, twice.models[k].quality) for k in range(3)]
    names = ("quality", "cost", "propensities")
    pairs += [(getattr(weighted, name), getattr(twice, name)) for name in names]
    for one, other in pairs:
        assert one.value == pytest.approx(other.value)
        assert one.standard_error == pytest.approx(other.standard_error)


def test_without_propensities_nothing_is_said_of_them():
    X, y = serve(propensity=None)
    page = monitor(ROUTER, X, y)
    assert np.isnan(page.explored_share)
    assert page.alarms == ()
    X, y = serve(propensity=np.full(2000, 0.3))
    page = monitor(ROUTER, X, y)
    assert page.explored_share == 1.0
    assert page.alarms == ()


def test_gaps_at_the_edges():
    nothing = MeanGap.of(np.zeros(3), np.zeros(3), None)
    assert (nothing.n_rows, nothing.by_chance, nothing.written) == (0, 1.0, "n/a (n/a)")
    one = MeanGap.of(np.array([0.5]), np.ones(1), None)
    assert (one.value, one.by_chance) == (0.5, 1.0)
    sure = MeanGap.of(np.array([0.5, 0.5]), np.ones(2), None)
    assert (sure.standard_error, sure.by_chance) == (0.0, 0.0)
    rounding = MeanGap.of(np.array([1e-17, 1e-17]), np.ones(2), None)
    assert rounding.by_chance == 1.0
    weighted = MeanGap.of(np.array([0.0, 1.0, 9.0]), np.array([1.0, 3.0, 0.0]), None)
    assert_allclose(weighted.value, 0.75)
    assert weighted.n_rows == 2


def test_what_cannot_be_compared_is_an_error():
    X, y = serve(50)
    with pytest.raises(ValueError, match="RandomRouter, which predicts no outcomes"):
        monitor(RandomRouter(random_state=0).fit(PROBLEM.X, PROBLEM.y), X, y)
    with pytest.raises(ValueError, match="y has full feedback"):
        monitor(ROUTER, X, full_feedback(np.zeros((50, 3)), models=PROBLEM.models))
    with pytest.raises(ValueError, match="days must be at least 0"):
        monitor(ROUTER, X, y, days=-1)


def test_hostile_labels_are_escaped():
    label = np.array(["<script>alert(1)</script>", "b"])[np.arange(400) % 2]
    X = np.random.default_rng(0).normal(size=(400, 3))
    y = logged_feedback(label, np.random.default_rng(1).random(400), propensity=np.full(400, 0.5))
    router = RegressAndCompare().fit(X, y)
    assert "<script" not in monitor(router, X, y).html


def test_the_command(tmp_path, capsys):
    import joblib

    X, y = serve(400)
    lines = ["model,quality,cost,propensity," + ",".join(f"x{j}" for j in range(5))]
    for row, x in zip(y, X, strict=True):
        told = "" if np.isnan(row["quality"]) else np.clip(row["quality"], 0, 1)
        values = [row["model"], told, row["cost"], row["propensity"], *x]
        lines.append(",".join(map(str, values)))
    (tmp_path / "log.csv").write_text("\n".join(lines))
    joblib.dump(ROUTER, tmp_path / "router.joblib")
    page = tmp_path / "page.html"
    arguments = ["--log", tmp_path / "log.csv", "--router", tmp_path / "router.joblib"]
    assert main(["monitor", *map(str, arguments), "--output", str(page)]) == 0
    out = capsys.readouterr().out
    assert "model_2" in out
    assert "router's choice" in out
    assert "<h1>Routing monitor</h1>" in page.read_text()
