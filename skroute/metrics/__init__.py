"""Values of policies from logs, regret, curves of cost against quality, and scorers."""

from ._bill_saved import BillSaved, bill_saved
from ._cost_quality import (
    CostQualityCurve,
    average_improvement_in_quality,
    cost_quality_curve,
)
from ._cross_val import cross_val_policy
from ._curve_scorers import make_aiq_scorer, make_two_model_scorer
from ._diagnostics import WeightDiagnostics, weight_diagnostics
from ._estimators import ESTIMATORS
from ._evaluation_predictions import evaluation_predictions
from ._evaluator import MIN_ESTIMATED_PROPENSITY, PolicyEvaluator
from ._fitted_policy import FittedPolicy
from ._policies import read_models
from ._policy_difference import PolicyDifference, differences_of_pairs, policy_difference
from ._policy_labels import PolicyLabels
from ._policy_value import PolicyValue, policy_value
from ._regret import regret_score
from ._scorers import (
    make_policy_scorer,
    neg_policy_cost_scorer,
    neg_regret_scorer,
    policy_quality_scorer,
    policy_value_scorer,
)
from ._sensitivity import SensitivityBounds, flip_gamma, sensitivity_bounds
from ._training_queries import TrainingQueries
from ._two_models import (
    EfficiencyGainCurve,
    average_performance_gap_recovered,
    call_performance_threshold,
    efficiency_gain_curve,
)
from ._warnings import (
    FewClustersWarning,
    GoldRowsWarning,
    PreferenceOnlyWarning,
    TrainingLogWarning,
    UnavailableModelsWarning,
)

__all__ = [
    "BillSaved",
    "CostQualityCurve",
    "EfficiencyGainCurve",
    "FewClustersWarning",
    "GoldRowsWarning",
    "PolicyDifference",
    "PolicyLabels",
    "PolicyValue",
    "PreferenceOnlyWarning",
    "SensitivityBounds",
    "TrainingLogWarning",
    "TrainingQueries",
    "UnavailableModelsWarning",
    "WeightDiagnostics",
    "average_improvement_in_quality",
    "average_performance_gap_recovered",
    "bill_saved",
    "call_performance_threshold",
    "cost_quality_curve",
    "cross_val_policy",
    "efficiency_gain_curve",
    "evaluation_predictions",
    "flip_gamma",
    "make_aiq_scorer",
    "make_policy_scorer",
    "make_two_model_scorer",
    "neg_policy_cost_scorer",
    "neg_regret_scorer",
    "policy_difference",
    "policy_quality_scorer",
    "policy_value",
    "policy_value_scorer",
    "regret_score",
    "sensitivity_bounds",
    "weight_diagnostics",
]
