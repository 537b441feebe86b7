import pickle

import numpy as np
import pytest

from skroute import CausalRouter, DRBiasCorrector, full_feedback, logged_feedback
from skroute.correction import MissingGoldWarning


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
    X, y = make_log(n_models=12, gold_of=(11,))
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
