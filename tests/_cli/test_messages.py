"""Messages of the command that name the flags, the files and what can be seen."""

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
        (None, "there is no such file of aliases; or give 'auto'"),
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
