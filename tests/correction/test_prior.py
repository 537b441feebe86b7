import pickle
import warnings

import numpy as np
import pytest
from prior_logs import LOG, MORE, NEW, PROBLEM, TRAFFIC, seen, with_benchmark
from scipy.special import expit, logit

from skroute import DRBiasCorrector, logged_feedback
from skroute.correction import PriorModelsWarning, weigh_prior
from skroute.feedback import read_feedback

TRUE = MORE.expected_quality
NEW_AT = PROBLEM.models.tolist().index(NEW)


def weighed(quality, **options):
    """Return the weighed table, its mean quality and rows of the new model, and the warning."""
    X, y = with_benchmark(quality, **options)
    with pytest.warns(PriorModelsWarning) as caught:
        table = weigh_prior(X, read_feedback(y))
    mine = y["model"] == NEW
    mean = np.average(table.quality[mine], weights=table.weight[mine])
    return table, mean, table.weight[mine].sum(), caught[0].message


def test_a_benchmark_that_is_right_counts_and_stays():
    table, mean, rows, message = weighed(seen(TRUE))
    assert abs(mean - TRUE[:, NEW_AT].mean()) < 0.06
    assert rows > 8
    assert message.models == {NEW: pytest.approx(rows)}
    assert message.told_by == ("model_0", "model_2", "model_3")
    # Traffic is left as it is.
    assert table.quality[: len(LOG)].tolist() == LOG["quality"].tolist()
    assert (table.weight[: len(LOG)] == 1).all()


@pytest.mark.parametrize("shift", [-0.3, 0.3])
def test_what_is_wrong_of_all_models_is_taken_off(shift):
    _, mean, _, _ = weighed(seen(TRUE) + shift)
    assert abs(mean - TRUE[:, NEW_AT].mean()) < 0.1


def test_the_worse_it_predicts_the_less_it_counts():
    errors = np.array([-2.0, 0.0, 1.0, 2.5])
    counted = [weighed(seen(expit(logit(TRUE) + size * errors)))[2] for size in (0.0, 1.0)]
    shuffled = TRUE[np.random.default_rng(0).permutation(200)][:, [3, 2, 0, 1]]
    counted.append(weighed(seen(shuffled))[2])
    assert counted[0] > 2 * counted[1] > 0
    assert counted[0] > 3 * counted[2] > 0


def test_a_benchmark_that_nothing_tells_of_counts_for_one_row():
    _, _, rows, message = weighed(np.full(TRUE.shape, 0.9), models=[NEW])
    assert rows == pytest.approx(1.0)
    assert message.told_by == ()
    assert message.models == {NEW: 1.0}
    assert "nothing tells how well it predicts" in str(message)
    again = pickle.loads(pickle.dumps(message))
    assert (str(again), again.models, again.told_by) == (str(message), {NEW: 1.0}, ())


def test_integer_weights_equal_repetition():
    X, y = with_benchmark(seen(TRUE), weight=np.full(len(LOG) + 1, 2.0))
    once = with_benchmark(seen(TRUE))
    counted = []
    for queries, table in ((X, y), (np.tile(once[0], (2, 1)), np.tile(once[1], 2))):
        with pytest.warns(PriorModelsWarning) as caught:
            weigh_prior(queries, read_feedback(table))
        counted.append(caught[0].message.models[NEW])
    assert counted[0] == pytest.approx(counted[1])


def test_silent_without_a_new_model_and_nothing_done_without_prior_rows():
    feedback = read_feedback(LOG)
    assert weigh_prior(PROBLEM.X[TRAFFIC], feedback) is feedback
    X, y = with_benchmark(seen(TRUE), models=["model_2", "model_3"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = weigh_prior(X, read_feedback(y))
    assert 0 < table.weight[len(LOG) :].min() <= table.weight[len(LOG) :].max() <= 1


def test_a_judge_is_corrected_by_traffic_alone():
    X, y = with_benchmark(seen(TRUE))
    gold = np.arange(len(y)) % 2 == 0
    judged = logged_feedback(y["model"], y["quality"], prior=y["prior"], gold=gold)
    traffic, corrector = slice(0, len(LOG)), DRBiasCorrector(cv=2, random_state=0)
    corrected = corrector.fit_correct(X, judged)
    assert (corrected["quality"][len(LOG) :] == y["quality"][len(LOG) :]).all()
    assert (corrected["weight"][len(LOG) :] == 1).all()
    bias = corrector.predict_bias(X[traffic])
    alone = DRBiasCorrector(cv=2, random_state=0).fit(X[traffic], judged[traffic])
    known = corrector.classes_ != NEW
    # Folds differ, and which rows they hold.
    np.testing.assert_allclose(bias[:, known], alone.predict_bias(X[traffic]), atol=0.05)
