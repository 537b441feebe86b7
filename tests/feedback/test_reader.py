"""The reader: every accepted form reads the same."""

from dataclasses import fields

import numpy as np
import pandas as pd
import polars as pl
import pytest
from feedback_tables import (
    COST,
    MODELS,
    QUALITY,
    as_pandas_arrow,
    as_pandas_categories,
    as_pandas_nullable,
    as_pandas_objects,
    as_polars_categories,
    as_structured,
    assert_same,
    full_columns,
    full_structured,
    logged_columns,
)
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold, train_test_split

from skroute import full_feedback, gain_feedback, logged_feedback
from skroute.feedback import Feedback, read_feedback, row_columns


@pytest.mark.parametrize(
    "make",
    [
        as_structured,
        pd.DataFrame,
        as_pandas_nullable,
        as_pandas_objects,
        as_pandas_categories,
        as_pandas_arrow,
        pl.DataFrame,
        as_polars_categories,
    ],
)
def test_every_form_of_logged_feedback_reads_the_same(make):
    feedback = read_feedback(make(logged_columns()))
    assert feedback.logged
    assert feedback.classes.tolist() == ["large", "medium", "small"]
    assert feedback.action.tolist() == [2, 0, 2, 1]
    assert_array_equal(feedback.quality, QUALITY)
    assert_array_equal(feedback.cost, COST)
    assert_array_equal(feedback.propensity, [0.5, 0.25, np.nan, 1.0])
    assert feedback.gold.tolist() == [True, False, True, True]
    assert_array_equal(feedback.preference, [0.3, np.nan, np.nan, -0.5])
    assert feedback.group.tolist() == [0, 1, 0, 2]
    assert_array_equal(feedback.weight, [1.0, 2.0, 0.0, 0.5])
    assert_array_equal(feedback.time, [1.5e9, 0.5, -3.0, 1.5e9])
    assert (len(feedback), feedback.n_models) == (4, 3)


@pytest.mark.parametrize(
    "make", [full_structured, pd.DataFrame, as_pandas_nullable, as_pandas_objects, pl.DataFrame]
)
def test_every_form_of_full_feedback_reads_the_same_and_is_ordered_by_name(make):
    feedback = read_feedback(make(full_columns()))
    assert not feedback.logged
    assert feedback.action is None
    assert feedback.propensity is None
    assert feedback.preference is None
    assert feedback.classes.tolist() == ["a", "b"]
    assert_array_equal(feedback.quality, [[0.4, 0.1], [0.5, 0.2], [0.6, 0.3]])
    assert_array_equal(feedback.cost, [[4.0, 1.0], [5.0, 2.0], [6.0, 3.0]])
    assert feedback.gold.tolist() == [True, True, False]
    assert feedback.group.tolist() == [1, 1, 0]
    assert_array_equal(feedback.weight, [1.0, 1.0, 2.0])
    assert_array_equal(feedback.time, [3.0, 1.5, 2.0])


def test_absent_columns_have_their_defaults():
    logged = read_feedback(logged_feedback(MODELS, QUALITY))
    full = read_feedback(full_feedback(np.ones((4, 2))))
    for feedback in (logged, full):
        assert_array_equal(feedback.cost, np.zeros_like(feedback.quality))
        assert feedback.gold.all()
        assert feedback.group is None
        assert feedback.time is None
        assert_array_equal(feedback.weight, np.ones(4))
    assert np.isnan(logged.propensity).all()
    assert np.isnan(logged.preference).all()


def test_records_in_another_order_are_matched_by_name():
    y = np.empty(2, [("cost", [("a", float), ("b", float)]), ("quality", [("b", int), ("a", int)])])
    y["quality"]["a"], y["quality"]["b"] = [1, 2], [3, 4]
    y["cost"]["a"], y["cost"]["b"] = [5, 6], [7, 8]
    feedback = read_feedback(y)
    assert_array_equal(feedback.quality, [[1.0, 3.0], [2.0, 4.0]])
    assert_array_equal(feedback.cost, [[5.0, 7.0], [6.0, 8.0]])


def test_model_names_may_hold_colons_slashes_and_accents():
    frame = pd.DataFrame({"quality:a:b/ç": [0.5], "quality:cost:x": [0.7]})
    assert read_feedback(frame).classes.tolist() == ["a:b/ç", "cost:x"]


def test_record_arrays_and_strided_slices_read():
    y = as_structured(logged_columns())
    assert_same(read_feedback(y.view(np.recarray)), read_feedback(y))
    assert_array_equal(read_feedback(y[::-2]).quality, QUALITY[::-2])


def test_read_only_tables_read_and_stay_untouched():
    y = as_structured(logged_columns())
    before = y.tobytes()
    y.setflags(write=False)
    read_feedback(y)
    assert y.tobytes() == before
    matrix = np.ones((3, 2))
    matrix.setflags(write=False)
    assert_array_equal(read_feedback(full_feedback(matrix, matrix)).cost, matrix)


def test_slices_read_like_the_rows_they_hold():
    y = as_structured(logged_columns())
    whole = read_feedback(y)
    rows = np.array([3, 0, 1])
    part = read_feedback(y[rows])
    assert_array_equal(part.quality, whole.quality[rows])
    assert_array_equal(part.classes[part.action], whole.classes[whole.action[rows]])
    assert_same(whole.take(np.ones(4, dtype=bool)), whole)
    taken = whole.take(rows)
    assert_array_equal(taken.classes[taken.action], part.classes[part.action])
    # Codes of models and groups count what the whole table holds.
    for name in {field.name for field in fields(Feedback)} - {"classes", "action", "group"}:
        assert_array_equal(getattr(taken, name), getattr(part, name), err_msg=name)
    assert_array_equal(taken.group, whole.group[rows])


@pytest.mark.parametrize("make", [as_structured, pd.DataFrame, pl.DataFrame])
def test_scikit_learn_splits_the_table_by_rows(make):
    columns = {name: values * 5 for name, values in logged_columns().items()}
    y = make(columns)
    quality = np.array(columns["quality"])
    _, held = train_test_split(y, test_size=0.25, random_state=0)
    assert len(read_feedback(held)) == 5
    for _, rows in KFold(4, shuffle=True, random_state=0).split(y):
        part = read_feedback(y.iloc[rows] if hasattr(y, "iloc") else y[rows])
        assert_array_equal(part.quality, quality[rows])
        assert_array_equal(part.time, np.array(columns["time"])[rows])


def test_what_was_read_is_read_as_it_is():
    for table in (as_structured(logged_columns()), full_structured(full_columns()), ["a", "b"]):
        feedback = read_feedback(table)
        assert read_feedback(feedback) is feedback


def test_columns_in_common_of_logged_and_full_feedback_stand_as_they_are():
    columns = full_columns()
    names = ["gold", "group", "weight", "time"]
    for table in (full_structured(columns), pd.DataFrame(columns), pl.DataFrame(columns)):
        found = row_columns(table)
        assert list(found) == names
        assert all(list(found[name]) == columns[name] for name in names)
    assert row_columns(["a", "b"]) == row_columns(full_feedback(np.ones((2, 2)))) == {}
    feedback = read_feedback(full_structured(columns))
    assert row_columns(feedback)["time"] is feedback.time


@pytest.mark.parametrize("part", ["quality", "cost"])
def test_full_feedback_names_the_model_and_the_row(part):
    matrices = {"quality": np.ones((3, 2)), "cost": np.ones((3, 2))}
    matrices[part][2, 1] = np.nan
    with pytest.raises(ValueError, match=f"column '{part}:b', row 2: found nan"):
        full_feedback(**matrices, models=["a", "b"])
    columns = full_columns()
    columns[f"{part}:a"][1] = np.inf
    for make in (pd.DataFrame, pl.DataFrame):
        message = f"column '{part}:a', row 1: found inf; .*partly_scored"
        with pytest.raises(ValueError, match=message):
            read_feedback(make(columns))
    y = full_structured(full_columns())
    y[part]["b"][0] = -np.inf
    with pytest.raises(ValueError, match=f"column '{part}:b', row 0: found -inf"):
        read_feedback(y)


def test_a_negative_cost_in_full_feedback_is_refused_in_every_form():
    columns = full_columns()
    columns["cost:b"][1] = -2.0
    for make in (full_structured, pd.DataFrame, pl.DataFrame):
        with pytest.raises(ValueError, match=r"column 'cost:b', row 1: found -2.0; .*at least 0"):
            read_feedback(make(columns))


def test_missing_and_unknown_columns_are_named():
    with pytest.raises(ValueError, match=r"lacks the column 'model'; it has \['quality'\]"):
        read_feedback(pd.DataFrame({"quality": QUALITY}))
    with pytest.raises(ValueError, match="lacks the column 'quality'"):
        read_feedback(pl.DataFrame({"model": MODELS}))
    with pytest.raises(ValueError, match=r"unknown column 'price'; known are \['model', .*Rename"):
        read_feedback(pd.DataFrame({**logged_columns(), "price": COST}))
    with pytest.raises(ValueError, match="unknown column 'model'"):
        read_feedback(pd.DataFrame({**full_columns(), "model": ["a", "b", "a"]}))
    y = np.zeros(2, [("quality", [("a", float), ("b", float)]), ("propensity", float)])
    with pytest.raises(ValueError, match="unknown column 'propensity'"):
        read_feedback(y)


def test_a_cost_for_some_models_only_is_refused():
    columns = full_columns()
    del columns["cost:b"]
    with pytest.raises(ValueError, match=r"both or neither .* for models \['b'\]"):
        read_feedback(pd.DataFrame(columns))
    y = np.zeros(2, [("quality", [("a", float), ("b", float)]), ("cost", [("a", float)])])
    with pytest.raises(ValueError, match=r"both or neither .* for models \['b'\]"):
        read_feedback(y)
    y = np.zeros(2, [("quality", [("a", float), ("b", float)]), ("cost", float)])
    with pytest.raises(ValueError, match=r"column 'cost' must hold a record with a field a model"):
        read_feedback(y)


def test_columns_that_occur_twice_are_refused():
    frame = pd.DataFrame([["a", 0.5, 0.5]], columns=["model", "quality", "quality"])
    with pytest.raises(
        ValueError, match=r"columns of y must be distinct; \['quality'\] occur twice"
    ):
        read_feedback(frame)
    with pytest.raises(ValueError, match=r"models must be distinct; \['a'\] occur twice"):
        full_feedback(np.ones((2, 2)), models=["a", "a"])
    with pytest.raises(ValueError, match=r"models must be distinct; \['1'\] occur twice"):
        full_feedback(np.ones((2, 2)), models=np.array([1, "1"], dtype=object))
    with pytest.raises(ValueError, match=r"models must be distinct"):
        gain_feedback([0.5], models=("a", "a"))


def test_a_slice_of_a_log_may_show_one_model():
    assert read_feedback(logged_feedback(["a", "a"], [0.5, 1.0])).n_models == 1


def test_empty_tables_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        logged_feedback([], [])
    with pytest.raises(ValueError, match="no rows"):
        full_feedback(np.ones((0, 2)))
    with pytest.raises(ValueError, match="no rows"):
        read_feedback(pd.DataFrame(full_columns()).iloc[:0])
    with pytest.raises(ValueError, match="no rows"):
        read_feedback([])
    with pytest.raises(ValueError, match="requires y to be passed"):
        read_feedback(None)


def test_a_lazy_table_is_to_be_collected():
    with pytest.raises(ValueError, match=r"call its collect\(\) first"):
        read_feedback(pl.DataFrame(logged_columns()).lazy())
