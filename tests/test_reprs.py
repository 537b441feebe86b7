"""Whatever a public call returns is printed on a few lines."""

import inspect
import warnings
from collections.abc import Mapping

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator

import skroute
from skroute import (
    CausalRouter,
    DRBiasCorrector,
    RegretPolicyClassifier,
    logged_feedback,
    metrics,
    plots,
)
from skroute.correction import bias_summary, gold_learning_curve
from skroute.datasets import (
    load_routing_table,
    make_gold_preference,
    make_routing_problem,
    read_log,
)
from skroute.feedback import partly_scored, read_feedback
from skroute.history import Move, QueryDrift, Sighting, log_history
from skroute.integrations import Decision, RequestLog, ServedRouter
from skroute.nuisance import Availability, ChoiceModel
from skroute.routers import split_router

LONGEST = 400
MODULES = [skroute, *(getattr(skroute, name) for name in skroute._SUBMODULES)]


def public_types():
    """Every public class but estimators, which scikit-learn prints, and warnings."""
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) and not issubclass(value, BaseEstimator | Warning):
                yield value


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What public calls return, by their names."""
    path = tmp_path_factory.mktemp("reprs") / "table.npz"
    with warnings.catch_warnings():
        # There are few rows for many models.
        warnings.simplefilter("ignore")
        return make_results(path)


def fitted(policy, problem):
    router = CausalRouter(5.0, knots=[0.0, 5.0, 20.0], policy=policy, random_state=0)
    return router.fit(problem.X, problem.y)


def make_results(path):
    problem = make_routing_problem(300, 8, 11, random_state=0)
    X, y = problem.X, problem.y
    two = make_routing_problem(200, n_models=2, random_state=0)
    gold = make_gold_preference(500, 8, n_models=3, n_gold=100, random_state=0)
    router, by_policy = fitted(None, problem), fitted(RegretPolicyClassifier(), problem)
    labels = router.predict(X)
    outcomes = [list(row) for row in problem.y_full["quality"].tolist()]
    np.savez(path, X=X, models=problem.models, quality=outcomes)
    saved = path.with_suffix(".joblib")
    joblib.dump(router, saved)
    log = path.with_suffix(".csv")
    log.write_text("query,model,quality,cost\nwhy?,large,0.5,0.02\nhow?,small,1,0.001\n")
    known = metrics.evaluation_predictions(X, y)
    value = metrics.policy_value(y, labels, **known)
    score = metrics.efficiency_gain_curve(two.y_full, two.X[:, 0], strong="model_1", weak="model_0")
    curve = metrics.cost_quality_curve(problem.y_full, [labels])
    frontier = router.frontier(X)
    propensity = np.full(300, 0.1)
    return {
        "a problem": problem,
        "gold and preference": gold,
        "a table": load_routing_table(path),
        "a log": read_log(log),
        "a log of requests": RequestLog("log"),
        "a decision": Decision("large", "large", 0.9, embedding=np.zeros(300), query="why? " * 99),
        "a router that serves": ServedRouter(saved, fallback="model_01", log="log", floor=0.001),
        "feedback": read_feedback(y),
        "full feedback": read_feedback(problem.y_full),
        "scores": partly_scored(np.arange(600).reshape(300, 2), outcomes),
        "a router": router,
        "a router with a policy": by_policy,
        "a pipeline's parts": split_router(router),
        "a corrector": DRBiasCorrector(random_state=0).fit(gold.X, gold.y),
        "bias": bias_summary(gold.X, gold.y),
        "a learning curve": gold_learning_curve(gold.X, gold.y, n_gold=[50], n_repetitions=1),
        "a frontier": frontier,
        "a sample": router.sample(X, random_state=0),
        "a budget": router.cost_sensitivity_for_budget(X, 0.01),
        "a value": value,
        "a difference": metrics.policy_difference(y, labels, None, **known),
        "a value without an interval": metrics.policy_value(
            y[:1], y["model"][:1], models=problem.models
        ),
        "a curve": curve,
        "a bill": metrics.bill_saved(problem.y_full, [labels], y["model"]),
        "a gain curve": score,
        "bounds": metrics.sensitivity_bounds(y, labels, None, **known),
        "weights": metrics.weight_diagnostics(y, labels, **known),
        "labels": metrics.cross_val_policy(CausalRouter(), X, y, n_blocks=1, random_state=0),
        "when models were there": Availability.of(read_feedback(y)),
        "a history": log_history(X, logged_feedback(y["model"], y["quality"], time=np.arange(300))),
        "what may happen": (
            Sighting("a model", 1.76e9, 20, 1000),
            Move("a model", "cost", 1.76e9, 0.01, 0.001, 0.0001),
            QueryDrift(0.8, 0.0001, 1.75e9, 1.76e9),
        ),
        "a rule learned": ChoiceModel.of(X, read_feedback(y), "logistic"),
        "curves drawn": plots.CostQualityDisplay({"a": curve}, fixed=curve),
        "gains drawn": plots.EfficiencyGainDisplay({"a": score}),
        "values drawn": plots.PolicyValueDisplay({f"policy {k}": value for k in range(20)}),
        "overlap drawn": plots.OverlapDisplay(
            problem.models, labels, propensity, router.overlap_, min_propensity=0.01
        ),
        "shares drawn": plots.RoutingShareDisplay(problem.models, *frontier.shares()),
    }


def parts(value):
    """Yield an object and the public objects of skroute that it holds, however deep."""
    if isinstance(value, Mapping | list | tuple) and not hasattr(value, "_fields"):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from parts(part)
    elif type(value).__module__.startswith("skroute."):
        yield value
        held = value._asdict() if hasattr(value, "_fields") else vars(value)
        for name, part in held.items():
            if not name.startswith("_"):
                yield from parts(part)


def test_all_of_them_are_short(results):
    for name, result in results.items():
        for part in parts(result):
            text = repr(part)
            assert len(text) <= LONGEST, (name, type(part), text)
            assert len(text.splitlines()) <= 5, (name, text)
            assert max(map(len, text.splitlines())) <= 120, (name, text)
            assert text.startswith(type(part).__name__), (name, text)
            assert "nan to nan" not in text


def test_every_public_type_is_among_them(results):
    """A new type of result needs a call above, and `ShortRepr` among its bases."""
    shown = {type(part) for result in results.values() for part in parts(result)}
    assert set(public_types()) - shown == set()


def test_what_a_value_says(results):
    value = results["a value"]
    assert f"value={value.value:.4g}, standard_error={value.standard_error:.4g}" in repr(value)
    assert "b=PolicyValue(...))" in repr(results["a difference"])
    assert "X=<float32 (300, 8)>" in repr(results["a problem"])
    assert "y=<300 rows of model, quality, cost, propensity>" in repr(results["a problem"])
