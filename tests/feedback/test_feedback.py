"""The tables of feedback: what is accepted, what is kept, and what every error says."""

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold, train_test_split

from skroute import full_feedback, gain_feedback, logged_feedback
from skroute.feedback import Feedback, read_feedback

QUALITY = [0.1, 0.9, 0.4, 0.0]
COST = [0.01, 0.02, 0.0, 0.5]
MODELS = ["small", "large", "small", "medium"]


def logged_columns() -> dict:
    return {
        "model": MODELS,
        "quality": QUALITY,
        "cost": COST,
        "propensity": [0.5, 0.25, np.nan, 1.0],
        "gold": [True, False, True, True],
        "group": ["a", "b", "a", "c"],
        "weight": [1.0, 2.0, 0.0, 0.5],
    }


def full_columns() -> dict:
    return {
        "quality:b": [0.1, 0.2, 0.3],
        "quality:a": [0.4, 0.5, 0.6],
        "cost:a": [4.0, 5.0, 6.0],
        "cost:b": [1.0, 2.0, 3.0],
        "gold": [True, True, False],
        "group": [7, 7, 3],
        "weight": [1.0, 1.0, 2.0],
    }


def assert_same(left: Feedback, right: Feedback) -> None:
    for name in ("classes", "action", "quality", "cost", "propensity", "gold", "group", "weight"):
        one, other = getattr(left, name), getattr(right, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert_array_equal(one, other, err_msg=name)


# --- accepted forms -------------------------------------------------------------------------


def as_structured(columns):
    columns = dict(columns)
    return logged_feedback(columns.pop("model"), columns.pop("quality"), **columns)


def as_pandas_nullable(columns):
    return pd.DataFrame(columns).convert_dtypes()


def as_pandas_objects(columns):
    return pd.DataFrame(columns).astype(object)


def as_pandas_categories(columns):
    return pd.DataFrame(columns).astype({"model": "category", "group": "category"})


def as_pandas_arrow(columns):
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:  # absent, or built for another NumPy
        pytest.skip(str(error))
    return pd.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow")


def as_polars_categories(columns):
    return pl.DataFrame(columns).with_columns(pl.col("model").cast(pl.Categorical))


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
    assert feedback.group.tolist() == [0, 1, 0, 2]
    assert_array_equal(feedback.weight, [1.0, 2.0, 0.0, 0.5])
    assert (len(feedback), feedback.n_models) == (4, 3)


def full_structured(columns):
    return full_feedback(
        np.column_stack([columns["quality:b"], columns["quality:a"]]),
        np.column_stack([columns["cost:b"], columns["cost:a"]]),
        models=["b", "a"],
        gold=columns["gold"],
        group=columns["group"],
        weight=columns["weight"],
    )


@pytest.mark.parametrize(
    "make", [full_structured, pd.DataFrame, as_pandas_nullable, as_pandas_objects, pl.DataFrame]
)
def test_every_form_of_full_feedback_reads_the_same_and_is_ordered_by_name(make):
    feedback = read_feedback(make(full_columns()))
    assert not feedback.logged
    assert feedback.action is None
    assert feedback.propensity is None
    assert feedback.classes.tolist() == ["a", "b"]
    assert_array_equal(feedback.quality, [[0.4, 0.1], [0.5, 0.2], [0.6, 0.3]])
    assert_array_equal(feedback.cost, [[4.0, 1.0], [5.0, 2.0], [6.0, 3.0]])
    assert feedback.gold.tolist() == [True, True, False]
    assert feedback.group.tolist() == [1, 1, 0]
    assert_array_equal(feedback.weight, [1.0, 1.0, 2.0])


def test_absent_columns_have_their_defaults():
    logged = read_feedback(logged_feedback(MODELS, QUALITY))
    full = read_feedback(full_feedback(np.ones((4, 2))))
    for feedback in (logged, full):
        assert_array_equal(feedback.cost, np.zeros_like(feedback.quality))
        assert feedback.gold.all()
        assert feedback.group is None
        assert_array_equal(feedback.weight, np.ones(4))
    assert np.isnan(logged.propensity).all()


def test_the_builders_keep_only_what_was_given():
    assert logged_feedback(MODELS, QUALITY).dtype.names == ("model", "quality")
    assert full_feedback(np.ones((2, 2))).dtype.names == ("quality",)
    assert set(as_structured(logged_columns()).dtype.names) == set(logged_columns())


def test_labels_read_as_full_feedback():
    feedback = read_feedback(["cat", "dog", "cat"])
    assert feedback.classes.tolist() == ["cat", "dog"]
    assert_array_equal(feedback.quality, [[1, 0], [0, 1], [1, 0]])
    assert_array_equal(feedback.cost, np.zeros((3, 2)))
    for same in (
        np.array([["cat"], ["dog"], ["cat"]]),
        pd.Series(["cat", "dog", "cat"]),
        pl.Series(["cat", "dog", "cat"]),
    ):
        assert_same(read_feedback(same), feedback)


def test_paired_gains_are_full_feedback_against_zero():
    y = gain_feedback([0.5, -0.25], cost=[[1.0, 2.0], [3.0, 4.0]], gold=[True, False])
    feedback = read_feedback(y)
    assert feedback.classes.tolist() == ["alternative", "primary"]
    assert_array_equal(feedback.quality, [[0.0, 0.5], [0.0, -0.25]])
    assert_array_equal(feedback.cost, [[1.0, 2.0], [3.0, 4.0]])
    assert feedback.gold.tolist() == [True, False]
    named = read_feedback(gain_feedback([0.5], models=("zoo", "ape")))
    assert_array_equal(named.quality, [[0.5, 0.0]])


def test_models_of_a_dataframe_come_from_its_columns():
    quality = pd.DataFrame({"b": [1.0, 0.5], "a": [0.0, 0.25]})
    y = full_feedback(quality, quality)
    assert y.dtype["quality"].names == ("b", "a")
    assert_array_equal(read_feedback(y).quality, [[0.0, 1.0], [0.25, 0.5]])
    assert_array_equal(
        full_feedback(pl.DataFrame(quality.to_dict("list")))["quality"]["b"], [1, 0.5]
    )


def test_unnamed_models_are_numbered_so_that_they_sort():
    names = full_feedback(np.zeros((1, 11))).dtype["quality"].names
    assert list(names) == sorted(names)
    assert names[10] == "model_10"


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


# --- what is kept ---------------------------------------------------------------------------


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


def test_read_only_tables_read_and_stay_untouched():
    y = as_structured(logged_columns())
    before = y.tobytes()
    y.setflags(write=False)
    read_feedback(y)
    assert y.tobytes() == before
    matrix = np.ones((3, 2))
    matrix.setflags(write=False)
    assert_array_equal(read_feedback(full_feedback(matrix, matrix)).cost, matrix)


@pytest.mark.parametrize(
    ("labels", "classes", "kind"),
    [
        ([10, 9, 2, 10], [10, 2, 9], "i"),
        (["b", "a", "B", "a"], ["B", "a", "b"], "U"),
        ([True, False, True, False], [False, True], "b"),
        (np.array([3.0, 20.0, 3.0, 1.0]), [1.0, 20.0, 3.0], "f"),
        (["a", 1, "c", 1], [1, "a", "c"], "O"),
    ],
)
def test_labels_keep_their_type_and_are_sorted_by_their_string(labels, classes, kind):
    feedback = read_feedback(logged_feedback(labels, QUALITY))
    assert feedback.classes.tolist() == classes
    assert feedback.classes.dtype.kind == kind
    assert feedback.classes[feedback.action].tolist() == list(labels)


def test_integer_labels_in_object_columns_are_integers_again():
    for column in (pd.array([10, 9], dtype="Int64"), np.array([10, 9], dtype=object)):
        classes = read_feedback(pd.DataFrame({"model": column, "quality": [0.0, 1.0]})).classes
        assert classes.tolist() == [10, 9]
        assert classes.dtype.kind == "i"


def test_slices_read_like_the_rows_they_hold():
    y = as_structured(logged_columns())
    whole = read_feedback(y)
    rows = np.array([3, 0, 1])
    part = read_feedback(y[rows])
    assert_array_equal(part.quality, whole.quality[rows])
    assert_array_equal(part.classes[part.action], whole.classes[whole.action[rows]])
    assert_same(whole.take(np.ones(4, dtype=bool)), whole)
    taken = whole.take(rows)
    assert_array_equal(taken.quality, part.quality)
    assert_array_equal(taken.classes[taken.action], part.classes[part.action])


@pytest.mark.parametrize("make", [as_structured, pd.DataFrame, pl.DataFrame])
def test_scikit_learn_splits_the_table_by_rows(make):
    columns = {name: values * 5 for name, values in logged_columns().items()}
    y = make(columns)
    quality = np.array(columns["quality"])
    _, held = train_test_split(y, test_size=0.25, random_state=0)
    assert len(read_feedback(held)) == 5
    for _, rows in KFold(4, shuffle=True, random_state=0).split(y):
        part = y.iloc[rows] if hasattr(y, "iloc") else y[rows]
        assert_array_equal(read_feedback(part).quality, quality[rows])


# --- methods of the plain arrays ------------------------------------------------------------


def test_utility_is_affine_in_the_cost_sensitivity():
    feedback = read_feedback(full_structured(full_columns()))
    assert_array_equal(feedback.utility(0.5), feedback.quality - 0.5 * feedback.cost)
    assert read_feedback(logged_feedback(MODELS, QUALITY)).utility(9.0).tolist() == QUALITY


def test_reweighting_multiplies():
    feedback = read_feedback(as_structured(logged_columns()))
    assert feedback.reweighted(None) is feedback
    assert feedback.reweighted(np.array([2.0, 3, 4, 5])).weight.tolist() == [2.0, 6.0, 0.0, 2.5]


def test_alignment_of_a_log_marks_models_that_were_not_fitted():
    feedback = read_feedback(logged_feedback([3, 1, 2, 3], QUALITY))
    aligned = feedback.aligned(np.array(["2", "3", "4"]))
    assert aligned.action.tolist() == [1, -1, 0, 1]
    assert aligned.classes.tolist() == ["2", "3", "4"]
    # What was aligned may be aligned again: models that were unknown stay so.
    assert aligned.aligned(np.array(["3", "4"])).action.tolist() == [0, -1, -1, 0]


def test_alignment_of_full_feedback_reorders_by_name_and_drops_the_rest():
    feedback = read_feedback(full_feedback(np.arange(6.0).reshape(2, 3), models=["a", "b", "c"]))
    aligned = feedback.aligned(np.array(["c", "a"]))
    assert_array_equal(aligned.quality, [[2.0, 0.0], [5.0, 3.0]])
    with pytest.raises(
        ValueError, match=r"no column for the models \['z'\]; it has \['a', 'b', 'c'\]"
    ):
        feedback.aligned(np.array(["a", "z"]))


# --- errors: column, row, value, remedy -----------------------------------------------------

BAD_VALUES = [
    ("quality", np.nan, "finite number is needed"),
    ("quality", np.inf, "finite number is needed"),
    ("quality", -np.inf, "finite number is needed"),
    ("quality", None, "finite number is needed"),
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
    ("group", None, "name a group"),
    ("group", np.nan, "name a group"),
    ("weight", -1.0, "at least 0"),
    ("weight", np.nan, "finite number is needed"),
    ("model", None, "model's label, text or an integer, is needed"),
    ("model", np.nan, "model's label, text or an integer, is needed"),
    ("model", 3.5, "model's label, text or an integer, is needed"),
]


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
    with pytest.raises(ValueError, match=r"row 1: found nan; .*\(3 such rows\)"):
        logged_feedback(MODELS, [0.1, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("column", ["model", "group", "gold", "quality"])
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


def test_a_missing_nullable_propensity_is_to_be_estimated():
    frame = pd.DataFrame(
        {"model": ["a", "b"], "quality": [0, 1], "propensity": pd.array([0.5, None], "Float64")}
    )
    assert_array_equal(read_feedback(frame).propensity, [0.5, np.nan])


@pytest.mark.parametrize("part", ["quality", "cost"])
def test_full_feedback_names_the_model_and_the_row(part):
    matrices = {"quality": np.ones((3, 2)), "cost": np.ones((3, 2))}
    matrices[part][2, 1] = np.nan
    with pytest.raises(ValueError, match=f"column '{part}:b', row 2: found nan"):
        full_feedback(**matrices, models=["a", "b"])
    columns = full_columns()
    columns[f"{part}:a"][1] = np.inf
    for make in (pd.DataFrame, pl.DataFrame):
        with pytest.raises(ValueError, match=f"column '{part}:a', row 1: found inf"):
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
    with pytest.raises(ValueError, match=r"column 'cost' must hold a record with the models"):
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


def test_labels_of_two_types_that_read_the_same_are_refused():
    with pytest.raises(ValueError, match=r"models \['1'\] occur as labels of different types"):
        logged_feedback([1, "1", "2", "2"], QUALITY)


def test_one_model_is_too_few_to_choose_from():
    with pytest.raises(ValueError, match=r"models: \['only'\] is too few to choose from; give"):
        full_feedback(np.ones((3, 1)), models=["only"])
    with pytest.raises(ValueError, match=r"models: \['a'\] is too few"):
        read_feedback(pd.DataFrame({"quality:a": QUALITY}))
    with pytest.raises(ValueError, match=r"models: \[\] is too few"):
        full_feedback(np.ones((3, 0)))
    with pytest.raises(ValueError, match="number 1 has an empty name"):
        full_feedback(np.ones((3, 2)), models=["a", ""])
    with pytest.raises(ValueError, match=r"two names, \(alternative, primary\); got 3"):
        gain_feedback([0.5], models=("a", "b", "c"))


def test_a_slice_of_a_log_may_show_one_model():
    assert read_feedback(logged_feedback(["a", "a"], [0.5, 1.0])).n_models == 1


def test_lengths_that_differ_are_told():
    with pytest.raises(
        ValueError, match=r"differ in length: \{'model': 2, 'quality': 3\}. Give one"
    ):
        logged_feedback(["a", "b"], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"differ in length: \{'quality': 3, 'gold': 1\}"):
        full_feedback(np.ones((3, 2)), gold=[True])
    with pytest.raises(ValueError, match=r"differ in length: .*'cost': 2"):
        full_feedback(np.ones((3, 2)), np.ones((2, 2)))


def test_shapes_are_told():
    with pytest.raises(ValueError, match=r"'quality' must have one value a row, got .* \(2, 2\)"):
        logged_feedback(["a", "b"], np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"'model' must have one value a row, got .* \(2, 1\)"):
        logged_feedback(np.array([["a"], ["b"]]), [0.5, 0.5])
    with pytest.raises(ValueError, match=r"'model' must have one value a row, got .* \(\)"):
        logged_feedback("a", 0.5)
    with pytest.raises(
        ValueError, match=r"cost must have shape \(n, 2\), a column a model; got \(3, 3\)"
    ):
        full_feedback(np.ones((3, 2)), np.ones((3, 3)))
    with pytest.raises(ValueError, match=r"cost: its columns are \['b', 'a'\], but the models are"):
        full_feedback(pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"b": [1], "a": [2]}))
    with pytest.raises(ValueError, match=r"one record a row, got a table of shape \(2, 2\)"):
        read_feedback(as_structured(logged_columns()).reshape(2, 2))
    with pytest.raises(
        ValueError, match=r"got an array of shape \(3, 2\). For every model's outcome"
    ):
        read_feedback(np.ones((3, 2)))


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


def test_a_lazy_table_is_to_be_collected():
    with pytest.raises(ValueError, match=r"call its collect\(\) first"):
        read_feedback(pl.DataFrame(logged_columns()).lazy())


def test_codes_in_the_place_of_y_are_refused():
    for codes in (np.arange(40), np.random.default_rng(0).permutation(500), np.ones((9, 3), int)):
        with pytest.raises(ValueError, match="cross_val_predict"):
            read_feedback(codes)
    # A handful of distinct labels, and few of many, are labels.
    assert read_feedback(np.arange(29)).n_models == 29
    assert read_feedback(np.arange(400) % 300).n_models == 300


def test_a_long_value_is_shortened():
    with pytest.raises(ValueError, match=r"found 'x{30,36}\.\.\.; a number"):
        logged_feedback(MODELS, ["1", "x" * 500, "1", "1"])


# --- round trips ----------------------------------------------------------------------------

finite = st.floats(-1e6, 1e6, width=32)
names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8)
rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "B", "ç", "a/b:1"]),
        finite,
        st.floats(0, 1e6, width=32),
        st.one_of(st.just(float("nan")), st.floats(1e-6, 1.0)),
        st.booleans(),
        st.integers(-3, 3),
        st.floats(0.125, 100, width=32),
    ),
    min_size=1,
    max_size=20,
)


@given(rows=rows)
def test_a_log_reads_back_as_it_was_written(rows):
    model, quality, cost, propensity, gold, group, weight = map(list, zip(*rows, strict=True))
    columns = {
        "model": model,
        "quality": quality,
        "cost": cost,
        "propensity": propensity,
        "gold": gold,
        "group": group,
        "weight": weight,
    }
    feedback = read_feedback(as_structured(columns))
    assert feedback.classes[feedback.action].tolist() == model
    assert feedback.classes.tolist() == sorted(set(model))
    for name in ("quality", "cost", "propensity", "gold", "weight"):
        assert_array_equal(getattr(feedback, name), columns[name], err_msg=name)
    same_group = np.equal.outer(np.array(group), np.array(group))
    assert_array_equal(np.equal.outer(feedback.group, feedback.group), same_group)
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns)):
        assert_same(read_feedback(frame), feedback)


@given(
    data=st.data(), models=st.lists(names, min_size=2, max_size=5, unique=True), n=st.integers(1, 5)
)
def test_full_feedback_reads_back_in_the_order_of_names(data, models, n):
    values = st.lists(finite, min_size=len(models), max_size=len(models))
    quality = np.array(data.draw(st.lists(values, min_size=n, max_size=n)))
    cost = np.abs(quality[::-1])
    feedback = read_feedback(full_feedback(quality, cost, models=models))
    order = sorted(range(len(models)), key=models.__getitem__)
    assert feedback.classes.tolist() == [models[k] for k in order]
    assert_array_equal(feedback.quality, quality[:, order])
    assert_array_equal(feedback.cost, cost[:, order])
    frame = {f"quality:{name}": quality[:, k] for k, name in enumerate(models)}
    frame |= {f"cost:{name}": cost[:, k] for k, name in enumerate(models)}
    for table in (pd.DataFrame(frame), pl.DataFrame(frame)):
        assert_same(read_feedback(table), feedback)


@given(
    values=st.lists(st.one_of(finite, st.sampled_from([np.nan, np.inf, -np.inf])), min_size=1),
    minimum=st.sampled_from([None, 0.0]),
)
def test_a_column_is_accepted_if_and_only_if_every_value_is_allowed(values, minimum):
    column = np.array(values)
    bad = ~np.isfinite(column) | (column < (-np.inf if minimum is None else minimum))
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
