"""Which scorer picks the router with the best true value, over many simulated logs.

    python benchmarks/scorer_study.py [--logs 40] [--rows 1000] [--unrecorded] [--csv FILE]

Every log is searched by `GridSearchCV` over the same candidates, by five scorers at once. The true
value of each candidate, refitted to the whole log, is known from 5,000 further queries. A scorer
picks the candidate of the highest mean over the folds. Recorded propensities are true; where they
are unrecorded, the policy value scorer estimates them, and "ips" and "snips" take the share of each
model.

The table says how often that is the best one, or within 0.005 of it, how much true value the pick
loses to it (in thousandths), how much more that is than with the policy value scorer on the same
log, and the rank correlation of scores and true values over candidates: mean and standard error
over logs.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import warnings

import numpy as np
from scipy.stats import spearmanr
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeRegressor

from skroute import CausalRouter
from skroute.baselines import BestFixedModel, KNeighborsRouter, RegressAndCompare
from skroute.datasets import make_routing_problem
from skroute.metrics import make_policy_scorer
from skroute.nuisance import OverlapWarning

COST_SENSITIVITY = 20.0
TEST_QUERIES = 5000
# Candidates this close in true value are as good as equal.
NEARLY = 0.005
# Strength of the logging policy and the share of queries it gives to a random model.
OVERLAP = {"easy": (0.5, 0.3), "moderate": (1.0, 0.1), "difficult": (3.0, 0.02)}
REGIMES = ("nonlinear", "noisy")


class Imitator(BaseEstimator):
    """Chooses what the log chose."""

    def fit(self, X, y):
        self.model_ = LogisticRegression(max_iter=500).fit(X, y["model"])
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)


def candidates():
    lam = COST_SENSITIVITY
    tree = DecisionTreeRegressor(min_samples_leaf=20, random_state=0)
    return {
        "fixed": BestFixedModel(lam),
        "ridge": RegressAndCompare(lam),
        "tree": RegressAndCompare(lam, regressor=tree),
        "5 neighbours": KNeighborsRouter(lam, n_neighbors=5),
        "100 neighbours": KNeighborsRouter(lam, n_neighbors=100),
        "causal": CausalRouter(lam, random_state=0),
        "causal, unshrunk": CausalRouter(lam, shrinkage=np.inf, random_state=0),
        "imitator": Imitator(),
    }


def agreeing(estimator, X, y):
    """Return which logged rows chose as the estimator does, and their utility."""
    return estimator.predict(X) == y["model"], y["quality"] - COST_SENSITIVITY * y["cost"]


def recorded(y):
    """Return the propensities; where the log has none, the share of each logged model."""
    if not np.isnan(y["propensity"]).any():
        return y["propensity"]
    _, code, count = np.unique(y["model"], return_inverse=True, return_counts=True)
    return count[code] / len(y)


def ips(estimator, X, y):
    same, utility = agreeing(estimator, X, y)
    return float(np.mean(same / recorded(y) * utility))


def snips(estimator, X, y):
    same, utility = agreeing(estimator, X, y)
    weight = same / recorded(y)
    # Where no row agrees there is nothing to go by.
    return float(weight @ utility / weight.sum()) if same.any() else 0.0


def mean_of_agreeing(estimator, X, y):
    same, utility = agreeing(estimator, X, y)
    return float(utility[same].mean()) if same.any() else 0.0


def agreement(estimator, X, y):
    return float(np.mean(agreeing(estimator, X, y)[0]))


OURS = "policy value scorer"
SCORERS = {
    OURS: make_policy_scorer(cost_sensitivity=COST_SENSITIVITY),
    "snips": snips,
    "ips": ips,
    "mean of agreeing rows": mean_of_agreeing,
    "agreement with the log": agreement,
}


def search(problem, y, seed):
    """Return the mean score of every candidate by every scorer, and every candidate's value."""
    routers = candidates()
    grid = GridSearchCV(
        Pipeline([("route", BestFixedModel())]),
        {"route": list(routers.values())},
        scoring=SCORERS,
        refit=False,
        cv=KFold(5, shuffle=True, random_state=seed),
        error_score="raise",
    ).fit(problem.X, y)
    scores = {name: grid.cv_results_[f"mean_test_{name}"] for name in SCORERS}
    test = problem.draw(TEST_QUERIES, random_state=10_000 + seed)
    best = test.true_utility(COST_SENSITIVITY).max(axis=1).mean()
    values = [
        best
        - test.regret(clone(router).fit(problem.X, problem.y).predict(test.X), COST_SENSITIVITY)
        for router in routers.values()
    ]
    return scores, np.array(values)


def mean_and_error(values, digits, scale=1.0):
    values = scale * np.asarray(values, dtype=np.float64)
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return f"{values.mean():.{digits}f} +/- {error:.{digits}f}"


def print_table(table):
    """Print a line for each overlap and scorer; `table` maps (overlap, scorer) to a list of
    (scores, values), one a log."""
    head = ("overlap", "scorer", "best", "nearly", "loss", "more than ours", "rank corr.")
    line = "{:<10}{:<23}{:>13}{:>14}{:>15}{:>16}{:>15}"
    print(line.format(*head))
    pooled = {
        ("all", scorer): [log for overlap in OVERLAP for log in table[overlap, scorer]]
        for scorer in SCORERS
    }
    table = table | pooled
    for (overlap, scorer), logs in table.items():
        losses = [value.max() - value[np.argmax(score)] for score, value in logs]
        ours = [value.max() - value[np.argmax(score)] for score, value in table[overlap, OURS]]
        correlations = [spearmanr(score, value).statistic for score, value in logs]
        cells = (
            mean_and_error([loss == 0 for loss in losses], 2),
            mean_and_error([loss <= NEARLY for loss in losses], 2),
            mean_and_error(losses, 1, 1000),
            mean_and_error(np.subtract(losses, ours), 1, 1000),
            mean_and_error(correlations, 2),
        )
        print(line.format(overlap, scorer, *cells))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logs", type=int, default=40, help="logs for each overlap")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--unrecorded", action="store_true", help="logs without propensities")
    parser.add_argument("--csv", help="write every candidate's scores and value to this file")
    args = parser.parse_args()
    warnings.simplefilter("ignore", OverlapWarning)
    start = time.perf_counter()
    table = {(overlap, scorer): [] for overlap in OVERLAP for scorer in SCORERS}
    for overlap, (strength, floor) in OVERLAP.items():
        for seed in range(args.logs):
            problem = make_routing_problem(
                args.rows,
                n_models=5,
                regime=REGIMES[seed % len(REGIMES)],
                logging=("linear", "difficulty")[seed // 2 % 2],
                strength=strength,
                floor=floor,
                random_state=seed,
            )
            y = problem.y.copy()
            if args.unrecorded:
                y["propensity"] = np.nan
            scores, value = search(problem, y, seed)
            for scorer, score in scores.items():
                table[overlap, scorer].append((score, value))
        print(f"{overlap}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    kind = "unrecorded" if args.unrecorded else "recorded"
    print(f"{args.logs} logs of {args.rows} rows, {kind} propensities")
    print_table(table)
    if args.csv:
        write_csv(args.csv, table)


def write_csv(path, table):
    names = list(candidates())
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["overlap", "log", "scorer", "candidate", "score", "true_value"])
        for (overlap, scorer), logs in table.items():
            for seed, (score, value) in enumerate(logs):
                rows = zip(names, score, value, strict=True)
                writer.writerows([overlap, seed, scorer, *row] for row in rows)


if __name__ == "__main__":
    main()
