from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from skroute.feedback import full_feedback, logged_feedback, read_feedback, with_quality


def moved(y):
    """Return the table as read, with preference qualities one higher and half the weight."""
    feedback = read_feedback(y)
    gold = feedback.gold if feedback.logged else feedback.gold[:, None]
    return replace(
        feedback,
        quality=feedback.quality + ~gold,
        weight=np.where(feedback.gold, 1.0, 0.5),
    )


@pytest.mark.parametrize("form", [lambda table: table, pl.from_pandas], ids=["pandas", "polars"])
def test_frames_of_a_log(form):
    y = form(pd.DataFrame({"model": ["a", "b"], "quality": [0, 1], "gold": [True, False]}))
    written = with_quality(y, moved(y))
    assert type(written) is type(y)
    assert written["quality"].to_list() == [0.0, 2.0]
    assert written["weight"].to_list() == [1.0, 0.5]
    assert written["model"].to_list() == ["a", "b"]
    assert "weight" not in y.columns


def test_frames_of_full_feedback():
    y = pd.DataFrame({"quality:b": [0.1, 0.2], "quality:a": [0.3, 0.4], "gold": [True, False]})
    written = with_quality(y, moved(y))
    assert written["quality:b"].tolist() == [0.1, 1.2]
    assert written["quality:a"].tolist() == [0.3, 1.4]


def test_records():
    logged = logged_feedback(["a", "b"], [0.1, 0.2], gold=[True, False], time=[1.0, 2.0])
    written = with_quality(logged, moved(logged))
    assert written["quality"].tolist() == [0.1, 1.2]
    assert_array_equal(written["time"], logged["time"])
    full = full_feedback([[0, 1], [1, 0]], models=["b", "a"], gold=[True, False])
    written = with_quality(full, moved(full))
    assert written["quality"].dtype.names == ("b", "a")
    assert written["quality"]["b"].tolist() == [0.0, 2.0]
    assert written["weight"].tolist() == [1.0, 0.5]


def test_what_was_read_and_class_labels():
    feedback = moved(logged_feedback(["a"], [0.1]))
    assert with_quality(feedback, feedback) is feedback
    labels = np.array(["a", "b"])
    assert_array_equal(with_quality(labels, read_feedback(labels)), labels)
