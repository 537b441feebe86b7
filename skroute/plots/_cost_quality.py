"""Quality against cost: what a router reaches at every cost sensitivity, beside fixed models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import QUERIES, ShortRepr, as_number, check_at_least
from ..feedback import read_feedback
from ..metrics import CostQualityCurve, cost_quality_curve, evaluation_predictions, read_models
from ..nuisance import OverlapWarning
from ..routers import Frontier
from ._drawing import as_labels, dollar_axis, drawn_dollars, line_style, new_axes, tidy
from ._labels import label_points
from ._routers import NamedRouter, common_models, fixed_policies, read_routers


class CostQualityDisplay(ShortRepr):
    """Curves of cost against quality, with the fixed models as points.

    Make one by `from_estimator` or `from_predictions`; the attributes are what is drawn.

    Parameters
    ----------
    curves : dict from str to CostQualityCurve
        Of each router, dollars per query and mean quality.
    fixed : CostQualityCurve, default=None
        Of one model for every query, a point a model.
    models : array-like of shape (K,), default=None
        Labels of the points of `fixed`.
    chosen : dict from str to CostQualityCurve, default=None
        Single points to mark on the curves: where each router lands.
    budget : float, default=None
        Dollars per query to mark.
    predicted : bool, default=False
        Whether qualities and costs are a router's own predictions.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    lines_ : list of matplotlib Line2D
        A line a curve.
    fixed_ : matplotlib Line2D or None
    chosen_ : list of matplotlib Line2D
    budget_ : matplotlib Line2D or None
    text_ : list of matplotlib Annotation
        Names of the fixed models.

    See Also
    --------
    skroute.metrics.cost_quality_curve : The numbers.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.plots import CostQualityDisplay
    >>> problem = make_routing_problem(600, n_models=3, random_state=0)
    >>> router = CausalRouter(10.0, knots="auto", random_state=0).fit(problem.X, problem.y)
    >>> test = problem.draw(300, random_state=1)
    >>> display = CostQualityDisplay.from_estimator(router, test.X, test.y_full)
    >>> display.fixed.cost.shape, list(display.curves)
    ((3,), ['CausalRouter'])
    """

    def __init__(
        self,
        curves: Mapping[str, CostQualityCurve],
        *,
        fixed: CostQualityCurve | None = None,
        models: ArrayLike | None = None,
        chosen: Mapping[str, CostQualityCurve] | None = None,
        budget: float | None = None,
        predicted: bool = False,
    ) -> None:
        self.curves = curves
        self.fixed = fixed
        self.models = models
        self.chosen = chosen
        self.budget = budget
        self.predicted = predicted

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        budget: float | None = None,
        n_points: int = 20,
        exclude: Any = None,
        ax: Any = None,
        **artist_kwargs: Any,
    ) -> CostQualityDisplay:
        """Draw what routers reach on a set of queries.

        Parameters
        ----------
        estimator : router, or dict from names to routers
            Fitted, each with a ``frontier``, or a pipeline or search that ends in such a one. Fit
            it with `knots`, or its curve is a point.
        X : array-like of shape (n, d)
            Queries.
        y : table of n rows, default=None
            Their feedback, from rows that were not fitted on. None draws what the routers predict,
            at every change of choice; with it policies are valued, exactly on full feedback and by
            `evaluation_predictions` on a log.
        budget : float, default=None
            Dollars per query. It is marked, and the mark on a curve is the smallest cost
            sensitivity that the router predicts to meet it. None: where the router chooses.
        n_points : int, default=20
            With `y`, most points of a curve, in steps of about equal predicted change.
        exclude : label, sequence of labels or bool array of shape (n, K), default=None
            Models that must not be chosen, as in ``predict``.
        ax, **artist_kwargs
            As in `plot`.

        Returns
        -------
        display : CostQualityDisplay

        Raises
        ------
        ValueError
            If the estimator has no frontier, the routers differ in their models, or no cost
            sensitivity meets the budget.

        Warns
        -----
        TrainingLogWarning
            If `y` is given and most rows were fitted on.
        OverlapWarning
            If points rest on few rows of the log.
        """
        check_at_least(2, n_points=n_points)
        routers = read_routers(estimator, X, exclude)
        models = common_models(routers)
        frontiers = {router.name: router.frontier() for router in routers}
        own = {router.name: router.cost_sensitivity for router in routers}
        if budget is not None:
            own = {n: f.within_budget(budget).cost_sensitivity for n, f in frontiers.items()}
        if y is None:
            return cls._predicted(routers[0], frontiers, own, budget).plot(ax, **artist_kwargs)
        for router in routers:
            router.policy.warn_if_trained_on()
        feedback = read_feedback(y)
        known = evaluation_predictions(routers[0].policy.queries, feedback, models=models)
        return cls.from_predictions(
            feedback,
            {name: frontier.choices(n_points) for name, frontier in frontiers.items()},
            chosen={router.name: router.choose(own[router.name]) for router in routers},
            budget=budget,
            fixed=routers[0].allowed_models(),
            ax=ax,
            **known,
            **artist_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        policies: Mapping[str, Sequence[ArrayLike]],
        *,
        chosen: Mapping[str, ArrayLike] | None = None,
        budget: float | None = None,
        fixed: ArrayLike | None = None,
        ax: Any = None,
        line_kwargs: Any = None,
        fixed_kwargs: Any = None,
        chosen_kwargs: Any = None,
        **known: Any,
    ) -> CostQualityDisplay:
        """Draw the values of policies.

        Parameters
        ----------
        y : table of n rows
            Full or logged feedback.
        policies : dict from names to sequences of array-like of shape (n,) or (n, K)
            Of each curve, its points in order: policies as in `policy_value`.
        chosen : dict from names to array-like of shape (n,) or (n, K), default=None
            A policy to mark for each curve.
        budget : float, default=None
            Dollars per query to mark.
        fixed : array-like of labels, default=None
            Models to draw, each as the policy that chooses it for all queries. None: all of them.
        ax, line_kwargs, fixed_kwargs, chosen_kwargs
            As in `plot`.
        **known : dict
            Keyword arguments of `cost_quality_curve`, such as `evaluation_predictions` returns.

        Returns
        -------
        display : CostQualityDisplay
        """
        feedback = read_feedback(y)
        drawn = read_models(known.get("models") if fixed is None else fixed, feedback.classes)
        always = fixed_policies(drawn, len(feedback))

        def value(policies: Sequence[ArrayLike]) -> CostQualityCurve:
            return cost_quality_curve(feedback, policies, **known)

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            display = cls(
                {name: value(points) for name, points in policies.items()},
                fixed=value(list(always.values())),
                models=list(always),
                chosen={name: value([policy]) for name, policy in (chosen or {}).items()},
                budget=budget,
            )
        _warn_once(caught)
        return display.plot(
            ax, line_kwargs=line_kwargs, fixed_kwargs=fixed_kwargs, chosen_kwargs=chosen_kwargs
        )

    def plot(
        self,
        ax: Any = None,
        *,
        line_kwargs: Any = None,
        fixed_kwargs: Any = None,
        chosen_kwargs: Any = None,
    ) -> CostQualityDisplay:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        line_kwargs, fixed_kwargs, chosen_kwargs : dict, default=None
            Of `matplotlib.axes.Axes.plot`, for the curves, the fixed models and the marks on the
            curves, over the style of the Display.

        Returns
        -------
        display : CostQualityDisplay
        """
        ax = new_axes(ax, (7.5, 4.8), self)
        self.ax_, self.figure_ = ax, ax.get_figure()
        self.lines_, self.chosen_, self.text_ = [], [], []
        self.fixed_ = self.budget_ = None
        costs = [curve.cost for curve in self.curves.values()]
        if self.fixed is not None:
            costs.append(self.fixed.cost)
            style = {"color": "0.55", "markeredgecolor": "black", "markersize": 7, "zorder": 4}
            style |= {"marker": "o", "linestyle": "none", "label": "one model for all queries"}
            self.fixed_ = ax.plot(
                QUERIES * self.fixed.cost, self.fixed.quality, **{**style, **(fixed_kwargs or {})}
            )[0]
        labels = as_labels(self.curves)
        for k, (name, curve) in enumerate(self.curves.items()):
            style = line_style(k, len(curve.cost)) | {"label": labels[k], "zorder": 3 - k / 8}
            style |= line_kwargs or {}
            self.lines_ += ax.plot(QUERIES * curve.cost, curve.quality, **style)
            if self.chosen and name in self.chosen:
                point = self.chosen[name]
                spent, quality = drawn_dollars(point.cost[0]), as_number(point.quality[0])
                here = f"{labels[k]} here: {spent}, quality {quality}"
                star = {"marker": "*", "markersize": 17, "linestyle": "none", "label": here}
                star |= {"color": style["color"], "markeredgecolor": "white", "zorder": 5}
                star |= chosen_kwargs or {}
                self.chosen_ += ax.plot(QUERIES * point.cost, point.quality, **star)
        if self.budget is not None:
            self.budget_ = ax.axvline(
                QUERIES * self.budget,
                color="0.3",
                linestyle=(0, (2, 2)),
                linewidth=1.2,
                label=f"budget: {drawn_dollars(self.budget)}",
            )
        dollar_axis(ax, np.concatenate([*costs, [self.budget]] if self.budget else costs))
        ax.set_ylabel("predicted mean quality" if self.predicted else "mean quality")
        tidy(ax)
        ax.margins(x=0.1, y=0.1)
        ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=2)
        if self.fixed is not None:
            x, y = QUERIES * self.fixed.cost, self.fixed.quality
            drawn = [*self.lines_, *self.chosen_, *filter(None, [self.budget_])]
            self.text_ = label_points(ax, list(np.asarray(self.models)), x, y, drawn)
        return self

    @classmethod
    def _predicted(
        cls,
        router: NamedRouter,
        frontiers: Mapping[str, Frontier],
        chosen: Mapping[str, float],
        budget: float | None,
    ) -> CostQualityDisplay:
        """Work out what is drawn of predictions; `router` predicts the fixed models."""
        allowed = ~router.excluded().all(axis=0)
        cost, quality = (
            method(router.policy.X).mean(axis=0)[allowed]
            for method in (router.router.predict_cost, router.router.predict_quality)
        )
        curves, points = {}, {}
        for name, frontier in frontiers.items():
            path = frontier.mean_cost, frontier.mean_quality
            here = [int(np.searchsorted(frontier.cost_sensitivity, chosen[name]))]
            curves[name] = CostQualityCurve(*path)
            points[name] = CostQualityCurve(*(part[here] for part in path))
        fixed, models = CostQualityCurve(cost, quality), router.classes[allowed]
        return cls(curves, fixed=fixed, models=models, chosen=points, budget=budget, predicted=True)


def _warn_once(caught: Sequence[warnings.WarningMessage]) -> None:
    """Warn again, once for all the points of which the log says little."""
    poor = [entry for entry in caught if issubclass(entry.category, OverlapWarning)]
    for entry in caught:
        if entry not in poor:
            warnings.warn(entry.message, stacklevel=3)
    if poor:
        warnings.warn(
            f"The log says little about {len(poor)} of the points, fixed models included. The "
            f"first: {poor[0].message}",
            OverlapWarning,
            stacklevel=3,
        )
