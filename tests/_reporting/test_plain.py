"""The facts of the page as plain Python."""

import json

import numpy as np
import pytest

from skroute import logged_feedback, report


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


@pytest.mark.parametrize("kind", ["logged", "full", "hostile"])
def test_it_is_json(request, kind):
    page = request.getfixturevalue(kind)
    facts = page.to_dict()
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert {type(leaf) for leaf in leaves(facts)} <= {str, bool, int, float, type(None)}
    assert facts["verdict"] == page.verdict
    assert tuple(facts["reasons"]) == page.reasons
    assert tuple(facts["notes"]) == page.notes
    assert list(facts["policies"]) == list(page.values)
    for name, value in page.values.items():
        assert facts["policies"][name]["utility"]["value"] == value.value
        assert facts["policies"][name]["dollars_per_query"] == value.mean_cost


def test_what_is_changed_in_it_stays_outside(logged):
    logged.to_dict()["notes"].append("mine")
    assert "mine" not in logged.to_dict()["notes"]


def test_calls_and_coverage(logged, router, held_out):
    facts = logged.to_dict()
    choice = router.predict(held_out.X)
    for calls, rows in zip(facts["calls"], facts["coverage"], strict=True):
        model = calls["model"]
        assert calls["router"] == np.count_nonzero(choice == model)
        assert calls["before"] == rows["rows"] == np.count_nonzero(held_out.y["model"] == model)
        assert rows["gold_rows"] == rows["rows"]


def test_gold_rows_and_models_hardly_tried(router, held_out):
    """They are on the page, and so are the judge and the seconds in the dictionary."""
    y = held_out.y
    gold = (np.arange(600) % 4 == 0) & (y["model"] != "model_2")
    columns = {name: y[name] for name in ("quality", "cost", "propensity")}
    few = np.flatnonzero((y["model"] != "model_1") | (np.cumsum(y["model"] == "model_1") <= 12))
    log = logged_feedback(y["model"], **columns, gold=gold)[few]
    page = report(router, held_out.X[few], log, latency=np.ones(len(few)))
    facts = page.to_dict()
    count = {each["model"]: each["gold_rows"] for each in facts["coverage"]}
    assert count["model_2"] == 0
    assert count["model_0"] == np.count_nonzero(gold[few] & (log["model"] == "model_0"))
    assert "gold rows" in page.html
    assert "Hardly tried: model_1, with fewer than 30 effective rows" in page.html
    assert facts["latency"]["CausalRouter"]["seconds"]["value"] == pytest.approx(1.0)
    assert [each["model"] for each in facts["judge"]["bias"]] == list(held_out.models)
