"""The README's code runs, and its tables are what the command prints."""

import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest

import skroute
import skroute.__main__
from skroute.datasets import example_log

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_code_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, code = blocks("python")
    names = {}
    exec(code, names)
    assert (tmp_path / "router.joblib").exists()
    router = names["search"].best_estimator_
    easy, proof = ["Where do I find my invoice?"], ["Prove that every tree is bounded."]
    assert router.predict(easy).tolist() != router.predict(proof).tolist()
    (chosen,) = router.predict(easy)
    assert router.predict(easy, exclude=chosen).tolist() != [chosen]


def test_a_table_of_one_s_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, _ = blocks("python")
    exec(code, {})
    (line,) = re.findall(r"python -m skroute (--table .*)$", README, flags=re.MULTILINE)
    assert skroute.__main__.main(line.split()) == 0
    assert "table.npz: a simulated log of 700 queries" in capsys.readouterr().out


def test_the_shipped_log_is_what_its_script_writes(tmp_path):
    path = tmp_path / "log.csv"
    script = [sys.executable, str(ROOT / "benchmarks" / "example_log.py"), str(path)]
    subprocess.run(script, check=True)
    assert path.read_text(encoding="utf-8") == example_log().read_text(encoding="utf-8")


def test_the_command_on_the_shipped_log(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (line,) = re.findall(r"python -m skroute (--log .*)$", README, flags=re.MULTILINE)
    _, file, *others = line.split()
    assert file == "skroute/datasets/data/example_log.csv"
    assert skroute.__main__.main(["--log", str(example_log()), *others]) == 0
    (printed,) = re.findall(r"^Against today's policy.*$", capsys.readouterr().out, re.MULTILINE)
    (shown,) = re.findall(r"^Against today's policy.*$", README, re.MULTILINE)
    found, expected = (
        np.array(re.findall(r"[-+]?\d+(?:\.\d+)?", words)) for words in (printed, shown)
    )
    # Versions of XGBoost grow somewhat different trees.
    np.testing.assert_allclose(found.astype(float), expected.astype(float), rtol=0.1, atol=0.03)
    router = joblib.load(tmp_path / "first-router" / "router.joblib")
    assert router.predict(["Why is my order late?"])[0] in {"coder", "large", "medium", "small"}


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


@pytest.mark.parametrize("table", blocks("text")[:2], ids=["simulated", "RouterBench"])
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
