"""A linear policy by L-BFGS on the compiled losses."""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from ._criteria import Criterion
from ._scaling import FeatureScaling, feature_scaling
from ._solution import Layers, Solution
from ._surrogates import LOSSES

_RIDGE_PENALTY = 30.0  # of the starting regression, times alpha
_RIDGE_STEPS = 10
_SHARPENINGS = (1.0, 3.0, 10.0, 30.0)


def fit_linear(
    policy: Any,
    X: Any,
    criterion: Criterion,
    sample_weight: NDArray[Any] | None = None,
    start: Layers | None = None,
) -> Solution:
    """Minimize a criterion of ``X @ coef + intercept`` by L-BFGS.

    Minimizes ``value / spread + alpha / 2 * sum_k share_k ||W_k||^2``, with W_k the coefficients of
    output k on the features centered and scaled to mean squared norm 1 (`FeatureScaling`), and
    spread and shares those of the criterion. The intercept is not penalized.

    X is read, never copied: the scaling lives in the coefficients. Added memory is three arrays of
    (n_queries, n_outputs) and the optimizer's ten pairs of (n_features, n_outputs). An iteration
    costs two products of X with an array of (., n_outputs).

    Of the policy `alpha`, `max_iter`, `tol` and `verbose` are read; X, array or sparse, and the
    criterion are of one dtype, float32 or float64. Without `start`, one layer, a convex loss starts
    from zero, softmax regret from a ridge regression: see `_ridge_start`.
    """
    dtype = X.dtype
    scaling = feature_scaling(X, sample_weight)
    objective = _Objective(X, criterion, policy.alpha, sample_weight, scaling)
    theta = np.zeros((X.shape[1] + 1, criterion.shape[1]))
    if start is not None:
        coef, intercept = (np.asarray(part[0], np.float64) for part in start)
        theta[:-1], theta[-1] = scaling.unfold(coef, intercept)
    elif not LOSSES[criterion.loss].is_convex:
        theta = _ridge_start(objective, policy.alpha)
    result = minimize(
        objective,
        theta.ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=_progress(policy.verbose) if policy.verbose else None,
        # Function values of float32 data cannot be told apart below their rounding error.
        options={
            "maxiter": policy.max_iter,
            "maxls": 50,
            "gtol": policy.tol,
            "ftol": max(1e-3 * policy.tol, 8 * np.finfo(dtype).eps),
        },
    )
    theta = result.x.reshape(theta.shape)
    coef, intercept = scaling.fold(theta[:-1], theta[-1])
    return Solution(
        ([coef.astype(dtype, copy=False)], [intercept.astype(dtype, copy=False)]),
        loss=float(result.fun),
        n_iter=max(1, int(result.nit)),
        # A line search that fails found no lower value in floating point: that is the minimum.
        converged=result.status != 1,
        effort=f"{result.nit} iterations of L-BFGS",
    )


class _Objective:
    """Penalized loss and gradient in the scaled coefficients; the buffers live here."""

    def __init__(
        self,
        X: Any,
        criterion: Criterion,
        alpha: float,
        sample_weight: NDArray | None,
        scaling: FeatureScaling,
    ) -> None:
        self.X, self.criterion = X, criterion
        self.alpha, self.sample_weight = alpha * criterion.output_share, sample_weight
        self.scaling = scaling
        self.outputs = np.empty(criterion.shape, dtype=X.dtype)

    def forward(self, theta: NDArray[np.float64]) -> NDArray:
        """Return the outputs, in the buffer."""
        X, outputs = self.X, self.outputs
        coef, intercept = self.scaling.fold(theta[:-1], theta[-1])
        if isinstance(X, np.ndarray):
            np.matmul(X, coef.astype(X.dtype), out=outputs)
        else:
            outputs[:] = X @ coef.astype(X.dtype)
        outputs += intercept.astype(X.dtype)
        return outputs

    def __call__(self, flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        X, spread = self.X, self.criterion.spread
        theta = flat.reshape(-1, self.outputs.shape[1])
        W = theta[:-1]
        outputs = self.forward(theta)
        value, gradient = self.criterion(outputs, self.sample_weight)
        gradient_theta = np.empty_like(theta)
        gradient_theta[-1] = gradient.sum(axis=0, dtype=np.float64)
        gradient_theta[:-1] = self.scaling.chain(X.T @ gradient, gradient_theta[-1])
        gradient_theta /= spread
        penalized = self.alpha * W
        gradient_theta[:-1] += penalized
        return value / spread + 0.5 * float(np.vdot(penalized, W)), gradient_theta.ravel()


def _ridge_start(objective: "_Objective", alpha: float) -> NDArray[np.float64]:
    """Coefficients of a ridge regression of the targets, sharpened policy by policy.

    From zero coefficients the free intercept soon favours one model so much that no gradient is
    left to learn from X. A regression already ranks the models for each query, and is found by some
    steps of conjugate gradients, all columns side by side, each as cheap as a step of L-BFGS.
    """
    X, scaling, targets = objective.X, objective.scaling, objective.criterion.targets()
    dtype, weight = X.dtype, objective.sample_weight
    share = np.full(len(targets), 1 / len(targets)) if weight is None else weight / weight.sum()
    column = share[:, None].astype(dtype)
    mean = share @ targets

    def correlate(rows: NDArray) -> NDArray:  # scaled features, transposed, times weighted rows
        rows *= column
        return scaling.chain(X.T @ rows, rows.sum(axis=0, dtype=np.float64))

    def apply(W: NDArray) -> NDArray:
        coef, intercept = scaling.fold(W, np.zeros(W.shape[1]))
        rows = X @ coef.astype(dtype)
        rows += intercept.astype(dtype)
        return correlate(rows) + penalty * W

    penalty = _RIDGE_PENALTY * alpha
    residual = correlate(targets - mean.astype(dtype))
    W, direction = np.zeros_like(residual), residual.copy()
    size = np.einsum("jk,jk->k", residual, residual)
    # Loose: it is a start only, and further steps amplify rounding errors.
    smallest = 1e-3 * size
    for _ in range(_RIDGE_STEPS):
        image = apply(direction)
        step = size / np.maximum(np.einsum("jk,jk->k", direction, image), np.finfo(float).tiny)
        step[size <= smallest] = 0.0  # this column is done
        W += step * direction
        residual -= step * image
        size, before = np.einsum("jk,jk->k", residual, residual), size
        direction *= size / np.maximum(before, np.finfo(float).tiny)
        direction += residual
    theta = objective.criterion.start(np.vstack([W, mean]))
    _sharpen(objective, theta, alpha)
    return theta


def _sharpen(objective: "_Objective", theta: NDArray[np.float64], alpha: float) -> None:
    """Multiply the coefficients of each policy by what makes its own objective lowest."""
    outputs = objective.forward(theta)
    for columns, criterion in objective.criterion.policies():
        W, values = theta[:-1, columns], []
        for factor in _SHARPENINGS:
            logits = np.multiply(outputs[:, columns], factor, order="C", dtype=outputs.dtype)
            value, _ = criterion(logits, objective.sample_weight)
            penalty = 0.5 * alpha * factor**2 * float(np.vdot(W, W))
            values.append(value / criterion.spread + penalty)
        theta[:, columns] *= _SHARPENINGS[int(np.argmin(values))]


def _progress(verbose: int) -> Callable[..., None]:
    """Print the loss at every tenth iteration; at every one if verbose is 2 or more."""
    iterations = count(1)

    def print_loss(intermediate_result: Any) -> None:
        iteration = next(iterations)
        if verbose > 1 or iteration % 10 == 0:
            print(f"iteration {iteration}: loss {intermediate_result.fun:.6g}")

    return print_loss
