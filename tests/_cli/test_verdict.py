"""What the command concludes of the router that it saves."""

import numpy as np
from command_runs import run, write_columns


def test_a_router_that_is_worse_is_not_recommended(tmp_path, capsys):
    # The log knew which model would do, and drew it with nine tenths; queries do not show it.
    rng, n = np.random.default_rng(0), 900
    right, followed = rng.integers(2, size=n), rng.random(n) < 0.9
    shown = np.where(followed, right, 1 - right)
    log = write_columns(
        tmp_path / "log.csv",
        model=np.array(["large", "small"])[shown],
        quality=followed.astype(int),
        propensity=np.where(followed, 0.9, 0.1),
        x0=rng.normal(size=n),
    )
    out, _ = run(capsys, "--log", log, "--output", tmp_path)
    assert (
        "CausalRouter is worse than today's policy, as far as these rows tell. The saved router is "
        "not recommended: stay with today's policy.\n"
    ) in out
    assert "router.joblib (not recommended), results.csv" in out
    out, _ = run(capsys, "--log", log)
    assert "tell. This router is not recommended: stay with today's policy.\n" in out


def test_what_is_unclear_is_no_reason_to_switch(tmp_path, capsys):
    rng, n = np.random.default_rng(0), 300
    log = write_columns(
        tmp_path / "log.csv",
        model=rng.choice(["large", "small"], n),
        quality=rng.integers(2, size=n),
        x0=rng.normal(size=n),
    )
    out, notes = run(capsys, "--log", log, "--output", tmp_path)
    assert "Until more rows tell, today's policy is the safe choice.\n" in out
    assert any("queries the saved one sends 100% to " in note for note in notes)
