"""Two models, and a share of the queries for the strong one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted

from .._utils import atomic_fit
from ..feedback import Feedback, positions
from ..nuisance import PerModelOutcome
from ..routers import BaseRouter, read_fit_input
from ._fixed import mean_outcomes
from ._regression import make_regressor

_LARGEST_GAIN = 1e100


class ThresholdRouter(BaseRouter):
    """Send a set share of the queries to the strong one of two models, the rest to the weak one.

    The queries on which the strong model is predicted to gain most are its share.

    Parameters
    ----------
    strong_share : float, default=0.5
        Share of queries for the strong model, in [0, 1].
    models : tuple of two labels, default=None
        The weak and the strong model, in this order. None: the strong one is that of the highest
        mean quality, the weak one the cheapest of the others, of those that are not left out.
    regressor : regressor, default=None
        As in `RegressAndCompare`.
    cost_sensitivity : float, default=0.0
        Quality per dollar, for `score` alone: the trade is set by `strong_share`, and `predict`
        refuses the keyword.

    Attributes
    ----------
    models_ : tuple of two labels
        The weak and the strong model.
    threshold_ : float
        Predicted gain in quality from which on the strong model is chosen.
    outcome_model_ : PerModelOutcome
    classes_, gone_, moves_, left_out_, training_queries_, n_features_in_, feature_names_in_
        As of every router, see `skroute.routers.BaseRouter`.

    Notes
    -----
    The threshold is the weighted quantile of the predicted gains on the rows of `fit`. A regressor
    that overfits predicts otherwise for new queries: `calibrate` sets the threshold by queries
    that need no feedback. Equal gains stay together, so that the share may be missed where many
    are equal.

    References
    ----------
    Ong et al., *RouteLLM: Learning to Route LLMs with Preference Data*, arXiv 2406.18665, section
    3: a win probability is compared with a threshold calibrated to a share of strong calls.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.baselines import ThresholdRouter
    >>> from skroute.datasets import make_routing_problem
    >>> problem = make_routing_problem(2000, n_models=2, random_state=0)
    >>> test = problem.draw(1000, random_state=1)
    >>> router = ThresholdRouter(strong_share=0.2).fit(problem.X, problem.y)
    >>> labels = router.calibrate(test.X).predict(test.X)
    >>> float(np.mean(labels == router.models_[1]))
    0.2
    """

    def __init__(
        self,
        strong_share: float = 0.5,
        *,
        models: tuple[Any, Any] | None = None,
        regressor: Any = None,
        cost_sensitivity: float = 0.0,
    ) -> None:
        self.strong_share = strong_share
        self.models = models
        self.regressor = regressor
        self.cost_sensitivity = cost_sensitivity

    @atomic_fit
    def fit(self, X: ArrayLike, y: Any, sample_weight: ArrayLike | None = None) -> ThresholdRouter:
        """Fit the regressions and calibrate the threshold on `X`.

        Parameters
        ----------
        X, y, sample_weight
            As in `skroute.CausalRouter.fit`; the regressor has to take weights where there are any.

        Returns
        -------
        self : ThresholdRouter
        """
        if not 0 <= self.strong_share <= 1:
            raise ValueError(f"strong_share must be in [0, 1], got {self.strong_share!r}")
        X, feedback = read_fit_input(self, X, y, sample_weight)
        self._rank_ = np.nan_to_num(mean_outcomes(feedback)[0], nan=-np.inf).argsort().argsort()
        self._pair_ = self._choose_pair(feedback)
        self.models_ = tuple(self.classes_[k] for k in self._pair_)
        regressor = make_regressor(self.regressor, X, feedback.weight)
        self.outcome_model_ = PerModelOutcome(regressor).fit(X, feedback)
        self.threshold_ = _upper_quantile(self._gain(X), self.strong_share, feedback.weight)
        return self

    def calibrate(self, X: ArrayLike) -> ThresholdRouter:
        """Set the threshold so that the strong model gets its share of `X`.

        Parameters
        ----------
        X : array-like of shape (n, d)
            Queries such as those to come; no feedback is needed.

        Returns
        -------
        self : ThresholdRouter
        """
        check_is_fitted(self)
        gain = self._gain(self._read(X))
        self.threshold_ = _upper_quantile(gain, self.strong_share, np.ones(len(gain)))
        return self

    def _choose_pair(self, feedback: Feedback) -> tuple[int, int]:
        if self.models is None:
            models = np.flatnonzero(~np.isin(self.classes_, self.left_out_))
            if len(models) < 2:
                models = np.arange(len(self.classes_))
            strong = int(models[self._rank_[models].argmax()])
            cost = np.nan_to_num(mean_outcomes(feedback)[1], nan=np.inf)
            others = models[models != strong]
            return int(others[cost[others].argmin()]), strong
        position = positions(self.classes_)
        labels = [str(label) for label in self.models]
        if len(labels) != 2 or len(set(labels)) != 2 or not set(labels) <= set(position):
            raise ValueError(
                f"models must be two labels (weak, strong) out of {list(position)}; "
                f"got {self.models!r}"
            )
        return position[labels[0]], position[labels[1]]

    def _gain(self, X: np.ndarray) -> np.ndarray:
        quality, _ = self.outcome_model_.predict(X)
        weak, strong = self._pair_
        return quality[:, strong] - quality[:, weak]

    def _resolve(self, cost_sensitivity: Any, n_rows: int) -> float | np.ndarray:
        if cost_sensitivity is not None:
            raise ValueError(
                "ThresholdRouter takes no cost_sensitivity: strong_share sets the trade between "
                "quality and cost"
            )
        return super()._resolve(None, n_rows)

    def _decision_values(self, X: np.ndarray, cost_sensitivity: Any) -> np.ndarray:
        # A share of 0 has an infinite threshold.
        with np.errstate(invalid="ignore"):
            gain = self._gain(X).astype(np.float64) - self.threshold_
        gain = np.nan_to_num(gain, nan=-np.inf).clip(-_LARGEST_GAIN, _LARGEST_GAIN)
        weak, strong = self._pair_
        # The other models come last, by mean quality: they answer where both are excluded.
        last = 2 * _LARGEST_GAIN * (self._rank_ - len(self._rank_))
        decision = np.tile(last, (len(gain), 1))
        decision[:, weak], decision[:, strong] = 0.0, np.where(gain >= 0, gain + 1.0, gain)
        return decision


def _upper_quantile(values: np.ndarray, share: float, weight: np.ndarray) -> float:
    """Return the smallest value such that values from it on hold at most `share` of the weight."""
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    held = weight[order].cumsum() / weight.sum()
    # Equal values are chosen together: count each up to the last of its equals.
    last = np.searchsorted(-ordered, -ordered, side="right") - 1
    fits = held[last] <= share + 1e-12
    return float(ordered[fits][-1]) if fits.any() else np.inf
