"""Routers that learn from logs, and what all routers share."""

from .._utils import SplitRouter, split_router
from ._base import RouterMixin, read_fit_input, read_queries
from ._calibration import Calibration
from ._causal import CausalRouter
from ._fixed_budget import FixedBudgetRouter
from ._frontier import Budget, Frontier
from ._outcomes import OutcomeRouterMixin

__all__ = [
    "Budget",
    "Calibration",
    "CausalRouter",
    "FixedBudgetRouter",
    "Frontier",
    "SplitRouter",
    "split_router",
]
