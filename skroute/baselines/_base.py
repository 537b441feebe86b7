"""What the baselines share: utilities at any cost sensitivity."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from .._outcome_router import OutcomeRouterMixin
from .._validation import resolve_cost_sensitivity


def read_queries(router: Any, X: Any) -> np.ndarray:
    return validate_data(router, X, dtype=(np.float64, np.float32), reset=False)


class AnySensitivityMixin(OutcomeRouterMixin):
    """Mixin of baselines that serve any cost sensitivity."""

    def _decide(self, X: Any, cost_sensitivity: Any) -> np.ndarray:
        quality, cost = self._predict_outcomes(X)
        return quality - cost * resolve_cost_sensitivity(
            cost_sensitivity, self.cost_sensitivity, len(quality)
        )
