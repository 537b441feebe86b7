"""Whether a serving router does what it was meant to: the newest rows of its log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .._utils import as_dollars, as_number, as_share, check_at_least, short_labels
from ..feedback import Feedback, read_feedback
from ..history import as_moment, log_history
from ..plots import read_routers
from ._html import Markup, join, section, table, tag
from ._page import Page
from ._traffic import MeanGap, ModelTraffic, TrafficFacts

_DAY = 24 * 3600.0


@dataclass(eq=False, repr=False)
class RoutingMonitor(Page):
    """A page about the traffic of a serving router, made by `monitor`.

    Attributes
    ----------
    title : str
    body : str
        What the page shows, as HTML.
    alarms : tuple of str
        What stands out of chance, in words; empty where nothing does.
    models : tuple of ModelTraffic
    quality : MeanGap
        Quality of judged answers less what the router predicts of them.
    cost : MeanGap
        Cost of answers less what the router predicts, dollars per query.
    explored_share : float
        Share of the answers that were not the main choice, by their propensities; NaN where none
        are recorded.
    propensities : MeanGap
        That share less the one that the propensities say.
    utility_given_up : float
        Predicted utility per query that answers other than the router's choice gave up.
    n_rows : int
        Rows that were looked at.
    since : float or None
        From when on, in seconds since 1970; None without the column `time`.
    html : str
        The whole page.
    """

    alarms: tuple[str, ...]
    models: tuple[ModelTraffic, ...]
    quality: MeanGap
    cost: MeanGap
    explored_share: float
    propensities: MeanGap
    utility_given_up: float
    n_rows: int
    since: float | None

    def __repr__(self) -> str:
        return f"<RoutingMonitor: {self.n_rows:,} rows, {len(self.alarms)} alarms>"


def monitor(
    router: Any, X: Any, y: Any, *, days: float = 7.0, path: str | Path | None = None
) -> RoutingMonitor:
    """Compare the newest traffic of a serving router with what the router expects of it.

    Parameters
    ----------
    router : estimator
        The fitted router that serves, or a pipeline or search that ends in one. It has to predict
        outcomes, as `CausalRouter` does.
    X : array-like
        Queries of the log, as its ``predict`` takes them.
    y : table of n rows
        Logged feedback, see `skroute.feedback`; propensities as the router gave them.
    days : float, default=7.0
        What is newest: the rows of so many days before the last one. Without the column ``time``
        all rows.
    path : str or Path, default=None
        Where to write the page.

    Returns
    -------
    page : RoutingMonitor
        A page of HTML, its facts as attributes, and ``alarms`` in words.

    Raises
    ------
    ValueError
        If feedback is full, or the router does not predict outcomes.

    Notes
    -----
    An alarm is what chance alone makes with a probability below 0.01: that judged answers are
    better or worse than predicted, that answers cost more or less than predicted, that choices were
    made more or less often than their propensities say, that models answer which the router does
    not know; and what `skroute.history.log_history` names in the whole log.

    **Propensities.** A router that explores gives its main choice more than half of the
    probability. If the propensities p are right, answers below a half are in expectation as many as
    the sum of ``(1 - p) / p`` over the others. Logs in which most answers are below a half were
    made otherwise, and are not tested.

    **Quality.** Judged answers are compared with predictions for the very same queries and models,
    so that who is judged does not matter as long as it does not depend on how good the answer was.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import CausalRouter, logged_feedback, monitor
    >>> from skroute.datasets import make_routing_problem
    >>> problem = make_routing_problem(2000, n_models=3, random_state=0)
    >>> router = CausalRouter(10.0, random_state=0).fit(problem.X, problem.y)
    >>> served = problem.draw(1000, random_state=1)
    >>> label, propensity = router.sample(served.X, random_state=0)
    >>> place = np.arange(1000), np.searchsorted(problem.models, label)
    >>> y = logged_feedback(
    ...     label,
    ...     served.expected_quality[place],
    ...     cost=served.expected_cost[place],
    ...     propensity=propensity,
    ... )
    >>> page = monitor(router, served.X, y)
    >>> 0 < page.explored_share < 0.05
    True
    """
    check_at_least(0, days=days)
    (named,) = read_routers(router, X)
    given = read_feedback(y)
    if not given.logged:
        raise ValueError("y has full feedback: monitor looks at what one model answered each query")
    if not hasattr(named.router, "predict_quality"):
        raise ValueError(
            f"router ends in {type(named.router).__name__}, which predicts no outcomes, so that "
            "there is nothing to compare with. Give a router such as CausalRouter."
        )
    history = log_history(named.policy.queries, given)
    rows, since = _newest(given, days)
    feedback = given.aligned(named.classes).take(rows)
    facts = TrafficFacts.of(named, rows, feedback)
    alarms = (*facts.alarms(), *(() if history is None else history.sentences))
    page = RoutingMonitor(
        "Routing monitor",
        _body(alarms, facts, since, given),
        alarms,
        facts.models,
        facts.quality,
        facts.cost,
        facts.explored_share,
        facts.propensities,
        facts.utility_given_up,
        len(rows),
        since,
    )
    if path is not None:
        page.save(path)
    return page


def _newest(feedback: Feedback, days: float) -> tuple[np.ndarray, float | None]:
    """Return the rows of the newest days that count, and from when on they are."""
    counted = feedback.weight > 0
    if feedback.time is None:
        return np.flatnonzero(counted), None
    since = float(feedback.time[counted].max() - days * _DAY)
    return np.flatnonzero(counted & (feedback.time >= since)), since


def _body(
    alarms: Sequence[str], facts: TrafficFacts, since: float | None, given: Feedback
) -> Markup:
    span = "all rows" if since is None else f"rows since {as_moment(since)}"
    first = (
        tag("ul", *(tag("li", alarm) for alarm in alarms))
        if alarms
        else tag("p", "Nothing stands out of chance.")
    )
    shown = short_labels([traffic.model for traffic in facts.models])
    rows = [
        [
            shown[str(traffic.model)],
            as_share(traffic.share),
            as_share(traffic.planned_share),
            _dollars(traffic.cost),
            _dollars(traffic.predicted_cost),
            traffic.quality.written,
            f"{traffic.quality.n_rows:,}",
        ]
        for traffic in facts.models
    ]
    columns = [
        "model",
        "answered",
        "the router's choice",
        "$ per 1,000 queries",
        "predicted",
        "quality over prediction",
        "judged",
    ]
    totals = [
        ["answers that were no main choice", as_share(facts.explored_share)],
        ["predicted utility that they gave up, per query", as_number(facts.utility_given_up)],
        ["quality of judged answers over prediction", facts.quality.written],
        ["cost over prediction, $ per 1,000 queries", _dollars(facts.cost.value)],
    ]
    return join(
        [
            tag("h1", "Routing monitor"),
            tag("p", f"{len(given):,} rows of the log; what follows is of {span}."),
            section("alarms", "What stands out", first),
            section("models", "Models", table(f"By model, {span}", columns, rows)),
            section("totals", "All together", table(f"Totals, {span}", ["", ""], totals)),
        ]
    )


def _dollars(cost: float) -> str:
    return "n/a" if np.isnan(cost) else as_dollars(1000 * cost)
