"""The command: what it prints, writes and refuses."""

import csv
import re
import subprocess
import sys

import joblib
import numpy as np
import pytest
from command_runs import FIXED, few_columns, printed_rows, read_results, write_columns
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skroute.__main__ import main
from skroute.datasets import make_routing_problem, read_log


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
    arguments = ["--log", str(log), "--embeddings", str(features), "--quick"]
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
    whole = clone(router).fit(problem.X.astype(np.float32), read_log(log).y)
    assert_array_equal(router.predict_quality(problem.X), whole.predict_quality(problem.X))


def test_a_log_without_propensities_and_with_a_model_that_is_held_out(tmp_path, capsys, problem):
    y = problem.y[:200].copy()
    y["model"][7] = "rare"
    write_log(tmp_path / "log.csv", y, ("model", "quality", "cost"))
    np.save(tmp_path / "X.npy", problem.X[:200])
    arguments = ["--log", str(tmp_path / "log.csv"), "--embeddings", str(tmp_path / "X.npy")]
    seen = set()
    for seed in range(6):
        assert main([*arguments, "--quick", "--seed", str(seed)]) == 0
        seen.add("rare" in capsys.readouterr().out)
    assert seen == {True, False}


def test_labels_of_a_judge_are_noted(tmp_path, capsys, problem):
    path = tmp_path / "log.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["model", "quality", "gold", "x0"])
        rows = zip(problem.y["model"], problem.y["quality"], problem.X[:, 0], strict=True)
        writer.writerows([m, q, i % 3 > 0, x] for i, (m, q, x) in enumerate(rows))
    assert main(["--log", str(path), "--quick"]) == 0
    assert re.search("note: .* labels to learn from are a judge's", capsys.readouterr().err)


def test_what_the_log_says_little_about_is_noted(log_files, capsys):
    log, features = log_files
    assert main(["--log", str(log), "--embeddings", str(features), "--quick"]) == 0
    notes = [line for line in capsys.readouterr().err.splitlines() if "note: " in line]
    said = [note.partition("note: ")[2] for note in notes]
    fixed, *routers, curves = (words for words in said if words.startswith("The log says"))
    assert fixed.startswith("The log says little about 3 of 3 fixed models: always model_0, ")
    assert len(routers) == 2
    for name, note in zip(("regress and compare", "CausalRouter"), routers, strict=True):
        assert note.startswith(f"The log says little about {name}: it rests on 2")
    assert re.match(r"The log says little about (\d+) of the \1 points of the curves", curves)


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
        (["--log", "{one}"], "all 10 rows show one model, 'a', so that there is nothing to choose"),
        (["--log", "{log}"], "has neither text nor features; say which column has the text"),
        (["--log", "{log}", "--embeddings", "nowhere.npy"], "nowhere.npy: there is no such file"),
        (["--table", "{log}"], "has no column quality:<model>"),
        (["--table", "{group}"], "all 10 rows are of one group or session, so that none"),
        (["--embeddings", "X.npy"], "--embeddings needs --log or --table"),
        (["--prices", "p.json"], "--prices needs --log"),
        (["--table", "a", "--columns", "quality=q"], "--columns needs --log"),
        (["--log", "{log}", "--columns", "quality"], "takes FIELD=COLUMN, .*got 'quality'"),
        (["--log", "{log}", "--embed", "tfidf", "--embeddings", "X.npy"], "give either --embed or"),
        (["--log", "{log}", "--baseline", "r.joblib"], "r.joblib: there is no such file"),
        (["--budget", "1", "--quality-floor", "0.5"], "not allowed with argument"),
        (["--quality-floor", "much"], "takes a number or 'today', got 'much'"),
        (["--quality-floor", "today"], "--quality-floor today needs --log"),
        (["--budget", "-1"], "--budget must be a finite number of at least 0"),
        (["--quick", "--budget", "1e-9"], "reaches a mean cost of 1e-09 dollars; the least is"),
        (
            ["--quick", "--quality-floor", "2"],
            "keeps a mean quality of 2: the best that",
        ),
        (["--quick", "--exclude", "model_9"], "unknown model 'model_9'"),
        (["explain", "nowhere.joblib", "Why?"], "nowhere.joblib: there is no such file"),
        (["explain", "{log}", "Why?"], "log.csv: is not a router that joblib saved"),
        (["refine"], "invalid choice|unrecognized"),
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
    assert lines[0].startswith("skroute: error: ")
    assert re.search(message, lines[0])


def write_texts(path, n=400):
    """A log of prompts: the small model is as good for weather, and poor for proofs."""
    rng = np.random.default_rng(0)
    hard = rng.random(n) < 0.5
    words = ["theorem proof integral", "weather recipe song"]
    text = [f"{words[0 if h else 1]} {rng.integers(10**6)}" for h in hard]
    large = rng.random(n) < 0.5
    good = np.where(large | ~hard, 0.95, 0.1)
    thumbs = np.where(rng.random(n) < good, "up", "down")
    judged = rng.random(n) < 0.7
    write_columns(
        path,
        prompt=np.where(np.arange(n) == 7, "", text),
        model=np.where(large, "large", "small"),
        thumbs=np.where(judged, thumbs, ""),
        cost=np.where(large, 0.004, 0.0002),
        customer=np.where(hard, "a", "b"),
        latency=np.where(large, 2.0, 0.5),
    )


@pytest.fixture(scope="module")
def fitted_on_texts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    write_texts(folder / "log.csv")
    arguments = ["fit", "--log", str(folder / "log.csv"), "--quick", "--output", str(folder)]
    assert main([*arguments, "--volume", "100000", "--cost-sensitivity", "20"]) == 0
    return folder


def test_a_log_of_texts_gives_a_pipeline_that_takes_prompts(fitted_on_texts, capsys):
    router = joblib.load(fitted_on_texts / "router.joblib")
    assert router.predict(["theorem proof integral"]).tolist() == ["large"]
    assert router.predict(["weather recipe song"]).tolist() == ["small"]
    page = (fitted_on_texts / "report.html").read_text(encoding="utf-8")
    assert re.search("theorem proof integral|weather recipe song", page)
    assert "a month" in page
    assert "Seconds per query" in page


def test_what_a_log_holds_beside_is_noted(fitted_on_texts, capsys):
    log = ["--log", str(fitted_on_texts / "log.csv"), "--quick", "--cost-sensitivity", "20"]
    assert main([*log, "--volume", "1000"]) == 0
    out, err = capsys.readouterr()
    assert "note: thumbs: words and truth values as 0 and 1" in err
    assert "note: columns that are not used: customer; " in err
    assert "note: rows without a text are left out (1): there is nothing to route by" in err
    change = next(line for line in out.splitlines() if line.startswith("Against today's policy: "))
    pattern = r"quality [+-]0\.\d{3} \([+-]0\.\d{3} to [+-]0\.\d{3}\), \$[\d.]+ instead of \$[\d.]+"
    assert re.search(pattern + r" per 1,000 queries \(-\d+%\); \$[\d.]+ a month saved", change)


def test_explain(fitted_on_texts, capsys):
    router = str(fitted_on_texts / "router.joblib")
    assert main(["explain", router, "theorem proof integral", "weather recipe song"]) == 0
    hard, easy, _ = capsys.readouterr().out.split("at cost sensitivity 20\n")
    assert "large (chosen)" in hard
    assert "small (chosen)" in easy
    # The cheap model is as good where it is chosen: by its costs alone it is ahead.
    chosen, other = (line.split() for line in easy.strip().splitlines()[3:5])
    assert float(chosen[-1]) == 0.0
    assert float(other[-1]) == pytest.approx(float(chosen[-2]) - float(other[-2]), abs=1e-3)
    assert main(["explain", router, "weather", "--exclude", "small"]) == 0
    out = capsys.readouterr().out
    assert "large (chosen)" in out
    assert re.search(r"small .* left out", out)


def test_explain_says_that_a_query_is_empty(fitted_on_texts, capsys):
    router = str(fitted_on_texts / "router.joblib")
    assert main(["explain", router, "", " "]) == 0
    out = capsys.readouterr().out
    assert out.startswith("(an empty query)\nmodel ")
    assert out.count("(an empty query)") == 2


def test_explain_refuses_what_takes_features(log_files, tmp_path, capsys):
    log, features = log_files
    given = ["--log", str(log), "--embeddings", str(features), "--quick"]
    assert main([*given, "--output", str(tmp_path)]) == 0
    assert main(["explain", str(tmp_path / "router.joblib"), "Why?"]) == 2
    assert "takes features and no text" in capsys.readouterr().err


def test_an_excluded_model_is_never_chosen_nor_compared_with(fitted_on_texts, tmp_path, capsys):
    log = ["--log", str(fitted_on_texts / "log.csv"), "--quick", "--output", str(tmp_path)]
    assert main([*log, "--exclude", "large"]) == 0
    assert "large" not in capsys.readouterr().out.replace("largest", "")
    router = joblib.load(tmp_path / "router.joblib")
    assert router.predict(["theorem proof integral"]).tolist() == ["small"]


def test_another_router_is_the_baseline_of_the_report(fitted_on_texts, tmp_path, capsys):
    log = ["--log", str(fitted_on_texts / "log.csv"), "--quick", "--output", str(tmp_path)]
    assert main([*log, "--baseline", str(fitted_on_texts / "router.joblib")]) == 0
    assert "the baseline" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_saved_router_meets_the_budget_by_its_own_predictions(fitted_on_texts, tmp_path):
    log = fitted_on_texts / "log.csv"
    arguments = ["--log", str(log), "--quick", "--output", str(tmp_path), "--budget", "0.001"]
    assert main(arguments) == 0
    texts = np.array([text for text in read_log(log).queries if text is not None])
    embed, router = joblib.load(tmp_path / "router.joblib").named_steps.values()
    chosen = router.predict(embed.transform(texts))
    place = np.arange(len(texts)), np.searchsorted(router.classes_, chosen)
    mean = router.predict_cost(embed.transform(texts))[place].mean()
    assert 0.0008 < mean <= 0.001


def test_a_budget_is_met(problem, tmp_path):
    arguments = ["--quick", "--output", str(tmp_path), "--budget", "0.002"]
    assert main(arguments) == 0
    row = next(row for row in read_results(tmp_path) if row["policy"] == "CausalRouter")
    assert 0.0014 < float(row["cost"]) < 0.0024
    router = joblib.load(tmp_path / "router.joblib")
    assert router.cost_sensitivity == float(row["cost_sensitivity"])


@pytest.mark.parametrize("floor", ["0.65", "today"])
def test_a_floor_of_quality_is_kept_by_the_cheapest(fitted_on_texts, tmp_path, capsys, floor):
    log = ["--log", str(fitted_on_texts / "log.csv"), "--quick", "--output", str(tmp_path)]
    assert main([*log, "--quality-floor", floor]) == 0
    rows = {row["policy"]: row for row in read_results(tmp_path)}
    mine, today = rows["CausalRouter"], rows["today's policy"]
    least = 0.65 if floor == "0.65" else float(today["quality"])
    # Of 120 held-out rows, most of them judged.
    assert float(mine["quality"]) > least - 0.08
    assert float(mine["cost"]) < float(rows["always the strongest"]["cost"])


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "skroute", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"skroute \d+\.\d+\S*\n", done.stdout)


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
