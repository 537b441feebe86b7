"""A multilayer perceptron (or a linear policy) by Adam on the compiled losses, in NumPy."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from ._criteria import Criterion
from ._scaling import FeatureScaling, feature_scaling
from ._solution import Layers, Solution

_NO_CHANGE = 10  # epochs without improvement before stopping
_HELD_OUT = 0.1  # share of the rows that decides when to stop, if there is more than one batch


def forward(X: Any, coefs: list[NDArray], intercepts: list[NDArray]) -> list[NDArray]:
    """Outputs of all layers in the dtype of X; the last are the policy's, the others rectified."""
    outputs: list[NDArray] = []
    for coef, intercept in zip(coefs, intercepts, strict=True):
        if outputs:
            np.maximum(outputs[-1], 0, out=outputs[-1])
        coef, intercept = (part.astype(X.dtype, copy=False) for part in (coef, intercept))
        outputs.append((outputs[-1] if outputs else X) @ coef + intercept)
    return outputs


def loss_and_gradient(
    Z: Any,
    criterion: Criterion,
    sample_weight: NDArray | None,
    coefs: list[NDArray],
    intercepts: list[NDArray],
    *,
    alpha: float,
    spread: float,
) -> tuple[float, Layers]:
    """Penalized loss of scaled features Z, and its gradient by backpropagation.

    The penalty is ``alpha / 2`` times the sum over layers of ``n_inputs * ||W||^2``: inputs of unit
    variance have a mean squared norm of n_inputs, so this is the penalty of the linear policy,
    and it does not change its meaning with the number of features or of hidden units. Each output
    of the last layer bears the share of it that the criterion says.
    """
    outputs = forward(Z, coefs, intercepts)
    value, delta = criterion(outputs[-1], sample_weight)
    value /= spread
    delta /= delta.dtype.type(spread)
    coef_gradients, intercept_gradients = [], []
    for layer in reversed(range(len(coefs))):
        inputs = outputs[layer - 1] if layer else Z
        penalty = np.full(delta.shape[1], float(alpha * len(coefs[layer])))
        if layer == len(coefs) - 1:
            penalty *= criterion.output_share
        penalized = penalty.astype(delta.dtype) * coefs[layer]
        coef_gradients.append(inputs.T @ delta + penalized)
        intercept_gradients.append(delta.sum(axis=0))
        value += 0.5 * float(np.vdot(penalized, coefs[layer]))
        if layer:
            delta = delta @ coefs[layer].T
            delta *= inputs > 0
    return value, (coef_gradients[::-1], intercept_gradients[::-1])


def initial_layers(sizes: list[int], rng: np.random.RandomState, dtype: np.dtype) -> Layers:
    """Glorot's uniform weights (without hidden layers: zeros, the symmetric start)."""
    coefs, intercepts = [], []
    for n_in, n_out in pairwise(sizes):
        bound = np.sqrt(6 / (n_in + n_out)) if len(sizes) > 2 else 0.0
        coefs.append(rng.uniform(-bound, bound, (n_in, n_out)).astype(dtype))
        intercepts.append(np.zeros(n_out, dtype=dtype))
    return coefs, intercepts


@dataclass
class Adam:
    """Adam on a list of arrays, updated in place (Kingma and Ba, arXiv:1412.6980, algorithm 1)."""

    learning_rate: float
    n_steps: int = 0
    first: list[NDArray] = field(default_factory=list)
    second: list[NDArray] = field(default_factory=list)

    def step(self, parameters: list[NDArray], gradients: list[NDArray]) -> None:
        if not self.first:
            self.first = [np.zeros_like(parameter) for parameter in parameters]
            self.second = [np.zeros_like(parameter) for parameter in parameters]
        self.n_steps += 1
        rate = self.learning_rate * np.sqrt(1 - 0.999**self.n_steps) / (1 - 0.9**self.n_steps)
        moments = zip(parameters, gradients, self.first, self.second, strict=True)
        for parameter, gradient, first, second in moments:
            first *= 0.9
            first += 0.1 * gradient
            second *= 0.999
            second += 0.001 * np.square(gradient)
            parameter -= (rate * (first / (np.sqrt(second) + 1e-8))).astype(parameter.dtype)


def fit_layers(
    policy: Any,
    X: Any,
    criterion: Criterion,
    sample_weight: NDArray | None,
    start: Layers | None = None,
) -> Solution:
    """Fit a policy of any layers, in passes over shuffled batches."""
    return AdamTrainer(policy, X, criterion, sample_weight, start).fit(
        policy, X, criterion, sample_weight
    )


class AdamTrainer:
    """State of a policy in training: layers on scaled features, optimizer, scales, random numbers.

    The scales are those of the first rows it saw, so that the layers keep their meaning.
    """

    def __init__(
        self,
        policy: Any,
        X: Any,
        criterion: Criterion,
        sample_weight: NDArray | None,
        start: Layers | None = None,
    ) -> None:
        total = feature_scaling(X, sample_weight)
        # Unit variance of a feature, not unit norm of a row, suits Adam's equal steps.
        self.scaling = FeatureScaling(total.center, total.scale / np.sqrt(X.shape[1]))
        self.dtype = X.dtype
        self.center = total.center.astype(X.dtype)
        self.spread = criterion.spread
        self.alpha, self.rng = policy.alpha, check_random_state(policy.random_state)
        self.batch_size = policy.batch_size
        if self.batch_size == "auto":
            self.batch_size = min(256, max(32, X.shape[0] // 16))
        self.optimizer = Adam(policy.learning_rate)
        sizes = [X.shape[1], *policy.hidden_layer_sizes, criterion.shape[1]]
        self.coefs, self.intercepts = initial_layers(sizes, self.rng, X.dtype)
        if start is not None:
            self.coefs = [coef.astype(X.dtype) for coef in start[0]]
            self.intercepts = [intercept.astype(X.dtype) for intercept in start[1]]
            first = self.scaling.unfold(self.coefs[0], self.intercepts[0])
            self.coefs[0], self.intercepts[0] = (part.astype(X.dtype) for part in first)

    def layers(self) -> Layers:
        """Layers on X itself."""
        coef, intercept = self.scaling.fold(self.coefs[0].astype(float), self.intercepts[0])
        first = coef.astype(self.dtype), intercept.astype(self.dtype)
        return (
            [first[0], *(part.copy() for part in self.coefs[1:])],
            [first[1], *(part.copy() for part in self.intercepts[1:])],
        )

    def epoch(
        self, X: Any, criterion: Criterion, sample_weight: NDArray | None, rows: NDArray
    ) -> float:
        """One pass over `rows` in random batches; returns the mean penalized loss.

        A batch counts by its weight: Adam's steps have about the same size whatever the gradient,
        so rows of weight 0 must not make steps, and the last batch must not be tiny.
        """
        n_batches = max(1, round(len(rows) / self.batch_size))
        if n_batches > 1:
            rows = rows[self.rng.permutation(len(rows))]
        total, total_weight = 0.0, 0.0
        for batch in np.array_split(rows, n_batches):
            batch = np.sort(batch)  # neighbours in memory, or in the file that X is mapped to
            weight = None if sample_weight is None else sample_weight[batch]
            batch_weight = float(len(batch)) if weight is None else float(weight.sum())
            if batch_weight == 0:
                continue
            value, (coef_gradients, intercept_gradients) = loss_and_gradient(
                self._scaled(X, batch),
                criterion.take(batch),
                weight,
                self.coefs,
                self.intercepts,
                alpha=self.alpha,
                spread=self.spread,
            )
            self.optimizer.step(
                [*self.coefs, *self.intercepts], [*coef_gradients, *intercept_gradients]
            )
            total += batch_weight * value
            total_weight += batch_weight
        return total / total_weight if total_weight else 0.0

    def _scaled(self, X: Any, rows: NDArray) -> Any:
        if not isinstance(X, np.ndarray):
            return X[rows] * self.dtype.type(1 / self.scaling.scale)
        Z = X[rows]
        Z -= self.center
        Z *= self.dtype.type(1 / self.scaling.scale)
        return np.asarray(Z)

    def _held_out_loss(
        self, X: Any, criterion: Criterion, sample_weight: NDArray | None, rows: NDArray
    ) -> float:
        total, total_weight = 0.0, 0.0
        for start in range(0, len(rows), 4096):
            block = rows[start : start + 4096]
            weight = np.ones(len(block)) if sample_weight is None else sample_weight[block]
            if weight.sum() == 0:
                continue
            outputs = forward(self._scaled(X, block), self.coefs, self.intercepts)[-1]
            value, _ = criterion.take(block)(outputs, weight)
            total += value * weight.sum()
            total_weight += weight.sum()
        return total / (self.spread * total_weight) if total_weight else 0.0

    def fit(
        self, policy: Any, X: Any, criterion: Criterion, sample_weight: NDArray | None
    ) -> Solution:
        """Train for up to `max_iter` epochs of the policy; keep the best layers.

        With more than one batch of rows a tenth is held out and decides which epoch is the best;
        with fewer the training loss does.
        """
        rows = np.arange(X.shape[0])
        held_out = rows[:0]
        if round(len(rows) / self.batch_size) > 1:
            shuffled = self.rng.permutation(len(rows))
            n_held = max(1, int(_HELD_OUT * len(rows)))
            held_out, rows = np.sort(shuffled[:n_held]), np.sort(shuffled[n_held:])
        best, best_layers, since_best = np.inf, self.layers(), 0
        for epoch in range(1, policy.max_iter + 1):
            train = self.epoch(X, criterion, sample_weight, rows)
            value = train
            if len(held_out):
                value = self._held_out_loss(X, criterion, sample_weight, held_out)
            if policy.verbose and (policy.verbose > 1 or epoch % 10 == 0):
                print(f"epoch {epoch}: training loss {train:.6g}, deciding loss {value:.6g}")
            since_best = 0 if value < best - policy.tol else since_best + 1
            if value < best:
                best, best_layers = value, self.layers()
            if since_best >= _NO_CHANGE:
                break
        converged = since_best >= _NO_CHANGE
        return Solution(best_layers, float(best), epoch, converged, f"{epoch} passes of Adam")
