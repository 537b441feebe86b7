import pickle

import numpy as np
import pytest

from skroute import CausalRouter, DRBiasCorrector, full_feedback, logged_feedback
from skroute.correction import FewGoldWarning, MissingGoldWarning


def make_log(n_models=3, gold_of=(1, 2), n=300):
    rng = np.random.default_rng(0)
    X, action = rng.normal(size=(n, 4)), rng.integers(n_models, size=n)
    gold = np.isin(action, gold_of) & (rng.random(n) < 0.5)
    names = np.array([f"m{k:02d}" for k in range(n_models)])
    quality = X[:, 0] * (action - 1) + 0.1 * rng.normal(size=n)
    return X, logged_feedback(names[action], quality, gold=gold)


def fit_router(X, y):
    CausalRouter(bias_correction=DRBiasCorrector(random_state=0), random_state=0).fit(X, y)


@pytest.mark.parametrize(
    "fit",
    [
        lambda X, y: DRBiasCorrector(random_state=0).fit(X, y),
        lambda X, y: DRBiasCorrector(random_state=0).fit_correct(X, y),
        fit_router,
    ],
)
def test_models_without_gold_are_named(fit):
    X, y = make_log()
    with pytest.warns(MissingGoldWarning, match="No row of the models m00 has a gold") as caught:
        fit(X, y)
    assert [entry.message.models for entry in caught] == [("m00",)]
    assert caught[0].filename == __file__
    assert pickle.loads(pickle.dumps(caught[0].message)).models == ("m00",)


def test_many_are_counted():
    X, y = make_log(n_models=12, gold_of=(11,), n=800)
    with pytest.warns(MissingGoldWarning, match="m07 and 3 more") as caught:
        DRBiasCorrector(random_state=0).fit(X, y)
    assert len(caught[0].message.models) == 11


def test_silent_where_every_model_has_gold():
    X, y = make_log(gold_of=(0, 1, 2))
    DRBiasCorrector(random_state=0).fit(X, y)
    quality = np.random.default_rng(0).random((300, 2))
    DRBiasCorrector(random_state=0).fit(X, full_feedback(quality, gold=np.arange(300) < 100))


def test_rows_of_weight_0_and_unjudged_rows_do_not_count():
    X, y = make_log()
    weight = np.where(y["model"] == "m00", 0.0, 1.0)
    columns = {"gold": y["gold"], "weight": weight}
    DRBiasCorrector(random_state=0).fit(X, logged_feedback(y["model"], y["quality"], **columns))
    blank = np.where(y["model"] == "m00", np.nan, y["quality"])
    DRBiasCorrector(random_state=0).fit(X, logged_feedback(y["model"], blank, gold=y["gold"]))


def test_few_gold_rows_say_how_many_would_help():
    X, y = make_log(gold_of=(0, 1, 2))
    few = y.copy()
    few["gold"] &= np.cumsum(y["gold"]) <= 12
    with pytest.warns(FewGoldWarning, match="Only 12 of 300 .* About 20 gold rows") as caught:
        fit_router(X, few)
    (entry,) = caught
    assert entry.filename == __file__
    assert (entry.message.n_gold, entry.message.enough) == (12, 20)
    assert pickle.loads(pickle.dumps(entry.message)).enough == 20


def test_noisy_gold_labels_need_more():
    rng = np.random.default_rng(0)
    X, gold = rng.normal(size=(400, 3)), np.arange(400) < 15
    y = logged_feedback(np.where(rng.random(400) < 0.5, "a", "b"), rng.random(400), gold=gold)
    with pytest.warns(FewGoldWarning, match="within a tenth of the range") as caught:
        DRBiasCorrector(random_state=0).fit(X, y)
    # The standard deviation of a uniform label is .29, and its mean is wanted to .1.
    assert 20 < caught[0].message.enough < 50
