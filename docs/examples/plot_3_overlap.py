"""
What overlap is
===============

A log tells what a model would make of a query only if that model was now and then asked such
queries. How likely each choice was is its *propensity*; that all models had a fair chance at all
kinds of queries is *overlap*. Here are two logs of the same queries, with and without it.
"""

# %%
# Who was asked what
# ------------------
# Queries are ordered by how hard they are: by how often all models together fail. On the left
# models were chosen at random, on the right the strong ones got the hard queries.

import matplotlib.pyplot as plt
import numpy as np

from skroute.datasets import make_routing_problem
from skroute.plots import OverlapDisplay

settings = {"n_queries": 1500, "n_features": 8, "n_models": 3, "random_state": 0}
logs = {
    "chosen at random": make_routing_problem(logging="uniform", **settings),
    "strong models got the hard queries": make_routing_problem(
        logging="difficulty", strength=4.0, floor=0.01, **settings
    ),
}

fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True, layout="constrained")
looks = [("#3a76a8", "^"), ("#b2570a", "s"), ("black", "D")]
for ax, (title, problem) in zip(axes, logs.items(), strict=True):
    hardness = np.argsort(np.argsort(-problem.expected_quality.mean(axis=1))) / len(problem.X)
    rng = np.random.default_rng(0)
    for k, model in enumerate(problem.models):
        rows = problem.y["model"] == model
        height = k + rng.uniform(-0.3, 0.3, rows.sum())
        color, marker = looks[k]
        ax.scatter(hardness[rows], height, s=6, color=color, marker=marker, alpha=0.6, linewidth=0)
    ax.set(title=title, xlabel="easy queries ... hard queries", yticks=range(3))
    ax.set_yticklabels(problem.models)
plt.show()

# %%
# The same as numbers
# -------------------
# `OverlapDisplay` shows how likely each model's answers were: a box for half of them, a line for
# nine tenths. The count of *effective* rows says how many equally likely rows the log is worth:
# rare choices stand for many queries each, so one of them being odd changes much. First the log
# that chose at random:

at_random, by_hardness = logs.values()
display = OverlapDisplay.from_predictions(at_random.y)

# %%
# And the other, in which few rows of each model count:

display = OverlapDisplay.from_predictions(by_hardness.y)

# %%
# What to do where there is little
# --------------------------------
# - Choose a small share of the traffic at random, and log how likely each choice was:
#   :ref:`sphx_glr_auto_examples_plot_4_exploration.py`.
# - Keep older rows from a time when models were chosen otherwise.
# - Take out a model that was hardly ever asked, by ``exclude``.
