"""Tables of feedback in every form that is accepted, which several tests read."""

from dataclasses import fields

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from skroute import full_feedback, logged_feedback
from skroute.feedback import Feedback, row_column_names

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
        "preference": [0.3, np.nan, np.nan, -0.5],
        "group": ["a", "b", "a", "c"],
        "weight": [1.0, 2.0, 0.0, 0.5],
        "time": [1.5e9, 0.5, -3.0, 1.5e9],
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
        "time": [3.0, 1.5, 2.0],
    }


def assert_same(left: Feedback, right: Feedback) -> None:
    for name in (field.name for field in fields(Feedback)):
        one, other = getattr(left, name), getattr(right, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert_array_equal(one, other, err_msg=name)


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


def full_structured(columns):
    return full_feedback(
        np.column_stack([columns["quality:b"], columns["quality:a"]]),
        np.column_stack([columns["cost:b"], columns["cost:a"]]),
        models=["b", "a"],
        **{name: columns[name] for name in row_column_names(logged=False)},
    )
