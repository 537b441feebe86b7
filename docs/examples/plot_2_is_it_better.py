"""
Is it really better?
====================

The average quality of each model in a log misleads: strong models got the hard queries. Here are
values of policies (rules that choose a model for each query) in which that is corrected, each with
an interval that says how sure it is.
"""

# %%
# A log whose truth is known
# --------------------------
# Strong models got the hard queries. As the log is simulated, we know what every model would have
# done, and can see what the averages get wrong.

from skroute import CausalRouter
from skroute.datasets import make_routing_problem
from skroute.metrics import evaluation_predictions, policy_difference, policy_value
from skroute.plots import PolicyValueDisplay

problem = make_routing_problem(6000, 10, 4, logging="difficulty", random_state=0)
for k, model in enumerate(problem.models):
    shown = problem.y["quality"][problem.y["model"] == model].mean()
    true = problem.expected_quality[:, k].mean()
    print(f"{model}: quality {shown:.2f} in the log, {true:.2f} if it answered all queries")

# %%
# A router and its value
# ----------------------
# Fitted on one half, valued on the other. The value is mean utility: quality minus cost sensitivity
# times cost.

X, y, X_held, y_held = problem.X[:3000], problem.y[:3000], problem.X[3000:], problem.y[3000:]
router = CausalRouter(cost_sensitivity=25.0, random_state=0).fit(X, y)
choice = router.predict(X_held)
known = evaluation_predictions(X_held, y_held, models=router.classes_)
value = policy_value(y_held, choice, cost_sensitivity=25.0, **known)
truth = policy_value(problem.y_full[3000:], choice, cost_sensitivity=25.0)
print(f"estimated {value.value:.3f} ({value.low:.3f} to {value.high:.3f}), true {truth.value:.3f}")

# %%
# Against today's policy
# ----------------------
# ``None`` is the policy that wrote the log. If the interval lies above zero, the router is better,
# as far as the assumptions of :doc:`/evaluation` hold.

gain = policy_difference(y_held, choice, None, cost_sensitivity=25.0, **known)
print(f"gain {gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})")

# %%
# All of it in one picture
# ------------------------

display = PolicyValueDisplay.from_estimator({"CausalRouter": router}, X_held, y_held)

# %%
# What can go wrong
# -----------------
# - Rows that the router was fitted on flatter it. Hold some out, or use `cross_val_policy`.
# - Something that the log does not show, say a flag of the caller, decided who answered and also
#   how good the answer was. `sensitivity_bounds` says how strong that would have to be.
