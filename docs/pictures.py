"""Draw the pictures of pictures.md: ``python docs/pictures.py`` writes them to docs/images.

A page about the same router goes to report.html in the working folder.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from skroute import CausalRouter, report
from skroute.baselines import RegressAndCompare
from skroute.datasets import make_routing_problem
from skroute.plots import (
    CostQualityDisplay,
    EfficiencyGainDisplay,
    OverlapDisplay,
    PolicyValueDisplay,
    RoutingShareDisplay,
)

IMAGES = Path(__file__).parent / "images"

log = make_routing_problem(2500, 24, 5, logging="difficulty", random_state=0)
test = log.draw(2500, random_state=1)
router = CausalRouter(25.0, knots="auto", random_state=0).fit(log.X, log.y)
compare = RegressAndCompare(25.0).fit(log.X, log.y)
both = {"CausalRouter": router, "regress and compare": compare}
pair = {"strong": "model_4", "weak": "model_1"}

displays = {
    "display_cost_quality": CostQualityDisplay.from_estimator(both, test.X, test.y, budget=0.002),
    "display_policy_value": PolicyValueDisplay.from_estimator(both, test.X, test.y),
    "display_overlap": OverlapDisplay.from_estimator(router, log.X, log.y),
    "display_routing_share": RoutingShareDisplay.from_estimator(router, test.X),
    "display_efficiency_gain": EfficiencyGainDisplay.from_estimator(
        both, test.X, test.y_full, **pair
    ),
}
for name, display in displays.items():
    display.figure_.savefig(IMAGES / f"{name}.png", dpi=100)
report(router, test.X, test.y, path="report.html")
