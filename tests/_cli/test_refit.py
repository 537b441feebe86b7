import csv
import warnings
from dataclasses import fields

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skroute import CausalRouter, logged_feedback
from skroute.__main__ import main
from skroute._cli import _refit
from skroute._cli._refit import Decision, save_router
from skroute.datasets import make_routing_problem
from skroute.metrics import PolicyDifference

PROBLEM = make_routing_problem(900, n_features=4, n_models=3, random_state=0)


def write_log(path, problem, *, judged=1.0, start=0.0, shift=0.0, seed=0, session=None):
    """Write a log with its features, propensities and times."""
    rng = np.random.default_rng(seed)
    columns = [f"x{j}" for j in range(problem.X.shape[1])]
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["model", "quality", "cost", "propensity", "time", *columns]
            + ["session"] * (session is not None)
        )
        for i, (x, row) in enumerate(zip(problem.X, problem.y, strict=True)):
            quality = row["quality"] + shift * (row["model"] == "model_2")
            told = repr(float(np.clip(quality, 0, 1))) if rng.random() < judged else ""
            more = [] if session is None else [session(i)]
            writer.writerow(
                [row["model"], told, row["cost"], row["propensity"], start + i, *x, *more]
            )
    return path


def fitted(n=900, **options):
    options = {"cost_sensitivity": 10.0, "random_state": 0, **options}
    return CausalRouter(**options).fit(PROBLEM.X[:n], PROBLEM.y[:n])


def run(capsys, *arguments):
    code = main(["refit", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def served(tmp_path):
    """Return a router, wrong of everything, and a log of queries that it was not fitted on."""
    wrong = PROBLEM.y[:300].copy()
    wrong["quality"] = 1 - wrong["quality"]
    router = CausalRouter(10.0, random_state=0).fit(PROBLEM.X[:300], wrong)
    joblib.dump(router, tmp_path / "router.joblib")
    log = write_log(tmp_path / "new.csv", PROBLEM.draw(1200, random_state=1))
    return tmp_path / "router.joblib", log


def test_a_better_router_takes_the_place_of_the_serving_one(served, capsys, tmp_path):
    router, log = served
    before = joblib.load(router)
    code, out, _ = run(capsys, "--router", router, "--log", log, "--report", tmp_path / "page.html")
    assert code == 0
    assert "is replaced: the new one is not worse: +0." in out
    assert "on 480 judged rows" in out
    after = joblib.load(router)
    test = PROBLEM.draw(3000, random_state=2)
    before, after = (test.regret(r.predict(test.X), 10.0) for r in (before, after))
    assert after < before - 0.05
    assert joblib.load(router).get_params()["cost_sensitivity"] == 10.0
    page = (tmp_path / "page.html").read_text()
    assert "baseline" in page
    assert [path.name for path in tmp_path.glob("*.part")] == []


def test_the_new_router_is_fitted_on_all_rows(served, capsys, tmp_path):
    path, log = served
    old = write_log(tmp_path / "old.csv", PROBLEM, start=-1000.0)
    assert run(capsys, "--router", path, "--log", log, "--keep", old)[0] == 0
    both = PROBLEM.draw(1200, random_state=1)
    X = np.concatenate([PROBLEM.X, both.X]).astype(np.float32)
    expected = joblib.load(path).predict(X)
    again = write_log(tmp_path / "all.csv", both)
    joblib.dump(fitted(), path)
    assert run(capsys, "--router", path, "--log", again, "--keep", old, "--tolerance", 1)[0] == 0
    assert_array_equal(joblib.load(path).predict(X), expected)


def test_too_few_judged_rows_keep_the_old_one(served, capsys):
    router, _ = served
    log = write_log(router.with_name("few.csv"), PROBLEM.draw(400, random_state=1), judged=0.1)
    before = router.read_bytes()
    code, out, _ = run(capsys, "--router", router, "--log", log)
    assert code == 0
    assert "stays: the newest rows that compare hold " in out
    assert "more are needed" in out
    assert router.read_bytes() == before


def test_a_worse_router_is_not_taken(served, capsys, tmp_path):
    path, _ = served
    joblib.dump(fitted(), path)
    # What is learned from is wrong of everything; what compares, the newest rows, is right.
    wrong = PROBLEM.draw(2000, random_state=3)
    wrong.y["quality"] = 1 - wrong.y["quality"]
    old = write_log(tmp_path / "old.csv", wrong, start=-5000.0)
    small = PROBLEM.draw(300, random_state=4)
    new = write_log(tmp_path / "small.csv", small)
    before = path.read_bytes()
    code, out, _ = run(capsys, "--router", path, "--log", new, "--keep", old)
    assert code == 0
    assert "stays: the new one is estimated to be worse: -0." in out
    assert path.read_bytes() == before


def difference(value, error):
    """Return a difference of which nothing else is looked at."""
    given = {field.name: None for field in fields(PolicyDifference)}
    return PolicyDifference(**{**given, "value": value, "standard_error": error})


@pytest.mark.parametrize(
    ("value", "error", "n_judged", "replaces", "words"),
    [
        (0.0, 0.013, 100, True, "not worse"),
        (0.0, 0.02, 100, False, "some 125 more"),  # (.75 * .02 / .01)**2 = 2.25 times as many
        (0.05, 0.02, 100, True, "not worse"),
        (-0.011, 0.001, 100, False, "estimated to be worse"),
        (0.5, 0.001, 29, False, "at least 1 more"),
        (0.0, np.nan, 40, False, "at least 1 more"),
    ],
)
def test_decisions_by_hand(value, error, n_judged, replaces, words):
    decision = Decision.of(difference(value, error), n_judged, 0.01)
    assert decision.replaces is replaces
    assert words in decision.reason


def test_sessions_do_not_lie_on_both_sides(served, monkeypatch, capsys):
    path, _ = served
    # Every session has a row in the first and in the last half of the log.
    log = write_log(
        path.with_name("sessions.csv"),
        PROBLEM.draw(600, random_state=1),
        session=lambda i: f"s{i % 300}",
    )
    seen = []
    split = _refit._split

    def spied(feedback, first_new, progress):
        kept, held = split(feedback, first_new, progress)
        seen.append((feedback.group[kept], feedback.group[held]))
        return kept, held

    monkeypatch.setattr(_refit, "_split", spied)
    assert run(capsys, "--router", path, "--log", log)[0] == 0
    ((kept, held),) = seen
    assert len(held) > 200
    assert not np.isin(kept, held).any()


def test_steps_before_the_router_stay(served, capsys, tmp_path):
    path, _ = served
    words = np.array(["refund please", "why is it late", "sum these numbers", "hello"])
    steps = [("length", FunctionTransformer(lengths)), ("scale", StandardScaler())]
    rng = np.random.default_rng(0)
    text = words[rng.integers(4, size=700)]
    model = rng.choice(["a", "b"], 700)
    good = (np.char.str_len(text) > 10) == (model == "b")
    quality = (rng.random(700) < np.where(good, 0.9, 0.2)).astype(float)
    log = tmp_path / "texts.csv"
    with log.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["query", "model", "quality", "cost"])
        writer.writerows(zip(text, model, quality, np.full(700, 0.01), strict=True))
    X = make_pipeline(*(step for _, step in steps)).fit_transform(text)
    y = logged_feedback(model, 1 - quality)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = Pipeline([*steps, ("route", CausalRouter(random_state=0).fit(X, y))])
    joblib.dump(pipeline, path)
    code, out, err = run(capsys, "--router", path, "--log", log)
    assert (code, "is replaced" in out) == (0, True)
    assert "its last rows are taken for the newest" in err
    after = joblib.load(path)
    assert list(after.named_steps) == ["length", "scale", "route"]
    assert_array_equal(after["scale"].mean_, pipeline["scale"].mean_)
    assert_array_equal(after.predict(words), ["b", "b", "b", "a"])


def lengths(texts):
    return np.char.str_len(np.asarray(texts, dtype=str))[:, None].astype(float)


def test_retired_models_stay_retired(served, capsys):
    path, log = served
    router = joblib.load(path)
    router.left_out_ = ["model_2"]
    joblib.dump(router, path)
    assert run(capsys, "--router", path, "--log", log)[0] == 0
    assert joblib.load(path).left_out_.tolist() == ["model_2"]


def test_other_features_than_the_routers_are_an_error(served, capsys):
    path, _ = served
    other = make_routing_problem(50, n_features=3, n_models=3, random_state=0)
    log = write_log(path.with_name("other.csv"), other)
    code, _, err = run(capsys, "--router", path, "--log", log)
    assert code == 2
    assert "has 3 features a query, and the router takes 4" in err


def test_a_save_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "router.joblib"
    save_router({"old": 1}, str(path))
    with pytest.raises(Exception, match="pickle"):
        save_router(lambda: None, str(path))
    assert joblib.load(path) == {"old": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == ["router.joblib"]


def test_it_needs_a_router_and_a_log(capsys):
    with pytest.raises(SystemExit):
        main(["refit", "--log", "x.csv"])
    assert "--router" in capsys.readouterr().err
