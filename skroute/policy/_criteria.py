"""What a policy minimizes, as a function of its outputs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ._scaling import utility_spread
from ._surrogates import LOSSES


class Criterion(Protocol):
    """A mean loss of outputs, and what a fit has to know of it.

    Attributes
    ----------
    loss : str
    shape : tuple of int
        Of the outputs.
    spread : float
        What the value is to be divided by, so that it does not depend on the units of utility.
    output_share : ndarray of shape (n_outputs,)
        The share of the penalty that each output's coefficients bear.
    """

    @property
    def loss(self) -> str: ...

    @property
    def spread(self) -> float: ...

    @property
    def shape(self) -> tuple[int, int]: ...

    @property
    def output_share(self) -> NDArray[np.float64]: ...

    def __call__(self, outputs: NDArray, sample_weight: NDArray | None, /) -> tuple[float, NDArray]:
        """Return the value and its gradient, which is written to `outputs`."""

    def take(self, rows: NDArray) -> Criterion:
        """Return the criterion of these rows, of the same spread."""

    def targets(self) -> NDArray:
        """Return what a regression is to predict as a start, (n, n_targets)."""

    def start(self, theta: NDArray) -> NDArray:
        """Turn coefficients of that regression, (p, n_targets), into those of the outputs."""

    def policies(self) -> Iterator[tuple[slice, UtilityCriterion]]:
        """Yield the outputs of each policy, and its criterion if it were alone."""


@dataclass(frozen=True)
class UtilityCriterion:
    """Loss of logits (n, K) at given utilities (n, K)."""

    utility: NDArray[Any]
    loss: str
    spread: float

    @classmethod
    def of(cls, utility: NDArray, loss: str, sample_weight: NDArray | None) -> UtilityCriterion:
        return cls(utility, loss, utility_spread(utility, sample_weight))

    @property
    def shape(self) -> tuple[int, int]:
        return self.utility.shape

    @property
    def output_share(self) -> NDArray[np.float64]:
        return np.ones(self.utility.shape[1])

    def __call__(self, outputs: NDArray, sample_weight: NDArray | None) -> tuple[float, NDArray]:
        return LOSSES[self.loss].function(
            outputs, self.utility, sample_weight=sample_weight, out=outputs
        )

    def take(self, rows: NDArray) -> UtilityCriterion:
        return replace(self, utility=self.utility[rows])

    def targets(self) -> NDArray:
        return self.utility / self.utility.dtype.type(self.spread)

    def start(self, theta: NDArray) -> NDArray:
        return theta

    def policies(self) -> Iterator[tuple[slice, UtilityCriterion]]:
        yield slice(None), self
