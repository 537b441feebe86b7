"""The README's code runs, and its tables are what the command prints."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import skroute
import skroute.__main__

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TOPICS = {
    "easy": ["weather", "recipe", "greeting", "song"],
    "hard": ["integral", "contract", "theorem", "proof"],
}


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


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


def cells(line):
    """Split a row of a table that the command printed into its name and its numbers."""
    name, *others = re.split(r"\s{2,}", line.strip())
    return name, [[float(x) for x in re.findall(r"[-+]?\d+(?:\.\d+)?", text)] for text in others]


def test_the_table_is_what_the_command_prints(capsys):
    assert skroute.__main__.main([]) == 0
    printed = capsys.readouterr().out.splitlines()
    header, rule, *rows = blocks("text")[0].splitlines()
    start = printed.index(header)
    assert printed[start + 1] == rule
    for line, expected in zip(printed[start + 2 :], rows, strict=False):
        (name, numbers), (expected_name, expected_numbers) = cells(line), cells(expected)
        assert name == expected_name
        for found, shown in zip(numbers, expected_numbers, strict=True):
            # Versions of XGBoost grow somewhat different trees; both figures are rounded.
            assert found == pytest.approx(shown, rel=0.02, abs=0.003)


@pytest.mark.parametrize("table", blocks("text"), ids=["simulated", "RouterBench"])
def test_the_tables_add_up(table):
    rows = dict(cells(line) for line in table.splitlines()[2:])
    quality, cost, utility, regret = np.array([columns[:4] for columns in rows.values()])[:, :, 0].T
    dearest = cost.argmax()
    cost_sensitivity = (quality - utility)[dearest] / cost[dearest]
    np.testing.assert_allclose(quality - cost_sensitivity * cost, utility, atol=0.002)
    np.testing.assert_allclose(utility + regret, (utility + regret)[0], atol=0.0011)
    assert list(rows)[utility.argmax()] == "CausalRouter"


def test_the_citation_names_the_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {skroute.__version__}\n" in citation
