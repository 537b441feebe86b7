"""How the cost sensitivity is found that keeps a floor of quality."""

import re

import numpy as np
import pytest
from command_runs import few_columns, run, write_columns

from skroute._cli._goal import last_kept, rungs_of


@pytest.mark.parametrize(
    ("gap", "kept"),
    [
        ([0.1, 0.05, -0.05], 1),
        ([0.1, 0.05, 0.02], 2),
        # A loss that others make up for is noise: quality never grows as less is spent.
        ([0.05, 0.03, -0.001, 0.02, 0.01, -0.02, -0.05], 4),
        # And a gain beyond a loss is luck.
        ([0.05, -0.03, 0.02, -0.05], 0),
        ([-0.01, 0.03, -0.04], 1),
        ([-0.1, -0.2], None),
    ],
)
def test_the_last_that_keeps_the_floor(gap, kept):
    assert last_kept(np.array(gap)) == kept


def test_candidates_are_all_changes_or_many_of_them():
    assert rungs_of(np.empty(0)).tolist() == [0.0]
    zero, *behind = rungs_of(np.array([2.0, 3.0, 3.0]))
    assert zero == 0
    assert behind == pytest.approx([2, 3])
    assert min(behind) > 2
    assert max(behind) > 3
    many = rungs_of(np.sort(np.random.default_rng(0).random(5000)))
    assert 90 <= len(many) <= 110
    assert np.diff(many).max() < 0.02


@pytest.fixture
def log(tmp_path):
    rng, x, model = few_columns()
    good = np.where(model == "large", 0.9, np.where(x > 0, 0.88, 0.4))
    return write_columns(
        tmp_path / "log.csv",
        model=model,
        quality=(rng.random(900) < good).astype(int),
        cost=np.where(model == "large", 0.004, 0.0005),
        propensity=np.full(900, 0.5),
        x0=x,
    )


NUMBER, INTERVAL = r"[+-]?\d\.\d{3}", r"\([+-]?\d\.\d{3} to [+-]?\d\.\d{3}\)"


def test_floor_and_what_is_expected_are_printed_and_reported(log, tmp_path, capsys):
    out, _ = run(capsys, "--log", log, "--quality-floor", "today", "--output", tmp_path)
    (line,) = (line for line in out.splitlines() if line.startswith("Quality floor"))
    start = rf"Quality floor {NUMBER} \(today's policy\): CausalRouter is expected to reach "
    expected = rf"{NUMBER} {INTERVAL}, {NUMBER} against the floor {INTERVAL}, at \$\d\S+ per 1,000 "
    assert re.match(start + expected + r"queries, where today's policy costs \$", line)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert line.partition(" (today")[0] in page
    out, _ = run(capsys, "--log", log, "--quality-floor", "0.7")
    (line,) = (line for line in out.splitlines() if line.startswith("Quality floor"))
    assert re.match(rf"Quality floor 0\.7: CausalRouter is expected to reach {expected}", line)


def test_the_floor_of_a_table_whose_truth_is_known(capsys):
    out, _ = run(capsys, "--quality-floor", "0.7")
    (line,) = (line for line in out.splitlines() if line.startswith("Quality floor"))
    pattern = rf"Quality floor 0\.7: CausalRouter reaches {NUMBER} {INTERVAL}, {NUMBER} against"
    assert re.match(pattern, line)
