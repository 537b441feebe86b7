"""One policy for a range of cost sensitivities: logits interpolated between knots."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._utils import ShortRepr, VersionedMixin
from ._criteria import UtilityCriterion
from ._mlp import forward
from ._parameters import check_parameters
from ._scaling import utility_spread
from ._surrogates import LOSSES


@dataclass(frozen=True, repr=False)
class IntervalPolicy(VersionedMixin, ShortRepr):
    """Policy for every cost sensitivity between the first and the last of its knots.

    There is one policy a knot. At a cost sensitivity between two knots the logits are interpolated
    linearly between theirs.

    Attributes
    ----------
    knots : ndarray of shape (m + 1,)
        Increasing cost sensitivities.
    coefs, intercepts : list of ndarray
        Weights and intercepts of each layer. Hidden layers are common to all knots. Column
        ``j K + k`` of the last layer belongs to model k at knot j; linear policies have no other.
    loss : float
        Penalized training loss in units of the utility spread, as `RegretPolicyClassifier.loss_`.
    n_iter : int
        Iterations ("lbfgs") or passes over the data ("adam").

    Notes
    -----
    The interval-conditioned joint router of [1]_. With ``f(x, l)`` the interpolated logits at cost
    sensitivity l, r(l) the mean over queries of ``max_k u_k - min_k u_k`` at l, and W_j the
    coefficients of knot j, all policies are trained together to minimize

    ``mean over intervals of mean over l of mean_i loss(f(x_i, l), q_i - l c_i) / r(l)
    + alpha / 2 * mean over intervals of (||W_j||^2 + ||W_{j+1}||^2) / 2``

    So each interval counts the same, and where W does not vary this is the objective of
    `RegretPolicyClassifier`, averaged over cost sensitivities. The mean over l is taken at the ends
    and the middle of each interval by the trapezoidal rule: nothing is drawn at random. Utilities
    are affine in l, and are formed within the compiled loss.

    "lbfgs" starts every knot where a fit at its cost sensitivity alone would start: regressions of
    quality and of cost are common to all. Neighbouring knots may end in different local minima of
    softmax regret; more knots cost little and make that matter less.

    With m intervals an iteration costs ``m + 1`` times that of one policy in products with X and
    ``2 m + 1`` losses; memory beside X is O(n m K).

    References
    ----------
    .. [1] Tsiourvas, Sun, Perakis, *Causal LLM Routing: End-to-End Regret Minimization from
       Observational Data*, arXiv 2505.16037, heterogeneous cost preferences.

    Examples
    --------
    The second model gains ``1 + x`` for a dollar.

    >>> import numpy as np
    >>> from skroute.policy import IntervalPolicy, RegretPolicyClassifier
    >>> X = np.random.default_rng(0).normal(size=(200, 1))
    >>> quality, cost = np.hstack([0 * X, 1 + X]), np.tile([0.0, 1.0], (200, 1))
    >>> knots = np.array([0.0, 1.0, 2.0])
    >>> policy = IntervalPolicy.of(RegretPolicyClassifier(), knots, X, quality, cost)
    >>> policy.decision_function(np.zeros((2, 1)), np.array([0.5, 1.5])).argmax(axis=1)
    array([1, 0])
    """

    knots: NDArray[np.float64]
    coefs: list[NDArray[Any]]
    intercepts: list[NDArray[Any]]
    loss: float
    n_iter: int

    @classmethod
    def of(
        cls,
        policy: Any,
        knots: NDArray,
        X: NDArray,
        quality: NDArray,
        cost: NDArray,
        sample_weight: NDArray | None = None,
    ) -> IntervalPolicy:
        """Train on scores of quality and cost, (n, K) each.

        Parameters
        ----------
        policy : RegretPolicyClassifier
            Says how; it is not changed.
        knots : ndarray of shape (m + 1,)
        X : {ndarray, sparse array} of shape (n, d), float32 or float64
        quality, cost : ndarray of shape (n, K)
        sample_weight : ndarray of shape (n,), default=None
        """
        solver = check_parameters(policy)
        if isinstance(X, np.ndarray) and not (X.flags.c_contiguous or X.flags.f_contiguous):
            X = np.ascontiguousarray(X)
        criterion = IntervalCriterion.of(quality, cost, policy.loss, knots, sample_weight, X.dtype)
        solution = solver(policy, X, criterion, sample_weight, None)
        solution.warn_unless_converged("The policy over knots", policy.tol, stacklevel=3)
        return cls(np.asarray(knots), *solution.layers, solution.loss, solution.n_iter)

    def knot_logits(self, X: Any) -> Iterator[NDArray[Any]]:
        """Yield the logits (n, K) of the policy of each knot in turn."""
        hidden = self._hidden(X)
        for knot in range(len(self.knots)):
            yield self._head(hidden, knot)

    def decision_function(self, X: Any, cost_sensitivity: float | NDArray) -> NDArray[Any]:
        """Return the logits (n, K) at one cost sensitivity or at one a row, within the knots."""
        hidden = self._hidden(X)
        value = np.broadcast_to(np.ravel(cost_sensitivity), X.shape[0])
        left = np.searchsorted(self.knots[1:-1], value, side="right")
        position = (value - self.knots[left]) / np.diff(self.knots)[left]
        position = position.astype(X.dtype)[:, None]
        n_models = self.coefs[-1].shape[1] // len(self.knots)
        logits = np.empty((X.shape[0], n_models), dtype=X.dtype)
        for knot in np.unique(left).tolist():
            rows = np.flatnonzero(left == knot)
            inputs = hidden if len(rows) == len(left) else hidden[rows]
            part = (1 - position[rows]) * self._head(inputs, knot)
            part += position[rows] * self._head(inputs, knot + 1)
            logits[rows] = part
        return logits

    def _hidden(self, X: Any) -> Any:
        """Return what the last layer reads."""
        if len(self.coefs) == 1:
            return X
        return np.maximum(forward(X, self.coefs[:-1], self.intercepts[:-1])[-1], 0)

    def _head(self, hidden: Any, knot: int) -> NDArray[Any]:
        n_models = self.coefs[-1].shape[1] // len(self.knots)
        columns = slice(knot * n_models, (knot + 1) * n_models)
        coef, intercept = self.coefs[-1][:, columns], self.intercepts[-1][columns]
        return hidden @ coef.astype(hidden.dtype) + intercept.astype(hidden.dtype)


class Node(NamedTuple):
    """One cost sensitivity of the quadrature, between the knots `left` and ``left + 1``."""

    left: int
    position: float  # 0 at the left knot, 1 at the right one
    cost_sensitivity: float
    weight: float  # over the spread of the utilities at it


@dataclass(frozen=True)
class IntervalCriterion:
    """Mean loss over the intervals between knots of logits interpolated between the knots.

    Outputs are the logits at all knots side by side, (n, (m + 1) K) for m intervals: column
    ``j K + k`` is model k at knot j. The notes of `IntervalPolicy` say what the mean is.
    """

    quality: NDArray[Any]
    cost: NDArray[Any]
    loss: str
    knots: NDArray[np.float64]
    knot_spread: NDArray[np.float64]
    nodes: tuple[Node, ...]
    spread: float = 1.0

    @classmethod
    def of(
        cls,
        quality: NDArray,
        cost: NDArray,
        loss: str,
        knots: NDArray,
        sample_weight: NDArray | None,
        dtype: np.dtype,
    ) -> IntervalCriterion:
        quality = np.ascontiguousarray(quality, dtype=dtype)
        cost = np.ascontiguousarray(cost, dtype=dtype)

        def spread(value: float) -> float:
            return utility_spread(quality - value * cost, sample_weight)

        knot_spread = np.array([spread(value) for value in knots.tolist()])
        nodes = tuple(
            node._replace(weight=node.weight / spread(node.cost_sensitivity))
            for node in _quadrature(knots)
        )
        return cls(quality, cost, loss, knots, knot_spread, nodes)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.quality), self.quality.shape[1] * len(self.knots)

    @property
    def output_share(self) -> NDArray[np.float64]:
        # Mean over the intervals of the squared norm, by the trapezoidal rule.
        share = np.ones(len(self.knots))
        share[[0, -1]] = 0.5
        return np.repeat(share / share.sum(), self.quality.shape[1])

    def __call__(self, outputs: NDArray, sample_weight: NDArray | None) -> tuple[float, NDArray]:
        n_rows, n_models = self.quality.shape
        logits = outputs.reshape(n_rows, -1, n_models)
        gradient = np.zeros_like(logits)
        value = 0.0
        mixed = np.empty_like(self.quality)
        for left, position, cost_sensitivity, weight in self.nodes:
            shares = [(left, 1 - position), (left + 1, position)]
            mixed[:] = 0.0
            for knot, share in shares:
                if share:
                    mixed += mixed.dtype.type(share) * logits[:, knot]
            loss, _ = LOSSES[self.loss].function(
                mixed,
                self.quality,
                cost=self.cost,
                cost_sensitivity=cost_sensitivity,
                sample_weight=sample_weight,
                out=mixed,
            )
            value += weight * loss
            for knot, share in shares:
                if share:
                    gradient[:, knot] += mixed.dtype.type(weight * share) * mixed
        outputs[:] = gradient.reshape(outputs.shape)
        return value, outputs

    def take(self, rows: NDArray) -> IntervalCriterion:
        return replace(self, quality=self.quality[rows], cost=self.cost[rows])

    def targets(self) -> NDArray:
        return np.hstack([self.quality, self.cost])

    def start(self, theta: NDArray) -> NDArray:
        quality, cost = np.split(theta, 2, axis=1)
        by_knot = zip(self.knots, self.knot_spread, strict=True)
        return np.hstack([(quality - knot * cost) / spread for knot, spread in by_knot])

    def policies(self) -> Iterator[tuple[slice, UtilityCriterion]]:
        n_models = self.quality.shape[1]
        by_knot = zip(self.knots.tolist(), self.knot_spread.tolist(), strict=True)
        for j, (knot, spread) in enumerate(by_knot):
            alone = UtilityCriterion(self.quality - knot * self.cost, self.loss, spread)
            yield slice(j * n_models, (j + 1) * n_models), alone


def _quadrature(knots: NDArray) -> list[Node]:
    """Return the points of all intervals; one that two intervals share is one node."""
    index = np.arange(2 * len(knots) - 1) / 2  # of knots, and of the middles between them
    weight = np.full(len(index), 1 / (len(index) - 1))
    weight[[0, -1]] /= 2
    # The last knot is the right end of an interval, and the left end of none.
    left = np.minimum(index.astype(int), len(knots) - 2)
    values = np.interp(index, np.arange(len(knots)), knots)
    nodes = zip(left.tolist(), (index - left).tolist(), values.tolist(), weight, strict=True)
    return [Node(*node) for node in nodes]
