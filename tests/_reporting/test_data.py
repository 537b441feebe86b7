"""What the page says of data that look wrong."""

import numpy as np
import pytest

from skroute import CausalRouter, full_feedback, logged_feedback, report
from skroute._reporting._data import doubts_about_data
from skroute.feedback import read_feedback


def table(n=20, **columns):
    columns = {"quality": np.full(n, 0.5), "cost": np.full(n, 0.01)} | columns
    model = np.where(np.arange(n) % 2 == 0, "large", "small")
    return read_feedback(logged_feedback(model, **columns))


def doubts(feedback, names=("large", "small"), router=("large", "small")):
    return doubts_about_data(feedback, names, router)


def test_nothing_is_said_of_what_is_right(logged, full):
    assert doubts(table()) == []
    assert logged.notes == full.notes == ()


def test_costs_of_zero():
    cost = np.where(np.arange(20) < 5, 0.0, 0.01)
    (note,) = doubts(table(cost=cost))
    assert "Some answers cost 0: 3 of 10 of large, 2 of 10 of small." in note
    assert doubts(table(cost=np.zeros(20))) == []
    free = np.column_stack([np.zeros(8), np.ones(8)])
    both = read_feedback(full_feedback(np.ones((8, 2)), free, models=["large", "small"]))
    (note,) = doubts(both)
    assert "8 of 8 of large." in note


def test_a_row_with_most_of_the_bill():
    cost = np.full(20, 0.01)
    cost[7] = 2.0
    (note,) = doubts(table(cost=cost))
    assert note.startswith("Row 7 (counted from 0) has 91% of the bill, $2.00")
    assert doubts(table(n=8, cost=cost[:8])) == []


def test_costs_in_another_unit():
    (note,) = doubts(table(cost=np.full(20, 25.0)))
    assert note.startswith("An answer costs $25.00 in the median: are costs in dollars")


def test_quality_beyond_its_scale():
    quality = np.linspace(-0.5, 5, 20)
    quality[3] = np.nan
    (note,) = doubts(table(quality=quality))
    assert note.startswith("Quality goes from -0.5 to 5 (")


@pytest.mark.parametrize("other", ["Small", "openai/small", "small "])
def test_models_known_by_two_spellings(other):
    (note,) = doubts(table(), names=["large", other], router=["large", "small"])
    assert f"count as different models: {other} and small" in note or (
        f"count as different models: small and {other}" in note
    )


def test_they_stand_on_the_page(problem, router, held_out):
    y = held_out.y
    columns = {"cost": y["cost"].copy(), "propensity": y["propensity"]}
    columns["cost"][:40] = 0
    columns["cost"][50] = 1e3
    model = np.where(y["model"] == "model_1", "Model_1", y["model"])
    page = report(router, held_out.X, logged_feedback(model, 3 * y["quality"], **columns))
    for words in (
        "Some answers cost 0",
        "Row 50 (counted",
        "Quality goes from",
        "different models: ",
    ):
        assert any(words in note for note in page.notes), words
    assert "Row 50 (counted from 0)" in page.html


def test_a_table_of_other_models_is_refused(problem, router, held_out):
    y = held_out.y
    names = np.char.add("my_", y["model"])
    other = logged_feedback(names, y["quality"], cost=y["cost"], propensity=y["propensity"])
    with pytest.raises(ValueError, match="y shows none of the models model_0, model_1, model_2"):
        report(router, held_out.X, other)
    with pytest.raises(ValueError, match="y shows none of the models"):
        router.score(held_out.X, other)
    assert isinstance(router, CausalRouter)
