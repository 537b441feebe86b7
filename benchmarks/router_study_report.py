"""Tables and a picture of the lines of router_study.py.

    python benchmarks/router_study_report.py results/router_study.csv

Writes router_study.md and router_study.png beside the file; docs/router_study.md shows both.
Regrets are means over cases. A difference is paired case by case; it is given in percent of the
mean regret of what it is compared with, with its standard error. Cases of one problem and seed are
averaged first, so that the error is that of independent draws.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from router_study_cases import REGIMES
from router_study_methods import ABLATIONS, BASELINES, DEFAULT, FULL, METHODS, ROUTER

SHORT = {ROUTER: "router", FULL: "full feedback"}
UNIT = ["section", "problem", "seed"]
MARKS = {"ridge": "s", "k-NN": "^", "xgboost": "v", ROUTER: "o", FULL: "D"}
FILLS = {"ridge": "0.75", "k-NN": "white", "xgboost": "0.45", ROUTER: "black", FULL: "white"}


def regrets(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the regret of each case (rows) and method (columns)."""
    case = [name for name in lines.columns if name not in ("method", "regret", "seconds")]
    return lines.pivot_table(index=case, columns="method", values="regret", sort=False)


def difference(wide: pd.DataFrame, method: str, reference: str) -> tuple[float, float]:
    """Return the paired difference and its standard error, in percent of the reference."""
    gap = wide[method] - wide[reference]
    # Cases of one problem and seed share their queries, or their truth.
    unit = gap.groupby(level=UNIT, sort=False).mean()
    by_problem = unit.groupby(level="problem", sort=False)
    size, spread = by_problem.size(), by_problem.var(ddof=1)
    error = np.sqrt((size * spread).sum(skipna=False)) / len(unit)
    mean = wide[reference].mean() or np.nan
    return 100 * unit.mean() / mean, 100 * error / mean


def best_baseline(wide: pd.DataFrame) -> str:
    return wide[[name for name in BASELINES if name in wide]].mean().idxmin()


def closed(wide: pd.DataFrame) -> float:
    """Return the share of the gap from the best baseline to full feedback that is closed."""
    best, router, full = wide[[best_baseline(wide), ROUTER, FULL]].mean()
    return (best - router) / (best - full) if full < best else np.nan


def percent(pair: tuple[float, float]) -> str:
    if not np.isfinite(pair[0]):
        return "-"
    return f"{pair[0]:+.1f}" + (f" ± {pair[1]:.1f}" if np.isfinite(pair[1]) else " (one seed)")


def comparison(wide: pd.DataFrame, by: list[str]) -> str:
    """Return a table with a row for each group of cases."""
    shown = [name for name in METHODS if name in wide and wide[name].notna().any()]
    head = [*by, "cases", *(SHORT.get(name, name) for name in shown)]
    head += ["router - fixed, %", "router - best baseline, %"]
    rows = []
    for key, group in wide.groupby(level=by, sort=False):
        best = best_baseline(group)
        rows.append(
            [
                *(str(part) for part in key),
                str(len(group)),
                *(f"{group[name].mean():.4f}" for name in shown),
                percent(difference(group, ROUTER, "best fixed")),
                f"{percent(difference(group, ROUTER, best))} ({best})",
            ]
        )
    return markdown(head, rows)


def ablation(wide: pd.DataFrame) -> str:
    synthetic = wide.index.get_level_values("kind").to_numpy() == "synthetic"
    parts = {"tables": wide[~synthetic], "synthetic": wide[synthetic]}
    parts = {name: part for name, part in parts.items() if len(part)}
    head = ["setting", *(f"{name}: regret, difference from the default, %" for name in parts)]
    rows = []
    for name in ABLATIONS:
        cells = [
            f"{part[name].mean():.4f}, {percent(difference(part, name, DEFAULT))}"
            for part in parts.values()
        ]
        rows.append([f"`{name}`" if "=" in name else name, *cells])
    return markdown(head, rows)


def markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def draw(wide: pd.DataFrame, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained")
    groups = []
    for section in ("table", "regime"):
        part = wide[wide.index.get_level_values("section") == section]
        by_problem = part.groupby(level="problem", sort=False)
        # Percentages of the regret of no_signal, which is next to nothing, say nothing.
        groups += [(name, group) for name, group in by_problem if name != "no_signal"]
    offset = np.linspace(0.3, -0.3, len(MARKS))
    for place, (_, group) in enumerate(groups):
        for shift, (name, mark) in zip(offset, MARKS.items(), strict=True):
            value, error = difference(group, name, "best fixed")
            left.errorbar(
                value,
                -place + shift,
                xerr=error,
                fmt=mark,
                color="black",
                markerfacecolor=FILLS[name],
                markersize=5,
                linewidth=0.8,
                label=SHORT.get(name, name) if place == 0 else None,
            )
    left.axvline(0, color="black", linewidth=0.8)
    # Linear within 20 percent.
    left.set_xscale("symlog", linthresh=20, linscale=1.2)
    ticks = [-80, -40, -20, -10, 0, 10, 20, 40, 80, 160]
    left.set_xticks(ticks, [str(tick) for tick in ticks])
    left.set_xlim(-110, 320)
    left.set_yticks(-np.arange(len(groups)), [name for name, _ in groups])
    left.set_xlabel("regret, % above that of the best fixed model")
    left.set_title("Tables and regimes; ± standard error", fontsize=10)
    sizes = wide[
        (wide.index.get_level_values("section") == "rows")
        & (wide.index.get_level_values("problem") == "nonlinear")
    ]
    mean = sizes.groupby(level="rows").mean()
    if mean.empty:
        right.remove()
        figure.savefig(path, dpi=110)
        return
    for name, mark in {"best fixed": "x", **MARKS}.items():
        right.plot(
            mean.index,
            mean[name],
            marker=mark,
            color="0.3" if name != ROUTER else "black",
            markerfacecolor=FILLS.get(name, "black"),
            linestyle="-" if name == ROUTER else ":",
            label=SHORT.get(name, name),
        )
    right.set(xscale="log", yscale="log", xlabel="rows of the log", ylabel="regret")
    right.set_title("Regime nonlinear, 5 models, difficulty logging", fontsize=10)
    right.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def report(wide: pd.DataFrame) -> str:
    def of(section: str) -> pd.DataFrame:
        return wide[wide.index.get_level_values("section") == section]

    by = {
        "table": ["problem", "mode"],
        "table, strength": ["problem", "mode"],
        "table, propensity": ["problem", "propensity"],
        "table, rows": ["problem", "rows"],
        "regime": ["problem", "mode"],
        "propensity": ["problem", "propensity"],
        "rows": ["problem", "rows"],
        "models": ["problem", "models"],
        "strength": ["problem", "strength"],
        "no signal": ["problem"],
        "few rows": ["problem"],
    }
    texts = []
    for section, columns in by.items():
        part = of(section).dropna(axis=1, how="all")
        if len(part):
            texts.append(f"### {section}\n\n{comparison(part, columns)}\n")
    if len(of("ablation")):
        texts.append(f"### ablation\n\n{ablation(of('ablation'))}\n")
    return "\n".join(texts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lines", type=Path)
    options = parser.parse_args()
    lines = pd.read_csv(options.lines)
    origin = lines["problem"].isin(REGIMES).map({True: "synthetic", False: "table"})
    lines.insert(0, "kind", origin)
    wide = regrets(lines)
    tables = wide[wide.index.get_level_values("section") == "table"]
    text = report(wide)
    if len(tables):
        shares = tables.groupby(level="problem", sort=False).apply(closed)
        text += "\nShare of the gap from the best baseline to full feedback that is closed: "
        text += ", ".join(f"{name} {share:.2f}" for name, share in shares.dropna().items()) + ".\n"
    options.lines.with_suffix(".md").write_text(text)
    draw(wide, options.lines.with_suffix(".png"))
    print(text)


if __name__ == "__main__":
    main()
