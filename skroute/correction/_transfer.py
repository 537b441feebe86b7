"""What preference labels tell of gold ones: a posterior over both, at any size of the bias."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.special import softmax

from ..nuisance import Moments, Variances

# Sizes of the bias that are averaged: multiples of its variance by marginal likelihood.
_SIZES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
# The likelihood of gold labels, given a size, counts to this power: the model is not exact.
_LIKELIHOOD_POWER = 0.25
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
        self.moments, self.variances = moments, variances
        diagonal = np.diag_indices(moments.cross.shape[1])
        bias_precision = 1 / variances.deviation
        gram = moments.gram / variances.noise[:, None, None]
        preference, gold = moments.cross / variances.noise[:, None]
        gram[0][diagonal] += bias_precision
        # Covariance of the preference coefficients if those of gold were known.
        covariance = _inverse(gram[0])
        # Of gold, given the preference labels: precision, and precision-weighted mean.
        self.precision = -bias_precision[:, None] * covariance * bias_precision
        self.precision[diagonal] += bias_precision + 1 / variances.shared
        self.weighted_mean = bias_precision * (covariance @ preference)
        # The same, given the gold labels too.
        self.full_factor = cho_factor(self.precision + gram[1])
        self.full_weighted_mean = self.weighted_mean + gold
        theta = cho_solve(self.full_factor, self.full_weighted_mean)
        self.theta = np.stack([covariance @ (preference + bias_precision * theta), theta])

    def information(self) -> float:
        """Return how many coefficients of gold the preference labels tell, between 0 and M."""
        return _n_learned(self.precision, self.variances)

    def log_likelihood(self) -> float:
        """Return the log probability of the gold labels given preference, up to a constant."""
        moments, noise, factor = self.moments, self.variances.noise, cho_factor(self.precision)
        return -0.5 * float(
            moments.count[1] * np.log(noise[1])
            + moments.square[1] / noise[1]
            + _log_determinant(self.full_factor)
            - _log_determinant(factor)
            + cho_solve(factor, self.weighted_mean) @ self.weighted_mean
            - self.theta[1] @ self.full_weighted_mean
        )


class AveragedTransfer:
    """Average over sizes of the bias, weighted by the likelihood of the gold labels given each.

    The most likely size alone would be taken for certain, though a hundred gold labels hardly tell
    a factor of three.

    Parameters
    ----------
    moments, variances
        As `Transfer` takes them. The deviation is that of either source from what both share; the
        constant's is not varied.

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
        self.sizes = [_resized(variances, factor) for factor in _SIZES]
        fits = [Transfer(moments, size) for size in self.sizes]
        self.share = softmax(_LIKELIHOOD_POWER * np.array([fit.log_likelihood() for fit in fits]))
        self.theta = self._average(fits)
        by_preference = float(self.share @ [fit.information() for fit in fits])
        by_either_alone = min(
            _n_learned(gram / noise + np.diag(1 / variances.shared), variances)
            for gram, noise in zip(moments.gram, variances.noise, strict=True)
        )
        self.information = by_preference / max(by_either_alone, _TINY)

    def theta_of(self, moments: Moments) -> np.ndarray:
        """Return the coefficients (2, M) by other rows, with the same sizes and shares."""
        return self._average([Transfer(moments, size) for size in self.sizes])

    def _average(self, fits: list[Transfer]) -> np.ndarray:
        return np.tensordot(self.share, [fit.theta for fit in fits], axes=1)


def _n_learned(precision: np.ndarray, variances: Variances) -> float:
    """Return how many coefficients of gold a posterior of this precision has learned."""
    covariance = _inverse(precision)
    return len(covariance) - float(np.diag(covariance) @ (1 / variances.shared))


def _inverse(matrix: np.ndarray) -> np.ndarray:
    return cho_solve(cho_factor(matrix), np.eye(len(matrix)))


def _resized(variances: Variances, factor: float) -> Variances:
    deviation = factor * variances.deviation
    deviation[-1] = variances.deviation[-1]
    return Variances(variances.shared, deviation, variances.noise)


def _log_determinant(factor: tuple[np.ndarray, bool]) -> float:
    return 2 * float(np.log(np.diag(factor[0])).sum())
