"""The verdict, where the truth is known."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import t

from skroute import CausalRouter, logged_feedback, report
from skroute._reporting._verdict import Verdict
from skroute.baselines import BestFixedModel


def between(low, high):
    """Return a difference of 20 degrees of freedom with such a 95 % interval."""
    value, error = (low + high) / 2, (high - low) / 2 / t.ppf(0.975, 20)
    p_value = 2 * t.sf(abs(value) / error, 20) if error else float(value == 0)
    return SimpleNamespace(value=value, low=low, high=high, p_value=p_value)


def conclude(gain, *fixed, doubts=(), held_out=True):
    over_fixed = {f"m{k}": between(*ends) for k, ends in enumerate(fixed)}
    return Verdict.of(between(*gain), over_fixed, confidence=0.95, doubts=doubts, held_out=held_out)


def test_what_follows_from_intervals():
    assert conclude((0.1, 0.2), (0.1, 0.3)) == Verdict("better")
    assert conclude((-0.2, -0.1), (-0.3, 0.1)) == Verdict("worse")
    # Flattered, and worse nevertheless.
    assert conclude((-0.2, -0.1), held_out=False) == Verdict("worse")
    for gain in ((-0.1, 0.2), (0.0, 0.2), (-0.2, 0.0)):
        unclear = conclude(gain, (-0.1, 0.2))
        assert unclear.answer == "unclear"
        assert "holds 0" in unclear.reasons[0]
        assert len(unclear.reasons) == 1


@pytest.mark.parametrize("fixed", [(-0.1, 0.2), (0.0, 0.0), (-0.3, -0.1), (np.nan, np.nan)])
def test_a_fixed_model_that_may_be_as_good_forbids_better(fixed):
    unclear = conclude((0.1, 0.2), (0.1, 0.3), fixed)
    assert unclear.answer == "unclear"
    assert unclear.reasons == ("as far as these rows tell, m1 may be as good",)
    assert "m0, m1 or m2 may" in conclude((0.1, 0.2), fixed, fixed, fixed).reasons[0]


def test_fixed_models_are_tested_in_one_direction():
    for stretch, answer in ((1.001, "better"), (0.999, "unclear")):
        error = 1.0 / (stretch * t.ppf(0.95, 20))
        low, high = 1.0 - t.ppf(0.975, 20) * error, 1.0 + t.ppf(0.975, 20) * error
        assert low < 0
        assert conclude((0.1, 0.2), (low, high)).answer == answer


@pytest.mark.parametrize("gain", [(0.1, 0.2), (-0.2, -0.1)])
def test_doubts_forbid_both(gain):
    assert conclude(gain, doubts=("why",)) == Verdict("unclear", ("why",))


def test_other_reasons():
    assert "few" in conclude((np.nan, np.nan)).reasons[0]
    assert "fitted on these rows" in conclude((0.1, 0.2), held_out=False).reasons[0]


def true_gains(held_out, choice):
    """Return what a choice truly gains at 20 over the log and over the best fixed model."""
    utility = held_out.expected_quality - 20.0 * held_out.expected_cost
    rows, names = np.arange(len(choice)), list(held_out.models)
    own, logged = (
        utility[rows, [names.index(name) for name in labels]].mean()
        for labels in (choice, held_out.y["model"])
    )
    return own - logged, own - utility.mean(axis=0).max()


def test_better(logged, full, router, held_out):
    assert min(true_gains(held_out, router.predict(held_out.X))) > 0.02
    for page in (logged, full):
        assert (page.verdict, page.reasons) == ("better", ())
    assert (
        "CausalRouter is better than today&#x27;s policy and than every fixed model" in logged.html
    )
    assert "CausalRouter is better than the best fixed model (always " in full.html


def test_worse(problem, held_out):
    y = problem.y
    inverted = logged_feedback(y["model"], 1 - y["quality"], propensity=y["propensity"])
    misled = CausalRouter(20.0, random_state=0).fit(problem.X, inverted)
    assert max(true_gains(held_out, misled.predict(held_out.X))) < -0.1
    for feedback in (held_out.y, held_out.y_full):
        page = report(misled, held_out.X, feedback)
        assert (page.verdict, page.reasons) == ("worse", ())
        assert "CausalRouter is worse than" in page.html


def test_rows_that_were_fitted_on(problem, router):
    page = report(router, problem.X, problem.y)
    assert page.verdict == "unclear"
    (reason,) = page.reasons
    assert "fitted on these rows" in reason
    assert (
        f"unclear whether CausalRouter is better than today&#x27;s policy: {reason}." in page.html
    )


def own_traffic(router, drawn):
    """Return the log of a router that chose by itself, without chance."""
    choice, full = router.predict(drawn.X), drawn.y_full
    quality, cost = (
        [full[part][name][i] for i, name in enumerate(choice)] for part in ("quality", "cost")
    )
    return logged_feedback(choice, quality, cost=cost, propensity=np.ones(len(choice)))


@pytest.fixture(scope="module")
def traffic(problem, held_out):
    other = CausalRouter(60.0, random_state=0).fit(problem.X, problem.y)
    return own_traffic(other, held_out)


def test_traffic_of_a_router_supports_nothing(traffic, router, held_out):
    page = report(router, held_out.X, traffic)
    assert page.verdict == "unclear"
    assert "logged with too little exploration" in page.reasons[0]
    (note,) = [note for note in page.notes if "explored too little" in note]
    assert not note.startswith("In training")


def test_a_router_that_learned_from_traffic_of_a_router(traffic, problem, held_out):
    with pytest.warns(UserWarning, match="explored too little"):
        refitted = CausalRouter(20.0, random_state=0).fit(held_out.X, traffic)
    again = problem.draw(600, random_state=5)
    page = report(refitted, again.X, again.y)
    assert page.verdict == "unclear"
    assert "the log that the router was fitted on explored too little" in page.reasons[0]
    assert any(note.startswith("In training: The log explored") for note in page.notes)
    # Where every outcome is known nothing has to be explored.
    page = report(refitted, again.X, again.y_full)
    assert not any("explor" in reason for reason in page.reasons)


def test_a_fixed_model_that_is_as_good(problem, held_out):
    fixed = BestFixedModel(20.0).fit(problem.X, problem.y)
    page = report(fixed, held_out.X, held_out.y)
    (best,) = set(fixed.predict(held_out.X))
    assert page.differences["BestFixedModel"].low > 0
    assert page.verdict == "unclear"
    (reason,) = page.reasons
    assert f"always {best}" in reason
    gain, over_best = true_gains(held_out, fixed.predict(held_out.X))
    assert gain > 0.02
    assert over_best == pytest.approx(0)


def test_few_rows(problem, router):
    few = problem.draw(40, random_state=3)
    page = report(router, few.X, few.y)
    assert page.verdict == "unclear"
    assert "the router's value rests on too few rows of the log" in page.reasons


def test_judges_alone_do_not_decide(router, held_out):
    y = held_out.y
    said = logged_feedback(
        y["model"],
        y["quality"],
        cost=y["cost"],
        propensity=y["propensity"],
        gold=np.zeros(600, bool),
    )
    page = report(router, held_out.X, said)
    assert page.verdict == "unclear"
    assert "no row has a gold quality" in page.reasons[0]
