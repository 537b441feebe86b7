"""One fit for every cost sensitivity, beside a fit of its own for each of 25.

    python benchmarks/cost_sensitivity_study.py --quick --tables TABLE.npz [TABLE.npz ...]
    python benchmarks/cost_sensitivity_study.py --tables DIRECTORY --output cost_sensitivity.md

For every table of full feedback with costs: logs are simulated under two logging policies ("linear"
and "difficulty", see `skroute.datasets.simulate_log`) on 70 % of its groups, and the rest is the
test. The cost sensitivities are 0 and 24 on a geometric grid from 0.01 to 1, in units of one over
the spread of the models' mean costs. The joint fit has 17 knots over the same range, which are not
at these values. Measured are

(a) true test regret of one joint fit over that of the 25 dedicated fits, with and without a policy,
(b) true test regret beside regress-and-compare,
(c) by how much mean predicted cost ever rises as cost sensitivity grows, on the test queries,
(d) mean cost on one half of the test queries where budgets were met on the other half.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from router_study_methods import KeptJointOutcome
from threadpoolctl import threadpool_limits

from skroute import CausalRouter, RegretPolicyClassifier
from skroute.baselines import KNeighborsRouter, RegressAndCompare
from skroute.datasets import load_routing_table, simulate_log
from skroute.nuisance import OverlapWarning

MODES = ("linear", "difficulty")
SHARES = np.r_[0.0, np.geomspace(0.01, 1.0, 24)]
# As many intervals as "auto" has.
KNOTS = np.r_[0.0, np.geomspace(0.01, 1.0, 16)]
N_BUDGETS, N_HALVINGS, MAX_ROWS, TEST_SHARE = 9, 5, 4000, 0.3
POLICIES = {"default": None, "policy": RegretPolicyClassifier()}


@dataclass
class Log:
    """A simulated log, and test queries whose outcomes are known."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    models: np.ndarray
    quality: np.ndarray
    cost: np.ndarray
    unit: float  # cost sensitivity of share 1

    @classmethod
    def of(cls, table: Any, mode: str, seed: int) -> Log:
        rows = np.random.default_rng(0).permutation(len(table.X))[:MAX_ROWS]
        X, y, models = table.X[rows], table.y[rows], np.array(table.y.dtype["quality"].names)
        quality, cost = (
            np.column_stack([y[outcome][name] for name in models]).astype(np.float64)
            for outcome in ("quality", "cost")
        )
        group = y["group"] if "group" in y.dtype.names else np.arange(len(X))
        names = np.unique(group)
        held = np.random.default_rng(seed).permutation(names)[: int(TEST_SHARE * len(names))]
        test = np.isin(group, held)
        log = simulate_log(X[~test], y[~test], mode=mode, random_state=seed)
        unit = 1 / np.ptp(cost.mean(axis=0))
        return cls(X[~test], log, X[test], models, quality[test], cost[test], unit)

    def index(self, labels: np.ndarray) -> np.ndarray:
        order = np.argsort(self.models)
        return order[np.searchsorted(self.models[order], labels)]

    def regret(self, labels: np.ndarray, cost_sensitivity: float) -> float:
        utility = self.quality - cost_sensitivity * self.cost
        chosen = utility[np.arange(len(utility)), self.index(labels)]
        return float((utility.max(axis=1) - chosen).mean())


def has_costs(table: Any) -> bool:
    names = table.y.dtype.names or ()
    if "cost" not in names or "gold" in names:
        return False
    means = [table.y["cost"][name].mean() for name in table.y.dtype["cost"].names]
    return bool(np.isfinite(means).all() and np.ptp(means) > 0)


def compare_fits(log: Log, kept: KeptJointOutcome) -> dict[str, np.ndarray]:
    """Return regrets (25,) by method, and whether labels agree without a policy."""
    values, found = (SHARES * log.unit).tolist(), {}
    for name, policy in POLICIES.items():
        options = {"policy": policy, "outcome_model": kept, "random_state": 0}
        joint = CausalRouter(knots=KNOTS * log.unit, **options).fit(log.X, log.y)
        chosen = [joint.predict(log.X_test, cost_sensitivity=value) for value in values]
        own = [CausalRouter(v, **options).fit(log.X, log.y).predict(log.X_test) for v in values]
        found[f"{name}, joint"] = np.array(list(map(log.regret, chosen, values)))
        found[f"{name}, dedicated"] = np.array(list(map(log.regret, own, values)))
        same = [np.mean(one == other) for one, other in zip(chosen, own, strict=True)]
        found[f"{name}, same labels"] = np.array(same)
    for name, router in (("ridge", RegressAndCompare()), ("k-NN", KNeighborsRouter())):
        fitted = router.fit(log.X, log.y)
        labels = [fitted.predict(log.X_test, cost_sensitivity=value) for value in values]
        found[name] = np.array(list(map(log.regret, labels, values)))
    return found


def fit_times(log: Log) -> dict[str, float]:
    """Return how many single fits a joint fit takes, everything counted; shortest of two."""
    found = {}
    for name, policy in POLICIES.items():
        seconds = []
        for knots in (None, KNOTS * log.unit):
            router = CausalRouter(0.1 * log.unit, knots=knots, policy=policy, random_state=0)
            seconds.append(min(_seconds(router, log) for _ in range(2)))
        found[name] = seconds[1] / seconds[0]
    return found


def _seconds(router: CausalRouter, log: Log) -> float:
    start = time.perf_counter()
    router.fit(log.X, log.y)
    return time.perf_counter() - start


def cost_rise(mean_cost: np.ndarray) -> float:
    """Return the largest rise of a path of mean costs."""
    return float((mean_cost - np.minimum.accumulate(mean_cost)).max())


def calibrate(log: Log, router: CausalRouter, seed: int) -> Iterator[tuple[float, ...]]:
    """Meet budgets on halves of the test queries; yield what comes of them on the other halves.

    Mean cost where the budget was met, predicted and true elsewhere, and how many standard errors
    of the difference between the halves these two are away from it.
    """
    quality, cost = router.predict_quality(log.X_test), router.predict_cost(log.X_test)
    strongest, column = quality.mean(axis=0).argmax(), log.index(router.classes_)
    rng, rows = np.random.default_rng(seed), np.arange(len(cost))
    for _ in range(N_HALVINGS):
        half, other = np.array_split(rng.permutation(rows), 2)
        frontier = router.frontier(log.X_test[half])
        cheapest = max(cost[half].mean(axis=0).min(), frontier.mean_cost.min())
        dearest = max(cost[half, strongest].mean(), cheapest)
        for budget in np.linspace(cheapest, dearest, N_BUDGETS):
            met = frontier.within_budget(budget)
            labels = router.predict(log.X_test, cost_sensitivity=met.cost_sensitivity)
            chosen = np.searchsorted(router.classes_.astype(str), labels.astype(str))
            predicted, true = cost[rows, chosen], log.cost[rows, column[chosen]]
            scores = []
            for paid in (predicted, true):
                error = np.hypot(_error(paid[other]), _error(predicted[half]))
                scores.append((paid[other].mean() - met.mean_cost) / (error or np.inf))
            yield met.mean_cost, predicted[other].mean(), true[other].mean(), *scores


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def study(table: Any, seeds: int) -> dict[str, Any]:
    """Return the figures of a table: lists with an entry for each log."""
    fits, rises, budgets, times = [], {name: [] for name in POLICIES}, [], []
    for mode in MODES:
        for seed in range(seeds):
            log, kept = Log.of(table, mode, seed), KeptJointOutcome(random_state=0)
            fits.append(compare_fits(log, kept))
            for name, policy in POLICIES.items():
                options = {"policy": policy, "outcome_model": kept, "random_state": 0}
                router = CausalRouter(knots="auto", **options).fit(log.X, log.y)
                path = router.frontier(log.X_test).mean_cost
                spread = np.ptp(router.predict_cost(log.X_test).mean(axis=0))
                rises[name].append(
                    (cost_rise(path) / (np.ptp(path) or 1), cost_rise(path) / spread)
                )
                budgets += [(name, *line) for line in calibrate(log, router, seed)]
            if seed == 0:
                times.append(fit_times(log))
    return {"fits": fits, "rises": rises, "budgets": budgets, "times": times}


def report(results: dict[str, dict[str, Any]]) -> str:
    parts = [
        "# One fit for every cost sensitivity",
        "`python benchmarks/cost_sensitivity_study.py`; the docstring there says what is measured.",
        _report_fits(results),
        _report_baselines(results),
        _report_costs(results),
    ]
    return "\n\n".join(parts) + "\n"


def _report_fits(results: dict[str, dict[str, Any]]) -> str:
    head = ["table", "router", "logs", "dedicated", "joint", "joint / dedicated", "worst of 25"]
    head += ["worst of one log", "same labels", "time / single fit"]
    rows = []
    for table, result in results.items():
        for name in POLICIES:
            joint, own = (
                np.array([fit[f"{name}, {kind}"] for fit in result["fits"]])
                for kind in ("joint", "dedicated")
            )
            ratio = joint.mean(axis=1) / own.mean(axis=1)
            same = np.mean([fit[f"{name}, same labels"] for fit in result["fits"]])
            taken = np.mean([line[name] for line in result["times"]])
            cells = [f"{own.mean():.4f}", f"{joint.mean():.4f}"]
            cells += [f"{joint.mean() / own.mean():.3f} ± {ratio.std(ddof=1):.3f}"]
            cells += [f"{(joint.mean(axis=0) / own.mean(axis=0)).max():.3f}"]
            cells += [f"{(joint / own).max():.3f}", f"{same:.3f}", f"{taken:.2f}"]
            rows.append([table, name, str(len(joint)), *cells])
    text = (
        "## (a) A joint fit beside 25 dedicated fits\n\nTrue test regret, mean over cost "
        "sensitivities and logs. The ratio is given with its standard deviation over logs. `worst "
        "of 25`: the largest ratio at one cost sensitivity, of regrets averaged over logs; `worst "
        "of one log`: of a single log. Time counts everything, outcome models too.\n\n"
    )
    return text + markdown(head, rows)


def _report_baselines(results: dict[str, dict[str, Any]]) -> str:
    head = [
        "table",
        "router",
        "regret",
        "ridge",
        "k-NN",
        "router - ridge, %",
        "lower than ridge at",
    ]
    head += ["router - k-NN, %", "lower than k-NN at"]
    rows = []
    for table, result in results.items():
        for name in POLICIES:
            joint = np.array([fit[f"{name}, joint"] for fit in result["fits"]])
            cells, means = [], []
            for baseline in ("ridge", "k-NN"):
                other = np.array([fit[baseline] for fit in result["fits"]])
                gap = 100 * (joint.mean(axis=1) / other.mean(axis=1) - 1)
                lower = np.count_nonzero(joint.mean(axis=0) < other.mean(axis=0))
                means.append(f"{other.mean():.4f}")
                cells += [f"{gap.mean():+.1f} ± {gap.std(ddof=1):.1f}", f"{lower} of {len(SHARES)}"]
            rows.append([table, name, f"{joint.mean():.4f}", *means, *cells])
    text = (
        "## (b) Beside regress-and-compare\n\nMean true test regret of the joint fit, and how it "
        "differs log by log (mean and standard deviation). The last counts are cost sensitivities "
        "at which the mean over logs is lower.\n\n"
    )
    return text + markdown(head, rows)


def _report_costs(results: dict[str, dict[str, Any]]) -> str:
    head = ["table", "router", "logs that rise by 1 %", "worst, %", "worst, % of the models"]
    head += ["budgets", "predicted: rms z", "true: rms z", "predicted / met", "true / met"]
    rows = []
    for table, result in results.items():
        for name in POLICIES:
            rise = np.array(result["rises"][name])
            cells = [f"{np.count_nonzero(rise[:, 0] > 0.01)} of {len(rise)}"]
            cells += [f"{value:.2f}" for value in 100 * rise.max(axis=0)]
            lines = np.array([line[1:] for line in result["budgets"] if line[0] == name])
            errors = np.sqrt(np.mean(lines[:, 3:] ** 2, axis=0))
            met, predicted, true = lines[:, :3].sum(axis=0)
            cells += [str(len(lines)), *(f"{value:.2f}" for value in errors)]
            cells += [f"{predicted / met:.3f}", f"{true / met:.3f}"]
            rows.append([table, name, *cells])
    text = (
        '## (c) and (d) Mean cost and budgets, `knots="auto"`\n\nBy how much mean predicted cost '
        "on the test queries ever rises as cost sensitivity grows: on how many logs by more than "
        "1 % of its range, and on the worst, of its range and of the spread of the models' mean "
        f"predicted costs. Then {N_BUDGETS} budgets on each of {N_HALVINGS} halvings of the test "
        "queries of every log, from the cheapest model's mean predicted cost (or the least that "
        "the router reaches) to that of the strongest: cost sensitivities are chosen on one half, "
        "costs are those of the other. z is their difference from the cost where the budget was "
        "met, over its standard error; 1 is expected of its root mean square, up to what true "
        "costs differ from predicted ones.\n\n"
    )
    return text + markdown(head, rows)


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def table_files(paths: list[Path]) -> list[Path]:
    return [
        file for path in paths for file in (sorted(path.iterdir()) if path.is_dir() else [path])
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", nargs="+", type=Path, required=True, help="files, directories")
    parser.add_argument("--seeds", type=int, default=5, help="logs of each logging policy")
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--output", type=Path, help="file for the report; else it is printed")
    options = parser.parse_args()
    results = {}
    with warnings.catch_warnings(), threadpool_limits(1):
        # Rarely logged models are part of what is simulated.
        warnings.simplefilter("ignore", OverlapWarning)
        for path in table_files(options.tables):
            if path.suffix not in (".npz", ".csv", ".parquet"):
                continue
            table = load_routing_table(path)
            if not has_costs(table):
                print(f"{path.stem}: no costs of all models, left out", flush=True)
                continue
            start = time.perf_counter()
            results[path.stem] = study(table, 2 if options.quick else options.seeds)
            print(f"{path.stem}: {time.perf_counter() - start:.0f} s", flush=True)
    text = report(results)
    if options.output is None:
        print(text)
    else:
        options.output.write_text(text)


if __name__ == "__main__":
    main()
