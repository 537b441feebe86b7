"""Models that are gone by the column `time` are not chosen, unless they are included."""

import pickle

import numpy as np
import pytest
from every_router import METHODS, ROUTERS
from router_logs import make_log
from sklearn.base import clone

from skroute import FixedBudgetRouter, logged_feedback
from skroute.baselines import RandomRouter, ThresholdRouter
from skroute.routers import GoneModelsWarning

pytestmark = pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")


def retired(n=500, *, gone="c", time=True):
    """Return queries, and a log in which a model that is good and dear retires half-way."""
    X, y, *_ = make_log(n)
    late = np.arange(n) > n // 2
    kept = ~(late & (y["model"] == gone))
    moments = {"time": np.arange(n, dtype=float)[kept]} if time else {}
    columns = {name: y[name][kept] for name in ("cost", "propensity")}
    return X[kept], logged_feedback(y["model"][kept], y["quality"][kept], **columns, **moments)


@pytest.mark.parametrize("name", ROUTERS)
def test_no_router_chooses_a_model_that_is_gone(name):
    X, y = retired()
    router = clone(ROUTERS[name])
    if isinstance(router, FixedBudgetRouter):
        router.set_params(budget=0.04)
    with pytest.warns(
        GoneModelsWarning, match=r"model 'c' is taken to be gone.*include="
    ) as caught:
        router.fit(X, y)
    assert caught[0].message.models == ("c",)
    assert pickle.loads(pickle.dumps(caught[0].message)).models == ("c",)
    assert list(router.gone_) == ["c"]
    assert list(router.left_out_) == ["c"]
    assert "c" not in router.predict(X)
    assert (router.predict_proba(X)[:, 2] == 0).all()
    for method in METHODS:
        getattr(router, method)(X, include="c")
    if not isinstance(router, (RandomRouter, ThresholdRouter)):
        assert "c" in router.predict(X, include="c")


def test_a_threshold_is_between_models_that_are_there():
    X, y = retired()
    with pytest.warns(GoneModelsWarning):
        router = ThresholdRouter(0.5).fit(X, y)
    assert router.models_ == ("a", "b")


@pytest.mark.parametrize("name", ["causal", "BestFixedModel"])
def test_without_time_nothing_is_gone(name):
    router = clone(ROUTERS[name]).fit(*retired(time=False))
    assert len(router.gone_) == 0
    assert len(router.left_out_) == 0
    X, y = retired()
    with pytest.warns(GoneModelsWarning):
        router.fit(X, y)
    router.fit(*retired(time=False))
    assert len(router.gone_) == 0


def test_the_model_for_all_is_one_that_is_there():
    rng = np.random.default_rng(0)
    n = 300
    model = np.where(rng.random(n) < 0.5, "a", np.where(rng.random(n) < 0.5, "b", "c"))
    model[200:][model[200:] == "c"] = "b"
    quality = (rng.random(n) < np.where(model == "c", 0.95, 0.5)).astype(float)
    y = logged_feedback(model, quality, time=np.arange(n))
    with pytest.warns(GoneModelsWarning):
        router = clone(ROUTERS["causal"]).fit(rng.normal(size=(n, 5)), y)
    assert router.fixed_model_ in (None, "a", "b")
