"""The first screen: what may be concluded, and the numbers behind it."""

import re

import numpy as np
import pytest
from report_pages import table_of

from skroute import CausalRouter, logged_feedback, report
from skroute._utils import per_thousand
from skroute.metrics import bill_saved, evaluation_predictions, policy_difference


def first_sentence(page):
    return re.search(r'class="verdict"><strong>(.*?)</strong>', page.html).group(1)


def alike(n_rows, quality, cost, seed):
    """Return queries that say nothing of which model is good, and a log that prefers the dear."""
    rng = np.random.default_rng(seed)
    quality, cost = np.array(quality), np.array(cost)
    share = cost**0.5 / (cost**0.5).sum()
    action = rng.choice(len(cost), n_rows, p=share)
    models = np.array([f"size_{k}" for k in range(len(cost))])
    y = logged_feedback(
        models[action],
        (rng.random(n_rows) < quality[action]).astype(float),
        cost=cost[action] * rng.uniform(0.5, 1.5, n_rows),
        propensity=share[action],
    )
    return rng.normal(size=(n_rows, 5)), y


CASES = {
    2: ([0.70, 0.72], [0.001, 0.01]),
    5: ([0.55, 0.60, 0.70, 0.71, 0.72], [0.0005, 0.0008, 0.001, 0.004, 0.012]),
}


@pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
@pytest.mark.parametrize("n_models", [2, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_fixed_model_that_is_as_good_comes_first(n_models, seed):
    quality, cost = CASES[n_models]
    X, y = alike(2000, quality, cost, seed)
    router = CausalRouter(20.0, knots="auto", random_state=0).fit(X, y)
    X, y = alike(4000, quality, cost, seed + 100)
    page = report(router, X, y, n_examples=0)
    sentence = first_sentence(page)
    best = f"size_{0 if n_models == 2 else 2}"
    assert sentence.startswith(f"Sending everything to {best} does as well as CausalRouter, ")
    paid = per_thousand(page.values[f"always {best}"].mean_cost)
    assert f" at {paid} per 1,000 queries" in sentence
    assert page.differences["CausalRouter"].low > 0
    assert "CausalRouter is better than today&#x27;s policy, as far" in page.html
    assert page.verdict == "unclear"
    assert page.to_dict()["best_fixed_model"] == best


def test_where_little_is_known_a_fixed_model_only_may_do_as_well(problem, router):
    few = problem.draw(150, random_state=3)
    page = report(router, few.X, few.y_full, baseline=CausalRouter(0.0).fit(problem.X, problem.y))
    if page.verdict == "unclear" and "unclear" not in first_sentence(page):
        assert " may do as well as " in first_sentence(page)


def test_doubts_come_before_everything(router, problem):
    sentence = first_sentence(report(router, problem.X, problem.y))
    assert sentence.startswith("It is unclear whether CausalRouter is better than today")
    assert "fitted on these rows" in sentence


def test_changes_have_intervals_of_their_own(logged, router, held_out):
    known = evaluation_predictions(held_out.X, held_out.y, models=router.classes_)
    choice = router.predict(held_out.X)
    options = {"cost_sensitivity": 20.0, **known}
    gain = policy_difference(held_out.y, choice, None, **options)
    rows = table_of(logged, "What CausalRouter changes")
    quality, dollars, _ = rows["today&#x27;s policy"]
    low, high = 100 * gain.quality_low, 100 * gain.quality_high
    assert quality == (
        f"{100 * gain.quality_difference:+.1f} points <small>({low:+.1f} to {high:+.1f})</small>"
    )
    assert dollars.startswith(f"-${-1000 * gain.cost_difference:.2f}, ")
    share = gain.cost_difference / gain.b.mean_cost
    assert f", {share:+.0%} <small>(" in dollars
    (best,) = (name for name in rows if name.startswith("the best fixed model"))
    name = re.search(r"\((.*)\)", best).group(1)
    assert logged.values[name].value == max(
        value.value for policy, value in logged.values.items() if policy.startswith("always")
    )


def test_the_interval_over_the_best_fixed_model_allows_for_its_choice(logged, router, held_out):
    """Its low end is the lowest of all; the high ends share the error of their number."""
    known = evaluation_predictions(held_out.X, held_out.y, models=router.classes_)
    choice = router.predict(held_out.X)

    def over(model, confidence):
        fixed = np.repeat(model, 600)
        options = {"cost_sensitivity": 20.0, "confidence": confidence, **known}
        return policy_difference(held_out.y, choice, fixed, **options)

    best = logged.to_dict()["best_fixed_model"]
    found = logged.to_dict()["changes"][f"always {best}"]["utility"]
    assert found["low"] == min(over(model, 0.95).low for model in held_out.models)
    wide = 1 - 0.05 / 3
    assert found["high"] == min(over(model, wide).high for model in held_out.models)


def test_what_is_saved_is_that_of_the_metrics(logged, router, held_out):
    known = evaluation_predictions(held_out.X, held_out.y, models=router.classes_)
    policies = router.frontier(held_out.X).choices(20, at=20.0)
    saved = bill_saved(held_out.y, policies, None, **known)
    first, second = logged.to_dict()["bill_saved"]["at"]
    assert (first["value"], first["low"], first["high"]) == (
        saved.share[0], saved.low[0], saved.high[0],
    )  # fmt: skip
    assert second["quality_share"] == 0.95
    cells = table_of(logged, "Saved of the bill of today")
    line = next(cells[head] for head in cells if head.startswith("100% of the quality"))
    assert line[0].startswith(f"{saved.share[0]:.0%} <small>({saved.low[0]:.0%} to")


def test_gains_beyond_a_scale_are_no_points(router, held_out):
    y = held_out.y
    columns = {name: y[name] for name in ("cost", "propensity")}
    page = report(router, held_out.X, logged_feedback(y["model"], 10 * y["quality"], **columns))
    assert " points <small>" not in page.html
    assert "hundredth" not in page.html
    assert "so that 0.01 of quality is worth" in page.html


def test_a_router_of_one_cost_sensitivity_has_no_savings(problem, held_out):
    router = CausalRouter(20.0, random_state=0).fit(problem.X, problem.y)
    page = report(router, held_out.X, held_out.y)
    assert page.to_dict()["bill_saved"]["at"] == []
    assert "Bill saved" not in page.html
