"""What to estimate and how: the keywords that all values of policies have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._utils import check_at_least, check_cost_sensitivity
from ._estimators import ESTIMATORS

INTERVALS = ("normal", "bootstrap", "block", "bernstein")


@dataclass(frozen=True)
class Options:
    """What to estimate and how, checked; `parameters` are those of `ESTIMATORS`, None: picked."""

    cost_sensitivity: float = 0.0
    method: str = "auto"
    interval: str = "normal"
    confidence: float = 0.95
    block_length: int | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_cost_sensitivity(self.cost_sensitivity)
        known = ["auto", *ESTIMATORS, "exact"]
        if self.method not in known:
            raise ValueError(f"method must be one of {known}, got {self.method!r}")
        if self.interval not in INTERVALS:
            raise ValueError(f"interval must be one of {list(INTERVALS)}, got {self.interval!r}")
        if not (_is_number(self.confidence) and 0 < self.confidence < 1):
            raise ValueError(f"confidence must be between 0 and 1, got {self.confidence!r}")
        if self.block_length is not None:
            if self.interval != "block":
                raise ValueError(
                    f"block_length={self.block_length!r} has no meaning for interval "
                    f"{self.interval!r}. Use interval='block' or leave it out."
                )
            check_at_least(1, block_length=self.block_length)
        for name, value in self.parameters.items():
            if value is not None:
                self._check_parameter(name, value)

    def _check_parameter(self, name: str, value: Any) -> None:
        parameters = {method: known.parameter for method, known in ESTIMATORS.items()}
        owners = {m: known for m, known in parameters.items() if known and known.name == name}
        if self.method not in owners:
            raise ValueError(
                f"{name}={value!r} has no meaning for method {self.method!r}. Use "
                f"method={next(iter(owners))!r} or leave it out."
            )
        positive = owners[self.method].positive
        if not _is_number(value) or value < 0 or (positive and value == 0):
            need = "a positive number" if positive else "a number of at least 0"
            raise ValueError(f"{name} must be {need}, got {value!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not np.isnan(value)
