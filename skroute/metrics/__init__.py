"""Values of policies from logs, regret, and curves of cost against quality."""

from ._cost_quality import (
    CostQualityCurve,
    average_improvement_in_quality,
    cost_quality_curve,
)
from ._policy_difference import PolicyDifference, policy_difference
from ._policy_value import PolicyValue, policy_value
from ._regret import regret_score
from ._two_models import (
    EfficiencyGainCurve,
    average_performance_gap_recovered,
    call_performance_threshold,
    efficiency_gain_curve,
)

__all__ = [
    "CostQualityCurve",
    "EfficiencyGainCurve",
    "PolicyDifference",
    "PolicyValue",
    "average_improvement_in_quality",
    "average_performance_gap_recovered",
    "call_performance_threshold",
    "cost_quality_curve",
    "efficiency_gain_curve",
    "policy_difference",
    "policy_value",
    "regret_score",
]
