"""Regret of CausalRouter and its baselines over problems, logs and settings.

    python benchmarks/router_study.py --quick
    python benchmarks/router_study.py --tables TABLE.npz [TABLE.npz ...] --output results

Synthetic problems (`make_routing_problem`) always, and every routing table that is given. Each
case is a log: a problem, a logging policy, what is known of the propensities, a size and a seed.
Every method is fitted on it, and its regret on held-out queries, averaged over four cost
sensitivities, becomes one line of router_study.csv. A run that is started again does only what is
missing. `router_study_report.py` makes tables and a picture of the lines.
"""

from __future__ import annotations

import argparse
import csv
import os
import time
import warnings
from dataclasses import fields
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from router_study_cases import Case, all_cases, prepare
from router_study_methods import methods_of
from threadpoolctl import threadpool_limits

from skroute.nuisance import OverlapWarning

CASE_COLUMNS = [field.name for field in fields(Case)]
COLUMNS = [*CASE_COLUMNS, "method", "regret", "seconds"]


def measure(case: Case, tables: dict[str, Path]) -> list[list[str]]:
    """Return one line a method."""
    lines = []
    with warnings.catch_warnings(), threadpool_limits(1):
        # Short logs of many models are meant to overlap poorly here.
        warnings.simplefilter("ignore", OverlapWarning)
        data = prepare(case, tables)
        for name, method in methods_of(case.section).items():
            start = time.perf_counter()
            chosen = method(data)
            seconds = time.perf_counter() - start
            pairs = zip(chosen, data.sensitivities, strict=True)
            regret = np.mean([data.regret(labels, s) for labels, s in pairs])
            lines.append([*case.key, name, f"{regret:.6f}", f"{seconds:.3f}"])
    return lines


def finished(path: Path) -> set[tuple[str, ...]]:
    if not path.exists():
        return set()
    with path.open(newline="") as file:
        return {tuple(line[name] for name in CASE_COLUMNS) for line in csv.DictReader(file)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="*", type=Path, default=[], help="full-feedback files")
    parser.add_argument("--quick", action="store_true", help="a quarter of the seeds")
    parser.add_argument("--sections", nargs="*", help="only these, such as ablation")
    parser.add_argument("--output", type=Path, default=Path("router_study"))
    parser.add_argument("--n-jobs", type=int, default=1, help="processes, of one thread each")
    options = parser.parse_args()
    tables = {path.stem: path for path in options.tables}
    scale = 0.25 if options.quick else 1.0
    cases = all_cases(list(tables), scale)
    if options.sections:
        cases = [case for case in cases if case.section in options.sections]
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "router_study.csv"
    done = finished(path)
    cases = [case for case in cases if case.key not in done]
    os.environ["OMP_NUM_THREADS"] = "1"
    start = time.perf_counter()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if file.tell() == 0:
            writer.writerow(COLUMNS)
        work = (delayed(measure)(case, tables) for case in cases)
        results = Parallel(n_jobs=options.n_jobs, return_as="generator")(work)
        for number, lines in enumerate(results, start=1):
            writer.writerows(lines)
            file.flush()
            passed = time.perf_counter() - start
            print(f"\r{number} of {len(cases)} cases, {passed:.0f} s", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
