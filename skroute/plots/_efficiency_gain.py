"""Quality gained over random routing between two models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from .._utils import ShortRepr, as_number
from ..feedback import read_feedback
from ..metrics import EfficiencyGainCurve, efficiency_gain_curve
from ._drawing import as_label, as_labels, line_style, new_axes, tidy, write_beside
from ._routers import read_routers


class EfficiencyGainDisplay(ShortRepr):
    """Quality gained over random routing, by the share of queries that go to the strong model.

    Make one by `from_estimator` or `from_predictions`; the attributes are what is drawn.

    Parameters
    ----------
    curves : dict from str to EfficiencyGainCurve
    strong : str, default=None
        Name of the strong model.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    lines_ : list of matplotlib Line2D
        A line a curve.

    See Also
    --------
    skroute.metrics.efficiency_gain_curve : The numbers.

    Examples
    --------
    >>> from skroute import gain_feedback
    >>> from skroute.plots import EfficiencyGainDisplay
    >>> y = gain_feedback([0.0, 1.0, 0.0, 1.0])
    >>> display = EfficiencyGainDisplay.from_predictions(
    ...     y, {"router": [0.1, 0.9, 0.2, 0.8]}, strong="primary"
    ... )
    >>> display.lines_[0].get_ydata().tolist()
    [0.0, 0.125, 0.25, 0.125, 0.0]
    """

    def __init__(
        self, curves: Mapping[str, EfficiencyGainCurve], *, strong: str | None = None
    ) -> None:
        self.curves = curves
        self.strong = strong

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        strong: str,
        weak: str | None = None,
        ax: Any = None,
        **artist_kwargs: Any,
    ) -> EfficiencyGainDisplay:
        """Draw the curves of routers.

        Parameters
        ----------
        estimator : router, or dict from names to routers
            Fitted, or a pipeline or search that ends in such a one. Queries are ranked by the
            difference of its decision values, where it has them, else of its probabilities or of
            predicted utilities; at its own cost sensitivity.
        X : array-like of shape (n, d)
            Queries that were not fitted on.
        y, strong, weak
            Full feedback and two models, as in `efficiency_gain_curve`.
        ax, **artist_kwargs
            As in `plot`.

        Returns
        -------
        display : EfficiencyGainDisplay

        Raises
        ------
        ValueError
            If `y` is logged feedback, a model is unknown, or the estimator ranks no queries.

        Warns
        -----
        TrainingLogWarning
            If most rows were fitted on.
        """
        scores = {}
        for router in read_routers(estimator, X):
            router.policy.warn_if_trained_on()
            scores[router.name] = router.policy.rank(strong, weak)
        return cls.from_predictions(y, scores, strong=strong, weak=weak, ax=ax, **artist_kwargs)

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        scores: Mapping[str, ArrayLike],
        *,
        strong: str,
        weak: str | None = None,
        ax: Any = None,
        **artist_kwargs: Any,
    ) -> EfficiencyGainDisplay:
        """Draw the curves of scores.

        Parameters
        ----------
        y, strong, weak
            As in `efficiency_gain_curve`.
        scores : dict from names to array-like of shape (n,)
            How much a query is worth the strong model, higher is more.
        ax, **artist_kwargs
            As in `plot`.

        Returns
        -------
        display : EfficiencyGainDisplay
        """
        feedback = read_feedback(y)
        curves = {
            str(name): efficiency_gain_curve(feedback, score, strong=strong, weak=weak)
            for name, score in scores.items()
        }
        return cls(curves, strong=strong).plot(ax, **artist_kwargs)

    def plot(self, ax: Any = None, *, line_kwargs: Any = None) -> EfficiencyGainDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        line_kwargs : dict, default=None
            Of `matplotlib.axes.Axes.plot`, for the curves, over the style of the Display.

        Returns
        -------
        display : EfficiencyGainDisplay
        """
        ax = new_axes(ax, (6.5, 4.4), self)
        self.ax_, self.figure_ = ax, ax.get_figure()
        self.lines_ = []
        ax.axhline(0.0, color="0.4", linewidth=1)
        style = {"ha": "right", "va": "top", "color": "0.3"}
        write_beside(ax, "random routing", (1.0, 0.0), (0, -3), **style)
        curves = zip(as_labels(self.curves), self.curves.values(), strict=True)
        for k, (name, curve) in enumerate(curves):
            label = f"{name}, mean {as_number(curve.mean())} from 20% to 80%"
            style = line_style(k, len(curve.share)) | {"label": label} | (line_kwargs or {})
            self.lines_ += ax.plot(curve.share, curve.gain, **style)
        whom = "the strong model" if self.strong is None else as_label(self.strong)
        ax.set_xlabel(f"share of queries for {whom}")
        ax.set_ylabel("quality gained over random routing")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.set_xlim(0, 1)
        ax.margins(y=0.12)
        tidy(ax)
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15))
        return self
