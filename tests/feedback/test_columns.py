"""The columns of y: what each accepts, and what the errors say."""

import re
from dataclasses import fields
from inspect import signature

import numpy as np
import pandas as pd
import polars as pl
import pytest
from feedback_tables import (
    MODELS,
    QUALITY,
    as_structured,
    logged_columns,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skroute import full_feedback, gain_feedback, logged_feedback
from skroute.feedback import ROW_COLUMNS, Feedback, as_matrix, read_feedback, row_column_names

finite = st.floats(-1e6, 1e6, width=32)
BAD_VALUES = [
    ("quality", np.inf, "(or NaN: the answer was never judged)"),
    ("quality", -np.inf, "finite number is needed"),
    ("quality", "good", "a number is needed"),
    ("cost", -0.01, "at least 0"),
    ("cost", np.nan, "finite number is needed"),
    ("cost", np.inf, "finite number is needed"),
    ("propensity", 0.0, "above 0, at most 1"),
    ("propensity", -0.5, "above 0, at most 1"),
    ("propensity", 1.0000001, "above 0, at most 1"),
    ("propensity", np.inf, "NaN: estimate it"),
    ("gold", 2, "True or False is needed"),
    ("gold", None, "True or False is needed"),
    ("gold", "yes", "True or False is needed"),
    ("preference", np.inf, "(or NaN: there is no such label)"),
    ("preference", "good", "a number is needed"),
    ("group", None, "name a group"),
    ("group", np.nan, "name a group"),
    ("weight", -1.0, "at least 0"),
    ("weight", np.nan, "finite number is needed"),
    ("model", None, "model's label, text or an integer, is needed"),
    ("model", np.nan, "model's label, text or an integer, is needed"),
    ("model", 3.5, "model's label, text or an integer, is needed"),
]


def test_float32_is_kept_and_other_numbers_become_float64():
    single = np.array(QUALITY, dtype=np.float32)
    logged = read_feedback(logged_feedback(MODELS, single, cost=single))
    assert (logged.quality.dtype, logged.cost.dtype) == (np.float32, np.float32)
    full = read_feedback(full_feedback(np.ones((2, 3), np.float32), np.ones((2, 3), np.float32)))
    assert (full.quality.dtype, full.cost.dtype) == (np.float32, np.float32)
    nullable = pd.DataFrame({"model": MODELS, "quality": pd.array(QUALITY, dtype="Float32")})
    assert read_feedback(nullable).quality.dtype == np.float32
    polars = pl.DataFrame({"quality:a": single, "quality:b": single})
    assert read_feedback(polars).quality.dtype == np.float32
    for dtype in (int, np.float16, bool, np.uint8):
        assert read_feedback(logged_feedback(MODELS, np.ones(4, dtype))).quality.dtype == np.float64


def test_quality_is_neither_clipped_nor_range_checked():
    values = [-3.0, 7.5, 1e30, -1e-300]
    assert_array_equal(read_feedback(logged_feedback(MODELS, values)).quality, values)


def test_numbers_written_as_text_are_numbers():
    assert_array_equal(
        read_feedback(logged_feedback(MODELS, ["0.5", "1", "0", "1e-3"])).quality[3], 1e-3
    )


def shown(value: object) -> str:
    return re.escape(repr(value))


@pytest.mark.parametrize(("column", "value", "remedy"), BAD_VALUES)
def test_a_bad_value_is_named_by_the_builder_and_by_the_reader(column, value, remedy):
    columns = logged_columns()
    columns[column] = [*columns[column][:2], value, columns[column][3]]
    # NumPy and pandas hold a missing number as NaN.
    found = "(None|nan)" if value is None else shown(value)
    message = rf"column '{column}', row 2: found {found}; .*{re.escape(remedy)}"
    with pytest.raises(ValueError, match=message):
        as_structured(columns)
    with pytest.raises(ValueError, match=message):
        read_feedback(pd.DataFrame(columns, dtype=object))


def test_the_number_of_bad_rows_is_told():
    with pytest.raises(ValueError, match=r"row 1: found inf; .*\(3 such rows\)"):
        logged_feedback(MODELS, [0.1, np.inf, np.inf, np.inf])


@pytest.mark.parametrize("column", ["model", "group", "gold", "cost"])
def test_missing_values_of_nullable_columns_are_named(column):
    frame = pd.DataFrame(logged_columns()).convert_dtypes()
    frame.loc[1, column] = pd.NA
    with pytest.raises(ValueError, match=f"column '{column}', row 1: found (<NA>|nan|None)"):
        read_feedback(frame)
    nulls = pl.DataFrame(logged_columns()).with_columns(
        pl.when(pl.int_range(pl.len()) == 1).then(None).otherwise(pl.col(column)).alias(column)
    )
    with pytest.raises(ValueError, match=f"column '{column}', row 1: found (nan|None)"):
        read_feedback(nulls)


@pytest.mark.parametrize("column", ["quality", "propensity", "preference"])
def test_a_missing_number_of_a_nullable_column_is_nan_where_that_means_something(column):
    columns = {"model": ["a", "b"], "quality": [0, 1], column: pd.array([0.5, None], "Float64")}
    assert_array_equal(getattr(read_feedback(pd.DataFrame(columns)), column), [0.5, np.nan])
    nulls = pl.DataFrame({**columns, column: [0.5, None]})
    assert_array_equal(getattr(read_feedback(nulls), column), [0.5, np.nan])


def test_weights_that_are_all_zero_are_refused():
    with pytest.raises(ValueError, match="column 'weight': all weights are 0"):
        logged_feedback(MODELS, QUALITY, weight=np.zeros(4))


def test_values_that_are_no_numbers_are_told():
    with pytest.raises(ValueError, match="'quality' holds complex numbers"):
        logged_feedback(MODELS, np.ones(4, complex))
    with pytest.raises(ValueError, match="'cost' holds dates or durations"):
        logged_feedback(MODELS, QUALITY, cost=np.ones(4, "m8[s]"))
    with pytest.raises(ValueError, match=r"'quality', row 1: found 1000.*; a number is needed"):
        logged_feedback(MODELS, [1, 10**400, 1, 1])
    with pytest.raises(ValueError, match="column 'quality' has masked values"):
        logged_feedback(MODELS, np.ma.array(QUALITY, mask=[0, 1, 0, 0]))
    with pytest.raises(ValueError, match=r"labels are text or integers\. Unknown label type"):
        read_feedback([0.5, 1.5, 2.5])
    with pytest.raises(ValueError, match="labels are text or integers, got datetime64"):
        logged_feedback(np.ones(4, "M8[D]"), QUALITY)


def test_a_long_value_is_shortened():
    with pytest.raises(ValueError, match=r"found 'x{30,36}\.\.\.; a number"):
        logged_feedback(MODELS, ["1", "x" * 500, "1", "1"])


@given(
    values=st.lists(st.one_of(finite, st.sampled_from([np.nan, np.inf, -np.inf])), min_size=1),
    minimum=st.sampled_from([None, 0.0]),
)
def test_a_column_is_accepted_if_and_only_if_every_value_is_allowed(values, minimum):
    column = np.array(values)
    bad = np.isinf(column) if minimum is None else ~np.isfinite(column) | (column < minimum)
    models = ["m"] * len(column)

    def build():
        if minimum is None:
            return logged_feedback(models, column)
        return logged_feedback(models, np.zeros(len(column)), cost=column)

    if bad.any():
        with pytest.raises(ValueError, match=f"row {np.flatnonzero(bad)[0]}: "):
            build()
    else:
        name = "quality" if minimum is None else "cost"
        assert_array_equal(build()[name], column)


def test_every_column_is_a_field_of_feedback_and_a_keyword_of_the_builders():
    own = {"classes", "action", "quality", "cost"}
    assert {field.name for field in fields(Feedback)} == own | {c.name for c in ROW_COLUMNS}
    for build, logged in ((logged_feedback, True), (full_feedback, False), (gain_feedback, False)):
        keywords = set(signature(build).parameters) - {"model", "models", "quality", "gain", "cost"}
        assert keywords == set(row_column_names(logged=logged))


# A prior row's weight stands in `prior`, so that both columns are read together.
READ_ALONE = [column for column in ROW_COLUMNS if column.name != "prior"]


@pytest.mark.parametrize("column", READ_ALONE, ids=lambda column: column.name)
def test_every_column_valuesto_a_builder_reaches_feedback(column):
    given = {column.name: logged_columns()[column.name]}
    tables = [logged_feedback(MODELS, QUALITY, **given)]
    if not column.only_logged:
        tables += [full_feedback(np.ones((4, 2)), **given), gain_feedback(QUALITY, **given)]
    whole = getattr(read_feedback(as_structured(logged_columns())), column.name)
    for table in tables:
        assert table.dtype.names[-1] == column.name
        assert_array_equal(getattr(read_feedback(table), column.name), whole)
        rows = np.array([2, 0])
        assert_array_equal(getattr(read_feedback(table).take(rows), column.name), whole[rows])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, int])
def test_a_matrix_is_a_copy_by_rows(dtype):
    values = np.asfortranarray(np.arange(6).reshape(3, 2), dtype=dtype)
    matrix = as_matrix("quality", values, MODELS[:2])
    assert_array_equal(matrix, values)
    assert matrix.dtype == (np.float64 if dtype is int else dtype)
    assert matrix.flags.c_contiguous
    assert not np.shares_memory(matrix, values)


def test_a_matrix_names_the_column_of_what_is_no_number():
    with pytest.raises(ValueError, match="column 'quality:b', row 1: found inf"):
        as_matrix("quality", [[0.0, 1.0], [0.5, np.inf]], ["a", "b"])
    with pytest.raises(ValueError, match="column 'cost:a', row 0: found -1"):
        as_matrix("cost", [[-1.0, 1.0]], ["a", "b"], minimum=0.0)
