"""A log with rows of a benchmark, for a model that has no traffic yet."""

import joblib
import numpy as np
from command_runs import run, write_columns


def test_a_new_model_is_learned_from_a_benchmark_and_never_held_out(tmp_path, capsys):
    rng = np.random.default_rng(0)
    traffic, bench = 500, 240
    x = rng.normal(size=traffic + bench)
    model = np.r_[
        np.array(["large", "small"])[rng.integers(2, size=traffic)],
        np.repeat(["large", "new", "small"], bench // 3),
    ]
    good = {"large": 0.7, "small": 0.5, "new": 0.95}
    log = write_columns(
        tmp_path / "log.csv",
        model=model,
        quality=(rng.random(len(model)) < [good[name] for name in model]).astype(int),
        cost=[{"large": 0.01, "small": 0.001, "new": 0.002}[name] for name in model],
        prior=np.arange(len(model)) >= traffic,
        x0=x,
    )
    out, notes = run(capsys, "--log", log, "--output", tmp_path)
    assert "learned from 350 logged queries and 240 rows of a benchmark, estimated on 150" in out
    assert any("240 rows of a benchmark (prior), no traffic" in note for note in notes)
    assert any("There is no traffic of new" in note for note in notes)
    assert "always: new" not in out
    router = joblib.load(tmp_path / "router.joblib")
    assert np.unique(router.predict(np.zeros((3, 1)), exclude="small")).tolist() == ["new"]
    out, _ = run(capsys, "--log", log, "--quality-floor", "today")
    assert "Quality floor" in out
