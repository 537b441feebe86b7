"""Pictures of routers and policies, in the style of scikit-learn's Displays.

Numbers are worked out by ``from_estimator`` and ``from_predictions`` and kept as attributes.
``plot`` draws them, and needs matplotlib (``pip install 'scikit-route[plot]'``). Curves, models and
policies are told apart by line style, marker, hatch and label, so that pictures survive greyscale.
"""

from .._utils import QUERIES
from ._cost_quality import CostQualityDisplay
from ._efficiency_gain import EfficiencyGainDisplay
from ._overlap import OverlapDisplay
from ._policy_value import TODAY, PolicyValueDisplay
from ._routers import NamedRouter, fixed_policies, read_routers
from ._routing_share import RoutingShareDisplay

__all__ = [
    "CostQualityDisplay",
    "EfficiencyGainDisplay",
    "OverlapDisplay",
    "PolicyValueDisplay",
    "RoutingShareDisplay",
]
