"""The sections on cost sensitivity."""

from report_pages import table_of

from skroute import CausalRouter, RegretPolicyClassifier, report


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
