"""How well a log covers each model."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import ShortRepr, as_numbers, as_share, make_folds
from ..feedback import Feedback, read_feedback
from ..metrics import FittedPolicy, read_models
from ..nuisance import Overlap, fill_propensity
from ._drawing import as_labels, new_axes, tidy, write_beside

_LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)


class OverlapDisplay(ShortRepr):
    """Propensities of the logged models, with the number of effective rows of each model.

    A box spans half of a model's propensities and a line nine tenths of them; the bar across is the
    median, the dot the smallest. Make one by `from_estimator` or `from_predictions`.

    Parameters
    ----------
    models : array-like of shape (K,)
        From top to bottom.
    action : ndarray of int of shape (n,)
        Index into `models` of the logged model.
    propensity : ndarray of shape (n,)
        Probability with which the log chose it.
    overlap : Overlap
        Effective sample sizes and the share of clipped propensities.
    min_propensity : float
        Smaller propensities are raised to it.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    boxes_ : matplotlib BarContainer
    whiskers_ : matplotlib LineCollection
    medians_, smallest_ : matplotlib Line2D
    text_ : list of matplotlib Text
        Rows and effective rows of each model.

    See Also
    --------
    skroute.nuisance.Overlap : The numbers.

    Examples
    --------
    >>> from skroute import logged_feedback
    >>> from skroute.plots import OverlapDisplay
    >>> y = logged_feedback(["a", "b", "a"], [1, 0, 1], propensity=[0.8, 0.2, 0.8])
    >>> display = OverlapDisplay.from_predictions(y)
    >>> display.overlap.effective_sample_size.round(6).tolist()
    [2.0, 1.0]
    """

    def __init__(
        self,
        models: ArrayLike,
        action: np.ndarray,
        propensity: np.ndarray,
        overlap: Overlap,
        *,
        min_propensity: float,
    ) -> None:
        self.models = models
        self.action = action
        self.propensity = propensity
        self.overlap = overlap
        self.min_propensity = min_propensity

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any, *, ax: Any = None, **artist_kwargs: Any
    ) -> OverlapDisplay:
        """Draw the overlap of a log with the models of a router.

        Parameters
        ----------
        estimator : estimator
            A fitted router, or a pipeline or search that ends in one.
        X : array-like of shape (n, ...)
            Queries, as `estimator` takes them.
        y : table of n rows
            Logged feedback. Propensities that it does not record are estimated out of fold by the
            `propensity_model` of the router, in five folds.
        ax, **artist_kwargs
            As in `plot`.

        Returns
        -------
        display : OverlapDisplay

        Raises
        ------
        ValueError
            If `y` is full feedback, or shows none of the router's models.
        """
        policy = FittedPolicy.of(estimator, X)
        queries, router = policy.router.query_features(policy.X), policy.innermost
        feedback = _read_log(y).aligned(router.classes_)
        known = np.flatnonzero(feedback.action >= 0)
        feedback, queries = feedback.take(known), queries[known]
        rng = np.random.RandomState(0)
        folds = make_folds(5, queries, feedback.action, feedback.group, rng)
        model = getattr(router, "propensity_model", None)
        propensity = fill_propensity(model, queries, feedback, folds)
        least = getattr(router, "min_propensity", 0.01)
        return cls._of(feedback, propensity, least).plot(ax, **artist_kwargs)

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        propensity: ArrayLike | None = None,
        *,
        models: ArrayLike | None = None,
        min_propensity: float = 0.01,
        ax: Any = None,
        **artist_kwargs: Any,
    ) -> OverlapDisplay:
        """Draw the overlap of a log.

        Parameters
        ----------
        y, propensity
            Logged feedback and its propensities, as in `policy_value`.
        models : array-like of shape (K,), default=None
            Labels to draw; rows of other models are left out. None: those of `y`.
        min_propensity : float, default=0.01
            Smaller propensities are raised to it.
        ax, **artist_kwargs
            As in `plot`.

        Returns
        -------
        display : OverlapDisplay

        Raises
        ------
        ValueError
            If `y` is full feedback, or a propensity is missing.
        """
        feedback = _read_log(y)
        labels = read_models(models, feedback.classes)
        feedback = feedback.aligned(labels)
        if propensity is not None:
            propensity = as_numbers("propensity", propensity, above=0.0, maximum=1.0)
            if len(propensity) != len(feedback):
                raise ValueError(f"propensity has {len(propensity)} rows but y has {len(feedback)}")
        known = feedback.propensity if propensity is None else propensity
        if not 0 < min_propensity <= 1:
            raise ValueError(f"min_propensity must be in (0, 1], got {min_propensity!r}")
        return cls._of(feedback, known, min_propensity).plot(ax, **artist_kwargs)

    def plot(self, ax: Any = None, *, box_kwargs: Any = None) -> OverlapDisplay:
        """Draw a box a model.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        box_kwargs : dict, default=None
            Of `matplotlib.axes.Axes.barh`, for the boxes, over the style of the Display.

        Returns
        -------
        display : OverlapDisplay
        """
        labels = np.asarray(self.models)
        ax = new_axes(ax, (7.5, 1.4 + 0.42 * len(labels)), self)
        self.ax_, self.figure_ = ax, ax.get_figure()
        count = np.bincount(self.action, minlength=len(labels))
        places = np.flatnonzero(count)
        spread = np.array(
            [np.quantile(self.propensity[self.action == k], [0.0, *_LEVELS]) for k in places]
        )
        least, low, left, middle, right, high = spread.T
        ax.set_xscale("log")
        self.whiskers_ = ax.hlines(places, low, high, color="0.35", linewidth=1.3, zorder=2)
        style: dict[str, Any] = {
            "height": 0.46,
            "facecolor": "0.82",
            "edgecolor": "black",
            "linewidth": 0.8,
        }
        style |= {"zorder": 3, **(box_kwargs or {})}
        self.boxes_ = ax.barh(places, right - left, left=left, **style)
        self.medians_ = ax.plot(
            middle, places, "|", color="black", markersize=15, markeredgewidth=2.4, zorder=4
        )[0]
        self.smallest_ = ax.plot(least, places, ".", color="black", markersize=6, zorder=4)[0]
        ax.axvline(self.min_propensity, color="black", linestyle=(0, (4, 3)), linewidth=1.1)
        share = as_share(self.overlap.share_clipped, 1)
        raised = f"raised to {self.min_propensity:g}: {share} of rows"
        above = {"xycoords": ("data", "axes fraction")}
        write_beside(ax, raised, (self.min_propensity, 1.0), (2, 3), **above)
        right_of = {"xycoords": ("axes fraction", "data"), "va": "center", "annotation_clip": False}
        self.text_ = [
            write_beside(ax, f"{rows:,} rows, {size:,.0f} effective", (1.0, k), (8, 0), **right_of)
            for k, (rows, size) in enumerate(
                zip(count, self.overlap.effective_sample_size, strict=True)
            )
        ]
        ax.set_yticks(range(len(labels)), as_labels(labels))
        ax.set_ylim(len(labels) - 0.4, -0.6)
        ax.set_xlim(0.8 * min(least.min(), self.min_propensity), 1.05)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        ax.set_xlabel("propensity of the logged model")
        tidy(ax, grid="x")
        ax.tick_params(axis="y", length=0)
        return self

    @classmethod
    def _of(
        cls, feedback: Feedback, propensity: np.ndarray, min_propensity: float
    ) -> OverlapDisplay:
        """Work out what is drawn of a log in the order of its models."""
        rows = (feedback.action >= 0) & (feedback.weight > 0)
        missing = np.flatnonzero(rows & np.isnan(propensity))
        if len(missing):
            raise ValueError(
                f"column 'propensity', row {missing[0]}: missing ({len(missing)} of "
                f"{len(feedback)} rows). Estimate it and pass propensity=, such as that of "
                "skroute.metrics.evaluation_predictions."
            )
        models = feedback.classes
        if not rows.any():
            raise ValueError(f"y shows none of the models {[str(label) for label in models]}")
        action, known, weight = feedback.action[rows], propensity[rows], feedback.weight[rows]
        overlap = Overlap.of(action, known, weight, len(models), min_propensity)
        return cls(models, action, known, overlap, min_propensity=min_propensity)


def _read_log(y: Any) -> Feedback:
    feedback = read_feedback(y)
    if not feedback.logged:
        raise ValueError("y is full feedback, which has no propensities. Give a log.")
    return feedback
