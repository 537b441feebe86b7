"""Serve, log, judge, fit again: three rounds behind LiteLLM's own mock responses."""

import csv
import os

import joblib
import numpy as np
import pytest
from litellm_gateways import BEST, MODELS, ask, chosen_by, gateway, litellm, quality_of, texts
from request_files import lines
from scipy.stats import chisquare
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter
from skroute.__main__ import main
from skroute.datasets import read_log
from skroute.integrations.litellm import serve

pytestmark = pytest.mark.filterwarnings(
    "ignore:::pydantic", "ignore:::litellm", "ignore::UserWarning"
)
N_REQUESTS, N_ROUNDS, JUDGED = 700, 3, 0.3


@pytest.fixture(autouse=True)
def callbacks():
    """Callbacks are LiteLLM's for all of the process."""
    yield
    litellm.logging_callback_manager._reset_all_callbacks()


def write_first_log(path, n=15):
    """Write a log of so few answers, of models drawn at random, that much is left to learn."""
    rng, queries = np.random.default_rng(3), texts(n, seed=9)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["query", "model", "quality", "cost", "propensity"])
        for text, model in zip(queries, rng.choice(MODELS, n), strict=True):
            quality = np.clip(quality_of(model, text) + 0.3 * rng.normal(), 0, 1)
            writer.writerow([text, model, quality, 0.001, 1 / 3])
    return path


def regret_of(models, queries):
    """Return the mean quality that was given up."""
    best = [max(quality_of(model, text) for model in MODELS) for text in queries]
    return np.mean(best) - np.mean(
        [quality_of(*each) for each in zip(models, queries, strict=True)]
    )


def test_regret_falls_as_it_serves_what_it_learned(tmp_path, capsys):
    first = write_first_log(tmp_path / "first.csv")
    log = read_log(first)
    steps = HashingVectorizer(n_features=64), TruncatedSVD(6, random_state=0)
    pipeline = make_pipeline(*steps, CausalRouter(1.0, random_state=0)).fit(log.queries, log.y)
    path, folder = tmp_path / "router.joblib", tmp_path / "log"
    joblib.dump(pipeline, path)
    rng, regrets, versions = np.random.default_rng(1), [], []
    for round_ in range(N_ROUNDS):
        # A gateway that starts again serves what is there then.
        options = {"exploration": 0.1, "random_state": round_, "fallback": BEST, "timeout": 60.0}
        router = gateway()
        served = serve(router, path, log=folder, **options).served
        queries = texts(N_REQUESTS, seed=10 + round_)
        # One after the other: the order of threads would decide which query gets which draw.
        answers = ask(router, queries, at_once=1)
        models = chosen_by(answers)
        regrets.append(regret_of(models, queries))
        versions.append(served._file.current().version)
        for place in np.flatnonzero(rng.random(N_REQUESTS) < JUDGED):
            quality = np.clip(quality_of(models[place], queries[place]) + 0.2 * rng.normal(), 0, 1)
            served.log.attach_quality(answers[place].id, quality, source="annotation")
        served.close()
        litellm.logging_callback_manager._reset_all_callbacks()
        assert (
            main(["refit", "--log", str(folder), "--keep", str(first), "--router", str(path)]) == 0
        )
    said = capsys.readouterr().out
    # What is left in the end is what exploration costs.
    assert max(regrets[1:]) < 0.5 * regrets[0], (regrets, said)
    assert len(set(versions)) > 1
    assert len(lines(folder)) == N_ROUNDS * N_REQUESTS
    logged = [line["propensity"] for line in lines(folder)]
    # Of all that was not the main choice, as much as the propensities say.
    main_choice = np.array(logged) > 0.5
    expected = np.sum((1 - np.array(logged)[main_choice]) / np.array(logged)[main_choice])
    others = len(logged) - main_choice.sum()
    assert chisquare([others, main_choice.sum()], [expected, len(logged) - expected]).pvalue > 1e-6
    assert os.listdir(tmp_path / "log")
