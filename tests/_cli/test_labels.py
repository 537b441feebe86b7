"""Logs with labels of people and of a judge: what the command makes of them."""

import re

import joblib
import numpy as np
import pytest
from command_runs import run, write_columns

from skroute import DRBiasCorrector


def two_kinds(path, n_gold, n=900):
    """A log of two models that cost alike: the judge takes the worse one for the better."""
    rng = np.random.default_rng(0)
    x, model = rng.normal(size=n), np.array(["large", "small"])[rng.integers(2, size=n)]
    gold = rng.permutation(n) < n_gold
    good = np.where(model == "large", 0.8, np.where(gold, 0.3, 0.95))
    return write_columns(
        path,
        model=model,
        quality=(rng.random(n) < good).astype(int),
        gold=gold,
        propensity=np.full(n, 0.5),
        x0=x,
    )


def test_labels_of_a_judge_are_corrected_by_those_of_people(tmp_path, capsys):
    log = two_kinds(tmp_path / "log.csv", 200)
    out, notes = run(capsys, "--log", log, "--output", tmp_path)
    (note,) = (note for note in notes if "judge" in note)
    assert "moved to the scale of the gold ones" in note
    assert not any("as if it were gold" in note for note in notes)
    router = joblib.load(tmp_path / "router.joblib")
    assert isinstance(router.bias_correction, DRBiasCorrector)
    assert np.unique(router.predict(np.zeros((5, 1)))).tolist() == ["large"]
    # What routers are compared with has learned from the same labels.
    assert "best fixed model: large" in out


@pytest.mark.parametrize(("n_gold", "words"), [(0, "none is gold"), (5, "only [2345] are gold")])
def test_labels_that_nothing_corrects_are_told_once(tmp_path, capsys, n_gold, words):
    log = two_kinds(tmp_path / "log.csv", n_gold)
    _, notes = run(capsys, "--log", log, "--output", tmp_path)
    (note,) = (note for note in notes if "taken as they are" in note)
    assert re.search(words, note)
    assert not any("as if it were gold" in note for note in notes)
    assert joblib.load(tmp_path / "router.joblib").bias_correction is None


def test_people_alone_need_no_words(tmp_path, capsys):
    log = two_kinds(tmp_path / "log.csv", 900)
    _, notes = run(capsys, "--log", log, "--output", tmp_path)
    assert not any("judge" in note for note in notes)
    assert joblib.load(tmp_path / "router.joblib").bias_correction is None
