"""Ten weeks of serving, logging and fitting again: what exploration costs, and what it buys.

    python benchmarks/exploration.py [--seeds 20] [--queries 500] [--judged 0.4]

A router is fitted on a log of 1,000 answers of three models, then serves ten weeks. Every week what
it served, of which some answers were judged, joins the log, and the router is fitted again. The
price of one model falls by a tenth every week; before week 4 a fourth model appears, known by 100
queries of a benchmark that errs for each model; before week 7 one is retired, and not chosen since.
Queries, judges and noise are the same for all ways to serve:

- first: the first router, never fitted again
- none: what the newest router thinks is best
- uniform: the same, but one of all models at random for 5 % of the queries
- skroute: `sample` of the newest router with the same `exploration`

Prints the mean true utility (quality - 20 * dollars) of what was served by week, exploration
included, then its mean over the weeks with the paired difference from skroute's and its standard
error; and by week how much better skroute is than the first router, in standard errors.
"""

import argparse
import warnings

import numpy as np
from scipy.special import expit, logit

from skroute import CausalRouter, logged_feedback

MODELS, SENSITIVITY, N_WEEKS, N_COLUMNS = np.array(list("abcd")), 20.0, 10, 12
NEW, APPEARS, RETIRED, RETIRES, FALLS = 3, 3, 2, 6, 1
N_FIRST, N_BENCHMARK, WEEK, START = 1000, 100, 7 * 24 * 3600.0, 1_767_225_600.0
WAYS = ("first", "none", "uniform", "skroute")


class World:
    """Queries, and what every model's answer to them is worth and costs."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        scale, n_models = 1 / np.sqrt(N_COLUMNS), len(MODELS)
        self.linear = 1.5 * scale * rng.normal(size=(N_COLUMNS, n_models))
        self.shared, self.length = scale * rng.normal(size=(2, N_COLUMNS))
        self.policy = scale * rng.normal(size=(N_COLUMNS, n_models))
        self.ability = np.array([-0.3, 0.2, 0.8, 0.5]) + 0.4 * rng.normal(size=n_models)
        self.price = np.array([2e-4, 4e-3, 1e-2, 2e-3])
        self.error = 0.8 * rng.normal(size=n_models)

    def draw(self, n, week, rng):
        """Return queries, expected quality and cost (n, K), and the draws behind what is seen."""
        X = rng.normal(size=(n, N_COLUMNS))
        quality = expit(self.ability + X @ self.linear - (X @ self.shared)[:, None])
        price = self.price * np.where(np.arange(len(MODELS)) == FALLS, 0.9**week, 1.0)
        cost = price * np.exp(0.5 * X @ self.length)[:, None]
        return X, quality, cost, rng.random(n), rng.lognormal(0.0, 0.3, n)

    def benchmark(self, rng):
        """Return queries, qualities and costs of all models in a benchmark, a row an answer."""
        X, quality, cost, _, _ = self.draw(N_BENCHMARK, APPEARS, rng)
        quality = expit(logit(quality) + self.error)
        model = np.tile(np.arange(len(MODELS)), N_BENCHMARK)
        return np.repeat(X, len(MODELS), axis=0), model, quality.ravel(), cost.ravel()


class Log:
    """What was served so far, as a router learns from it."""

    def __init__(self):
        self.parts = []

    def add(self, X, model, quality, cost, propensity, week, prior=False):
        time = START + WEEK * (week + np.linspace(0.0, 1.0, len(X), endpoint=False))
        flags = np.full(len(X), prior)
        self.parts.append((X, MODELS[model], quality, cost, propensity, time, flags))

    def fit(self):
        X, model, quality, cost, propensity, time, prior = map(
            np.concatenate, zip(*self.parts, strict=True)
        )
        columns = {"cost": cost, "propensity": propensity, "time": time, "prior": prior}
        columns = {k: v for k, v in columns.items() if k != "prior" or v.any()}
        y = logged_feedback(model, quality, **columns)
        return CausalRouter(SENSITIVITY, random_state=0).fit(X, y)


def serve(way, router, X, exploration, down, rng):
    """Return the models (n,) that answer, and their propensities."""
    excluded = [label for label in router.classes_ if label in down] or None
    if way == "skroute":
        label, propensity = router.sample(
            X, exploration=exploration, exclude=excluded, random_state=rng.integers(2**31)
        )
        return np.searchsorted(MODELS, label), propensity
    model = np.searchsorted(MODELS, router.predict(X, exclude=excluded))
    propensity = np.ones(len(X))
    if way == "uniform":
        known = np.flatnonzero(np.isin(MODELS, router.classes_) & ~np.isin(MODELS, down))
        other = rng.random(len(X)) < exploration
        best = model
        model = np.where(other, rng.choice(known, len(X)), model)
        propensity = exploration / len(known) + (1 - exploration) * (model == best)
    return model, propensity


def run(seed, n_queries, judged, exploration):
    """Return the true utility (ways, weeks)."""
    world, rng = World(seed), np.random.default_rng([seed, 1])
    X, quality, cost, luck, noise = world.draw(N_FIRST, 0, rng)
    shown = np.arange(N_FIRST)
    score = np.exp(X @ world.policy[:, :NEW] + np.linspace(-0.5, 0.5, NEW))
    propensity = 0.8 * score / score.sum(axis=1, keepdims=True) + 0.2 / NEW
    below = propensity.cumsum(axis=1) < rng.random((N_FIRST, 1))
    model = np.minimum(below.sum(axis=1), NEW - 1)
    start = Log()
    seen = (luck < quality[shown, model]).astype(float)
    seen[rng.random(N_FIRST) > judged] = np.nan
    start.add(X, model, seen, cost[shown, model] * noise, propensity[shown, model], -1)
    first = start.fit()
    logs, routers, utility = {}, dict.fromkeys(WAYS, first), np.empty((len(WAYS), N_WEEKS))
    for way in WAYS:
        logs[way] = Log()
        logs[way].parts += start.parts
    benchmark = world.benchmark(rng)
    for week in range(N_WEEKS):
        X, quality, cost, luck, noise = world.draw(n_queries, week, rng)
        hidden = rng.random(n_queries) > judged
        down = {MODELS[RETIRED]} if week >= RETIRES else set()
        for place, way in enumerate(WAYS):
            own = np.random.default_rng([seed, week, 2])
            model, propensity = serve(way, routers[way], X, exploration, list(down), own)
            rows = np.arange(n_queries), model
            utility[place, week] = np.mean(quality[rows] - SENSITIVITY * cost[rows])
            if way == "first":
                continue
            seen = np.where(hidden, np.nan, luck < quality[rows])
            logs[way].add(X, model, seen, cost[rows] * noise, propensity, week)
            if week + 1 == APPEARS:
                logs[way].add(*benchmark, np.full(len(benchmark[0]), np.nan), week, prior=True)
            routers[way] = logs[way].fit()
    return utility


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--queries", type=int, default=500, help="a week")
    parser.add_argument("--judged", type=float, default=0.4, help="share of the answers")
    parser.add_argument("--exploration", type=float, default=0.05)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found = np.array(
        [
            run(seed, options.queries, options.judged, options.exploration)
            for seed in range(options.seed, options.seed + options.seeds)
        ]
    )
    print("week     " + "".join(f"{week + 1:8d}" for week in range(N_WEEKS)))
    for place, way in enumerate(WAYS):
        print(f"{way:9s}" + "".join(f"{value:8.4f}" for value in found[:, place].mean(axis=0)))
    means = found.mean(axis=2)
    for place, way in enumerate(WAYS):
        difference = means[:, -1] - means[:, place]
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        print(
            f"{way:9s} mean {means[:, place].mean():.4f}  skroute is better by "
            f"{difference.mean():+.4f} +- {error:.4f}"
        )
    gain = found[:, -1] - found[:, 0]
    error = gain.std(axis=0, ddof=1) / np.sqrt(len(gain))
    print("skroute less first by week, in standard errors:", np.round(gain.mean(axis=0) / error, 1))


if __name__ == "__main__":
    main()
