"""Serving behind LiteLLM, with its own mock responses: no request leaves the machine."""

import asyncio
import os
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from litellm_gateways import (
    BEST,
    DOWN,
    MODELS,
    ask,
    chosen_by,
    gateway,
    litellm,
    quality_of,
    settle,
    texts,
    wait_until,
)
from request_files import lines
from scipy.stats import chisquare
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter, logged_feedback
from skroute.datasets import read_log
from skroute.integrations import ServedRouter
from skroute.integrations.litellm import RoutingPlugin, request_logger, serve

pytestmark = pytest.mark.filterwarnings("ignore:::pydantic", "ignore:::litellm")


@pytest.fixture(scope="module")
def pipeline():
    queries, rng = texts(600), np.random.default_rng(1)
    model = rng.choice(MODELS, 600)
    quality = [quality_of(*each) for each in zip(model, queries, strict=True)]
    quality += 0.05 * rng.normal(size=600)
    y = logged_feedback(model, quality, cost=np.full(600, 0.001), propensity=np.full(600, 1 / 3))
    steps = HashingVectorizer(n_features=64), TruncatedSVD(6, random_state=0)
    return make_pipeline(*steps, CausalRouter(1.0, random_state=0)).fit(queries, y)


@pytest.fixture
def path(tmp_path, pipeline):
    joblib.dump(pipeline, tmp_path / "router.joblib")
    return tmp_path / "router.joblib"


@pytest.fixture(autouse=True)
def callbacks():
    """Callbacks are LiteLLM's for all of the process."""
    yield
    litellm.logging_callback_manager._reset_all_callbacks()


def test_serve_log_judge_refit_and_serve_again(path, tmp_path, pipeline):
    router = gateway()
    options = {"exploration": 0.3, "floor": 0.1, "random_state": 0, "check_seconds": 0.0}
    served = serve(
        router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log", **options
    ).served
    queries = texts(300, seed=2)
    answers = ask(router, queries)
    models = chosen_by(answers)
    for place in np.random.default_rng(0).permutation(300)[:90]:
        quality = quality_of(models[place], queries[place])
        served.log.attach_quality(answers[place].id, quality, source="judge", gold=True)
    log = read_log(tmp_path / "log")
    assert (len(log), np.isfinite(log.y["quality"]).sum()) == (300, 90)
    by_id = dict(zip([answer.id for answer in answers], models, strict=True))
    assert [by_id[name] for name in log.columns["request_id"]] == log.y["model"].tolist()
    assert (log.y["cost"] > 0).all()
    assert set(log.columns["router_version"]) == {log.columns["router_version"][0]}
    assert log.queries.tolist() == [None] * 300

    router_step = CausalRouter(random_state=0).fit(log.features, log.y)
    again = make_pipeline(*(step for _, step in pipeline.steps[:-1]), router_step)
    joblib.dump(again, tmp_path / "draft")
    os.replace(tmp_path / "draft", path)
    ask(router, queries[:20])  # by whichever is there, while the new one is read
    for _ in range(1000):
        if served._file.current().version != log.columns["router_version"][0]:
            break
        ask(router, queries[:1])
    ask(router, queries[:20])
    log = read_log(tmp_path / "log")
    assert len(set(log.columns["router_version"])) == 2
    assert "fallback" not in log.columns
    # Its embeddings are those of before, so that all rows are one table.
    assert len(log) == len(log.features) >= 340


def test_logged_propensities_fit_the_choices(path, tmp_path, pipeline):
    router = gateway()
    options = {"exploration": 0.5, "floor": 0.2, "random_state": 1}
    serve(router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log", **options)
    queries = texts(400, seed=3)
    answers = ask(router, queries)
    probability = pipeline[-1].exploration_proba(
        pipeline[:-1].transform(queries), exploration=0.5, floor=0.2
    )
    chosen = np.searchsorted(MODELS, chosen_by(answers))
    observed = np.bincount(chosen, minlength=3)
    assert (
        chisquare(observed, probability.sum(axis=0)).pvalue > 1e-6
    )  # draws of threads follow no seed
    logged = {line["request_id"]: line["propensity"] for line in lines(tmp_path / "log")}
    found = [logged[answer.id] for answer in answers]
    np.testing.assert_allclose(found, probability[np.arange(400), chosen], rtol=1e-4)


def test_an_outage_of_the_best_model_fails_no_request(path, tmp_path):
    router = gateway(down=[BEST], num_retries=1)
    serve(router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log", exploration=0.1)
    answers = ask(router, texts(100))
    models = chosen_by(answers)
    assert set(models) == set(MODELS) - {BEST}
    log = read_log(tmp_path / "log")
    assert sorted(log.y["model"]) == sorted(models)
    # What was chosen in its place was drawn as well.
    assert np.isfinite(log.y["propensity"]).all()


def test_models_that_cool_down_are_not_asked(path, tmp_path):
    router = gateway(down=[BEST], num_retries=1, allowed_fails=0, cooldown_time=100)
    strategy = serve(
        router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log", exploration=0.0
    )
    ask(router, texts(10))
    seen = []
    choose = strategy.served.choose

    def watch(query, *, available, session):
        available = list(available)
        seen.append(set(available))
        return choose(query, available=available, session=session)

    strategy.served.choose = watch
    ask(router, texts(20))
    assert len(seen) == 20
    assert not any(BEST in available for available in seen)


class Broken:
    """A step that fails, or hangs."""

    def __init__(self, wait=0.0):
        self.wait = wait

    def transform(self, X):
        import time

        time.sleep(self.wait)
        raise RuntimeError("out of memory")


@pytest.mark.parametrize(
    ("wait", "reason"),
    [(0.0, "RuntimeError: out of memory"), (0.5, "no choice within 0.05 seconds")],
)
def test_a_router_that_fails_or_hangs_fails_no_request(path, tmp_path, caplog, wait, reason):
    router = gateway()
    served = ServedRouter(path, fallback="gpt-4o", log=tmp_path / "log")
    served._file._loaded = served._file._loaded._replace(steps=(Broken(wait),))
    serve(router, served, timeout=0.05 if wait else 1.0)
    assert set(chosen_by(ask(router, texts(5)))) == {BEST}
    for line in lines(tmp_path / "log"):
        assert line["fallback"] == reason
        assert "propensity" not in line


def test_a_session_keeps_its_model(path, tmp_path):
    router = gateway()
    options = {"exploration": 0.0, "switching_cost": 1e9}
    served = serve(
        router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log", **options
    ).served
    first = ask(router, texts(1), metadata={"session_id": "s1"})
    ask(router, texts(9, seed=5), metadata={"session_id": "s1"})
    others = ask(router, texts(9, seed=5))
    logged = lines(tmp_path / "log")
    assert [line.get("session") for line in logged].count("s1") == 10
    assert set(chosen_by(others)) > {logged[0]["model"]}
    assert logged[0]["model"] == chosen_by(first)[0]
    for line in logged[1:10]:
        assert line["model"] == line["previous"] == logged[0]["model"]
    assert served.log.folder == tmp_path / "log"


def test_streams_and_calls_that_wait_are_logged_too(path, tmp_path):
    router = gateway()
    serve(router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log")

    async def stream():
        messages = [{"role": "user", "content": "poems"}]
        answer = await router.acompletion("auto", messages=messages, stream=True)
        chunks = [chunk async for chunk in answer]
        await settle()
        return chunks[0].id

    name = asyncio.run(stream())
    assert [line["request_id"] for line in lines(tmp_path / "log")] == [name]
    answer = router.completion("auto", messages=[{"role": "user", "content": "sums"}])
    wait_until(lambda: len(lines(tmp_path / "log")) == 2)
    line = lines(tmp_path / "log")[1]
    assert line["request_id"] == answer.id
    assert line["model"] == answer.choices[0].message.content
    assert 0 < line["propensity"] <= 1


def test_a_call_that_waits_is_tried_with_another_model(path, tmp_path):
    router = gateway(down=[BEST], num_retries=1)
    serve(router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log", exploration=0.0)
    for text in texts(5):
        answer = router.completion("auto", messages=[{"role": "user", "content": text}])
        assert answer.choices[0].message.content != BEST


def test_other_groups_are_left_alone_and_not_logged(path, tmp_path):
    router = gateway(group="other")
    serve(router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log")
    assert set(chosen_by(ask(router, texts(50), model="other"))) == set(MODELS)
    messages = [{"role": "user", "content": "sums"}]
    assert router.completion("other", messages=messages).choices[0].message.content in MODELS
    assert not (tmp_path / "log").exists()


def test_a_group_that_stands_in_is_logged_without_a_propensity(path, tmp_path):
    deployments = [
        {
            "model_name": group,
            "litellm_params": {"model": model, "api_key": "none", "mock_response": answer},
        }
        for group, model, answer in (("auto", BEST, DOWN), ("other", "openai/gpt-5", "spare"))
    ]
    options = {"num_retries": 0, "fallbacks": [{"auto": ["other"]}]}
    router = litellm.Router(model_list=deployments, **options)
    serve(router, path, timeout=60.0, fallback=BEST, log=tmp_path / "log")
    assert set(chosen_by(ask(router, texts(3)))) == {"spare"}
    for line in lines(tmp_path / "log"):
        assert line["model"] == "openai/gpt-5"
        assert line["fallback"] == f"openai/gpt-5 answered in the place of {BEST}"
        assert "propensity" not in line


@pytest.mark.parametrize("knows_router", [False, True])
def test_the_plugin_leaves_one_model(path, tmp_path, knows_router):
    served = ServedRouter(path, fallback=BEST, log=tmp_path / "log", exploration=0.2)
    plugin = RoutingPlugin(served, timeout=60.0)
    litellm.logging_callback_manager.add_litellm_callback(request_logger())
    router = gateway(down=[BEST] if knows_router else [], num_retries=1, plugins=[plugin])
    plugin.router = router if knows_router else None
    models = chosen_by(ask(router, texts(60)))
    log = read_log(tmp_path / "log")
    assert sorted(log.y["model"]) == sorted(models)
    assert (BEST in models) != knows_router
    assert np.isfinite(log.y["propensity"]).all()
    assert "fallback" not in log.columns


def test_the_plugin_lets_other_groups_pass(path, tmp_path):
    served = ServedRouter(path, fallback=BEST, log=tmp_path / "log")
    litellm.logging_callback_manager.add_litellm_callback(request_logger())
    router = gateway(group="other", plugins=[RoutingPlugin(served, timeout=60.0)])
    assert set(chosen_by(ask(router, texts(50), model="other"))) == set(MODELS)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("hit", [False, True])
def test_answers_from_a_cache_are_not_logged(path, tmp_path, hit):
    served = ServedRouter(path, fallback=BEST, log=tmp_path / "log")
    signals = told_by_plugin(served)
    payload = {"id": "r1", "model": BEST, "cache_hit": hit}
    kwargs = {
        "litellm_params": {"metadata": {"routing_plugin_signals": signals}},
        "standard_logging_object": payload,
    }
    for _ in range(2):  # once is enough
        request_logger().log_success_event(kwargs, None, None, None)
    assert len(lines(tmp_path / "log")) == (not hit)


def told_by_plugin(served):
    """What a plugin says of one decision."""
    context = SimpleNamespace(
        candidate_models=list(MODELS),
        structured_messages=[{"role": "user", "content": "sums"}],
        metadata={"model_group": "auto"},
        signals={},
    )
    asyncio.run(RoutingPlugin(served, timeout=60.0).run(context))
    assert len(context.candidate_models) == 1
    return context.signals


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"litellm_params": None},
        {"litellm_params": {"metadata": {"skroute": 1}}},
        {"litellm_params": {"metadata": {"skroute": {"decision": "of another process"}}}},
    ],
)
def test_answers_of_which_nothing_was_decided_are_not_logged(kwargs, caplog):
    request_logger().log_success_event(kwargs, None, None, None)
    assert not caplog.records


def test_a_payload_that_is_not_as_it_was_is_no_error(path, tmp_path, caplog):
    signals = told_by_plugin(ServedRouter(path, fallback=BEST, log=tmp_path / "log"))
    kwargs = {"litellm_params": {"metadata": signals}, "standard_logging_object": "nothing"}
    request_logger().log_success_event(kwargs, None, None, None)
    assert "an answer is not in the log (AttributeError" in caplog.text


def test_options_belong_to_a_file(path):
    with pytest.raises(ValueError, match="options of a router's file"):
        serve(gateway(), ServedRouter(path, fallback=BEST), log="log")
