"""Routers that learn from logs, and the interface of all routers.

=====================  ======================================================================
CausalRouter           learns from logged feedback which model should answer each query
FixedBudgetRouter      a router whose cost sensitivity is set by a budget
BaseRouter             what every router answers, and what a new one implements
OutcomeRouter          the same for routers that predict quality and cost
Budget                 what `cost_sensitivity_for_budget` returns
Frontier               what `frontier` returns
Calibration            `CausalRouter.calibration_`
FixedModelWarning      the log does not say enough to choose by query
exploration_proba      probabilities to choose by, of a router or a pipeline that ends in one
sample                 draws from them (`Sample`)
ExplorationBoundWarning  some queries are explored less than asked for
GoneModelsWarning      some models were not seen lately, and are not chosen
MovedModelsWarning     costs or qualities of some models moved, and are taken at today's level
UnjudgedModelsWarning  no answer of some models was ever judged
split_router           the transforming steps and the router of a pipeline or search (`SplitRouter`)
=====================  ======================================================================
"""

from .._utils import SplitRouter, split_router
from ._base import BaseRouter
from ._calibration import Calibration
from ._causal import CausalRouter
from ._caution import FixedModelWarning
from ._exploration import ExplorationBoundWarning, Sample, exploration_proba, sample
from ._fixed_budget import FixedBudgetRouter
from ._frontier import Budget, Frontier
from ._outcomes import OutcomeRouter
from ._reading import GoneModelsWarning, MovedModelsWarning, UnjudgedModelsWarning, read_fit_input

__all__ = [
    "BaseRouter",
    "Budget",
    "Calibration",
    "CausalRouter",
    "ExplorationBoundWarning",
    "FixedBudgetRouter",
    "FixedModelWarning",
    "Frontier",
    "GoneModelsWarning",
    "MovedModelsWarning",
    "OutcomeRouter",
    "Sample",
    "SplitRouter",
    "UnjudgedModelsWarning",
    "exploration_proba",
    "sample",
    "split_router",
]
