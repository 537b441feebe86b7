"""What the page says of labels of a judge."""

import numpy as np
import pytest
from report_pages import Page, table_of

from skroute import full_feedback, logged_feedback, report
from skroute.correction import bias_summary

CAPTION = "Bias of the judge"


def judged_log(drawn, gold, model=None, group=None):
    """The log with labels that are .3 too high where they are not gold."""
    columns = {name: drawn.y[name] for name in ("cost", "propensity")}
    quality = np.where(gold, drawn.y["quality"], drawn.y["quality"] + 0.3)
    model = drawn.y["model"] if model is None else model
    return logged_feedback(model, quality, gold=gold, group=group, **columns)


def test_table_and_sentence_are_those_of_the_summary(router, held_out):
    y = judged_log(held_out, np.arange(600) % 4 == 0)
    page = report(router, held_out.X, y, confidence=0.9)
    Page(page.html)
    summary, cells = bias_summary(held_out.X, y, confidence=0.9), table_of(page, CAPTION)
    assert cells["model"][1] == "90% interval"
    for k, model in enumerate(summary.model):
        n_gold = np.sum(y["gold"] & (y["model"] == model))
        ends = f"{summary.low[k]:+.3f} to {summary.high[k]:+.3f}"
        n_judged = np.sum(y["model"] == model)
        assert cells[model] == [
            f"{summary.bias[k]:+.3f}",
            ends,
            f"{n_gold}",
            f"{n_judged - n_gold}",
        ]
        assert summary.low[k] < -0.3 < summary.high[k]
    words = f"About {summary.enough_gold} gold labels would tell the mean bias"
    assert words in page.html
    assert "these rows have 150." in page.html


def test_nothing_to_say(logged, full, router, held_out):
    for page in (logged, full):
        assert CAPTION not in page.html
    unjudged = held_out.y["quality"].copy()
    unjudged[::2] = np.nan
    columns = {name: held_out.y[name] for name in ("model", "cost", "propensity")}
    # The other rows have no label of anybody.
    y = logged_feedback(quality=unjudged, gold=~np.isnan(unjudged), **columns)
    assert CAPTION not in report(router, held_out.X, y).html


@pytest.mark.parametrize("newcomer", [False, True])
def test_a_model_without_gold_has_no_interval(router, held_out, newcomer):
    model = held_out.y["model"].copy()
    if newcomer:
        # A model that the router does not know has no row of the table.
        model[:60] = "newcomer"
    gold = (np.arange(600) % 3 == 0) & (model != "model_1")
    cells = table_of(report(router, held_out.X, judged_log(held_out, gold, model)), CAPTION)
    assert list(cells) == ["model", "model_0", "model_1", "model_2"]
    assert cells["model_1"][1:3] == ["n/a", "0"]
    assert cells["model_0"][1] != "unknown"


def test_full_feedback(router, held_out):
    quality = np.column_stack([held_out.y_full["quality"][m] for m in held_out.models])
    gold = np.arange(600) % 4 == 0
    quality[~gold, 1] += 0.3
    y = full_feedback(quality, 0.001 + 0 * quality, models=held_out.models, gold=gold)
    page = report(router, held_out.X, y)
    cells = table_of(page, CAPTION)
    assert all(row[2:] == ["150", "450"] for head, row in cells.items() if head != "model")
    assert float(cells["model_1"][0]) == pytest.approx(-0.3, abs=0.05)
    assert "over all queries" in page.html
