"""What a judge's labels tell of gold ones: a posterior over gold, whatever the form of the bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve
from scipy.special import softmax

# Prior degrees of freedom of the noise of gold labels.
_FREEDOM = 4.0
# Labels that the noise of the judge counts for as a first guess of the gold labels' noise.
_PRIOR_LABELS = 2.0
# Gold labels from which on their own variance counts more than that of all labels.
_MANY_LABELS = 10.0
_TINY = 1e-12


@dataclass(frozen=True)
class Sums:
    """Weighted sums over the labels z of one source; features (M,) end with the constant."""

    gram: np.ndarray  # sum w phi phi', (M, M)
    cross: np.ndarray  # sum w phi z, (M,)
    square: float  # sum w z**2
    count: float  # sum w

    def without(self, part: Sums) -> Sums:
        """Return the sums over all rows but those of a part."""
        return Sums(
            self.gram - part.gram,
            self.cross - part.cross,
            self.square - part.square,
            self.count - part.count,
        )


class Judge:
    """Posterior of the coefficients behind the judge's labels, given his labels alone.

    Parameters
    ----------
    sums : Sums
        Of the judge's labels.
    prior : ndarray of shape (M,)
        Prior variances of the coefficients.
    noise : float
        Variance of his labels around what is expected of him.
    """

    def __init__(self, sums: Sums, prior: np.ndarray, noise: float) -> None:
        self.sums, self.prior, self.noise = sums, prior, noise
        precision = sums.gram / noise
        precision[np.diag_indices(len(prior))] += 1 / prior
        self.covariance = cho_solve(cho_factor(precision), np.eye(len(prior)))
        self.mean = self.covariance @ (sums.cross / noise)

    def without(self, part: Sums) -> Judge:
        """Return the posterior without some of his labels."""
        return Judge(self.sums.without(part), self.prior, self.noise)


class Form(NamedTuple):
    """A form of the bias: how large each of its parts is before gold labels are seen."""

    level: float = 0.0  # variance of a constant
    slope: float = 0.0  # variance of the slope of gold on what is expected of the judge, around 1
    models: float = 0.0  # variance of each model's constant
    smooth: float = 0.0  # share of what these leave that is a function of query and model


class Line(NamedTuple):
    """Gold labels as a line through what is expected of the judge."""

    direction: np.ndarray  # (M,): coefficients of what is expected of the judge, less its mean
    mean: np.ndarray  # (M,): mean features of the gold rows
    slope_variance: float  # prior variance of the slope; 0 where the judge tells queries not apart
    slope: float
    noise: float  # variance of what it leaves
    total: float  # variance of the gold labels

    @classmethod
    def through(cls, judge: Judge, gold: Sums) -> Line:
        """Fit the line; the slope is drawn towards 1 by its prior."""
        mean = gold.gram[-1] / gold.count
        direction = _centred(judge.mean, mean)
        explained = max(float(direction @ gold.gram @ direction) / gold.count, 0.0)
        level = gold.cross[-1] / gold.count
        total = max(gold.square / gold.count - level**2, 0.0)
        covariance = float(direction @ gold.cross) / gold.count
        slope_variance, slope = 0.0, 1.0
        if explained > 1e-8 * judge.noise:
            # A slope that would explain all of the gold labels is within one standard deviation.
            slope_variance = max(total / explained, 1.0)
            drawn = judge.noise / (gold.count * slope_variance)
            slope = (covariance + drawn) / (explained + drawn)
        left = gold.count * max(total - 2 * slope * covariance + slope**2 * explained, 0.0)
        freedom = max(gold.count - 2.0, 0.0) + _PRIOR_LABELS
        noise = (left + _PRIOR_LABELS * judge.noise) / freedom
        return cls(direction, mean, slope_variance, slope, noise, total)

    def along(self, judge: Judge) -> Line:
        """Return the line through another posterior of the judge."""
        return self._replace(direction=_centred(judge.mean, self.mean))


class Transfer:
    """Posterior of the coefficients of gold, given the judge's and one form of the bias.

    Gold has coefficients ``theta_1 = theta_0 + bias``, where ``theta_0`` are the judge's, known up
    to `Judge.covariance`, and the bias is normal as `Form` says. Of gold labels only sums enter, so
    that time and memory do not grow with the rows.

    Parameters
    ----------
    judge : Judge
    gold : Sums
        Of the gold labels.
    covariance : ndarray of shape (M, M)
        Prior covariance of ``theta_1`` around the judge's mean.
    noise : float
        Variance of gold labels around what is expected of them, up to a factor that is learned.
    slope : float
        By which an error of the judge's coefficients enters gold.

    Attributes
    ----------
    theta : ndarray of shape (2, M)
        Posterior means of the judge's and gold's coefficients.
    inflation : float
        Posterior mean of the factor of the noise.
    log_likelihood : float
        Log probability of the gold labels given the judge's, up to a constant of the data.
    """

    def __init__(
        self, judge: Judge, gold: Sums, covariance: np.ndarray, noise: float, slope: float
    ) -> None:
        # All forms are held at once: what follows from these is not kept.
        self._judge, self._gold, self._covariance = judge, gold, covariance
        self._noise, self._slope, mean = noise, slope, judge.mean
        cross = (gold.cross - gold.gram @ mean) / noise
        square = (gold.square - 2 * mean @ gold.cross + mean @ gold.gram @ mean) / noise
        self._factor = lu_factor(np.eye(len(mean)) + gold.gram / noise @ covariance)
        weight = lu_solve(self._factor, cross)
        shift = covariance @ weight
        self.theta = np.stack([mean + slope * judge.covariance @ weight, mean + shift])
        misfit = max(float(square - cross @ shift), 0.0)
        self.inflation = (_FREEDOM + misfit) / (_FREEDOM + gold.count)
        log_determinant = np.log(np.abs(np.diag(self._factor[0]))).sum()
        self.log_likelihood = -0.5 * float(
            log_determinant
            + gold.count * np.log(noise)
            + (_FREEDOM + gold.count) * np.log1p(misfit / _FREEDOM)
        )

    def covariances(self) -> np.ndarray:
        """Return posterior covariances (2, M, M): of the coefficients of gold and of the bias."""
        told = lu_solve(self._factor, self._gold.gram / self._noise)
        judge = self._judge.covariance
        shared = self._slope * judge
        bias = self._covariance - shared  # its prior covariance with gold
        return self.inflation * np.stack(
            [
                self._covariance - self._covariance @ told @ self._covariance,
                bias - shared + judge - bias @ told @ bias,
            ]
        )


class AveragedTransfer:
    """Average over forms of the bias, weighted by the likelihood of the gold labels given each.

    From no bias over a constant, a line through what is expected of the judge and constants of the
    models to any function of query and model: few gold labels leave the simple forms, many decide.

    Parameters
    ----------
    judge : Judge
    gold : Sums
        Of the gold labels.
    constants : ndarray of int of shape (K,)
        The column of each model's constant; empty if there is one model.
    plain : ndarray of shape (M,)
        Prior variances of a plain function of query and model. A smooth bias is half such a one,
        half as smooth as the judge's labels are: what they show of a useless judge is nothing.
    told : float, default=1.0
        In (0, 1]: how far the gold labels are believed by their number. The lower, the higher are
        the prior odds of no bias of level.

    Attributes
    ----------
    forms : list of Form
    share : ndarray
        Weight of every form.
    theta : ndarray of shape (2, M)
        Posterior means of the judge's and gold's coefficients.
    noise : float
        Variance of gold labels around what is expected of them.
    line : Line
        Gold labels as a line through what is expected of the judge.

    References
    ----------
    Hoeting et al., *Bayesian model averaging: a tutorial*, Statistical Science 14 (1999); Miller,
    Dunson, *Robust Bayesian inference via coarsening*, JASA 114 (2019), on the power.
    """

    # Variances of labels are about 1.
    SMOOTH = (0.0, 0.03, 0.1, 0.2, 0.4, 0.7, 0.9)
    MODELS = (0.003, 0.03, 0.3)
    # Prior odds of a judge without a bias of level, where there are many gold labels.
    ODDS_OF_NONE = 3.0
    # The likelihood counts to this power: the model is not exact, and rows are not independent.
    POWER = 0.5
    # Forms of less than this share of the largest are left out of what is not the average itself.
    NEGLIGIBLE = 0.01

    def __init__(
        self, judge: Judge, gold: Sums, constants: np.ndarray, plain: np.ndarray, told: float = 1.0
    ) -> None:
        self._constants, self.line = constants, Line.through(judge, gold)
        self._plain = self._unit(plain, gold)
        self._smooth = (self._unit(judge.prior, gold) + self._plain) / 2
        self.forms = self._all_forms()
        self._fits = [self._fit(judge, gold, self.line, form) for form in self.forms]
        logs = self.POWER * np.array([fit.log_likelihood for fit in self._fits])
        odds = self.ODDS_OF_NONE / max(told, _TINY) ** self.POWER
        logs += [0.0 if form.level else np.log(odds) for form in self.forms]
        self.share = softmax(logs)
        self.theta = self._mean(self._fits, self.share)
        noises = [
            (1 - form.smooth) * self.line.noise * fit.inflation
            for form, fit in zip(self.forms, self._fits, strict=True)
        ]
        self.noise = float(self.share @ noises)

    def theta_of(self, judge: Judge, gold: Sums) -> np.ndarray:
        """Return the coefficients (2, M) by other rows, with the same forms and shares."""
        kept, share = self._likely()
        line = self.line.along(judge)
        return self._mean([self._fit(judge, gold, line, self.forms[i]) for i in kept], share)

    def covariances(self) -> np.ndarray:
        """Return posterior covariances (2, M, M), of gold and of the bias, over all forms."""
        kept, share = self._likely()
        total = np.zeros((2, *self._fits[0].theta.shape[1:] * 2))
        mean = np.stack([self.theta[1], self.theta[1] - self.theta[0]])
        for i, weight in zip(kept, share, strict=True):
            judge, gold = self._fits[i].theta
            departure = np.stack([gold, gold - judge]) - mean
            total += weight * self._fits[i].covariances()
            total += weight * departure[:, :, None] * departure[:, None, :]
        return total

    def by_gold_alone(self, gold: Sums) -> np.ndarray:
        """Return the covariance (M, M) of the coefficients of gold, were there no judge.

        Its function is taken to vary as gold labels do, or, before there are many, as all labels.
        """
        scale = (gold.count * self.line.total + _MANY_LABELS) / (gold.count + _MANY_LABELS)
        prior = np.maximum(self._plain, _TINY)
        prior[-1] = 1.0
        prior[self._constants] = self.MODELS[-1]
        return Judge(gold, scale * prior, self.noise).covariance

    def _all_forms(self) -> list[Form]:
        parts = [Form(level=1.0)]
        if self.line.slope_variance:
            parts.append(Form(level=1.0, slope=self.line.slope_variance))
        if len(self._constants):
            parts = [part._replace(models=size) for part in parts for size in self.MODELS]
        return [part._replace(smooth=share) for part in [Form(), *parts] for share in self.SMOOTH]

    def _unit(self, variances: np.ndarray, gold: Sums) -> np.ndarray:
        """Return variances (M,) scaled to functions of mean square 1, without any constant."""
        scaled = variances.copy()
        scaled[-1] = 0.0
        scaled[self._constants] = 0.0
        size = float(np.diag(gold.gram) @ scaled) / gold.count
        return scaled / size if size > 0 else scaled

    def _fit(self, judge: Judge, gold: Sums, line: Line, form: Form) -> Transfer:
        slope = line.slope if form.slope else 1.0
        covariance = slope**2 * judge.covariance
        if form.slope:
            covariance += form.slope * np.outer(line.direction, line.direction)
        own = form.smooth * line.noise * self._smooth
        own[-1] += form.level
        own[self._constants] += form.models
        covariance[np.diag_indices(len(own))] += own
        return Transfer(judge, gold, covariance, (1 - form.smooth) * line.noise, slope)

    def _likely(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the forms that count, and their shares."""
        kept = np.flatnonzero(self.share > self.NEGLIGIBLE * self.share.max())
        return kept, self.share[kept] / self.share[kept].sum()

    def _mean(self, fits: list[Transfer], share: np.ndarray) -> np.ndarray:
        return np.tensordot(share, [fit.theta for fit in fits], axes=1)


def _centred(coefficients: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Return coefficients whose function has mean 0 where features have the given mean."""
    centred = coefficients.copy()
    centred[-1] -= mean @ coefficients
    return centred
