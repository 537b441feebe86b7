"""What the baselines share: utilities at any cost sensitivity."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._utils import resolve_cost_sensitivity
from ..routers import OutcomeRouterMixin


class AnySensitivityMixin(OutcomeRouterMixin):
    """Mixin of baselines that serve any cost sensitivity."""

    def _decide(self, X: Any, cost_sensitivity: Any) -> np.ndarray:
        quality, cost = self._predict_outcomes(X)
        return quality - cost * resolve_cost_sensitivity(
            cost_sensitivity, self.cost_sensitivity, len(quality)
        )
