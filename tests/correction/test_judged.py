"""Correction of logs in which some answers were never judged."""

import warnings

import numpy as np
import pytest
from gold_labels import logged_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skroute import DRBiasCorrector
from skroute.correction import bias_summary, gold_learning_curve

PROBLEM = logged_problem(500, 3)
X, Y = PROBLEM.X, PROBLEM.y
UNJUDGED = np.random.default_rng(0).random(len(Y)) < 0.3


def unjudged(y, rows):
    y = y.copy()
    y["quality"][rows] = np.nan
    return y


FEWER = unjudged(Y, UNJUDGED)


def test_rows_that_were_not_judged_stay_so_and_keep_their_weight():
    corrector = DRBiasCorrector(random_state=0)
    for corrected in (corrector.fit_correct(X, FEWER), corrector.correct(X, FEWER)):
        assert_array_equal(np.isnan(corrected["quality"]), UNJUDGED)
        assert (corrected["weight"][UNJUDGED] == 1).all()
        gold = Y["gold"] & ~UNJUDGED
        assert_array_equal(corrected["quality"][gold], Y["quality"][gold])
        moved = ~Y["gold"] & ~UNJUDGED
        assert (corrected["quality"][moved] != Y["quality"][moved]).all()


@pytest.mark.parametrize(
    "options", [{}, {"outcome_model": Ridge(), "bias_model": Ridge()}], ids=["default", "ridge"]
)
def test_they_teach_as_much_as_rows_of_no_weight(options):
    fold = np.arange(len(Y)) % 3
    cv = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(3)]
    corrector = DRBiasCorrector(cv=cv, random_state=0, **options)
    weighted = np.empty(len(Y), [*Y.dtype.descr, ("weight", float)])
    for name in Y.dtype.names:
        weighted[name] = Y[name]
    weighted["weight"] = ~UNJUDGED
    one = corrector.fit_transform(X, FEWER), corrector.preference_weight_
    other = corrector.fit_transform(X, weighted), corrector.preference_weight_
    assert_allclose(one[0], other[0])
    assert one[1] == pytest.approx(other[1])


def test_without_any_quality_there_is_nothing_to_correct():
    with pytest.raises(ValueError, match="NaN in all 500 rows of positive weight"):
        DRBiasCorrector().fit(X, unjudged(Y, slice(None)))
    with pytest.warns(UserWarning, match="no gold rows"):
        DRBiasCorrector(random_state=0).fit(X, unjudged(Y, Y["gold"]))


def test_diagnostics_count_judged_rows_alone():
    summary = bias_summary(X, FEWER)
    for k, label in enumerate(summary.model):
        mine = (Y["model"] == label) & ~UNJUDGED
        assert summary.n_gold[k] == np.count_nonzero(mine & Y["gold"])
        assert summary.n_preference[k] == np.count_nonzero(mine & ~Y["gold"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        curve = gold_learning_curve(X, FEWER, n_gold=[40], n_repetitions=1, random_state=0)
    assert np.isfinite(curve.error).all()
    assert 0 < curve.error.max() < 1
