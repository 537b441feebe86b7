import numpy as np
import pandas as pd
import pytest
from feedback_tables import assert_same

from skroute import logged_feedback
from skroute.feedback import read_feedback, with_quality

COLUMNS = {
    "model": ["small", "large", "new", "small"],
    "quality": [0.1, np.nan, 0.4, 0.8],
    "weight": [1.0, 2.0, 3.0, 0.5],
    "gold": [True, True, False, False],
    "prior": [False, False, True, True],
}


def test_prior_rows_are_no_traffic():
    feedback = read_feedback(pd.DataFrame(COLUMNS))
    assert feedback.weight.tolist() == [1.0, 2.0, 0.0, 0.0]
    assert feedback.prior.tolist() == [0.0, 0.0, 3.0, 0.5]
    # What `gold` says of them means nothing: they are corrected apart from a judge's labels.
    assert feedback.gold.tolist() == [True, False, True, True]
    rest = dict(COLUMNS)
    y = logged_feedback(rest.pop("model"), rest.pop("quality"), **rest)
    assert_same(read_feedback(y), feedback)


def test_rows_and_weights_go_together():
    feedback = read_feedback(pd.DataFrame(COLUMNS))
    assert feedback.take(np.array([2, 0])).prior.tolist() == [3.0, 0.0]
    twice = feedback.reweighted(np.full(4, 2.0))
    assert (twice.weight.tolist(), twice.prior.tolist()) == ([2, 4, 0, 0], [0, 0, 6, 1])


@pytest.mark.parametrize("prior", [None, [False] * 4])
def test_traffic_alone_has_no_prior_rows(prior):
    columns = {name: COLUMNS[name] for name in ("weight", "gold")}
    y = logged_feedback(COLUMNS["model"], COLUMNS["quality"], prior=prior, **columns)
    feedback = read_feedback(y)
    assert feedback.prior is None
    assert feedback.weight.tolist() == COLUMNS["weight"]


def test_a_corrected_table_keeps_their_weights():
    frame = pd.DataFrame(COLUMNS)
    for y in (frame, frame.to_records(index=False)):
        written = with_quality(y, read_feedback(y))
        assert np.asarray(written["weight"]).tolist() == COLUMNS["weight"]
        assert np.asarray(written["prior"]).tolist() == COLUMNS["prior"]


def test_a_benchmark_alone_is_refused():
    with pytest.raises(ValueError, match="column 'prior' is True in all rows of positive weight"):
        read_feedback(pd.DataFrame(COLUMNS)[2:])
    y = pd.DataFrame(COLUMNS).assign(weight=[0.0, 0.0, 1.0, 1.0])
    with pytest.raises(ValueError, match="Add rows of traffic, with prior False"):
        read_feedback(y)


def test_a_prior_row_needs_a_quality():
    y = pd.DataFrame(COLUMNS).assign(prior=[False, True, True, False])
    with pytest.raises(ValueError, match="column 'quality', row 1: found nan; a row of a"):
        read_feedback(y)


def test_full_feedback_has_none():
    y = pd.DataFrame({"quality:a": [0.1], "quality:b": [0.2], "prior": [True]})
    with pytest.raises(ValueError, match="unknown column 'prior'"):
        read_feedback(y)
