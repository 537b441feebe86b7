"""Regret of CausalRouter in the last of ten weeks, where something happened on the way.

    python benchmarks/histories.py [--repetitions 20] [--seed 0] [--rows 3000] [--cases price ...]
    python benchmarks/histories.py --alarms 400 [--rows 1000]

Ten weeks of a log of four models, 300 queries a week. In each case one thing changes, at a moment
between weeks 3 and 6: a model appears, one retires, the price of the dearest falls to a tenth, the
quality of one model drops by 0.25, or by 0.5 on half of the queries ("partly"), queries drift (over
two weeks); or nothing does. Prints mean
regret over queries of the last week of a router that knows the column `time`, of one that does not,
and of one fitted on as many rows as the log has since the change, all of them as in the last week;
and what `skroute.history.log_history` named. With ``--alarms`` no router is fitted: prints in how
many logs in which nothing happened it names something.
"""

import argparse
import warnings
from collections import Counter

import numpy as np
from scipy.special import expit

from skroute import CausalRouter, logged_feedback
from skroute.history import log_history

MODELS, SENSITIVITY, N_WEEKS, N_COLUMNS, N_TEST = np.array(list("abcd")), 20.0, 10, 16, 4000
WEEK, START = 7 * 24 * 3600.0, 1_767_225_600.0
CASES = {
    "nothing": set(),
    "appears": {"appeared d"},
    "retires": {"gone c"},
    "price": {"cost d"},
    "quality": {"quality c"},
    "partly": {"quality c"},
    "drift": {"drift"},
}


class World:
    """The truth of one history: what queries, models and the logging policy are at any moment."""

    def __init__(self, case, seed):
        rng = np.random.default_rng(seed)
        self.case, self.change = case, rng.uniform(3.0, 6.0)
        scale, n_models = 1 / np.sqrt(N_COLUMNS), len(MODELS)
        self.linear = scale * rng.normal(size=(N_COLUMNS, n_models))
        self.hidden, self.mixing = rng.normal(size=(N_COLUMNS, 6)), rng.normal(size=(6, n_models))
        self.shared, self.length = scale * rng.normal(size=(2, N_COLUMNS))
        self.policy = scale * rng.normal(size=(N_COLUMNS, n_models))
        self.direction = rng.normal(size=N_COLUMNS)
        self.direction /= np.linalg.norm(self.direction)

    def draw(self, week, rng):
        """Return queries, true quality and cost (n, K), and who was there, at moments (n,)."""
        X = rng.normal(size=(len(week), N_COLUMNS))
        if self.case == "drift":
            X += 1.5 * np.clip((week - self.change) / 2 + 1, 0, 1)[:, None] * self.direction
        difference = X @ self.linear + 0.4 * np.tanh(X @ self.hidden / 2) @ self.mixing
        ability = np.linspace(-0.5, 1.5, len(MODELS))
        quality = expit(ability + difference - 0.5 * (X @ self.shared)[:, None])
        cost = np.geomspace(1e-4, 1e-2, len(MODELS)) * np.exp(0.5 * X @ self.length)[:, None]
        there, late = np.ones(quality.shape, dtype=bool), week >= self.change
        if self.case == "price":
            cost[late, 3] /= 10
        elif self.case == "quality":
            quality[late, 2] = np.maximum(quality[late, 2] - 0.25, 0.02)
        elif self.case == "partly":
            late &= X @ self.direction > 0
            quality[late, 2] = np.maximum(quality[late, 2] - 0.5, 0.02)
        elif self.case == "appears":
            there[~late, 3] = False
        elif self.case == "retires":
            there[late, 2] = False
        return X, quality, cost, there

    def log(self, week, rng):
        """Return queries and a log of them, without its times."""
        X, quality, cost, there = self.draw(week, rng)
        score = np.exp(X @ self.policy + np.linspace(-0.5, 0.5, len(MODELS))) * there
        propensity = 0.8 * score / score.sum(axis=1, keepdims=True)
        propensity += 0.2 * there / there.sum(axis=1, keepdims=True)
        below = propensity.cumsum(axis=1) < rng.random((len(week), 1))
        shown = np.arange(len(week)), np.minimum(below.sum(axis=1), len(MODELS) - 1)
        return X, {
            "model": MODELS[shown[1]],
            "quality": (rng.random(len(week)) < quality[shown]).astype(float),
            "cost": cost[shown] * rng.lognormal(0.0, 0.3, len(week)),
            "propensity": propensity[shown],
        }


def regret(router, truth):
    """Return the mean utility given up in the last week; a model that is not there is worth 0."""
    X, quality, cost, there = truth
    utility = np.where(there, quality - SENSITIVITY * cost, 0.0)
    best = np.where(there, utility, -np.inf).max(axis=1)
    chosen = np.searchsorted(MODELS, router.predict(X))
    return float(np.mean(best - utility[np.arange(len(X)), chosen]))


def named(history):
    """Return what a history names, in short."""
    names = {f"appeared {seen.model}" for seen in history.appeared}
    names |= {f"gone {seen.model}" for seen in history.gone}
    names |= {f"{move.outcome} {move.model}" for move in history.moves}
    return names | ({"drift"} if history.drift and history.drift.found else set())


def one_history(case, seed, n_rows, estimated):
    """Return the three regrets of a history, and what was named."""
    world, rng = World(case, seed), np.random.default_rng([seed, 1])
    week = np.sort(rng.uniform(0.0, N_WEEKS, n_rows))
    X, columns = world.log(week, rng)
    since = int((week >= world.change).sum()) if CASES[case] else n_rows
    last = rng.uniform(N_WEEKS - 1, N_WEEKS, since)
    X_last, columns_last = world.log(last, rng)
    if estimated:
        columns["propensity"], columns_last["propensity"] = None, None
    truth = world.draw(np.full(N_TEST, N_WEEKS - 0.5), rng)
    y = logged_feedback(**columns, time=START + WEEK * week)
    router = CausalRouter(SENSITIVITY, random_state=0)
    found = [
        regret(router.fit(X, y), truth),
        regret(router.fit(X, logged_feedback(**columns)), truth),
        regret(router.fit(X_last, logged_feedback(**columns_last)), truth),
    ]
    return found, named(log_history(X, y))


def alarms(n_logs, seed, n_rows):
    """Print in how many logs without an event something is named."""
    found = Counter()
    for number in range(seed, seed + n_logs):
        rng = np.random.default_rng([number, 1])
        week = np.sort(rng.uniform(0.0, N_WEEKS, n_rows))
        X, columns = World("nothing", number).log(week, rng)
        names = named(log_history(X, logged_feedback(**columns, time=START + WEEK * week)))
        found.update(names | ({"anything"} if names else set()))
    print(f"{n_logs} logs of {n_rows} rows: {dict(sorted(found.items()))}")


def main():
    """Print a row for each case."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--alarms", type=int, default=0, help="logs in which nothing happens")
    parser.add_argument("--estimated", action="store_true", help="propensities are not recorded")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.alarms:
        alarms(options.alarms, options.seed, options.rows)
        return
    print("case      with time  without  as last week  ratio  named     false")
    for case in options.cases:
        regrets, right, wrong = [], 0, Counter()
        for seed in range(options.seed, options.seed + options.repetitions):
            found, names = one_history(case, seed, options.rows, options.estimated)
            regrets.append(found)
            right += CASES[case] <= names
            wrong.update(names - CASES[case])
        ours, without, reference = np.mean(regrets, axis=0)
        print(
            f"{case:8s}  {ours:9.4f}  {without:7.4f}  {reference:12.4f}  {ours / reference:5.2f}  "
            f"{right:2d} of {options.repetitions:2d}  {dict(wrong) or 'none'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
