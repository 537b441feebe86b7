"""What a log is valued by: predictions and propensities that know nothing of any policy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_array, check_consistent_length

from ..feedback import read_feedback
from ._evaluator import PolicyEvaluator
from ._policies import read_models


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
        Where not every row has a gold quality, ``judged_propensity`` (n,), the probability that it
        has, given query and model, and, if the judge's label of every row is known,
        ``predicted_preference`` (n, K).

    Raises
    ------
    ValueError
        If X is not a finite numeric matrix or lengths differ.

    Warns
    -----
    NoExplorationWarning
        If the log did not explore, so that other choices cannot be valued.
    PreferenceOnlyWarning
        If no row has a gold quality.

    See Also
    --------
    policy_value : The value of a policy.

    Notes
    -----
    Nothing depends on a policy or a router. The outcome models are `skroute.nuisance.JointOutcome`
    in five folds that keep the groups of `y` together. Of more than 10,000 rows with a gold
    quality, or of those without one, so many, evenly of all models, teach them, and all others are
    predicted by what these taught. Where some rows are gold and others were
    labelled by a judge, gold quality is a line through the predicted label plus an outcome model of
    what that leaves; rows that nobody judged teach cost and propensities. Estimated propensities
    are at least 0.01, recorded ones are returned as they are; a row of weight 0 has 1.

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
    if feedback.logged or not feedback.gold.all():
        X = check_array(X, dtype=(np.float64, np.float32))
    table = PolicyEvaluator.of(X, feedback, classes).table
    if not feedback.logged and table.all_scored:
        return {"models": classes}
    shape = (len(feedback), len(classes))
    parts = {
        "predicted_quality": (table.quality, np.zeros(shape)),
        "predicted_cost": (table.cost if feedback.logged else None, np.zeros(shape)),
        "predicted_preference": (table.preference, np.zeros(shape)),
        "propensity": (table.propensity, np.ones(len(feedback))),
        "judged_propensity": (table.judged_propensity, np.ones(len(feedback))),
    }
    predictions = {"models": classes}
    for name, (part, whole) in parts.items():
        if part is not None:
            whole[table.rows] = part
            predictions[name] = whole
    return predictions
