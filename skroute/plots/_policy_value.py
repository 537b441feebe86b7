"""Values of several policies with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import ShortRepr, as_number, check_cost_sensitivity
from ..feedback import read_feedback
from ..metrics import PolicyValue, evaluation_predictions, policy_value
from ._drawing import as_labels, new_axes, tidy, write_beside
from ._routers import common_models, fixed_policies, read_routers

TODAY = "today's policy"


class PolicyValueDisplay(ShortRepr):
    """Values of policies with their intervals, the policy of the log marked.

    Make one by `from_estimator` or `from_predictions`; the attributes are what is drawn.

    Parameters
    ----------
    values : dict from str to PolicyValue
        Of each policy, from top to bottom.
    reference : str, default=None
        Name of the policy that the others are to be compared with; a line marks its value.
    fixed : sequence of str, default=()
        Names of the policies that choose one model for all queries; they are drawn apart.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
    errorbar_ : list of matplotlib ErrorbarContainer
        A point with its interval for each policy.
    reference_ : matplotlib Line2D or None

    See Also
    --------
    skroute.metrics.policy_value : The numbers.
    skroute.metrics.policy_difference : Two policies, compared row by row. Intervals of a difference
        are much narrower than these may suggest.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.plots import PolicyValueDisplay
    >>> problem = make_routing_problem(900, n_models=3, random_state=0)
    >>> router = CausalRouter(10.0, random_state=0).fit(problem.X, problem.y)
    >>> test = problem.draw(900, random_state=1)
    >>> display = PolicyValueDisplay.from_estimator(router, test.X, test.y)
    >>> list(display.values)
    ["today's policy", 'CausalRouter', 'always model_0', 'always model_1', 'always model_2']
    """

    def __init__(
        self,
        values: Mapping[str, PolicyValue],
        *,
        reference: str | None = None,
        fixed: Sequence[str] = (),
    ) -> None:
        if reference is not None and reference not in values:
            raise ValueError(f"reference={reference!r} is not a policy; there are {list(values)}")
        self.values = values
        self.reference = reference
        self.fixed = fixed

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        cost_sensitivity: float | None = None,
        interval: str = "normal",
        confidence: float = 0.95,
        exclude: Any = None,
        ax: Any = None,
        **artist_kwargs: Any,
    ) -> PolicyValueDisplay:
        """Draw the values of routers, of every fixed model and, on a log, of today's policy.

        Parameters
        ----------
        estimator : router, or dict from names to routers
            Fitted, or a pipeline or search that ends in such a one.
        X : array-like of shape (n, d)
            Queries that were not fitted on.
        y : table of n rows
            Their feedback. A log is valued by `evaluation_predictions`.
        cost_sensitivity : float, default=None
            Policies choose and are valued at it. None: where the first router chooses.
        interval, confidence : optional
            As in `policy_value`.
        exclude : label, sequence of labels or bool array of shape (n, K), default=None
            Models that must not be chosen, as in ``predict``.
        ax, **artist_kwargs
            As in `plot`.

        Returns
        -------
        display : PolicyValueDisplay

        Raises
        ------
        ValueError
            If the routers differ in their models or cannot serve the cost sensitivity.

        Warns
        -----
        TrainingLogWarning
            If most rows were fitted on.
        OverlapWarning
            As `policy_value`, for each policy.
        """
        routers = read_routers(estimator, X, exclude)
        models, feedback = common_models(routers), read_feedback(y)
        value = routers[0].cost_sensitivity
        if cost_sensitivity is not None:
            value = check_cost_sensitivity(cost_sensitivity)
        policies: dict[str, Any] = {TODAY: None} if feedback.logged else {}
        for router in routers:
            router.policy.warn_if_trained_on()
            alone = cost_sensitivity is None and len(routers) == 1
            policies[router.name] = router.choose(None if alone else value)
        allowed = fixed_policies(routers[0].allowed_models(), len(feedback))
        fixed = {f"always {model}": labels for model, labels in allowed.items()}
        known: dict[str, Any] = evaluation_predictions(
            routers[0].policy.queries, feedback, models=models
        )
        return cls.from_predictions(
            feedback,
            policies | fixed,
            reference=TODAY if TODAY in policies else None,
            fixed=list(fixed),
            cost_sensitivity=value,
            interval=interval,
            confidence=confidence,
            ax=ax,
            **known,
            **artist_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y: Any,
        policies: Mapping[str, ArrayLike | None],
        *,
        reference: str | None = None,
        fixed: Sequence[str] = (),
        ax: Any = None,
        errorbar_kwargs: Any = None,
        **options: Any,
    ) -> PolicyValueDisplay:
        """Draw the values of policies.

        Parameters
        ----------
        y : table of n rows
            Full or logged feedback.
        policies : dict from names to array-like of shape (n,) or (n, K), or None
            As in `policy_value`; None is the policy that wrote the log.
        reference, fixed
            As `PolicyValueDisplay` takes them.
        ax, errorbar_kwargs
            As in `plot`.
        **options : dict
            Keyword arguments of `policy_value`, such as `evaluation_predictions` returns.

        Returns
        -------
        display : PolicyValueDisplay
        """
        feedback = read_feedback(y)
        values = {
            str(name): policy_value(feedback, policy, **options)
            for name, policy in policies.items()
        }
        display = cls(values, reference=reference, fixed=fixed)
        return display.plot(ax, errorbar_kwargs=errorbar_kwargs)

    def plot(self, ax: Any = None, *, errorbar_kwargs: Any = None) -> PolicyValueDisplay:
        """Draw a point with its interval for each policy.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a new figure.
        errorbar_kwargs : dict, default=None
            Of `matplotlib.axes.Axes.errorbar`, over the style of the Display.

        Returns
        -------
        display : PolicyValueDisplay
        """
        ax = new_axes(ax, (7.5, 1.2 + 0.38 * len(self.values)), self)
        self.ax_, self.figure_ = ax, ax.get_figure()
        self.errorbar_, self.reference_ = [], None
        if self.reference is not None:
            at = self.values[self.reference].value
            dashed: dict[str, Any] = {"linestyle": (0, (4, 3)), "linewidth": 1.1, "zorder": 1.5}
            self.reference_ = ax.axvline(at, color="0.35", **dashed)
        for place, (name, result) in enumerate(self.values.items()):
            fixed = name in self.fixed
            filled = "white" if name == self.reference else "0.6" if fixed else "black"
            # An interval may be unknown, and then only the value is drawn.
            reach = np.nan_to_num([[result.value - result.low], [result.high - result.value]])
            marker = "s" if name == self.reference else "o" if fixed else "D"
            style: dict[str, Any] = {"fmt": marker, "color": "black", "markerfacecolor": filled}
            style |= {"markersize": 7, "capsize": 4, "linewidth": 1.5, **(errorbar_kwargs or {})}
            self.errorbar_.append(
                ax.errorbar(result.value, place, xerr=np.maximum(reach, 0.0), **style)
            )
            # Over the interval, where nothing else is.
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            over = {"ha": "center", "bbox": box, "zorder": 1.9}
            write_beside(ax, as_number(result.value), (result.value, place), (0, 7), **over)
        ax.set_yticks(range(len(self.values)), as_labels(self.values))
        ax.set_ylim(len(self.values) - 0.4, -0.8)
        confidence = next(iter(self.values.values())).confidence
        ax.set_xlabel(f"mean utility per query, with {confidence:.0%} intervals")
        tidy(ax, grid="x")
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.08)
        return self
