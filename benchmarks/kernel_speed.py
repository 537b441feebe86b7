"""Time the policy losses, and compare two commits.

    python benchmarks/kernel_speed.py                      # the installed skroute
    python benchmarks/kernel_speed.py --compare main HEAD  # two commits, each built from scratch

Every case is timed next to a bare np.exp of the same array, and its figure is the ratio of the two
medians, so that it means the same on a slow or busy machine. `--compare` builds both commits in
temporary folders, runs them in turn several times, takes each case's best ratio, and exits 1 if a
case of the second commit is slower than in the first by more than `--tolerance`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SHAPES = (
    (1, 11),
    (1_000, 5),
    (35_000, 11),
    (200_000, 14),
    (1_000_000, 2),
    (600_000, 3),
    (100_000, 20),
    (35_000, 55),
    (20_000, 100),
    (500, 900),
)


def interleaved_medians(functions, rounds):
    times = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(time.perf_counter() - start)
    return {name: float(np.median(values)) for name, values in times.items()}


def cases(shape, dtype):
    """What is timed on one shape: names and functions, the last one the bare exp."""
    from skroute.policy import classification_surrogate, softmax_regret

    rng = np.random.default_rng(0)
    logits, utility, cost = (rng.random(shape).astype(dtype) for _ in range(3))
    weight, sensitivity = rng.random(shape[0]), rng.random(shape[0])
    out = np.empty_like(logits)

    def timed(loss, **options):
        return lambda: loss(logits, utility, out=out, **options)

    return {
        "softmax": timed(softmax_regret),
        "softmax weighted": timed(softmax_regret, sample_weight=weight),
        "softmax affine": timed(softmax_regret, cost=cost, cost_sensitivity=sensitivity),
        "classification": timed(classification_surrogate),
        "exp": lambda: np.exp(logits, out=out),
    }


def measure(rounds):
    """Return {case: ratio to np.exp} and print the times."""
    ratios = {}
    for shape in SHAPES:
        for dtype in (np.float32, np.float64):
            median = interleaved_medians(cases(shape, dtype), rounds)
            floor = median.pop("exp")
            for name, seconds in median.items():
                case = f"{name}, {shape[0]} x {shape[1]} {np.dtype(dtype).name}"
                ratios[case] = seconds / floor
                print(f"{case:45s} {1e3 * seconds:9.3f} ms {ratios[case]:8.2f} x exp", flush=True)
    return ratios


def build(commit, folder):
    """Install one commit into `folder` and return its full name."""
    source, target = folder / "source", folder / "target"
    name = subprocess.check_output(["git", "rev-parse", commit], cwd=ROOT, text=True).strip()
    source.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "archive", name], cwd=ROOT, check=True, stdout=subprocess.PIPE
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive, check=True)
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "--quiet", "--target"]
    command = [sys.executable, "-m", "pip", "install", *options, str(target), str(source)]
    subprocess.run(command, check=True)
    return name


def run_once(folder, rounds):
    """Measure the build in `folder` with this script, in a process of its own."""
    result = folder / "result.json"
    environment = os.environ | {"PYTHONPATH": str(folder / "target")}
    command = [sys.executable, __file__, "--rounds", str(rounds), "--json", str(result)]
    quiet = subprocess.DEVNULL
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=quiet)
    return json.loads(result.read_text())


def compare(commits, rounds, repetitions, tolerance):
    """Print both commits side by side; return the number of cases that became slower."""
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary, side) for side in ("first", "second")]
        names = [build(commit, folder) for commit, folder in zip(commits, folders, strict=True)]
        best = [{}, {}]
        for _ in range(repetitions):
            for side, folder in enumerate(folders):
                for case, ratio in run_once(folder, rounds).items():
                    best[side][case] = min(ratio, best[side].get(case, np.inf))
    print(f"times a bare exp: {names[0][:10]}, {names[1][:10]}")
    slower = 0
    for case, before in best[0].items():
        after = best[1].get(case)
        if after is None:
            continue
        flag = "SLOWER" if after > before * (1 + tolerance) else ""
        slower += bool(flag)
        print(f"{case:45s} {before:8.2f} {after:8.2f} {after / before - 1:+8.0%} {flag}")
    print(f"{slower} cases slower by more than {tolerance:.0%}")
    return slower


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--compare", nargs=2, metavar=("FIRST", "SECOND"))
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--tolerance", type=float, default=0.25)
    parser.add_argument("--json", type=Path, help="write the ratios to this file")
    options = parser.parse_args()
    if options.compare:
        slower = compare(options.compare, options.rounds, options.repetitions, options.tolerance)
        sys.exit(bool(slower))
    ratios = measure(options.rounds)
    if options.json:
        options.json.write_text(json.dumps(ratios, indent=1))


if __name__ == "__main__":
    main()
