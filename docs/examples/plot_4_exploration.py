"""
Exploration and propensities
============================

A router that always takes what it thinks best leaves a log that cannot tell whether it was right.
So let it try another model now and then, where that model may yet be best, and write down how
likely each choice was.
"""

# %%
# A router, and what it tries
# ---------------------------
# `exploration_proba` returns how likely each model is for each query; of every query at most
# ``exploration`` goes to other models than the best.

import matplotlib.pyplot as plt
import numpy as np

from skroute import CausalRouter, logged_feedback
from skroute.datasets import make_routing_problem
from skroute.metrics import evaluation_predictions, policy_value

problem = make_routing_problem(6000, 10, 3, random_state=0)
X, served = problem.X[:2000], problem.X[2000:]
router = CausalRouter(cost_sensitivity=20.0, random_state=0).fit(X, problem.y[:2000])
probability = router.exploration_proba(served, exploration=0.1)
probability[:4].round(3)

# %%
# Choose by it, and log the propensity
# ------------------------------------

label, propensity = router.sample(served, exploration=0.1, random_state=0)
print(f"{np.mean(label != router.predict(served)):.1%} of the queries went to another model")

# %%
# What the propensities buy
# -------------------------
# From this log alone, every policy that it explored has a value. Here is each fixed model, from the
# 4,000 logged rows, beside the truth, which only a simulation has.

rng = np.random.default_rng(0)
column = np.searchsorted(problem.models, label)
rows = np.arange(len(served))
quality = (rng.random(len(served)) < problem.expected_quality[2000:][rows, column]).astype(float)
cost = problem.expected_cost[2000:][rows, column]
y = logged_feedback(label, quality, cost=cost, propensity=propensity)
known = evaluation_predictions(served, y, models=router.classes_)

values, truths = [], []
for model in problem.models:
    always = np.full(len(served), model)
    values.append(policy_value(y, always, cost_sensitivity=20.0, **known))
    truths.append(policy_value(problem.y_full[2000:], always, cost_sensitivity=20.0).value)

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
places = np.arange(len(values))
middle = np.array([value.value for value in values])
reach = np.array([[value.value - value.low, value.high - value.value] for value in values]).T
ax.errorbar(middle, places, xerr=reach, fmt="o", color="#3a76a8", capsize=4, label="from the log")
ax.plot(truths, places + 0.15, "D", color="#b2570a", label="truth")
ax.set(yticks=places, xlabel="utility of always asking one model, and 95% interval")
ax.set_yticklabels(problem.models)
ax.legend()
plt.show()

# %%
# What can go wrong
# -----------------
# - The propensity is not logged. It cannot be made up later.
# - Exploration costs something: ``max_regret`` and ``max_cost`` bound it. :doc:`/loop` is all of it
#   for a service.
