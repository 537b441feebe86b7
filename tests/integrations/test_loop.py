"""Serve, log, judge, fit again: three rounds behind LiteLLM's own mock responses."""

import csv

import joblib
import numpy as np
import pytest
from litellm_gateways import (
    BEST,
    MODELS,
    ask_in_turn,
    chosen_by,
    gateway,
    litellm,
    quality_of,
    texts,
)
from request_files import lines
from scipy.stats import chisquare
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter
from skroute.__main__ import main
from skroute.datasets import read_log
from skroute.integrations.litellm import serve
from skroute.routers import exploration_proba

pytestmark = pytest.mark.filterwarnings(
    "ignore:::pydantic", "ignore:::litellm", "ignore::UserWarning"
)
SEED = 7
N_FIRST, N_REQUESTS, N_ROUNDS, JUDGED, EXPLORATION = 9, 700, 3, 0.3, 0.1
# What exploration costs at most: a share of the queries, and all that a model can be worse.
COST = EXPLORATION * 0.7


@pytest.fixture(autouse=True)
def callbacks():
    """Callbacks are LiteLLM's for all of the process."""
    yield
    litellm.logging_callback_manager._reset_all_callbacks()


def labelled(model, text, noise, rng):
    return np.clip(quality_of(model, text) + noise * rng.normal(), 0, 1)


def write_first_log(path):
    """Write answers so few, of models in random order, that they tell of one model for all."""
    rng, queries = np.random.default_rng(SEED), texts(N_FIRST, seed=1000 + SEED)
    models = rng.permutation(MODELS * (N_FIRST // len(MODELS)))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["query", "model", "quality", "cost", "propensity"])
        for text, model in zip(queries, models, strict=True):
            writer.writerow([text, model, labelled(model, text, 0.3, rng), 0.001, 1 / 3])
    return path


def regret_of(models, queries):
    """Return the mean quality that was given up."""
    best = [max(quality_of(model, text) for model in MODELS) for text in queries]
    given = [quality_of(*each) for each in zip(models, queries, strict=True)]
    return np.mean(best) - np.mean(given)


def serve_and_judge(path, folder, round_, rng):
    """Serve queries one after the other, so that draws do not depend on threads; judge some.

    Return the regret, and the probability (n, K) of every model for every query.
    """
    router, seed = gateway(), 100 * SEED + round_
    options = {"exploration": EXPLORATION, "random_state": seed, "fallback": BEST, "timeout": 60.0}
    served = serve(router, path, log=folder, **options).served
    queries = texts(N_REQUESTS, seed=10 * (SEED + 1) + round_)
    answers = ask_in_turn(router, queries)
    models = chosen_by(answers)
    for place in np.flatnonzero(rng.random(N_REQUESTS) < JUDGED):
        quality = labelled(models[place], queries[place], 0.2, rng)
        served.log.attach_quality(answers[place].id, quality, source="annotation")
    served.close()
    litellm.logging_callback_manager._reset_all_callbacks()
    probability = exploration_proba(joblib.load(path), queries, exploration=EXPLORATION)
    return regret_of(models, queries), probability


def test_regret_falls_as_it_serves_what_it_learned(tmp_path, capsys):
    path, folder, first = (tmp_path / name for name in ("router.joblib", "log", "first.csv"))
    log = read_log(write_first_log(first))
    # Queries are plenty, and answers few.
    steps = make_pipeline(HashingVectorizer(n_features=64), TruncatedSVD(6, random_state=0))
    steps.fit(texts(300, seed=77))
    router = CausalRouter(1.0, random_state=0).fit(steps.transform(log.queries), log.y)
    joblib.dump(make_pipeline(*steps, router), path)
    rng, regrets, probabilities = np.random.default_rng(SEED), [], []
    for round_ in range(N_ROUNDS):
        regret, probability = serve_and_judge(path, folder, round_, rng)
        regrets.append(regret)
        probabilities.append(probability)
        files = "--log", str(folder), "--keep", str(first), "--router", str(path)
        assert main(["refit", *files]) == 0
    said = capsys.readouterr().out
    assert regrets[0] > 2 * COST, "there is nothing to learn"
    assert regrets[-1] < 0.6 * regrets[0], (regrets, said)
    assert np.diff(regrets).max() < COST, (regrets, said)
    assert_propensities_fit(lines(folder), np.concatenate(probabilities))
    served = read_log(folder)
    assert len(served) == N_ROUNDS * N_REQUESTS
    assert abs(np.isfinite(served.y["quality"]).mean() - JUDGED) < 0.05


def assert_propensities_fit(logged, probability):
    """Check what was logged against the probability (n, K) of every model, row by row."""
    chosen = np.searchsorted(MODELS, [line["model"] for line in logged])
    propensity = [line["propensity"] for line in logged]
    np.testing.assert_allclose(propensity, probability[np.arange(len(chosen)), chosen], rtol=1e-4)
    counts = np.bincount(chosen, minlength=len(MODELS))
    # Draws of a row are of different probabilities, so that the test is conservative.
    assert chisquare(counts, probability.sum(axis=0)).pvalue > 0.001
