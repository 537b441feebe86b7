"""The parts of the comparison, by hand."""

import numpy as np
import pytest

from skroute import full_feedback, logged_feedback
from skroute._cli._comparison import (
    cost_spread,
    equal_quality_saving,
    sensitivities,
)
from skroute._cli._goal import Goal
from skroute._cli._held_out import HeldOut
from skroute.feedback import read_feedback


def held_out(quality, cost, models, group=None):
    truth = full_feedback(quality, cost, models=models, group=group)
    return HeldOut(np.zeros((len(quality), 1)), read_feedback(truth))


def test_the_saving_at_equal_quality_is_read_on_other_rows_than_it_is_chosen_on():
    n = 200
    quality, cost = np.tile([0.5, 0.8], (n, 1)), np.tile([1.0, 10.0], (n, 1))
    cheap, strong = np.repeat("cheap", n), np.repeat("strong", n)
    mixed = np.where(np.arange(n) < 100, "cheap", "strong")

    def saving(choices):
        return equal_quality_saving(
            held_out(quality, cost, ["cheap", "strong"]), choices, "strong", 0
        )

    assert saving({0.0: strong, 1.0: cheap}) == (0.0, 0.0)
    assert saving({0.5: mixed, 1.0: cheap}) is None
    # Where the cheap model is as good, half of the queries cost a tenth.
    quality[:100, 0] = 0.8
    saved, gap = saving({0.0: strong, 1.0: mixed})
    assert saved == pytest.approx(0.45)
    assert gap == 0.0
    # One cheap answer that is lucky by 30 passes in the half that holds it, and costs the other.
    quality[:, 0] = 0.5
    quality[0, 0] = 60.0
    saved, gap = saving({0.0: strong, 1.0: cheap})
    assert saved == pytest.approx(0.45)
    assert gap == pytest.approx(-0.15)


def test_groups_are_halved_as_wholes():
    group = np.repeat(np.arange(4), 5)
    quality = np.column_stack([np.where(group == 2, 9.0, 0.0), np.ones(20)])
    queries = held_out(quality, np.tile([1.0, 2.0], (20, 1)), ["a", "b"], group)
    choices = {0.0: np.repeat("b", 20), 1.0: np.repeat("a", 20)}
    # The half with group 2 chooses a; it is read in the other two groups, where a is worth 0.
    assert equal_quality_saving(queries, choices, "b", 0) == (0.25, -0.5)


def test_values_by_exact_outcomes():
    queries = held_out([[0.2, 0.9], [0.5, 0.6]], [[0.0, 0.1], [0.0, 0.3]], ["a", "b"])
    row = queries.value("mine", np.array(["a", "b"]), 2.0)
    assert row.quality == pytest.approx(0.4)
    assert row.cost == pytest.approx(0.15)
    assert row.utility == pytest.approx(0.1)
    assert row.regret == pytest.approx(((0.7 - 0.2) + (0.5 - 0.0)) / 2)


def test_the_default_cost_sensitivity_is_scaled_by_the_spread_of_costs():
    y = logged_feedback(["a", "b", "b"], [1, 1, 1], cost=[0.001, 0.004, 0.006])
    spread = cost_spread(read_feedback(y))
    assert spread == pytest.approx(0.004)
    assert Goal().start(spread) == 75.0
    assert sensitivities(spread, 75.0, (0.0, 0.1, 0.3)) == pytest.approx([0.0, 25.0, 75.0])
    assert sensitivities(spread, 60.0, (0.0, 0.1, 0.3)) == pytest.approx([0.0, 25.0, 60.0, 75.0])
    alike = logged_feedback(["a", "b"], [1, 1], cost=[0.009, 0.01])
    assert cost_spread(read_feedback(alike)) == 0.0
    assert cost_spread(read_feedback(full_feedback(np.ones((2, 2))))) == 0.0
    assert Goal().start(0.0) == 0.0
    assert sensitivities(0.0, 0.0, (0.0, 0.1)) == [0.0]
    assert sensitivities(0.0, 5.0, (0.0, 0.1)) == [0.0, 5.0]
