"""A router judged on its own log: choices for rows it has not seen, and what to value them by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import cross_val_predict
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_consistent_length

from .._utils import make_folds
from ..feedback import read_feedback
from ._evaluator import PolicyEvaluator
from ._policies import read_models
from ._tables import rows_that_count


def cross_val_policy(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> np.ndarray:
    """Return for every row the model chosen by a router that was fitted without that row.

    A router that is valued on the rows it was fitted on is flattered. These choices are not, so
    that the whole log can be used twice.

    Parameters
    ----------
    estimator : estimator
        A router, a pipeline that ends in one, or any estimator whose predictions are model labels.
        It is cloned.
    X : array-like of shape (n, ...)
        Queries, as `estimator` takes them.
    y : table of n rows
        Logged or full feedback, see `skroute.feedback`.
    cv : int, splitter or iterable of splits, default=5
        An int gives folds that are shuffled by `random_state`, keep the groups of `y` together and
        spread the logged models evenly. A splitter that needs groups gets those of `y`.
    n_jobs : int, default=None
        Processes; they do not change the result.
    random_state : int, RandomState instance or None, default=None
        Decides the folds.

    Returns
    -------
    label : ndarray of shape (n,)
        Goes straight into `policy_value` and `policy_difference`.

    Raises
    ------
    ValueError
        If `y` has a single group, or `cv` does not hold out every row exactly once.

    See Also
    --------
    evaluation_predictions : What to value these choices by on a log.
    sklearn.model_selection.cross_val_score : One value a fold, by the same policy evaluator.

    Notes
    -----
    Each row is chosen for by one of `cv` routers, each fitted on a part of the log: the value is
    that of learning from such a part, slightly less than that of `estimator` fitted on all rows.
    An interval of `policy_value` takes the choices as given. Time is that of `cv` fits.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.metrics import cross_val_policy, evaluation_predictions, policy_difference
    >>> problem = make_routing_problem(1500, n_models=3, random_state=0)
    >>> router = CausalRouter(cost_sensitivity=20.0, random_state=0)
    >>> label = cross_val_policy(router, problem.X, problem.y, random_state=0)
    >>> known = evaluation_predictions(problem.X, problem.y)
    >>> today = policy_difference(problem.y, label, None, cost_sensitivity=20.0, **known)
    >>> today.low > 0
    True
    """
    feedback = read_feedback(y)
    check_consistent_length(X, feedback.quality)
    rows_that_count(feedback)  # warns as whatever values the choices does
    stratum = feedback.action if feedback.logged else feedback.quality.argmax(axis=1)
    folds = make_folds(cv, X, stratum, feedback.group, check_random_state(random_state))
    if any(len(np.intersect1d(train, held)) for train, held in folds):
        raise ValueError(
            "cv trains on rows that it holds out (y with a single group leaves no other way): no "
            "row can be judged by a router that has not seen it. Give rows of two or more groups."
        )
    return cross_val_predict(estimator, X, y, cv=folds, n_jobs=n_jobs)


def evaluation_predictions(
    X: ArrayLike, y: Any, *, models: ArrayLike | None = None
) -> dict[str, np.ndarray]:
    """Return what a log is valued by in routers' `score`: cross-fitted outcomes and propensities.

    With these, `policy_value` gives the score with its error and interval.

    Parameters
    ----------
    X : array-like of shape (n, d)
        Numbers that describe the queries, such as embeddings of their text.
    y : table of n rows
        Logged or full feedback, see `skroute.feedback`.
    models : array-like of shape (K,), default=None
        Labels that policies can choose, such as ``classes_`` of a router. None: those in `y`.

    Returns
    -------
    predictions : dict
        Keyword arguments of `policy_value`, `policy_difference` and `cost_quality_curve`:
        ``models`` (K,), and on a log ``predicted_quality`` and ``predicted_cost``, (n, K) each,
        from models that have not seen the row, and ``propensity`` (n,), recorded or estimated.

    Raises
    ------
    ValueError
        If X is not a finite numeric matrix or lengths differ.

    See Also
    --------
    policy_value : The value of a policy.

    Notes
    -----
    Nothing depends on a policy or a router. The outcome models are `skroute.nuisance.JointOutcome`
    in five folds that keep the groups of `y` together; where some rows are gold and some are not,
    they learn from gold rows only. Estimated propensities are at least 0.01, recorded ones are
    returned as they are; a row that the value does not rest on has 1.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.metrics import evaluation_predictions, policy_value
    >>> problem = make_routing_problem(1000, n_models=3, random_state=0)
    >>> test = problem.draw(500, random_state=1)
    >>> router = CausalRouter(random_state=0).fit(problem.X, problem.y)
    >>> known = evaluation_predictions(test.X, test.y, models=router.classes_)
    >>> result = policy_value(test.y, router.predict(test.X), **known)
    >>> bool(abs(result.value - router.score(test.X, test.y)) < 1e-9)
    True
    """
    feedback = read_feedback(y)
    check_consistent_length(X, feedback.quality)
    classes = read_models(models, feedback.classes)
    if feedback.logged:
        X = check_array(X, dtype=(np.float64, np.float32))
    table = PolicyEvaluator.of(X, feedback, classes).table
    if not feedback.logged:
        return {"models": classes}
    quality, cost = np.zeros((2, len(feedback), len(classes)))
    propensity = np.ones(len(feedback))
    quality[table.rows], cost[table.rows] = table.quality, table.cost
    propensity[table.rows] = table.propensity
    return {
        "models": classes,
        "predicted_quality": quality,
        "predicted_cost": cost,
        "propensity": propensity,
    }
