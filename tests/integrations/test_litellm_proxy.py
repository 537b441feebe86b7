"""The proxy of LiteLLM, with its own mock responses: no request leaves the machine.

It needs ``litellm[proxy]``, which brings some forty packages and is no part of the extra ``test``.
"""

import json
import sys

import joblib
import numpy as np
import pytest
from litellm_gateways import BEST, MODELS, TOPICS, deployments, quality_of, texts, wait_until
from request_files import lines
from server_processes import serving
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter, logged_feedback

pytest.importorskip("fastapi_sso", reason="litellm[proxy] is not installed")
httpx = pytest.importorskip("httpx")
# As in the documentation.
ROUTING = """
from skroute.integrations import ServedRouter
from skroute.integrations.litellm import RoutingPlugin, request_logger

served = ServedRouter("router.joblib", fallback="openai/gpt-4o", log="log", exploration=0.1)
plugin, logger = RoutingPlugin(served, timeout=60.0), request_logger()
"""


def write_configuration(folder, down=()):
    """Write what the proxy is started with; models in `down` fail."""
    configuration = {
        "model_list": deployments(down),
        "router_settings": {"plugins": ["my_routing.plugin"], "num_retries": 2},
        "litellm_settings": {"callbacks": ["my_routing.logger"]},
    }
    (folder / "config.yaml").write_text(json.dumps(configuration))  # which is YAML as well
    (folder / "my_routing.py").write_text(ROUTING)


def write_router(folder):
    queries, model = texts(300), np.resize(MODELS, 300)
    quality = [quality_of(*each) for each in zip(model, queries, strict=True)]
    y = logged_feedback(model, quality, cost=np.full(300, 0.001), propensity=np.full(300, 1 / 3))
    steps = HashingVectorizer(n_features=64), TruncatedSVD(6, random_state=0)
    pipeline = make_pipeline(*steps, CausalRouter(1.0, random_state=0)).fit(queries, y)
    joblib.dump(pipeline, folder / "router.joblib")


def test_the_proxy_routes_and_logs_though_a_model_is_down(tmp_path):
    write_configuration(tmp_path, down=[BEST])
    write_router(tmp_path)
    command = [sys.executable, "-W", "ignore", "-m", "litellm.proxy.proxy_cli"]
    command += ["--config", "config.yaml", "--host", "127.0.0.1", "--port", "0"]
    settings = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    }
    queries, answers = texts(60, seed=4), []
    with serving(command, tmp_path, **settings) as (_, address):
        with httpx.Client(base_url=address, timeout=60) as client:
            for text in queries:
                body = {"model": "auto", "messages": [{"role": "user", "content": text}]}
                answers.append(
                    client.post("/chat/completions", json=body).raise_for_status().json()
                )
        wait_until(lambda: len(lines(tmp_path / "log")) == len(queries))
    logged = {line["request_id"]: line for line in lines(tmp_path / "log")}
    models = [answer["choices"][0]["message"]["content"] for answer in answers]
    assert BEST not in models
    assert [logged[answer["id"]]["model"] for answer in answers] == models
    assert all(0 < line["propensity"] <= 1 for line in logged.values())
    good = [text.startswith(TOPICS[name]) for name, text in zip(models, queries, strict=True)]
    others = np.array([not text.startswith(TOPICS[BEST]) for text in queries])
    assert np.mean(np.array(good)[others]) > 0.5
