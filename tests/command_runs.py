"""Logs for the command, and what it prints and writes."""

import csv
import re

import numpy as np

from skroute.__main__ import main

FIXED = ("always the cheapest", "always the strongest", "best fixed model")


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
    return path


def run(capsys, *arguments):
    """Run the command; return what it prints, and its notes."""
    assert main([*map(str, arguments), "--quick"]) == 0
    captured = capsys.readouterr()
    notes = [line.partition("note: ")[2] for line in captured.err.splitlines() if "note: " in line]
    return captured.out, notes


def refused(capsys, *arguments):
    """Run the command; return its error."""
    assert main([*map(str, arguments), "--quick"]) == 2
    (line,) = (
        line for line in capsys.readouterr().err.splitlines() if line.startswith("skroute: ")
    )
    return line.removeprefix("skroute: error: ")


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
