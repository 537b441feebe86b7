"""What the page says about what happened over time."""

import numpy as np
import pandas as pd
import pytest

from skroute import CausalRouter, logged_feedback, report
from skroute.baselines import BestFixedModel
from skroute.datasets import make_routing_problem


def with_times(problem, change=lambda y, day: y):
    n = len(problem.y)
    day = np.arange(n) * 70 // n
    y = change(pd.DataFrame(problem.y), day)
    return y.assign(time=np.datetime64("2026-01-05") + day.astype("timedelta64[D]"))


def dearer_before(y, day):
    earlier = (y["model"] == "model_2") & (day < 35)
    return y.assign(cost=np.where(earlier, 10 * y["cost"], y["cost"]))


@pytest.fixture(scope="module")
def problem():
    return make_routing_problem(1500, 5, 3, random_state=0)


@pytest.fixture(scope="module")
def router(problem):
    return CausalRouter(20.0, knots="auto", random_state=0).fit(problem.X, problem.y)


@pytest.fixture(scope="module")
def held_out(problem):
    return problem.draw(1500, random_state=1)


def test_nothing_is_said_to_have_happened(router, held_out):
    page = report(router, held_out.X, with_times(held_out))
    assert page.to_dict()["history"] == []
    assert "Nothing stands out of chance" in page.html


def test_no_word_of_it_without_times(router, held_out):
    page = report(router, held_out.X, held_out.y)
    assert page.to_dict()["history"] is None
    assert "over time" not in page.html


def test_values_are_at_the_prices_of_today(router, held_out):
    page = report(router, held_out.X, with_times(held_out, dearer_before))
    (sentence,) = page.to_dict()["history"]
    assert "model_2" in sentence
    assert sentence in page.html.replace("&#x27;", "'").replace("&#39;", "'")
    assert any("today's level" in note for note in page.notes)
    unmoved = report(router, held_out.X, with_times(held_out))
    dear = "always model_2"
    assert page.values[dear].mean_cost == pytest.approx(unmoved.values[dear].mean_cost, rel=0.05)


def test_a_model_that_is_gone_is_no_fixed_model():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 3))
    model = rng.choice(["new", "old", "other"], 1200)
    model[700:][model[700:] == "old"] = "new"
    quality = (rng.random(1200) < np.where(model == "old", 0.95, 0.6)).astype(float)
    time = 1.7e9 + 3600.0 * np.arange(1200)
    y = logged_feedback(model, quality, cost=np.full(1200, 0.01), time=time)
    with pytest.warns(UserWarning, match="gone"):
        fixed = BestFixedModel().fit(X[::2], y[::2])
    page = report(fixed, X[1::2], y[1::2])
    assert "always old" not in page.values
    assert any("'old' is gone" in sentence for sentence in page.to_dict()["history"])
