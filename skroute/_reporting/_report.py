"""The page as a whole."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from numpy.typing import ArrayLike

from .._utils import Steps, check_at_least
from .._version import __version__
from ..correction import BiasSummary
from ..metrics import PolicyDifference, PolicyValue
from ..nuisance import single_threaded
from . import _sections as sections
from ._changes import changes
from ._coverage import coverage
from ._facts import Facts
from ._first import first_screen
from ._floor import QualityFloor, floor_of
from ._gather import gather
from ._html import Markup, join, section, tag
from ._judge import judge, judge_bias
from ._latency import Latency, MeanLatency, latencies, value_latency
from ._page import Page
from ._plain import as_plain
from ._sensitivity import hidden_reasons


@dataclass(eq=False, repr=False)
class RoutingReport(Page):
    """A page about a router, made by `report`; a notebook shows it as it is.

    Attributes
    ----------
    title : str
    body : str
        What the page shows, as HTML.
    verdict : {"better", "worse", "unclear"}
        What may be concluded of the router against what it is compared with, see `report`.
    reasons : tuple of str
        Why the verdict is "unclear"; empty otherwise.
    notes : tuple of str
        What to be careful about, as the page says it.
    values : dict from str to PolicyValue
        Of the router, of each fixed model, of the baseline and, on a log, of today's policy.
    differences : dict from str to PolicyDifference
        Of each of them over the baseline, without one over today's policy, on full feedback over
        the best fixed model.
    latency : dict from str to MeanLatency
        Of each policy, the mean seconds per query as ``(seconds, low, high)``; empty where
        `report` was not told of any.
    html : str
        The whole page. It loads nothing: style and pictures are within.
    """

    verdict: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    values: dict[str, PolicyValue]
    differences: dict[str, PolicyDifference]
    latency: dict[str, MeanLatency]
    _facts: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<RoutingReport {self.title!r}: {self.verdict}, {len(self.notes)} notes>"

    def to_dict(self) -> dict[str, Any]:
        """Return the facts of the page as plain Python, for dashboards and logs.

        Dicts, lists, str, bool, int, float and None, which stands for what is not known: it goes
        through ``json.dumps``. Costs are in dollars per query, shares from 0 to 1.

        Returns
        -------
        facts : dict
            ``verdict``, ``reasons`` and ``in_words``; ``notes``; ``history``, what happened over
            time in sentences, None without the column ``time``; ``policies`` with the value of
            each; ``changes`` of the router against each policy it is compared with; ``bill_saved``;
            ``coverage``, ``calls``, ``judge`` and ``latency`` as the page has them, and what it
            was made with.
        """
        return deepcopy(self._facts)


@single_threaded
def report(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    path: str | Path | None = None,
    baseline: Any = None,
    volume: float | None = None,
    cost_sensitivity: float | None = None,
    budget: float | None = None,
    quality_floor: float | Literal["today"] | None = None,
    exclude: Any = None,
    by: ArrayLike | None = None,
    text: ArrayLike | None = None,
    latency: ArrayLike | None = None,
    n_examples: int = 10,
    confidence: float = 0.95,
    title: str = "Routing report",
    verbose: int = 0,
) -> RoutingReport:
    """Write one page about what a router would change, what that is worth and how sure that is.

    Parameters
    ----------
    estimator : router
        Fitted, or a pipeline or search that ends in such a one.
    X : array-like of shape (n, d)
        Queries that were not fitted on.
    y : table of n rows
        Their feedback: a log, or full feedback.
    path : str or Path, default=None
        File to write the page to.
    baseline : router, default=None
        Fitted on other rows too, such as last week's router: the one to compare with in place of
        today's policy, or of the best fixed model. Its models have to be among those of
        `estimator`; it takes the same queries, and `exclude` does not hold for it.
    volume : float, default=None
        Queries a month, for which the page gives dollars a month.
    cost_sensitivity : float, default=None
        Policies choose and are valued at it. None: each router chooses where it chooses by
        itself, and all policies are valued where `estimator` does.
    budget : float, default=None
        Dollars per query, marked in the picture of cost and quality, with the router's choice that
        it predicts to meet it. All else is at `cost_sensitivity`.
    quality_floor : float or "today", default=None
        Mean quality that the router is to keep; "today": that of the log. The first screen says
        what it is expected to reach, with an interval, and at which cost.
    exclude : label, sequence of labels or bool array of shape (n, K), default=None
        Models that must not be chosen, as in ``predict``. A model that is excluded for all queries
        is no fixed model to compare with either.
    by : array-like of shape (n,), default=None
        Group of each query, such as its topic, to show changes by.
    text : array-like of str of shape (n,), default=None
        Queries as people read them, to show beside examples.
    latency : array-like of shape (n,), or (n, K) on full feedback, default=None
        Seconds that each answer took, at least 0; NaN in a log where it was not measured, and of
        all models in the order of ``classes_`` on full feedback. The page then shows mean seconds
        per query of every policy, estimated as its cost is, with intervals.
    n_examples : int, default=10
        Most rows to show of those for which the router chooses another model.
    confidence : float, default=0.95
        Nominal coverage of the intervals, in (0, 1).
    title : str, default="Routing report"
    verbose : int, default=0
        Above 0 prints each step as it starts, with the seconds since the first.

    Returns
    -------
    report : RoutingReport
        With the page as ``html``, ``save(path)``, and the ``verdict``.

    Raises
    ------
    ValueError
        If an argument is not as described, or as `policy_value`.
    ImportError
        If matplotlib is not installed.

    See Also
    --------
    skroute.plots : The pictures by themselves.
    skroute.metrics.policy_difference : The comparison of two policies.

    Notes
    -----
    A log is valued by `skroute.metrics.evaluation_predictions`, which know nothing of the router.
    Warnings of these estimates, of poor overlap and of rows that were fitted on stand on the page
    and in ``notes``, and are not raised. The page is one file without scripts; labels and texts are
    escaped. Examples are shown as they are: leave out `text` that must not leave your house.

    The first screen, the first page in print, is for who signs: the verdict, what changes in
    quality and in the bill, the share of the bill that equal quality would save
    (`skroute.metrics.bill_saved`) and one picture. Where no test says that the router is better
    than some fixed model, the first sentence is that sending everything there does as well: "may
    do" unless it is no worse on these rows, or surely by no more than 0.02 of the scale of the
    quality. Which fixed model is the best these rows tell; the interval of the difference in
    utility is of that to the model that is truly the best, whichever it is.

    The verdict is "better" if the interval of the router's gain over the baseline, without one over
    today's policy, on full feedback over the best fixed model, is above 0, and one-sided tests at
    the same confidence say so of its gain over each fixed model that may be chosen: else routing is
    needless. It is "worse" if the first interval is below 0. In all other cases it is "unclear",
    with ``reasons``, and whatever the intervals say if they cannot be believed: if the log of these
    rows, or the one that the router learned from, did not explore (`skroute.nuisance.Support`); if
    few rows show what it, or the baseline, chooses; if no row has a gold quality; if the baseline
    was fitted on these rows. "better" needs rows that the router was not fitted on. All of it
    holds as far as the assumptions of `skroute.metrics.policy_value` do; where propensities were
    estimated, a sentence says how wrong the first of them would have to be
    (`skroute.metrics.flip_gamma`).

    Where `y` has the column ``time``, the page says which models came or went, whose cost or
    quality moved and whether queries changed (`skroute.history.log_history`). Where costs or
    qualities moved, values are at today's level.

    Where rows have gold and preference labels, the page shows what the judge gets wrong, by
    `skroute.correction.bias_summary`.

    Time is that of fitting the evaluation models, and those of both labels, and of valuing some 30
    policies, O(n) each.

    Examples
    --------
    >>> from skroute import CausalRouter, report
    >>> from skroute.datasets import make_routing_problem
    >>> problem = make_routing_problem(900, n_models=3, random_state=0)
    >>> router = CausalRouter(10.0, knots="auto", random_state=0).fit(problem.X, problem.y)
    >>> test = problem.draw(2000, random_state=1)
    >>> page = report(router, test.X, test.y)
    >>> page
    <RoutingReport 'Routing report': better, 0 notes>
    >>> list(page.differences)
    ['CausalRouter', 'always model_0', 'always model_1', 'always model_2']
    >>> page.html[:15]
    '<!DOCTYPE html>'
    """
    check_at_least(0, n_examples=n_examples, **({} if volume is None else {"volume": volume}))
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "report needs matplotlib for its pictures. Install it with: "
            "pip install 'scikit-route[plot]'"
        ) from error
    announce = Steps("report", verbose)
    facts = gather(
        estimator,
        X,
        y,
        baseline=baseline,
        volume=volume,
        cost_sensitivity=cost_sensitivity,
        exclude=exclude,
        by=by,
        text=text,
        latency=latency,
        confidence=confidence,
        announce=announce,
    )
    floor = None if quality_floor is None else floor_of(facts, quality_floor)
    times = None
    if facts.seconds is not None:
        announce("seconds")
        times = value_latency(facts, facts.seconds)
    announce("tables and pictures")
    summary = judge_bias(facts)
    page = RoutingReport(
        title,
        _body(facts, times, summary, floor, budget, n_examples, title),
        verdict=facts.verdict.answer,
        reasons=facts.verdict.reasons,
        notes=tuple(facts.notes),
        values=facts.values,
        differences=facts.differences,
        latency={} if times is None else times.values,
        _facts=as_plain(facts, times, summary, title),
    )
    announce("done")
    if path is not None:
        page.save(path)
    return page


def _body(
    facts: Facts,
    times: Latency | None,
    summary: BiasSummary | None,
    floor: QualityFloor | None,
    budget: float | None,
    n_examples: int,
    title: str,
) -> Markup:
    # It may add a note.
    hidden = hidden_reasons(facts)
    careful = [sections.notes(facts), *([tag("p", hidden)] if hidden else [])]
    return join(
        [
            first_screen(facts, times, floor, title, budget),
            section("notes", "What to be careful about", *careful),
            sections.history(facts),
            sections.savings(facts),
            sections.values(facts),
            Markup("") if times is None else latencies(facts, times),
            sections.costs(facts),
            coverage(facts),
            judge(facts, summary),
            changes(facts, n_examples),
            sections.method(facts),
            tag("footer", f"skroute {__version__}"),
        ]
    )
