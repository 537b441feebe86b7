"""Tables in which not every model was scored on every query."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from skroute import full_feedback, partly_scored
from skroute.feedback import UnscoredQueriesWarning, read_feedback

NAN = np.nan
QUALITY = np.array([[0.1, 0.2, 0.3], [NAN, 0.5, NAN], [0.7, NAN, 0.9]])
X = np.arange(6.0).reshape(3, 2)
ROW = [0, 0, 0, 1, 2, 2]


def test_one_row_per_score_and_a_query_counts_once():
    cost = np.where(np.isnan(QUALITY), NAN, 1.0 + QUALITY)
    scored = partly_scored(X, QUALITY, cost, models=["c", "b", "a"])
    assert scored.row.tolist() == ROW
    assert_array_equal(scored.X, X[ROW])
    assert scored.y["model"].tolist() == ["c", "b", "a", "b", "c", "a"]
    assert_array_equal(scored.y["quality"], [0.1, 0.2, 0.3, 0.5, 0.7, 0.9])
    assert_array_equal(scored.y["cost"], 1.0 + scored.y["quality"])
    assert scored.y["group"].tolist() == ROW
    assert_array_equal(scored.y["weight"], [1 / 3, 1 / 3, 1 / 3, 1, 1 / 2, 1 / 2])
    feedback = read_feedback(scored.y)
    assert feedback.judged.all()
    assert np.isnan(feedback.propensity).all()


def test_weights_are_divided_and_groups_of_queries_kept():
    y = partly_scored(X, QUALITY, weight=[3, 5, 0], group=["g", "h", "g"]).y
    assert_array_equal(y["weight"], [1, 1, 1, 5, 0, 0])
    assert y["group"].tolist() == ["g", "g", "g", "h", "g", "g"]
    assert "cost" not in y.dtype.names


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_models_and_missing_scores_of_a_dataframe(frame):
    quality = {"b": [0.5, None], "a": [0.25, 1.0]}
    y = partly_scored(X[:2], frame(quality), frame({"b": [2.0, None], "a": [1.0, 1.0]})).y
    assert y["model"].tolist() == ["b", "a", "a"]
    assert y["cost"].tolist() == [2.0, 1.0, 1.0]
    assert_array_equal(y["quality"], [0.5, 0.25, 1.0])


@pytest.mark.parametrize(
    ("queries", "read"),
    [
        (["p", "q", "r"], list),
        (np.array(["p", "q", "r"]), list),
        (pd.Series(["p", "q", "r"], index=[7, 7, 1]), list),
        (pd.DataFrame({"text": ["p", "q", "r"]}), lambda taken: taken["text"].tolist()),
        (pl.DataFrame({"text": ["p", "q", "r"]}), lambda taken: taken["text"].to_list()),
    ],
)
def test_queries_keep_their_form(queries, read):
    taken = partly_scored(queries, QUALITY).X
    assert type(taken) is type(queries)
    assert read(taken) == [list("pqr")[row] for row in ROW]


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.coo_matrix])
def test_sparse_queries(form):
    taken = partly_scored(form(X), QUALITY).X
    assert sparse.issparse(taken)
    assert_array_equal(taken.toarray(), X[ROW])


def test_float32_is_kept():
    assert partly_scored(X, QUALITY.astype(np.float32)).y["quality"].dtype == np.float32


def test_a_query_without_a_score_is_left_out_and_told():
    quality = np.vstack([[NAN, NAN, NAN], QUALITY, [NAN, NAN, NAN]])
    with pytest.warns(
        UnscoredQueriesWarning, match=r"2 of 5 queries.*the first is row 0"
    ) as caught:
        scored = partly_scored(np.arange(5)[:, None], quality)
    assert scored.row.tolist() == [row + 1 for row in ROW]
    warning = pickle.loads(pickle.dumps(caught[0].message))
    assert (warning.row.tolist(), warning.n_rows) == ([0, 4], 5)
    assert caught[0].filename == __file__


def test_all_scored_is_full_feedback_in_long_form():
    quality = np.where(np.isnan(QUALITY), 0.0, QUALITY)
    long, full = (read_feedback(y) for y in (partly_scored(X, quality).y, full_feedback(quality)))
    assert_array_equal(long.quality.reshape(full.quality.shape), full.quality)
    assert_array_equal(long.action, [0, 1, 2] * 3)


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="X has 2 rows and quality has 3"):
        partly_scored(X[:2], QUALITY)
    with pytest.raises(ValueError, match="no score at all"):
        partly_scored(X, np.full((3, 2), NAN))
    with pytest.raises(ValueError, match="column 'quality:model_1', row 0: found inf"):
        partly_scored(X, np.where(QUALITY == 0.2, np.inf, QUALITY))
    with pytest.raises(ValueError, match="column 'cost:model_1', row 1: found nan; a scored"):
        partly_scored(X, QUALITY, np.where(QUALITY == 0.5, NAN, 1.0))
    with pytest.raises(ValueError, match=r"'cost:model_2', row 2: found -1\.0"):
        partly_scored(X, QUALITY, np.where(QUALITY == 0.9, -1.0, 1.0))
    with pytest.raises(ValueError, match=r"columns differ in length: .*'weight': 2"):
        partly_scored(X, QUALITY, weight=[1, 1])
    with pytest.raises(ValueError, match=r"columns differ in length: .*'cost': 2"):
        partly_scored(X, QUALITY, np.ones((2, 3)))
    with pytest.raises(ValueError, match="too few to choose from"):
        partly_scored(X, np.ones((3, 1)))
