"""What preference labels tell of gold ones: a posterior over both, at any size of the bias."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import softmax

from ..nuisance import Moments, Variances

# Sizes of the bias that are averaged, as multiples of the variance the sources' difference had.
_LADDER = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
# The evidence of gold labels for a size counts to this power: it trusts a model that is not exact.
_TEMPER = 0.25
_TINY = 1e-12


class Transfer:
    """Posterior of the coefficients of gold and preference, given the variances.

    Gold has coefficients ``theta_1 ~ N(0, diag(shared))`` and preference those of gold plus the
    bias, ``theta_0 ~ N(theta_1, diag(deviation))``. The prior of gold does not know the bias:
    however large it is, gold labels are not fitted more freely than without preference labels.

    Parameters
    ----------
    moments : Moments
        Of preference and gold rows, in this order.
    variances : Variances

    Attributes
    ----------
    theta : ndarray of shape (2, M)
        Posterior means of preference and gold.
    """

    def __init__(self, moments: Moments, variances: Variances) -> None:
        diagonal = np.diag_indices(moments.cross.shape[1])
        precision = 1 / variances.deviation
        gram = moments.gram / variances.noise[:, None, None]
        judged, gold = moments.cross / variances.noise[:, None]
        gram[0][diagonal] += precision
        inner = cho_solve(cho_factor(gram[0], overwrite_a=True), np.eye(len(precision)))
        # Of gold, given the preference labels: precision, and precision times mean.
        self.known = -precision[:, None] * inner * precision
        self.known[diagonal] += precision + 1 / variances.shared
        self.pull = precision * (inner @ judged)
        self.factor = cho_factor(self.known + gram[1])
        self.pushed = self.pull + gold
        theta = cho_solve(self.factor, self.pushed)
        self.theta = np.stack([inner @ (judged + precision * theta), theta])

    def information(self, variances: Variances) -> float:
        """Return how many coefficients of gold the preference labels tell, between 0 and M."""
        return _learned(self.known, variances)

    def log_evidence(self, moments: Moments, variances: Variances) -> float:
        """Return the log probability of the gold labels given preference, up to a constant."""
        factor = cho_factor(self.known)
        return -0.5 * float(
            moments.count[1] * np.log(variances.noise[1])
            + moments.square[1] / variances.noise[1]
            + _log_determinant(self.factor)
            - _log_determinant(factor)
            + cho_solve(factor, self.pull) @ self.pull
            - self.theta[1] @ self.pushed
        )


class AveragedTransfer:
    """Average over sizes of the bias, weighted by how well each foretells the gold labels.

    The most likely size alone would be taken for certain, though a hundred gold labels hardly tell
    a factor of three.

    Parameters
    ----------
    moments : Moments
        Of preference and gold rows, in this order.
    variances : Variances
        The deviation is that of either source from what both share. The constant's is not varied.

    Attributes
    ----------
    sizes : list of Variances
    share : ndarray
        Weight of every size.
    theta : ndarray of shape (2, M)
    information : float
        How many coefficients of gold the preference labels tell, beside how many the gold ones do,
        or they themselves would without a bias, whichever is less.

    References
    ----------
    Miller, Dunson, *Robust Bayesian inference via coarsening*, JASA 114 (2019), on the power.
    """

    def __init__(self, moments: Moments, variances: Variances) -> None:
        self.sizes = [_resized(variances, factor) for factor in _LADDER]
        fits = [Transfer(moments, size) for size in self.sizes]
        evidence = [
            fit.log_evidence(moments, size) for fit, size in zip(fits, self.sizes, strict=True)
        ]
        self.share = softmax(_TEMPER * np.array(evidence))
        self.theta = self._average(fits)
        told = [fit.information(size) for fit, size in zip(fits, self.sizes, strict=True)]
        enough = min(
            _learned(gram / noise + np.diag(1 / variances.shared), variances)
            for gram, noise in zip(moments.gram, variances.noise, strict=True)
        )
        self.information = float(self.share @ told) / max(enough, _TINY)

    def theta_of(self, moments: Moments) -> np.ndarray:
        """Return the coefficients (2, M) by other rows, with the same sizes and shares."""
        return self._average([Transfer(moments, size) for size in self.sizes])

    def _average(self, fits: list[Transfer]) -> np.ndarray:
        return np.tensordot(self.share, [fit.theta for fit in fits], axes=1)


def _learned(precision: np.ndarray, variances: Variances) -> float:
    """Return how many coefficients of gold a posterior of this precision has learned."""
    inverse = cho_solve(cho_factor(precision), np.eye(len(precision)))
    return len(inverse) - float(np.diag(inverse) @ (1 / variances.shared))


def _resized(variances: Variances, factor: float) -> Variances:
    deviation = factor * variances.deviation
    deviation[-1] = variances.deviation[-1]
    return Variances(variances.shared, deviation, variances.noise)


def _log_determinant(factor: tuple[np.ndarray, bool]) -> float:
    return 2 * float(np.log(np.diag(factor[0])).sum())
