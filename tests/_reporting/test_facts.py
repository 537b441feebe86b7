"""What the page says of values and what to be careful about, and that its input is read once."""

import re

import numpy as np
import pytest
from counted_table import CountedTable
from report_pages import table_of
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter, logged_feedback, report
from skroute.feedback import read_feedback
from skroute.metrics import evaluation_predictions, policy_difference, policy_value


def test_values_are_those_of_the_metrics(logged, router, held_out):
    known = evaluation_predictions(held_out.X, held_out.y, models=router.classes_)
    options = {"cost_sensitivity": 20.0, **known}
    choice = router.predict(held_out.X)
    assert logged.values["CausalRouter"] == policy_value(held_out.y, choice, **options)
    assert logged.values["CausalRouter"].value == pytest.approx(
        router.score(held_out.X, held_out.y)
    )
    difference = policy_difference(held_out.y, choice, None, **options)
    assert logged.differences["CausalRouter"] == difference
    assert "today's policy" not in logged.differences
    cells = table_of(logged, "Values at cost sensitivity 20")
    value = logged.values["CausalRouter"]
    row = cells["CausalRouter"]
    assert row[0] == f"{value.mean_quality:.3f}"
    assert row[1] == f"${1000 * value.mean_cost:.2f}"
    assert row[2].startswith(f"{value.value:.3f} <small>({value.low:.3f} to {value.high:.3f})")
    assert row[3].startswith(f"{difference.value:+.3f} ")
    assert row[4].startswith(f"+${difference.dollars_per_thousand_queries[0]:.2f} ")
    assert list(cells)[1:] == ["today&#x27;s policy", *list(logged.values)[1:]]


def test_full_feedback_is_exact(full, router, held_out):
    best = max(held_out.models, key=lambda m: full.values[f"always {m}"].value)
    assert set(full.values) - set(full.differences) == {f"always {best}"}
    assert full.values["CausalRouter"].method == "exact"
    assert f"the best fixed model (always {best})" in full.html
    assert "budget" in full.html


def test_another_cost_sensitivity(router, held_out):
    page = report(router, held_out.X, held_out.y_full, cost_sensitivity=5.0, n_examples=0)
    choice = router.predict(held_out.X, cost_sensitivity=5.0)
    expected = policy_value(held_out.y_full, choice, cost_sensitivity=5.0)
    assert page.values["CausalRouter"] == expected
    assert "Rows with the largest gain" not in page.html


def test_what_to_be_careful_about(hostile, logged):
    notes = "\n".join(hostile.notes)
    assert hostile.notes[0].startswith("Not held out. About 100% of the rows")
    assert "which flatters it: use others" in hostile.html
    assert "100% of the rows have no recorded propensity" in notes
    assert not any(note.startswith("Not held out") for note in logged.notes)


def test_poor_overlap_is_noted(problem, router):
    few = problem.draw(40, random_state=3)
    notes = "\n".join(report(router, few.X, few.y).notes)
    assert "The log says little about CausalRouter: it rests on" in notes
    assert "The log says little about 3 of 3 fixed models" in notes


def test_clipped_propensities_are_noted(problem, router):
    rng = np.random.default_rng(0)
    X = problem.draw(1500, random_state=4).X
    # Nearly every query with a positive first feature went to one model.
    model = np.where((X[:, 0] > 0) ^ (rng.random(1500) < 0.003), "model_0", "model_2")
    y = logged_feedback(model, rng.random(1500), cost=np.full(1500, 1e-3))
    notes = "\n".join(report(router, X, y).notes)
    assert re.search(r"0\.\d% of all rows were clipped", notes)


def test_gold_and_unknown_models_are_noted(router, held_out):
    y = held_out.y
    model = np.where(np.arange(600) % 10 == 0, "newcomer", y["model"])
    gold = np.arange(600) % 2 == 0
    other = logged_feedback(
        model, y["quality"], propensity=y["propensity"], gold=gold, group=np.arange(600) // 3
    )
    page = report(router, held_out.X, other)
    notes = "\n".join(page.notes)
    assert "Only 300 of 600 rows have a gold quality" in notes
    assert "60 rows show models that the router does not know: newcomer" in notes
    assert "The log has no costs" in notes
    assert table_of(page, "Calls gained")["models unknown to the router"][:4] == [
        "60", "0", "0", "60",
    ]  # fmt: skip
    assert "independent groups" in page.html


class CountedQueries(TransformerMixin, BaseEstimator):
    """A step that counts how often queries are transformed."""

    transformed = 0

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        self.transformed += 1
        return X


def test_queries_and_feedback_are_read_once(problem, held_out):
    table = CountedTable(held_out.y)
    pipeline = make_pipeline(CountedQueries(), CausalRouter(20.0, knots="auto", random_state=0))
    pipeline.fit(problem.X, problem.y)
    pipeline[0].transformed = 0
    text = [str(i) for i in range(600)]
    report(pipeline, held_out.X, table, budget=0.002, by=np.arange(600) % 3, text=text)
    assert table.read == dict.fromkeys(held_out.y.dtype.names, 1)
    assert pipeline[0].transformed == 1


def test_what_was_read_before_will_do(logged, router, held_out):
    page = report(router, held_out.X, read_feedback(held_out.y), by=np.arange(600) % 2)
    assert page.html == logged.html


def test_excluded_models_are_chosen_by_nobody(router, held_out):
    page = report(router, held_out.X, held_out.y, exclude="model_2", budget=0.002)
    choice = router.predict(held_out.X, exclude="model_2")
    known = evaluation_predictions(held_out.X, held_out.y, models=router.classes_)
    expected = policy_value(held_out.y, choice, cost_sensitivity=20.0, **known)
    assert page.values["CausalRouter"] == expected
    names = ["today's policy", "CausalRouter", "always model_0", "always model_1"]
    assert list(page.values) == names
    assert "neither the router nor a fixed policy chooses them: model_2" in page.notes[-1]
    assert set(table_of(page, "Shares by cost sensitivity")["model_2"]) == {"0.0%"}
    assert table_of(page, "Calls gained and lost")["model_2"][1] == "0"


def test_models_may_be_excluded_for_some_queries(router, held_out):
    mask = np.zeros((600, 3), dtype=bool)
    mask[:50, 1] = True
    page = report(router, held_out.X, held_out.y_full, exclude=mask)
    choice = router.predict(held_out.X, exclude=mask)
    expected = policy_value(held_out.y_full, choice, cost_sensitivity=20.0)
    assert page.values["CausalRouter"] == expected
    assert "Excluded for some queries: model_1 (50 queries)" in page.notes[-1]
    assert "always model_1" in page.values
