"""How RegretPolicyClassifier is fitted: its parameters handed to L-BFGS or to Adam."""

from typing import Any, NamedTuple

from numpy.typing import NDArray
from sklearn.utils import check_random_state

from ._criteria import Criterion
from ._linear import fit_linear
from ._mlp import AdamTrainer, Layers


class Solution(NamedTuple):
    """Layers on X itself, and what the attributes of the policy say about the way there."""

    layers: Layers
    loss: float
    n_iter: int
    converged: bool
    effort: str  # for the warning


def by_lbfgs(
    policy: Any, X: Any, criterion: Criterion, weight: NDArray | None, start: Layers | None
) -> Solution:
    """A linear policy."""
    fitted = fit_linear(
        X,
        criterion,
        alpha=policy.alpha,
        sample_weight=weight,
        start=None if start is None else (start[0][0], start[1][0]),
        max_iter=policy.max_iter,
        tol=policy.tol,
        verbose=int(policy.verbose),
    )
    return Solution(
        layers=([fitted.coef], [fitted.intercept]),
        loss=fitted.loss,
        n_iter=max(1, fitted.n_iter),
        converged=fitted.converged,
        effort=f"{fitted.n_iter} iterations of L-BFGS",
    )


def by_adam(
    policy: Any, X: Any, criterion: Criterion, weight: NDArray | None, start: Layers | None
) -> Solution:
    """A policy with any layers, in passes over shuffled batches."""
    trainer = make_trainer(policy, X, criterion, weight, start)
    n_iter, converged, loss = trainer.fit(
        X,
        criterion,
        weight,
        max_iter=policy.max_iter,
        tol=policy.tol,
        verbose=int(policy.verbose),
    )
    return Solution(trainer.layers(), loss, n_iter, converged, f"{n_iter} passes of Adam")


SOLVERS = {"lbfgs": by_lbfgs, "adam": by_adam}


def make_trainer(
    policy: Any, X: Any, criterion: Criterion, weight: NDArray | None, start: Layers | None
) -> AdamTrainer:
    """Adam before its first step, scaled by these rows."""
    auto = min(256, max(32, X.shape[0] // 16))
    return AdamTrainer(
        X,
        criterion,
        weight,
        hidden_layer_sizes=tuple(policy.hidden_layer_sizes),
        alpha=policy.alpha,
        learning_rate=policy.learning_rate,
        batch_size=auto if isinstance(policy.batch_size, str) else policy.batch_size,
        rng=check_random_state(policy.random_state),
        start=start,
    )
