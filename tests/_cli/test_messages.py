"""Messages of the command that name the flags, the files and what can be seen."""

import re

import numpy as np
import pytest
from command_runs import few_columns, refused, run, write_columns


@pytest.fixture
def log(tmp_path):
    rng, x, model = few_columns(200)
    columns = {"model": model, "quality": rng.random(200), "cost": rng.random(200) / 1e3}
    return write_columns(tmp_path / "log.csv", **columns, propensity=np.full(200, 0.5), x0=x)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"a": ', "is not a JSON file"),
        ('["a"]', "an object from name to name is needed"),
        ('{"a": 1}', "an object from name to name is needed"),
        (None, "there is no such file of aliases; or give NAME=NAME, 'auto' or 'none'"),
    ],
)
def test_errors_of_aliases_name_their_file(log, tmp_path, capsys, content, words):
    path = tmp_path / "names.json"
    if content is not None:
        path.write_text(content)
    assert refused(capsys, "--log", log, "--aliases", path).startswith(f"{path}: {words}")


def test_the_title_names_all_files(log, tmp_path, capsys):
    out, _ = run(
        capsys, "--log", log, write_columns(tmp_path / "more.csv", model=["large"], x0=[0])
    )
    assert out.startswith("log.csv, more.csv: learned from 1")


def test_control_characters_of_a_file_name_are_escaped(log, tmp_path, capsys):
    path = tmp_path / "red\x1b[31m$x$.csv"
    path.write_text(log.read_text())
    out, _ = run(capsys, "--log", path, "--output", tmp_path)
    assert "\x1b" not in out
    assert out.startswith(r"red\x1b[31m$x$.csv: learned from")
    assert r"\x1b" in refused(capsys, "--log", f"{path}.gone")


def spelled(tmp_path):
    """A log of two models: half of the rows of one have a prefix, and one is dated."""
    rng, x, model = few_columns(240)
    model = np.where(model == "large", "gpt-4o", "llama-2025-01-31")
    model = np.where((model == "gpt-4o") & (x > 0), "openai/gpt-4o", model)
    model[:20] = "llama"
    columns = {"model": model, "helpful": rng.random(240) > 0.3, "toxic": rng.random(240).round(1)}
    return write_columns(tmp_path / "log.csv", **columns, x0=x)


def test_a_prefix_on_part_of_the_rows_is_joined_and_told(tmp_path, capsys):
    log = spelled(tmp_path)
    taken = ["--log", log, "--columns", "quality=helpful"]
    out, notes = run(capsys, *taken)
    (note,) = (note for note in notes if "prefix" in note)
    joined = r"are joined: '(openai/)?gpt-4o' \(\d+\) with '(openai/)?gpt-4o' \(\d+\); "
    assert re.search(joined + "--aliases none keeps them apart$", note)
    assert len(set(re.findall("(?:openai/)?gpt-4o", out))) == 1
    out, notes = run(capsys, *taken, "--aliases", "none")
    (note,) = (note for note in notes if "prefix" in note)
    assert note.endswith("--aliases auto joins them")
    assert len(set(re.findall("(?:openai/)?gpt-4o", out))) == 2
    # Further ones are joined by what such a note says.
    (note,) = (note for note in notes if "versions" in note)
    assert note.endswith("--aliases llama-2025-01-31=llama joins them")
    file = tmp_path / "names.json"
    file.write_text('{"openai/gpt-4o": "gpt-4o"}')
    out, notes = run(capsys, *taken, "--aliases", "llama-2025-01-31=llama", file)
    assert "openai/gpt-4o" not in out
    assert "llama-2025" not in out
    assert any(note.endswith("joined with 'llama': as --aliases says") for note in notes)


def test_notes_and_errors_say_flags(tmp_path, capsys):
    log = spelled(tmp_path)
    _, notes = run(capsys, "--log", log, "--columns", "quality=helpful", "--aliases", "none")
    assert any("no costs" in note for note in notes)
    assert not [note for note in notes if re.search(r"\w=[^\w]|columns\[", note)]
    _, notes = run(capsys, "--log", log, "--columns", "quality=toxic", "--score", "toxic=1,0")
    assert any("toxic: 1 to 0 read as 0 to 1, as --score says" in note for note in notes)
    error = refused(capsys, "--log", log, "--columns", "model=name")
    assert "--columns model=name: no record of an answer has 'name'" in error
    taken = ["--log", log, "--columns", "quality=helpful"]
    error = refused(capsys, *taken, "--price-per-second", "1")
    assert "map a column to it, --columns latency=... in seconds" in error
    with pytest.raises(SystemExit):
        refused(capsys, "--log", log, "--score", "toxic=bad")
    assert "--score takes LABEL or LABEL=WORST,BEST" in capsys.readouterr().err


def test_too_little_to_learn_from_is_told(tmp_path, capsys):
    def error(**columns):
        return refused(capsys, "--log", write_columns(tmp_path / "few.csv", **columns))

    one = {"model": ["a"], "quality": [1], "prompt": ["Why?"]}
    assert error(**one).endswith("1 row is too little to learn from and to hold some out")
    same = {"model": ["a"] * 9, "quality": [1] * 9, "prompt": ["Why?"] * 9}
    assert error(**same).endswith(
        "all 9 rows show one model, 'a', so that there is nothing to choose; a log of two or more "
        "models is needed"
    )
    grouped = {**same, "model": ["a", "b", "a"] * 3, "session": ["s"] * 9}
    assert error(**grouped).endswith(
        "all 9 rows are of one group or session, so that none can be held out; --columns "
        "group=COLUMN says what else belongs together"
    )
    pair = {name: part * 2 for name, part in one.items()}
    assert "np." not in error(**{**pair, "model": ["a", "b"]})


def test_without_costs_no_model_is_the_cheapest(tmp_path, capsys):
    rng, x, model = few_columns(300)
    log = write_columns(
        tmp_path / "log.csv", model=model, quality=rng.random(300), propensity=[0.5] * 300, x0=x
    )
    out, notes = run(capsys, "--log", log)
    assert "cheapest" not in out
    assert "always the strongest" in out
    assert sum("no costs" in note for note in notes) == 1
    assert not any("The table" in note for note in notes)
    (change,) = (line for line in out.splitlines() if line.startswith("Against today's policy"))
    assert "$" not in change
