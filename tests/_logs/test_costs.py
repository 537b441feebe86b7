"""What answers cost, and what looks wrong about it. Prices are in dollars per token."""

import numpy as np
import pytest
from log_answers import gathered
from numpy.testing import assert_allclose, assert_array_equal

from skroute._logs._answer import Answer
from skroute._logs._costs import doubts_about_costs, fill_by_model, reprice
from skroute._logs._prices import read_prices

PRICES = {"small": (1e-6, 2e-6), "large": (1e-5, 3e-5)}


def repriced(answers, prices=PRICES, known=None):
    """Reprice a log whose models are known by the names `known`, their own where it is None."""
    log = gathered(answers)
    known = known or {}
    own = [known.get(name, name) for name in log.names]
    names = sorted(set(own))
    model = np.array([names.index(name) for name in own])[log.written]
    return reprice(log, model, names, read_prices(prices))


def test_prices_times_tokens():
    dollars, notes = repriced(
        [
            Answer("small", input_tokens=1000, output_tokens=500, cost=0.004),
            Answer("large", input_tokens=100, output_tokens=200, cost=0.007),
        ]
    )
    assert_allclose(dollars, [0.002, 0.007])
    assert notes == [
        "2 of 2 rows priced from their tokens by the prices given",
        "what models cost now, against the log: 'small' 0.5 times",
    ]


def test_rows_without_tokens_move_with_their_model():
    dollars, notes = repriced(
        [
            Answer("small", input_tokens=1000, output_tokens=0, cost=0.002),
            Answer("small", input_tokens=1000, output_tokens=1000, cost=0.004),
            Answer("small", cost=0.01),
            Answer("small", input_tokens=10),
            Answer("large", cost=0.3),
        ]
    )
    # The first two cost .006 then and .004 now.
    assert_allclose(dollars, [0.001, 0.003, 0.01 * 0.004 / 0.006, np.nan, 0.3])
    assert notes[:2] == [
        "2 of 5 rows priced from their tokens by the prices given",
        "2 rows of priced models without tokens: the logged cost, times what the model's other "
        "rows cost now over what they cost then",
    ]


def test_what_was_logged_as_free_says_nothing_of_what_prices_have_moved():
    free = Answer("small", input_tokens=1, output_tokens=1, cost=0)
    dollars, notes = repriced([free, Answer("small", cost=0), Answer("small", cost=0.2)])
    assert_allclose(dollars, [3e-6, np.nan, np.nan])
    paid = Answer("small", input_tokens=1, output_tokens=1, cost=3e-6)
    dollars, notes = repriced([free, paid, Answer("small", cost=0.2)])
    assert_allclose(dollars, [3e-6, 3e-6, 0.2])
    assert not any("cost now, against" in note for note in notes)


def test_models_without_a_price_keep_their_costs():
    dollars, notes = repriced(
        [Answer("other", input_tokens=10, output_tokens=10, cost=0.5), Answer("mine")]
    )
    assert_allclose(dollars, [0.5, np.nan])
    assert notes[1] == ("the prices given: no price of 'other'; logged costs are kept (1 row)")


def test_names_that_are_not_quite_those_of_the_list_are_noted():
    answers = [
        Answer(name, input_tokens=1, output_tokens=0) for name in ("x/small", "tiny", "large")
    ]
    dollars, notes = repriced(answers, known={"tiny": "small"})
    assert_allclose(dollars, [1e-6, 1e-6, 1e-5])
    assert (
        "priced by a name that is not quite theirs: 'x/small' as 'small', 'tiny' as 'small'"
        in notes
    )


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (100, "about 100 times"),
        (1e3, "about 1,000 times"),
        (1e6, "about 1,000,000 times"),
        (1e-3, "about 1 / 1,000 of"),
    ],
)
def test_costs_in_another_unit_are_noted(factor, words):
    answers = [
        Answer("small", input_tokens=n, output_tokens=n, cost=3e-6 * n * factor)
        for n in (10, 20, 90)
    ]
    _, notes = repriced(answers)
    told = [note for note in notes if "another unit" in note]
    assert len(told) == 1
    assert f"logged costs are {words} what tokens and prices imply" in told[0]
    assert not any("cost now" in note for note in notes)


def test_a_model_stands_in_for_its_rows():
    values, model = np.array([1.0, 3.0, np.nan, np.nan]), np.array([0, 0, 0, 1])
    filled, notes = fill_by_model(values, model, ["a", "b"], "cost")
    assert_array_equal(filled, [1, 3, 2, np.nan])
    assert notes == ["1 row without a cost: the mean of the model stands in"]
    assert fill_by_model(np.full(4, np.nan), model, ["a", "b"], "cost")[1] == []
    assert fill_by_model(np.ones(4), model, ["a", "b"], "cost")[1] == []


def doubts(dollars, tokens, model=None, names=("a", "b")):
    dollars, tokens = np.array(dollars, dtype=float), np.array(tokens, dtype=float)
    model = np.zeros(len(dollars), dtype=int) if model is None else np.array(model)
    return doubts_about_costs(dollars, tokens, model, names, 10 + np.arange(len(dollars)))


def test_usual_costs_raise_no_doubt():
    assert doubts([0.001, 0.002, np.nan], [500, 1000, 100]) == []
    assert doubts([0.001, 0.002], [np.nan, np.nan]) == []
    assert doubts([np.nan, np.nan], [10, 10]) == []


def test_costs_of_zero_are_noted_by_model():
    (note,) = doubts([0, 0, 0, 0.1, np.nan], [np.nan] * 5, [0, 0, 1, 1, 1])
    assert note.startswith("cost of 0: 2 of 2 rows of 'a', 1 of 2 rows of 'b'; a model of your own")


def test_dollars_per_token_that_nobody_asks_for_are_noted():
    (note,) = doubts([2.0, 3.0, 5.0], [1000, 1000, 1000])
    assert note.startswith("costs are 0.003 per token in the median, 3e+03 per million")
    (note,) = doubts([2e-9, 3e-9, 5e-9], [1000, 1000, 1000])
    assert note.startswith("costs are 3e-12 per token")


def test_answers_that_cost_as_much_as_nobody_asks_for_are_noted():
    (note,) = doubts([20, 30, 50], [np.nan] * 3)
    assert note.startswith("an answer costs 30 dollars in the median: costs seem to be in another")
    assert doubts([2, 3, 50], [np.nan] * 3) == []


def test_one_row_with_most_of_the_bill_is_noted():
    (note,) = doubts([0.001] * 9 + [0.02], [np.nan] * 10, [0] * 9 + [1])
    assert note == "one answer makes 69% of the bill: row 19, of 'b', cost 0.02 dollars"
    assert doubts([0.001] * 9 + [0.008], [np.nan] * 10) == []
