"""What a solver returns."""

import warnings
from typing import Any, NamedTuple

from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

Layers = tuple[list[NDArray[Any]], list[NDArray[Any]]]  # coefficients and intercepts of each layer


class Solution(NamedTuple):
    """Layers on X itself, and what the attributes of the policy say about the way there."""

    layers: Layers
    loss: float  # penalized, in units of the utility spread
    n_iter: int
    converged: bool
    effort: str  # for the warning

    def warn_unless_converged(self, name: str, tol: float, stacklevel: int) -> None:
        """Issue a ConvergenceWarning about the policy called `name`."""
        if not self.converged:
            warnings.warn(
                f"{name} had not converged after {self.effort} (loss {self.loss:.6g}, tol={tol}). "
                "Increase max_iter of the policy, or tol if this loss is good enough, or alpha if "
                "the policy should be smoother.",
                ConvergenceWarning,
                stacklevel=stacklevel,
            )
