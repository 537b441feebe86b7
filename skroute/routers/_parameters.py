"""The parameters of `CausalRouter`, checked together."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import check_cost_sensitivity
from ..correction import DRBiasCorrector
from ..nuisance import shrinkage_rule
from ._knots import check_knots
from ._policy import check_policy


def check_parameters(router: Any) -> float:
    """Raise ValueError for what cannot be; return the router's own cost sensitivity."""
    correction = router.bias_correction
    upstream = isinstance(correction, str) and correction == "upstream"
    if not (correction is None or upstream or isinstance(correction, DRBiasCorrector)):
        raise ValueError(
            f"bias_correction must be a DRBiasCorrector, 'upstream' or None, got {correction!r}"
        )
    shrinkage_rule(router.shrinkage)
    if not 0 <= router.caution < np.inf:
        raise ValueError(f"caution must be at least 0 and finite, got {router.caution!r}")
    if not 0 < router.min_propensity <= 1:
        raise ValueError(f"min_propensity must be in (0, 1], got {router.min_propensity!r}")
    check_policy(router.policy, router.knots)
    cost_sensitivity = check_cost_sensitivity(router.cost_sensitivity)
    check_knots(router.knots, cost_sensitivity)
    return cost_sensitivity
