"""The README's code runs, and its synthetic table is what the command prints."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skroute.__main__

README = Path(__file__).parents[1] / "README.md"
TOPICS = {
    "easy": ["weather", "recipe", "greeting", "song"],
    "hard": ["integral", "contract", "theorem", "proof"],
}


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), flags=re.DOTALL)


def write_log(path, n=160):
    """A log in which the small model is as good for easy queries and poor for hard ones."""
    rng = np.random.default_rng(0)
    hard = rng.random(n) < 0.5
    words = [rng.choice(TOPICS["hard" if h else "easy"], 5) for h in hard]
    large = rng.random(n) < np.where(hard, 0.8, 0.2)
    filler = rng.choice(list("abcdefghijklmnopqrstuvwxyz"), (n, 6, 3))
    noise = ["".join(letters) for row in filler for letters in row]
    query = [" ".join([*words[i], *noise[6 * i : 6 * i + 6]]) for i in range(n)]
    quality = np.where(large | ~hard, 0.9, 0.2) + 0.05 * rng.normal(size=n)
    cost = np.where(large, 0.004, 0.0002)
    pd.DataFrame(
        {
            "query": query,
            "model": np.where(large, "large", "small"),
            "quality": quality,
            "cost": cost,
        }
    ).to_csv(path, index=False)


def test_the_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_log(tmp_path / "log.csv")
    (code,) = blocks("python")
    names = {}
    exec(code, names)
    assert (tmp_path / "router.joblib").exists()
    router = names["search"].best_estimator_
    assert router.predict(["theorem proof integral"]).tolist() == ["large"]
    assert router.predict(["weather recipe song"]).tolist() == ["small"]
    assert router.predict(["theorem proof integral"], exclude="large").tolist() == ["small"]


@pytest.mark.skipif(np.__version__ < "2", reason="the last digits are those of one set of versions")
def test_the_table_is_what_the_command_prints(capsys):
    assert skroute.__main__.main([]) == 0
    printed = capsys.readouterr().out.splitlines()
    shown = blocks("text")[0].splitlines()
    start = printed.index(shown[0])
    for line, expected in zip(printed[start:], shown, strict=False):
        assert line.split(":")[0][:26] == expected.split(":")[0][:26]
        numbers, expected_numbers = (
            [float(x) for x in re.findall(r"\d+\.\d+", text)] for text in (line, expected)
        )
        assert numbers == pytest.approx(expected_numbers, abs=0.02)
