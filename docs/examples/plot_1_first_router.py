"""
A first router
==============

A log, a router, and what a cheaper bill would cost in quality. The log comes with the package: a
support desk whose four models answered 1,200 prompts, most of them with a thumb up or down.
"""

# %%
# Read the log
# ------------
# `read_log` reads what gateways write. Feedback becomes ``y``: who answered, how well, at what
# cost.

from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skroute import CausalRouter
from skroute.datasets import example_log, read_log
from skroute.plots import CostQualityDisplay

log = read_log(example_log())
log

# %%
# Learn
# -----
# Prompts become numbers, and the router learns from them. ``cost_sensitivity`` is the quality that
# you give up to save a dollar: at 30, a model must be better by 0.03 to be worth $1 more per 1,000
# queries.

prompts, held_prompts, y, held_y = train_test_split(
    log.queries, log.y, test_size=0.3, random_state=0
)
pipeline = make_pipeline(
    TfidfVectorizer(sublinear_tf=True),
    TruncatedSVD(16, random_state=0),
    CausalRouter(cost_sensitivity=30.0, knots="auto", random_state=0),
)
pipeline.fit(prompts, y)
pipeline.predict(["Where do I find my invoice?", "The export fails with error 500 since Monday."])

# %%
# What does it cost, what is it worth?
# ------------------------------------
# On rows that it has not seen. The line is the router at every cost sensitivity, beside always
# asking one and the same model. All of it is estimated from the log, so it is not certain:
# :ref:`sphx_glr_auto_examples_plot_2_is_it_better.py` says how sure it is.

display = CostQualityDisplay.from_estimator(pipeline, held_prompts, held_y)

# %%
# What can go wrong
# -----------------
# - Thumbs are given by some and not by others. ``read_log`` keeps rows without one; see
#   :doc:`/evaluation` for what that assumes.
# - A log that always sent a kind of query to one model cannot say what another would have made of
#   it: :ref:`sphx_glr_auto_examples_plot_3_overlap.py`.
