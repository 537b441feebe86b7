"""The value of one policy, with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._utils import ShortRepr
from ._assessment import Assessment, assess_all
from ._intervals import infer
from ._options import Options
from ._tables import read_table


@dataclass(frozen=True, repr=False)
class PolicyValue(ShortRepr):
    """The estimated value of a policy.

    Attributes
    ----------
    value : float
        Mean utility per query: quality minus cost sensitivity times cost.
    standard_error : float
        Standard error of `value`, over groups where the table has them. NaN where a single
        cluster carries all weight.
    low, high : float
        Ends of the confidence interval, NaN if `standard_error` is.
    degrees_of_freedom : float
        Of the t-value of the estimate, see Notes.
    effective_sample_size : float
        ``(sum w)**2 / sum w**2`` over the rows used, w importance weight of the quality times row
        weight. NaN for "dm" without propensities.
    largest_weight : float
        Largest importance weight. NaN for "dm" without propensities.
    mean_weight : float
        Mean importance weight, 1 in expectation; far below 1 where the policy chooses models that
        the log hardly ever shows. NaN for "dm" without propensities.
    mean_quality : float
        The same estimate of the mean quality.
    mean_cost : float
        The same estimate of the mean cost, dollars per query. NaN where the method needs
        predictions of the cost that were not given.
    method : str
        The estimator used; "exact" on full feedback, "logged" for the logging policy itself.
    shrinkage, switch_threshold : float or None
        The parameter of "dros" and of "switch-dr" that was used.
    n_rows, n_rows_used : int
        Rows of the table, and those that the estimate rests on.
    n_scored : int
        Rows among those used whose quality counts.
    n_clusters : int
        Independent clusters among the rows used: groups, or rows where there are no groups.
    interval, confidence
        As they were given.
    share_unavailable : float
        Share of the rows in which the policy chooses a model that was not there, by the column
        ``time``. If it is positive, the value is that of the time in which all chosen models were.
    """

    value: float
    standard_error: float
    low: float
    high: float
    degrees_of_freedom: float
    effective_sample_size: float
    largest_weight: float
    mean_weight: float
    mean_quality: float
    mean_cost: float
    method: str
    shrinkage: float | None
    switch_threshold: float | None
    n_rows: int
    n_rows_used: int
    n_scored: int
    n_clusters: int
    interval: str
    confidence: float
    share_unavailable: float = 0.0


def policy_value(
    y: Any,
    policy: ArrayLike | None,
    *,
    cost_sensitivity: float = 0.0,
    method: str = "auto",
    predicted_quality: ArrayLike | None = None,
    predicted_cost: ArrayLike | None = None,
    predicted_preference: ArrayLike | None = None,
    models: ArrayLike | None = None,
    propensity: ArrayLike | None = None,
    judged_propensity: ArrayLike | None = None,
    shrinkage: float | None = None,
    switch_threshold: float | None = None,
    interval: str = "normal",
    confidence: float = 0.95,
    block_length: int | None = None,
) -> PolicyValue:
    r"""Estimate the mean utility that a policy would have had on the queries of a table.

    Logged feedback shows one model a query, so the value is estimated; full feedback shows all, so
    it is exact for these queries and the error is that of sampling them.

    Parameters
    ----------
    y : table of n rows
        Logged or full feedback, see `skroute.feedback`.
    policy : array-like of shape (n,) or (n, K), or None
        The chosen model of each row, or the probability of each model, in the order of `models`.
        None is the policy that wrote the log (logged feedback only).
    cost_sensitivity : float, default=0.0
        Utility is quality minus this times cost (quality per dollar).
    method : str, default="auto"
        The estimator: "auto", "dm", "ips", "snips", "dr", "sndr", "switch-dr", "dros" or "exact",
        see Notes. "auto" is "sndr" with predictions and "snips" without. Full feedback takes
        "auto" or "exact" only.
    predicted_quality, predicted_cost : array-like of shape (n, K), default=None
        Predicted outcome of every model, in the order of `models`, from models that have not seen
        the row (cross-fitted). Used by all methods but "ips" and "snips", on logged feedback.
    predicted_preference : array-like of shape (n, K), default=None
        Predicted label of the judge. Used with `judged_propensity` where every row carries a label
        of the judge: what the judge said beyond it then narrows the interval.
    models : array-like of shape (K,), default=None
        Labels of the models, matched by string. None: those in `y`, sorted by string. A logged
        model that is not among them counts as never chosen.
    propensity : array-like of shape (n,) or (n, K), default=None
        Probability, in (0, 1], with which the log chose its model, or that of every model; replaces
        the column of `y`.
    judged_propensity : array-like of shape (n,) or (n, K), default=None
        Probability, in (0, 1], that the row has a gold quality, given the query and its model, or
        every model. Needed where some rows have none: without it the value is that of the rows
        that have one, with a warning.
    shrinkage : float, default=None
        Positive parameter s of "dros"; inf is "dr", near 0 is "dm". None: picked by the smallest
        estimated mean squared error.
    switch_threshold : float, default=None
        Weight, at least 0, above which "switch-dr" trusts the prediction alone. None: picked by
        the smallest estimated mean squared error.
    interval : {"normal", "bootstrap", "block", "bernstein"}, default="normal"
        Kind of confidence interval, see Notes.
    confidence : float, default=0.95
        Nominal coverage of the interval, in (0, 1).
    block_length : int, default=None
        Rows of a block of interval "block", at least 1. None: by how far influences of neighbours
        are correlated.

    Returns
    -------
    result : PolicyValue
        The value with its error, interval and what it rests on.

    Raises
    ------
    ValueError
        If an argument is not as described, a propensity or prediction that the method needs is
        missing, or the policy never agrees with the log and the method has nothing else to go by.

    Warns
    -----
    OverlapWarning
        If the estimate rests on few rows, or if the weights contradict the propensities.
    GoldRowsWarning
        If rows without a gold quality are left out for want of `judged_propensity`.
    PreferenceOnlyWarning
        If no row is gold, so that the judge's labels stand for quality.
    FewClustersWarning
        If `y` has fewer than 20 groups.
    UnavailableModelsWarning
        If the policy chooses models when they were not there, see `skroute.nuisance.Availability`.

    See Also
    --------
    evaluation_predictions : All that is predicted and estimated here, from X.
    sensitivity_bounds : If queries do not explain the log's choices.
    weight_diagnostics : Whether a few rows decide.
    policy_difference : Two policies on the same table, with a paired interval.

    Notes
    -----
    With importance weight :math:`w_i = \pi(t_i|x_i) / p_i` of the logged model :math:`t_i`, its
    utility :math:`r_i`, prediction :math:`q_i` for it and :math:`d_i = \sum_k \pi(k|x_i)
    \hat q_k(x_i)`, the estimates are

    - "dm": mean of :math:`d`; its error says nothing about errors of the predictions;
    - "ips": mean of :math:`w r` (Horvitz and Thompson);
    - "snips": :math:`\sum w r / \sum w` [2]_;
    - "dr": mean of :math:`d + w (r - q)` [1]_;
    - "sndr": mean of :math:`d`, plus :math:`\sum w (r - q) / \sum w`;
    - "switch-dr": "dr" without the correction where w exceeds the threshold [3]_;
    - "dros": "dr" with :math:`w s / (w^2 + s)` in place of w [4]_.

    "switch-dr" and "dros" trade bias for variance, and their intervals leave out the bias. A
    parameter that is not given is picked from a grid by estimated variance plus the square of an
    upper bound on the bias, so that it shrinks only what is safe to shrink.

    **Which one.** "sndr" with predictions: it is right if either the propensities or the
    predictions are, and one large weight does not move it far. "snips" where there are none. "ips"
    and "dr" are unbiased with known propensities, at more variance. "switch-dr" and "dros" are for
    ranking policies where overlap is poor, and not for intervals. "dm" needs no propensities, and
    nothing checks its predictions.

    **Assumptions.** Given the query, the log's choice has nothing to do with how good the answer
    would be (no hidden confounding). Every model that the policy chooses had a chance there
    (overlap). Queries and models stay as they were; with a column `time` models may come and go,
    and the value is that of the time in which all chosen ones were there. Where some answers were
    not judged, or not by gold, query and model explain which: then the weight :math:`w_i` is
    divided by `judged_propensity`, and the other rows count by their queries, costs and the judge's
    labels. A quality that is missing because it was bad cannot be corrected for, by this or by
    anything else that sees the log alone.

    **Errors.** Row weights multiply every mean and sum, so integer weights give the value of
    repeated rows. They are taken as fixed, as are propensities and predictions. The standard error
    is a jackknife: the estimate with each cluster (group, or row where there are no groups) left
    out. For a plain mean this is the usual error. It is NaN where a single cluster has all the
    weight. Where not every row is judged, one more judged row is counted, whose residual is as
    large as those of all judged rows are in the mean square, if that is more than of those which
    the policy agrees with: half a dozen labels may all happen to be good. "normal" is value plus or
    minus it times a t quantile [6]_, whose `degrees_of_freedom` are the effective number of
    clusters, by their shares of all weight, less one; of a sum of means and ratios they are
    averaged harmonically, by what each adds to the
    variance. "bootstrap" takes percentiles of 2,000 resamples of the clusters with a fixed seed, so
    that results repeat; a resample in which "snips" has no weight at all is left out. "block"
    resamples blocks of rows that follow each other by the column `time`, for rows that resemble
    their neighbours [7]_; groups are not kept together. "bernstein" is the empirical Bernstein
    bound [5]_ on the influences; it is wide, and the range that it needs is that of the rows seen.
    ``benchmarks/policy_value_coverage.py`` measures coverage.

    References
    ----------
    .. [1] Dudik, Erhan, Langford, Li, *Doubly Robust Policy Evaluation and Optimization*,
       Statistical Science 2014, section 3.
    .. [2] Swaminathan, Joachims, *The Self-Normalized Estimator for Counterfactual Learning*,
       NeurIPS 2015.
    .. [3] Wang, Agarwal, Dudik, *Optimal and Adaptive Off-policy Evaluation in Contextual
       Bandits*, ICML 2017, section 4.
    .. [4] Su, Dimakopoulou, Krishnamurthy, Dudik, *Doubly Robust Off-policy Evaluation with
       Shrinkage*, ICML 2020, arXiv 1907.09623, section 4.
    .. [5] Maurer, Pontil, *Empirical Bernstein Bounds and Sample Variance Penalization*, COLT
       2009, theorem 4.
    .. [6] Bell, McCaffrey, *Bias Reduction in Standard Errors for Linear Regression with
       Multi-Stage Samples*, Survey Methodology 2002, on degrees of freedom of few clusters.
    .. [7] Politis, Romano, *A Circular Block-Resampling Procedure for Stationary Data*, in
       Exploring the Limits of Bootstrap, Wiley 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from skroute import logged_feedback
    >>> from skroute.metrics import policy_value
    >>> rng = np.random.default_rng(0)
    >>> model = rng.choice(["large", "small"], 500, p=[0.3, 0.7])
    >>> quality = np.where(model == "large", 0.8, 0.6) + rng.normal(0, 0.1, 500)
    >>> y = logged_feedback(model, quality, propensity=np.where(model == "large", 0.3, 0.7))
    >>> result = policy_value(y, np.full(500, "large"))
    >>> print(f"{result.value:.3f} +/- {result.standard_error:.3f} ({result.method})")
    0.789 +/- 0.008 (snips)
    >>> bool(result.low < 0.8 < result.high)
    True
    """
    parameters = {"shrinkage": shrinkage, "switch_threshold": switch_threshold}
    options = Options(cost_sensitivity, method, interval, confidence, block_length, parameters)
    table = read_table(
        y,
        cost_sensitivity=cost_sensitivity,
        predicted_quality=predicted_quality,
        predicted_cost=predicted_cost,
        predicted_preference=predicted_preference,
        models=models,
        propensity=propensity,
        judged_propensity=judged_propensity,
    )
    (assessment,) = assess_all(table, [policy], options, ["policy"])
    assessment.warn_if_poor("policy")
    return summarize(assessment)


def summarize(assessment: Assessment) -> PolicyValue:
    """Return the value of an assessed policy with all that describes it."""
    table, options = assessment.table, assessment.options
    inference = infer(assessment.utility, table, options)
    size, largest, mean = assessment.overlap()
    cost = assessment.cost
    return PolicyValue(
        value=inference.value,
        standard_error=inference.standard_error,
        low=inference.low,
        high=inference.high,
        degrees_of_freedom=inference.degrees_of_freedom,
        effective_sample_size=size,
        largest_weight=largest,
        mean_weight=mean,
        mean_quality=assessment.quality.value(table.weight),
        mean_cost=np.nan if cost is None else cost.value(table.weight),
        method=assessment.method,
        **assessment.parameters,
        n_rows=len(table.counted),
        n_rows_used=len(table.feedback),
        n_scored=int(table.scored.sum()),
        n_clusters=inference.n_clusters,
        interval=options.interval,
        confidence=float(options.confidence),
        share_unavailable=assessment.unavailable,
    )
