"""A router judged on its own log: choices for rows it has not seen, and what to value them by."""

from __future__ import annotations

from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import check_consistent_length

from .._utils import Steps, check_at_least, earliest, take_rows
from ..feedback import Feedback, read_feedback
from ._policy_labels import PolicyLabels
from ._tables import rows_that_count


def cross_val_policy(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    n_blocks: int = 5,
    burn_in: float = 1 / 3,
    n_jobs: int | None = None,
    random_state: Any = None,
    verbose: int = 0,
) -> PolicyLabels:
    """Return the models chosen by routers that were fitted on earlier rows of the same table.

    The rows are put in order. The first ones, the burn-in, are learned from and carry no label.
    The others are cut into blocks; each is chosen for by a router fitted on all rows before it. So
    a router can be valued on the log that it learns from, by intervals and tests that hold.

    Parameters
    ----------
    estimator : estimator
        A router, a pipeline that ends in one, or any estimator whose predictions are model labels.
        It is cloned.
    X : array-like of shape (n, ...)
        Queries, as `estimator` takes them.
    y : table of n rows
        Logged or full feedback, see `skroute.feedback`. The order is that of its column `time`, or
        random; rows of one `group` come together, at the time of the first of them.
    n_blocks : int, default=5
        Number of routers that are fitted. Fewer where there are too few groups.
    burn_in : float, default=1/3
        Share of the rows, in (0, 1), that carry no label; at least one group.
    n_jobs : int, default=None
        Processes; they do not change the result.
    random_state : int, RandomState instance or None, default=None
        Decides the order, or that of equal times.
    verbose : int, default=0
        Above 0 prints which router is being fitted, with the seconds since the start.

    Returns
    -------
    labels : PolicyLabels of n rows
        Goes straight into `policy_value` and `policy_difference`, which then rest on the rows that
        carry a label.

    Raises
    ------
    ValueError
        If `y` has a single group, lengths differ, or `n_blocks` or `burn_in` is not as described.

    See Also
    --------
    evaluation_predictions : What to value these choices by on a log.
    sklearn.model_selection.cross_val_score : One value a fold, by the same policy evaluator.

    Notes
    -----
    A router fitted on earlier rows does not depend on the rows that it is valued on, so the errors
    of the blocks add up as those of independent rows do, and the plain mean and its standard error
    over all blocks are right [1]_. Where each row is chosen for by a router fitted on all others,
    as in k-fold cross-validation, every row teaches the routers that judge the rest: where no model
    is better than another, a nominal 5 % test then finds a gain, or a loss, in 12 to 23 % of logs.
    The value is that of learning from a part of the log, two thirds of it on average, slightly less
    than that of `estimator` fitted on all rows. Time is that of `n_blocks` fits.

    References
    ----------
    .. [1] Luedtke, van der Laan, *Statistical inference for the mean outcome under a possibly
       non-unique optimal treatment strategy*, Annals of Statistics 2016, section 3.

    Examples
    --------
    >>> from skroute import CausalRouter
    >>> from skroute.datasets import make_routing_problem
    >>> from skroute.metrics import cross_val_policy, evaluation_predictions, policy_difference
    >>> problem = make_routing_problem(1500, n_models=3, random_state=0)
    >>> router = CausalRouter(cost_sensitivity=20.0, random_state=0)
    >>> labels = cross_val_policy(router, problem.X, problem.y, random_state=0)
    >>> labels
    PolicyLabels(1000 of 1500 rows, 5 blocks)
    >>> known = evaluation_predictions(problem.X, problem.y)
    >>> today = policy_difference(problem.y, labels, None, cost_sensitivity=20.0, **known)
    >>> today.low > 0
    True
    """
    feedback = read_feedback(y)
    check_consistent_length(X, feedback.quality)
    check_at_least(1, n_blocks=n_blocks)
    if not 0.0 < burn_in < 1.0:
        raise ValueError(f"burn_in must be a share of the rows in (0, 1), got {burn_in!r}")
    rows_that_count(feedback)  # warns as whatever values the choices does
    block = _forward_blocks(feedback, n_blocks, burn_in, check_random_state(random_state))
    X, y = indexable(X, y)
    numbers, announce = range(block.max() + 1), Steps("cross_val_policy", verbose)

    def choose(number: int) -> np.ndarray:
        train, held = np.flatnonzero(block < number), np.flatnonzero(block == number)
        announce(f"router {number + 1} of {len(numbers)}, on {len(train):,} rows")
        fitted = clone(estimator).fit(take_rows(X, train), take_rows(y, train))
        return np.asarray(fitted.predict(take_rows(X, held)))

    chosen = np.concatenate(Parallel(n_jobs=n_jobs)(delayed(choose)(number) for number in numbers))
    announce("done")
    label = np.full(len(block), chosen[0], dtype=chosen.dtype)
    label[np.concatenate([np.flatnonzero(block == number) for number in numbers])] = chosen
    return PolicyLabels(label, block)


def _forward_blocks(
    feedback: Feedback, n_blocks: int, burn_in: float, random_state: np.random.RandomState
) -> np.ndarray:
    """Return the block (n,) of each row, 0 to at most `n_blocks` - 1, and -1 in the burn-in."""
    group = np.arange(len(feedback)) if feedback.group is None else feedback.group
    _, code, size = np.unique(group, return_inverse=True, return_counts=True)
    if len(size) < 2:
        raise ValueError(
            "y has a single group, so that no row can be judged by a router that has not seen its "
            "group. Give rows of two or more groups."
        )
    order = random_state.permutation(len(size))
    if feedback.time is not None:
        first = earliest(feedback.time, code)
        order = order[np.argsort(first[order], kind="stable")]
    # A group is where its middle is, as a share of all rows.
    middle = (size[order].cumsum() - size[order] / 2) / len(feedback)
    block = np.floor((middle - burn_in) / (1.0 - burn_in) * n_blocks).clip(-1)
    block[0], block[-1] = -1, max(block[-1], 0)
    block_of_group = np.empty(len(size), dtype=np.intp)
    # Blocks that no group fell into are not counted.
    block_of_group[order] = np.unique(block, return_inverse=True)[1] - 1
    return block_of_group[code]
