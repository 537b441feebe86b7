"""A saved router that the new one is compared with."""

import re

import joblib
import numpy as np
import pytest
from command_runs import few_columns, printed_rows, refused, run, write_columns

from skroute import CausalRouter, logged_feedback


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    rng, x, model = few_columns(1200)
    good = np.where((model == "large") == (x > 0), 0.9, 0.2)
    return write_columns(
        tmp_path_factory.mktemp("log") / "log.csv",
        model=model,
        quality=(rng.random(1200) < good).astype(int),
        cost=np.where(model == "large", 0.002, 0.001),
        propensity=np.full(1200, 0.5),
        x0=x,
    )


class Broken(CausalRouter):
    """A router of other code than this."""

    def predict(self, *arguments, **keywords):
        return self.of_another_version_


def save_router(path, sign, n=600, models=("large", "small")):
    """A router of last week: it learned what is right, or the opposite of it."""
    rng = np.random.default_rng(7)
    x, k = rng.normal(size=(n, 1)), rng.integers(2, size=n)
    quality = ((k == 0) == (sign * x[:, 0] > 0)).astype(float)
    y = logged_feedback(np.array(models)[k], quality, propensity=np.full(n, 0.5))
    joblib.dump(CausalRouter(random_state=0).fit(x, y), path)
    return path


def test_the_comparison_is_printed_with_and_without_a_report(log, tmp_path, capsys):
    saved = save_router(tmp_path / "r.joblib", -1)
    out, notes = run(capsys, "--log", log, "--baseline", saved)
    assert {"today's policy", "the baseline", "CausalRouter"} <= set(printed_rows(out))
    assert "CausalRouter is better than the baseline, as far as these rows tell." in out
    pattern = r"^Against the baseline: quality \+0\.\d+ \(\+.*\), \$1.* instead of \$1"
    assert re.search(pattern, out, re.MULTILINE)
    assert not any("Not held out" in note for note in notes)
    out, _ = run(capsys, "--log", log, "--baseline", saved, "--output", tmp_path)
    assert "the baseline" in out
    assert "the baseline" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_baseline_that_has_seen_the_rows_is_told(log, tmp_path, capsys):
    run(capsys, "--log", log, "--output", tmp_path)
    out, notes = run(capsys, "--log", log, "--baseline", tmp_path / "router.joblib")
    assert any(note.startswith("Of the baseline: Not held out.") for note in notes)
    assert "better than the baseline: the baseline was fitted on these rows" in out


def test_a_baseline_that_does_not_fit_is_an_error_that_names_it(log, tmp_path, capsys):
    saved = save_router(tmp_path / "r.joblib", 1, models=("large", "gone"))
    error = refused(capsys, "--log", log, "--baseline", saved)
    assert error.startswith(f"{saved}: chooses among models that the log to learn from does not")
    assert "'gone'" in error
    y = logged_feedback(["large", "small"] * 50, [1, 0] * 50, propensity=[0.5] * 100)
    wide = np.random.default_rng(0).random((100, 3))
    joblib.dump(CausalRouter(random_state=0).fit(wide, y), saved)
    assert refused(capsys, "--log", log, "--baseline", saved).startswith(f"{saved}: ")
    joblib.dump(Broken(random_state=0).fit(wide[:, :1], y), saved)
    error = refused(capsys, "--log", log, "--baseline", saved)
    assert error.startswith(f"{saved}: cannot choose for these queries (AttributeError: ")
