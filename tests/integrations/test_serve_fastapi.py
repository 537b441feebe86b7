"""The example of a service of one's own, on this machine's own network."""

import contextlib
import importlib.util
import itertools
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import joblib
import numpy as np
import pytest
from server_processes import serving
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter, logged_feedback
from skroute.datasets import read_log

EXAMPLE = Path(__file__).parents[2] / "docs" / "serve_fastapi.py"
QUERIES = [f"{['sums', 'poems'][place % 2]} {place // 2 % 9}" for place in range(400)]
N_CLIENTS = 4

fastapi = pytest.importorskip("fastapi")
httpx = pytest.importorskip("httpx")
uvicorn = pytest.importorskip("uvicorn")
pytestmark = pytest.mark.skipif(not EXAMPLE.exists(), reason="the example is in the repository")


class Models(BaseHTTPRequestHandler):
    """An API like OpenAI's; models in `down` fail."""

    down = frozenset()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        failed = body["model"] in self.down
        answer = {
            "id": f"id {time.time_ns()}",
            "choices": [{"message": {"role": "assistant", "content": body["model"]}}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 100},
        }
        data = json.dumps({} if failed else answer).encode()
        self.send_response(500 if failed else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *said):
        """Say nothing."""


@pytest.fixture
def models():
    with ThreadingHTTPServer(("127.0.0.1", 0), Models) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        Models.down = frozenset()
        server.shutdown()


@pytest.fixture
def place(tmp_path, models):
    """Where the example is started: a folder with a router; and its environment."""
    model = np.random.default_rng(0).choice(["large", "small"], 400)
    quality = [
        0.9 if name == "large" or "sums" in text else 0.1
        for name, text in zip(model, QUERIES, strict=True)
    ]
    y = logged_feedback(model, quality, cost=np.where(model == "large", 0.01, 0.001))
    steps = HashingVectorizer(n_features=32), TruncatedSVD(4, random_state=0)
    pipeline = make_pipeline(*steps, CausalRouter(10.0, random_state=0)).fit(QUERIES, y)
    joblib.dump(pipeline, tmp_path / "router.joblib")
    return tmp_path, {"API_URL": f"http://127.0.0.1:{models.server_port}/v1/", "API_KEY": "none"}


@pytest.fixture
def service(place, monkeypatch):
    """The address of the example, as uvicorn serves it."""
    folder, environment = place
    monkeypatch.chdir(folder)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("serve_fastapi", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    server = uvicorn.Server(uvicorn.Config(example.app, port=0, ws="none", log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "uvicorn did not start"
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
    example.upstream.close()
    example.served.close()


@pytest.fixture
def process(place):
    """The example as a process of its own, and its address."""
    folder, environment = place
    options = "--app-dir", EXAMPLE.parent, "--port", "0", "--ws", "none", "--no-access-log"
    command = [sys.executable, "-m", "uvicorn", "serve_fastapi:app", *options]
    with serving(command, folder, **environment) as running:
        yield running


def ask(service, text, client=httpx, **headers):
    body = {"messages": [{"role": "user", "content": text}]}
    answer = client.post(f"{service}/chat/completions", json=body, headers=headers)
    return answer.raise_for_status().json()


def test_the_example_routes_logs_and_takes_thumbs(service, tmp_path):
    answers = [ask(service, text, **{"session-id": "s1"}) for text in QUERIES[:40]]
    for place, answer in enumerate(answers[:10]):
        told = httpx.post(f"{service}/thumbs/{answer['id']}", params={"up": place % 2 == 0})
        told.raise_for_status()
    log = read_log(tmp_path / "log")
    assert log.columns["request_id"].tolist() == [answer["id"] for answer in answers]
    models = [answer["choices"][0]["message"]["content"] for answer in answers]
    assert log.y["model"].tolist() == models
    assert {"small", "large"} == set(models)
    assert np.isfinite(log.y["propensity"]).all()
    np.testing.assert_array_equal(log.y["quality"][:10], [1, 0] * 5)
    assert np.isnan(log.y["quality"][10:]).all()
    cost = np.where(log.y["model"] == "large", 0.0035, 0.00021)
    np.testing.assert_allclose(log.y["cost"], cost)
    assert set(log.columns["group"]) == {"s1"}


def test_another_model_answers_for_one_that_is_down(service, tmp_path):
    Models.down = frozenset({"small"})
    for text in QUERIES[:10]:
        assert ask(service, text)["choices"][0]["message"]["content"] == "large"
    Models.down = frozenset({"small", "large"})
    with pytest.raises(httpx.HTTPStatusError, match="502"):
        ask(service, QUERIES[0])
    log = read_log(tmp_path / "log")
    assert log.y["model"].tolist() == ["large"] * 10


def test_a_server_that_is_killed_loses_no_answer(process, tmp_path):
    running, address = process
    answered, threads = [ask(address, QUERIES[0])["id"]], []

    def go_on_asking():
        texts = itertools.cycle(QUERIES)
        with httpx.Client(timeout=60) as client, contextlib.suppress(httpx.TransportError):
            while True:
                answered.append(ask(address, next(texts), client)["id"])

    for _ in range(N_CLIENTS):
        threads.append(threading.Thread(target=go_on_asking))
        threads[-1].start()
    seen = 0
    while seen < 200:  # a second process reads what the first is writing
        assert running.poll() is None
        before = len(answered)
        found = len(read_log(tmp_path / "log"))
        assert found >= max(before, seen)
        seen = found
    running.kill()
    for thread in threads:
        thread.join()
    log = read_log(tmp_path / "log")
    logged = log.columns["request_id"].tolist()
    assert set(answered) <= set(logged)
    assert len(logged) - len(answered) <= N_CLIENTS  # in the log, and killed before they answered
    assert not any("rows left out: cut off" in note for note in log.notes)  # at most one
