import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array

from skroute._utils import TextSVD, as_texts


@pytest.mark.parametrize(
    "texts",
    [
        ["one", ""],
        ("one", None),
        np.array(["one", ""]),
        np.array([["one"], [np.nan]], dtype=object),
        pd.Series(["one", None], index=[7, 3]),
        pd.Series(["one", pd.NA], dtype="string"),
        pd.DataFrame({"query": ["one", ""]}),
        pl.Series(["one", None]),
        pl.DataFrame({"query": ["one", ""]}),
    ],
)
def test_texts_of_any_kind(texts):
    read = as_texts(texts)
    assert read.dtype == object
    assert read.tolist() == ["one", ""]


def test_the_given_array_stays_as_it_is():
    texts = np.array(["one", None], dtype=object)
    as_texts(texts)
    assert texts[1] is None


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["one", 2], r"column 'text', row 1: found 2; a text is needed, or None"),
        ([b"one"], r"row 0: found b'one'"),
        (["one", ["two"]], r"row 1: found \['two'\]"),
        ("one", "a list or column of texts is needed, one a query; got one text"),
        ([["one", "two"]], r"got an array of shape \(1, 2\)"),
    ],
)
def test_what_is_no_text_is_named(texts, message):
    with pytest.raises(ValueError, match=message):
        as_texts(texts)


def test_a_factorization_of_rows_that_are_all_the_same():
    reduced = TextSVD(3, random_state=0).fit_transform(csr_array(np.tile([3.0, 4.0, 0, 0], (9, 1))))
    np.testing.assert_allclose(np.linalg.norm(reduced, axis=1), 5.0)
