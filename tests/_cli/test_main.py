"""The command: what it prints, writes and refuses."""

import csv
import re
import subprocess
import sys

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skroute.__main__ import main
from skroute.datasets import load_routing_log, make_routing_problem

FIXED = ("always the cheapest", "always the strongest", "best fixed model")


@pytest.fixture(scope="module")
def problem():
    return make_routing_problem(400, 6, 3, logging="difficulty", random_state=0)


@pytest.fixture(scope="module")
def table_file(problem, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "table.npz"
    y = problem.y_full
    columns = {
        part: np.column_stack([y[part][name] for name in problem.models])
        for part in ("quality", "cost")
    }
    np.savez(path, X=problem.X, models=problem.models, cluster=np.arange(400) // 2, **columns)
    return path


@pytest.fixture(scope="module")
def log_files(problem, tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    np.save(folder / "X.npy", problem.X)
    write_log(folder / "log.csv", problem.y)
    return folder / "log.csv", folder / "X.npy"


def write_log(path, y, columns=("model", "quality", "cost", "propensity")):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(y[name].tolist() for name in columns), strict=True))


def printed_rows(out: str) -> dict[str, list[str]]:
    """Return the cells behind each policy's name in the printed table."""
    lines = out.splitlines()
    start = next(i for i, line in enumerate(lines) if set(line) == {"-"})
    rows = {}
    for line in lines[start + 1 :]:
        if not line:
            break
        name, *cells = re.split(r"\s{2,}", line)
        rows[name.partition(":")[0] if name.startswith(FIXED) else name] = cells
    return rows


def read_results(folder):
    with (folder / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_synthetic_logs_by_default(tmp_path, capsys):
    assert main(["--quick", "--output", str(tmp_path / "new" / "folder")]) == 0
    out, progress = capsys.readouterr()
    rows = printed_rows(out)
    assert set(rows) == {*FIXED, "regress and compare", "CausalRouter"}
    utility = {name: float(cells[2]) for name, cells in rows.items()}
    regret = {name: float(cells[3]) for name, cells in rows.items()}
    assert utility["CausalRouter"] > max(utility[name] for name in FIXED)
    assert len({round(utility[name] + regret[name], 2) for name in rows}) <= 2
    assert rows["always the strongest"][4] == "0% (+0.000)"
    assert rows["always the cheapest"][4] == "n/a"
    assert re.fullmatch(r"\d+% \([+-]0\.\d{3}\)", rows["CausalRouter"][4])
    assert "seed 0, cost sensitivity " in out
    assert "CausalRouter" in progress
    folder = tmp_path / "new" / "folder"
    assert (folder / "cost_quality.png").read_bytes().startswith(b"\x89PNG")
    router = joblib.load(folder / "router.joblib")
    test = make_routing_problem(1000, 24, 5, logging="difficulty", random_state=0).draw(5000, 1)
    records = {row["policy"]: row for row in read_results(folder)}
    sensitivity = float(records["CausalRouter"]["cost_sensitivity"])
    assert router.cost_sensitivity == sensitivity
    regret = test.regret(router.predict(test.X), sensitivity)
    assert float(records["CausalRouter"]["regret"]) == pytest.approx(regret)


def test_a_table(table_file, tmp_path, capsys):
    arguments = ["--table", str(table_file), "--quick", "--seed", "3", "--output", str(tmp_path)]
    assert main(arguments) == 0
    out, _ = capsys.readouterr()
    assert out.startswith("table.npz: a simulated log of 280 queries")
    assert "120 others" in out
    assert "seed 3, cost sensitivity" in out
    rows = printed_rows(out)
    assert set(rows) == {*FIXED, "regress and compare", "CausalRouter"}
    for row in read_results(tmp_path):
        sensitivity = float(row["cost_sensitivity"])
        expected = float(row["quality"]) - sensitivity * float(row["cost"])
        assert float(row["utility"]) == pytest.approx(expected)
        assert float(row["regret"]) >= 0
        assert row["seed"] == "3"
    curve = [row for row in read_results(tmp_path) if row["policy"] == "curve of CausalRouter"]
    assert len(curve) == len({row["cost_sensitivity"] for row in curve}) >= 4


def test_a_table_of_columns_without_costs(tmp_path, capsys, problem):
    path = tmp_path / "table.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"quality:{name}" for name in problem.models), "x0", "x1"])
        quality = [problem.y_full["quality"][name][:150] for name in problem.models]
        writer.writerows(zip(*quality, *problem.X[:150, :2].T, strict=True))
    assert main(["--table", str(path), "--quick", "--output", str(tmp_path)]) == 0
    out, _ = capsys.readouterr()
    assert "cost sensitivity 0\n" in out
    rows = printed_rows(out)
    assert rows["CausalRouter"][1] == "0.000"
    assert rows["CausalRouter"][4] == "n/a"
    assert (tmp_path / "cost_quality.png").exists()


def test_a_given_cost_sensitivity(table_file, tmp_path, capsys):
    base = ["--table", str(table_file), "--quick", "--output", str(tmp_path)]
    assert main([*base, "--cost-sensitivity", "1e6"]) == 0
    rows = printed_rows(capsys.readouterr().out)
    assert rows["CausalRouter"][:3] == rows["always the cheapest"][:3]
    assert rows["best fixed model"][:3] == rows["always the cheapest"][:3]


def test_a_log_is_valued_by_estimates(log_files, tmp_path, capsys, problem):
    log, features = log_files
    arguments = ["--log", str(log), "--features", str(features), "--quick"]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith("log.csv: learned from 280 logged queries, estimated on 120 others")
    rows = printed_rows(out)
    assert {"today's policy", *FIXED, "regress and compare", "CausalRouter"} <= set(rows)
    for cells in rows.values():
        low, high = map(float, cells[3].split(" to "))
        assert low <= float(cells[2]) <= high
    assert len(rows["today's policy"]) == 5
    low, high = map(float, rows["CausalRouter"][5].split(" to "))
    assert low <= float(rows["CausalRouter"][4]) <= high
    records = {row["policy"]: row for row in read_results(tmp_path)}
    today = records["today's policy"]
    utility = float(today["quality"]) - float(today["cost_sensitivity"]) * float(today["cost"])
    assert float(today["utility"]) == pytest.approx(utility)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "120 logged queries" in page
    assert f"{float(records['CausalRouter']['utility']):.3f}" in page
    # The saved router has learned from the whole log.
    router = joblib.load(tmp_path / "router.joblib")
    whole = clone(router).fit(*load_routing_log(log, features=features))
    assert_array_equal(router.predict_quality(problem.X), whole.predict_quality(problem.X))


def test_a_log_without_propensities_and_with_a_model_that_is_held_out(tmp_path, capsys, problem):
    y = problem.y[:200].copy()
    y["model"][7] = "rare"
    write_log(tmp_path / "log.csv", y, ("model", "quality", "cost"))
    np.save(tmp_path / "X.npy", problem.X[:200])
    arguments = ["--log", str(tmp_path / "log.csv"), "--features", str(tmp_path / "X.npy")]
    seen = set()
    for seed in range(6):
        assert main([*arguments, "--quick", "--seed", str(seed)]) == 0
        seen.add("rare" in capsys.readouterr().out)
    assert seen == {True, False}


def test_preference_rows_are_noted(tmp_path, capsys, problem):
    path = tmp_path / "log.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["model", "quality", "gold", "x0"])
        rows = zip(problem.y["model"], problem.y["quality"], problem.X[:, 0], strict=True)
        writer.writerows([m, q, i % 3 > 0, x] for i, (m, q, x) in enumerate(rows))
    assert main(["--log", str(path), "--quick"]) == 0
    assert re.search("note: .*preference", capsys.readouterr().err)


def test_what_the_log_says_little_about_is_noted(log_files, capsys):
    log, features = log_files
    assert main(["--log", str(log), "--features", str(features), "--quick"]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "note: " in line]
    fixed, *routers, curves = (note.partition("note: ")[2] for note in notes)
    assert fixed.startswith("The log says little about 3 of 3 fixed models: always model_0, ")
    assert len(routers) == 2
    for name, note in zip(("regress and compare", "CausalRouter"), routers, strict=True):
        assert note.startswith(f"The log says little about {name}: it rests on 2")
    assert curves.startswith("The log says little about 8 of the 8 points of the curves")


def test_the_seed_decides_the_output(table_file, capsys):
    outputs = []
    for seed in ("0", "0", "1"):
        assert main(["--table", str(table_file), "--quick", "--seed", seed]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert outputs[0].splitlines()[3:] != outputs[2].splitlines()[3:]


def test_without_matplotlib_there_is_no_picture(table_file, tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["--table", str(table_file), "--quick", "--output", str(tmp_path)]) == 0
    out, progress = capsys.readouterr()
    assert "no picture and no report; they need matplotlib" in progress
    assert "router.joblib, results.csv\n" in out
    assert {path.name for path in tmp_path.iterdir()} == {"router.joblib", "results.csv"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--table", "nowhere.npz"], "nowhere.npz: there is no such file"),
        (["--log", "nowhere.csv"], "nowhere.csv: there is no such file"),
        (["--log", "{one}"], "lacks|one class|one model"),
        (["--log", "{log}"], "has no features; give columns x0, x1, ... or features=, a .npy file"),
        (["--log", "{log}", "--features", "nowhere.npy"], "nowhere.npy: there is no such file"),
        (["--table", "{log}"], "has no column quality:<model>"),
        (["--table", "{group}"], "all rows are of one group: nothing can be held out"),
        (["--features", "X.npy"], "--features needs --table or --log"),
        (["--cost-sensitivity", "-1"], "--cost-sensitivity must be a finite number of at least 0"),
        (["--cost-sensitivity", "nan"], "--cost-sensitivity must be a finite number"),
        (["--seed", "x"], "argument --seed: invalid int value: 'x'"),
        (["--seed", "-1"], "--seed must be in"),
        (["--table", "a", "--log", "b"], "not allowed with argument"),
        (["--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["--quick", "--output", "{log}"], "File exists"),
    ],
)
def test_errors_are_one_line_and_exit_code_two(tmp_path, log_files, capsys, arguments, message):
    one, group = tmp_path / "one.csv", tmp_path / "group.csv"
    one.write_text("model,quality,x0\n" + "a,1,0\n" * 10)
    group.write_text("quality:a,quality:b,group,x0\n" + "1,0,g,0\n" * 10)
    places = {"one": one, "group": group, "log": log_files[0]}
    try:
        code = main([part.format(**places) for part in arguments])
    except SystemExit as error:
        code = error.code
    assert code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("[")]
    assert len(lines) == 1
    assert lines[0].startswith("python -m skroute: error: ")
    assert re.search(message, lines[0])


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "skroute", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"skroute \d+\.\d+\S*\n", done.stdout)


def few_columns(n=900):
    rng = np.random.default_rng(0)
    return rng, rng.normal(size=n), np.array(["large", "small"])[rng.integers(2, size=n)]


def write_columns(path, **columns):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(
            zip(*(np.asarray(part).tolist() for part in columns.values()), strict=True)
        )


def notes_of(path, capsys, *arguments):
    assert main(["--log", str(path), "--quick", *arguments]) == 0
    captured = capsys.readouterr()
    return captured.out, [line for line in captured.err.splitlines() if "note: " in line]


def test_a_log_by_a_rule_is_noted(tmp_path, capsys):
    rng, x, _ = few_columns()
    model = np.where(x > 0, "large", "small")
    write_columns(tmp_path / "log.csv", model=model, quality=rng.random(900), x0=x)
    out, notes = notes_of(tmp_path / "log.csv", capsys)
    assert sum("The log explored too little" in note for note in notes) == 1
    (verdict,) = (line for line in out.splitlines() if line.startswith("It is unclear whether"))
    assert "better than today's policy: the log that the router was fitted on explored" in verdict


def test_few_groups_are_noted(tmp_path, capsys):
    rng, x, model = few_columns()
    columns = {"model": model, "quality": rng.random(900), "propensity": np.full(900, 0.5)}
    write_columns(tmp_path / "log.csv", **columns, group=np.arange(900) // 60, x0=x)
    _, notes = notes_of(tmp_path / "log.csv", capsys)
    assert sum("The interval rests on 5 independent groups" in note for note in notes) == 1


def test_blank_qualities(tmp_path, capsys):
    rng, x, model = few_columns()
    # Easy queries are judged more often, so that judged rows alone flatter.
    judged = rng.random(900) < 1 / (1 + np.exp(-2 * x))
    assert (0.5 + 0.2 * x)[judged].mean() > 0.57
    quality = np.where(judged, (0.5 + 0.2 * x).round(6).astype(str), "")
    columns = {"model": model, "quality": quality, "propensity": np.full(900, 0.5), "x0": x}
    write_columns(tmp_path / "log.csv", **columns)
    out, notes = notes_of(tmp_path / "log.csv", capsys, "--output", str(tmp_path))
    assert abs(float(printed_rows(out)["today's policy"][0]) - 0.5) < 0.03
    assert "have a gold quality" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not any("explored" in note for note in notes)
    n_judged = re.search(r"Only (\d+) of 2\d\d rows have a gold quality", "\n".join(notes))[1]
    assert 80 < int(n_judged) < 190


def test_few_judged_rows_are_noted(tmp_path, capsys):
    rng, x, model = few_columns()
    quality = np.where(np.arange(900) < 30, rng.random(900).round(3).astype(str), "")
    columns = {"model": model, "quality": quality, "propensity": np.full(900, 0.5), "x0": x}
    write_columns(tmp_path / "log.csv", **columns)
    _, notes = notes_of(tmp_path / "log.csv", capsys)
    said = [note.partition("note: ")[2].partition(":")[0] for note in notes]
    assert "The log says little about today's policy" in said
    assert "The log says little about CausalRouter" in said
    assert len(set(said)) == len(said)
