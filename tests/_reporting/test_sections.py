"""The sections on cost sensitivity."""

import re

import numpy as np
from report_pages import table_of

from skroute import CausalRouter, RegretPolicyClassifier, logged_feedback, report


def test_shares_at_the_cost_sensitivity(logged, router, held_out):
    cells = table_of(logged, "Shares by cost sensitivity")
    here = cells["cost sensitivity"].index("20 (here)")
    for name in held_out.models:
        share = (router.predict(held_out.X) == name).mean()
        assert cells[name][here] == f"{share:.1%}"


def test_a_policy_over_knots(problem, held_out):
    policy = RegretPolicyClassifier(max_iter=20, tol=1.0)
    router = CausalRouter(20.0, knots=[0.0, 20.0, 200.0], policy=policy, random_state=0)
    router.fit(problem.X, problem.y)
    page = report(router, held_out.X, held_out.y_full)
    cells = table_of(page, "Shares by cost sensitivity")
    here = cells["cost sensitivity"].index("20 (here)")
    for name in held_out.models:
        share = (router.predict(held_out.X) == name).mean()
        assert cells[name][here] == f"{share:.1%}"


def test_small_costs_keep_their_digits(problem, held_out):
    """Two hundred-millionths of a dollar are not nothing."""
    scale = 1e-6

    def cheap(part):
        columns = {name: part.y[name] for name in ("quality", "propensity")}
        return logged_feedback(part.y["model"], cost=scale * part.y["cost"], **columns)

    y = cheap(held_out)
    router = CausalRouter(20.0 / scale, knots="auto", random_state=0)
    page = report(router.fit(problem.X, cheap(problem)), held_out.X, y, volume=5e6)
    cells = table_of(page, "Values at cost sensitivity 20,000,000")
    spent = float(np.mean(y["cost"]))
    assert cells["today&#x27;s policy"][1] == f"${1000 * spent:.3g}"
    assert cells["today&#x27;s policy"][2] == f"${5e6 * spent:.3g}"
    assert "$0<" not in page.html


def test_what_is_not_known_is_called_so(router, held_out):
    """Two rows of a group tell no interval, and one row of a log none either."""
    by = np.arange(600) // 2
    page = report(router, held_out.X, held_out.y, by=by)
    assert "(n/a)" in page.html
    one = report(router, held_out.X[:1], held_out.y[:1])
    assert "95% interval: n/a" in one.html
    words = re.sub("base64,[A-Za-z0-9+/=]*", "", one.html).replace("financ", "")
    assert "nan" not in words
