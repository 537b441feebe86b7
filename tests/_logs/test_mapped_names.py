"""Usual names of columns."""

import pytest

from skroute._logs._mapped_names import NAMES, places, plain, scalar_names


@pytest.mark.parametrize("field", NAMES)
def test_usual_names_are_plain_and_stand_once(field):
    names = NAMES[field]
    assert len(set(names)) == len(names)
    assert [plain(name) for name in names] == list(names)


@pytest.mark.parametrize("field", NAMES)
def test_the_likelier_of_two_names_is_taken_however_they_stand(field):
    for first, second in zip(NAMES[field], NAMES[field][1:], strict=False):
        assert places((second, first))[field] == first


def test_case_blanks_and_marks_do_not_matter():
    names = ("Model Name", "USER-QUERY", "Cost ($)", "Usage.Prompt_Tokens", "createdAt", "其他")
    assert places(names) == {
        "model": "Model Name",
        "query": "USER-QUERY",
        "cost": "Cost ($)",
        "input_tokens": "Usage.Prompt_Tokens",
        "time": "createdAt",
    }
    assert plain("其他") == "其他"


def test_names_of_what_objects_hold_are_dotted():
    record = {"a": 1, "b": {"c": {"d": {"e": 2, "f": {"too": "deep"}}}, "g": [{"h": 3}]}, 5: None}
    assert list(scalar_names(record)) == ["a", "b.c.d.e", "b.g", "5"]
