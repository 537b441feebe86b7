"""What the page says of one router against another, and of dollars a month."""

import numpy as np
import pytest
from report_pages import table_of

from skroute import CausalRouter, logged_feedback, report
from skroute._utils import as_dollars
from skroute.metrics import evaluation_predictions, policy_difference


@pytest.fixture(scope="module")
def misled(problem):
    """A router that learned the opposite of what is good."""
    y = problem.y
    inverted = logged_feedback(y["model"], 1 - y["quality"], propensity=y["propensity"])
    return CausalRouter(20.0, knots="auto", random_state=0).fit(problem.X, inverted)


def test_a_baseline_is_what_a_router_is_compared_with(router, misled, held_out):
    page = report(router, held_out.X, held_out.y, baseline=misled)
    names = ["today's policy", "the baseline", "CausalRouter"]
    assert list(page.values)[:3] == names
    assert set(page.values) - set(page.differences) == {"the baseline"}
    known = evaluation_predictions(held_out.X, held_out.y, models=router.classes_)
    choices = [each.predict(held_out.X) for each in (router, misled)]
    expected = policy_difference(held_out.y, *choices, cost_sensitivity=20.0, **known)
    assert page.differences["CausalRouter"] == expected
    assert page.verdict == "better"
    assert "CausalRouter is better than the baseline and than every fixed model" in page.html
    assert "Value against the baseline and the fixed models" in page.html
    calls = table_of(page, "Calls gained and lost")
    for name in router.classes_:
        counts = [np.count_nonzero(choice == name) for choice in reversed(choices)]
        assert calls[name][:2] == [f"{count:,}" for count in counts]
    assert calls["model"][0] == "calls in the baseline"


def test_against_itself_a_router_is_unclear(router, held_out):
    page = report(router, held_out.X, held_out.y_full, baseline=router)
    gain = page.differences["CausalRouter"]
    assert (gain.value, gain.low, gain.high) == (0.0, 0.0, 0.0)
    assert page.verdict == "unclear"
    assert "the interval of the difference holds 0" in page.reasons[0]


def test_a_baseline_that_was_fitted_on_the_rows_is_flattered(router, held_out):
    fitted = CausalRouter(20.0, random_state=0).fit(held_out.X, held_out.y)
    page = report(router, held_out.X, held_out.y, baseline=fitted)
    assert page.verdict == "unclear"
    assert "the baseline was fitted on these rows" in page.reasons[0]
    assert page.notes[0].startswith("Of the baseline: Not held out")
    # Fitted alike, neither hides the other.
    reasons = report(fitted, held_out.X, held_out.y, baseline=fitted).reasons
    assert sum("fitted on these rows" in reason for reason in reasons) == 2


def test_both_may_choose_at_another_cost_sensitivity(router, misled, held_out):
    page = report(router, held_out.X, held_out.y_full, baseline=misled, cost_sensitivity=5.0)
    choices = [each.predict(held_out.X, cost_sensitivity=5.0) for each in (router, misled)]
    expected = policy_difference(held_out.y_full, *choices, cost_sensitivity=5.0)
    assert page.differences["CausalRouter"] == expected


def test_a_baseline_with_models_of_its_own_is_refused(problem, router, held_out):
    y = problem.y
    renamed = np.where(y["model"] == "model_0", "retired", y["model"])
    log = logged_feedback(renamed, y["quality"], propensity=y["propensity"])
    other = CausalRouter(20.0, random_state=0).fit(problem.X, log)
    with pytest.raises(ValueError, match=r"baseline chooses among models .*\['retired'\]"):
        report(router, held_out.X, held_out.y, baseline=other)


def test_dollars_a_month(router, held_out):
    """Wherever the page has a bill or a saving."""
    page = report(router, held_out.X, held_out.y, volume=2_000_000)
    gain = page.differences["CausalRouter"]
    cells = table_of(page, "Values at cost sensitivity 20")
    assert cells["policy"][2] == "dollars a month"
    new, old = (as_dollars(2e6 * each.mean_cost) for each in (gain.a, gain.b))
    assert cells["CausalRouter"][2] == new
    assert "Bill a month" in page.html
    assert f"{new} in place of {old}" in page.html
    change = [2e6 * part for part in (gain.cost_difference, gain.cost_low, gain.cost_high)]
    value, low, high = (
        as_dollars(*(change[k:] + change[:k]), signed=True) for k in range(len(change))
    )
    changes = table_of(page, "What CausalRouter changes")
    assert changes["against"][2] == "dollars a month (2,000,000 queries)"
    own = f"{value} <small>({low} to {high})</small>"
    assert changes["today&#x27;s policy"][2] == own
    assert table_of(page, "Saved of the bill")["the router at"][-1] == "dollars saved a month"
    facts = page.to_dict()
    assert facts["queries_a_month"] == 2_000_000
    month = facts["changes"]["today's policy"]["dollars_a_month"]
    assert list(month.values()) == pytest.approx(change)
    with pytest.raises(ValueError, match="volume must be at least 0"):
        report(router, held_out.X, held_out.y, volume=-1)
