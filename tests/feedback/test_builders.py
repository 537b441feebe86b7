"""The builders: what they keep, what they refuse, and that it reads back as it was written."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from feedback_tables import MODELS, QUALITY, as_structured, assert_same, logged_columns
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skroute import full_feedback, gain_feedback, logged_feedback
from skroute.feedback import read_feedback

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


def test_the_builders_keep_only_what_was_given():
    assert logged_feedback(MODELS, QUALITY).dtype.names == ("model", "quality")
    assert full_feedback(np.ones((2, 2))).dtype.names == ("quality",)
    assert set(as_structured(logged_columns()).dtype.names) == set(logged_columns())


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
