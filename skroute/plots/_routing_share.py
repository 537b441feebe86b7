"""Who gets what as cost sensitivity grows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import ShortRepr, check_cost_sensitivity
from ..feedback import as_matrix
from ..metrics import read_models
from ..routers import Frontier
from ._drawing import as_labels, new_axes, write_beside
from ._routers import read_routers

# Of the bands' edges.
_MOST_STEPS = 3000
_HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "ooo", "+++", "||", "**")
# Of another length than the hatches, so that few pairs are alike.
_FACES = ("0.95", "0.78", "0.90", "0.68", "0.86", "0.74", "0.82")
# A band is as high as its name from here on.
_ROOM = 0.055


class RoutingShareDisplay(ShortRepr):
    """Share of queries that each model gets at every cost sensitivity, exact at each change.

    Make one by `from_estimator` or `from_predictions`; the attributes are what is drawn.

    Parameters
    ----------
    models : array-like of shape (K,)
        From bottom to top.
    cost_sensitivity : ndarray of shape (s,)
        Where shares change, ascending.
    share : ndarray of shape (s + 1, K)
        Shares before the first change and after each.
    low, high : float
        The range of cost sensitivities; `high` may be infinite.
    chosen : float, default=None
        A cost sensitivity to mark.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    bands_ : list of matplotlib PolyCollection
        A band a model.
    chosen_ : matplotlib Line2D or None

    See Also
    --------
    skroute.CausalRouter.frontier : Every change of choice.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute.plots import RoutingShareDisplay
    >>> quality, cost = np.array([[0.5, 0.9], [0.5, 0.6]]), np.array([[0.0, 0.1], [0.0, 0.1]])
    >>> display = RoutingShareDisplay.from_predictions(quality, cost, models=["small", "large"])
    >>> display.cost_sensitivity.round(6).tolist()
    [1.0, 4.0]
    >>> display.share[:, 1].tolist()
    [1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        models: ArrayLike,
        cost_sensitivity: np.ndarray,
        share: np.ndarray,
        *,
        low: float = 0.0,
        high: float = np.inf,
        chosen: float | None = None,
    ) -> None:
        self.models = models
        self.cost_sensitivity = cost_sensitivity
        self.share = share
        self.low = low
        self.high = high
        self.chosen = chosen

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, *, exclude: Any = None, ax: Any = None, **artist_kwargs: Any
    ) -> RoutingShareDisplay:
        """Draw the shares of a router.

        Parameters
        ----------
        estimator : router
            Fitted, with a ``frontier``, or a pipeline or search that ends in such a one.
        X : array-like of shape (n, d)
            Queries such as those to come; no feedback is needed.
        exclude : label, sequence of labels or bool array of shape (n, K), default=None
            Models that must not be chosen, as in ``predict``.
        ax, **artist_kwargs
            As in `plot`.

        Returns
        -------
        display : RoutingShareDisplay
            With the cost sensitivity at which the router chooses marked.

        Raises
        ------
        ValueError
            If the estimator has no frontier.
        """
        (router,) = read_routers({"router": estimator}, X, exclude)
        return cls._of(router.frontier(), router.cost_sensitivity).plot(ax, **artist_kwargs)

    @classmethod
    def from_predictions(
        cls,
        quality: ArrayLike,
        cost: ArrayLike,
        *,
        models: ArrayLike | None = None,
        low: float = 0.0,
        high: float = np.inf,
        chosen: float | None = None,
        ax: Any = None,
        **artist_kwargs: Any,
    ) -> RoutingShareDisplay:
        """Draw the shares of choosing the highest ``quality - cost_sensitivity * cost``.

        Parameters
        ----------
        quality, cost : array-like of shape (n, K)
            Predicted outcomes, cost in dollars per query.
        models : array-like of shape (K,), default=None
            Labels; None: 0 to K - 1.
        low, high, chosen
            As `RoutingShareDisplay` takes them.
        ax, **artist_kwargs
            As in `plot`.

        Returns
        -------
        display : RoutingShareDisplay
        """
        if np.ndim(quality) != 2 or np.shape(quality) != np.shape(cost):
            raise ValueError(
                "quality and cost must have the same shape (n, K), got "
                f"{np.shape(quality)} and {np.shape(cost)}"
            )
        labels = read_models(models, np.arange(np.shape(quality)[1]))
        names = [str(label) for label in labels]
        if np.shape(quality)[1] != len(names) or np.shape(quality)[0] == 0:
            raise ValueError(
                f"quality must have a row and {len(names)} columns, got {np.shape(quality)}"
            )
        low = check_cost_sensitivity(low)
        if not high >= low:
            raise ValueError(f"high must be at least low={low:g}, got {high!r}")
        predicted = as_matrix("quality", quality, names), as_matrix("cost", cost, names, minimum=0)
        first, second = (part.astype(np.float64) for part in predicted)
        frontier = Frontier.of(first, second, labels, low, float(high))
        return cls._of(frontier, chosen).plot(ax, **artist_kwargs)

    def plot(self, ax: Any = None, *, band_kwargs: Any = None) -> RoutingShareDisplay:
        """Draw a band a model.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        band_kwargs : dict, default=None
            Of `matplotlib.axes.Axes.fill_between`, for the bands, over the style of the Display.

        Returns
        -------
        display : RoutingShareDisplay
        """
        ax = new_axes(ax, (7.5, 4.4), self)
        self.ax_, self.figure_ = ax, ax.get_figure()
        self.bands_, self.chosen_ = [], None
        left, right, logarithmic = self._range()
        inside = (self.cost_sensitivity > left) & (self.cost_sensitivity < right)
        first = int(np.searchsorted(self.cost_sensitivity, left, side="right"))
        changes = np.flatnonzero(inside)
        if len(changes) > _MOST_STEPS:
            # More are not seen, and take seconds.
            changes = changes[np.linspace(0, len(changes) - 1, _MOST_STEPS).astype(int)]
        share = self.share[np.r_[first, 1 + changes]]
        x = np.r_[left, self.cost_sensitivity[changes], right]
        height = np.vstack([share, share[-1:]]).cumsum(axis=1)
        height = np.column_stack([np.zeros(len(x)), height])
        if logarithmic:
            ax.set_xscale("log")
        for k, model in enumerate(as_labels(np.asarray(self.models))):
            style: dict[str, Any] = {
                "facecolor": _FACES[k % len(_FACES)],
                "hatch": _HATCHES[k % len(_HATCHES)],
            }
            style |= {"edgecolor": "0.3", "linewidth": 0.6, "label": model}
            style |= {"step": "post", **(band_kwargs or {})}
            self.bands_.append(ax.fill_between(x, height[:, k], height[:, k + 1], **style))
            self._name(k, model, x, height, logarithmic)
        if self.chosen is not None and left <= self.chosen <= right:
            self.chosen_ = ax.axvline(self.chosen, color="black", linestyle="--", linewidth=1.5)
            above = {"ha": "center", "va": "bottom", "annotation_clip": False}
            write_beside(ax, f"here: {self.chosen:.3g}", (self.chosen, 1.0), (0, 3), **above)
        ax.set(xlim=(left, right), ylim=(0, 1), xlabel="cost sensitivity (quality per dollar)")
        ax.set_ylabel("share of queries")
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.6g}")
        handles = self.bands_[::-1]
        place = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)}
        ax.legend(handles=handles, frameon=False, fontsize=8, **place)
        return self

    @classmethod
    def _of(cls, frontier: Frontier, chosen: float | None) -> RoutingShareDisplay:
        """Work out what is drawn."""
        where, share = frontier.shares()
        ends: dict[str, Any] = {"low": frontier.low, "high": frontier.high, "chosen": chosen}
        return cls(frontier.classes, where, share, **ends)

    def _range(self) -> tuple[float, float, bool]:
        """Return the cost sensitivities to draw, and whether on a logarithmic scale."""
        marks = self.cost_sensitivity[self.cost_sensitivity > 0]
        if len(marks) == 0:
            return self.low, self.high if self.low < self.high < np.inf else self.low + 1.0, False
        # A few queries that change very early or late would squeeze all others.
        least, most = np.quantile(marks, [0.01, 0.99])
        if self.chosen:
            least, most = min(least, self.chosen), max(most, self.chosen)
        right = min(1.25 * most, self.high) if self.high > self.low else 1.25 * most
        if most > 30 * least:
            return max(self.low, 0.8 * least), right, True
        return self.low, right, False

    def _name(
        self, k: int, text: str, x: np.ndarray, height: np.ndarray, logarithmic: bool
    ) -> None:
        """Write the name of a model into its band, at the widest place that is high enough."""
        if len(x) < 2:
            return
        grid = np.geomspace(x[0], x[-1], 241) if logarithmic else np.linspace(x[0], x[-1], 241)
        at = np.clip(np.searchsorted(x, grid, side="right") - 1, 0, len(x) - 1)
        low, high = height[at, k], height[at, k + 1]
        # The name is as wide as a few steps of the grid, and has to fit over all of them.
        reach = 5 + 2 * len(text)
        best, place = _ROOM, None
        for centre in range(reach, len(grid) - reach):
            span = slice(centre - reach, centre + reach + 1)
            room = high[span].min() - low[span].max()
            if room > best:
                best, place = room, (grid[centre], (high[span].min() + low[span].max()) / 2)
        if place is not None:
            box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.85}
            self.ax_.text(*place, text, ha="center", va="center", fontsize=8, bbox=box)
