"""What routers are given, checked: queries, and the table that `fit` learns from."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_consistent_length, validate_data

from .._utils import check_cost_sensitivity, check_sample_weight, listed, warn
from ..feedback import Feedback, read_feedback, require_judged
from ..history import Move, at_present, find_moves, say_move
from ..metrics import TrainingQueries
from ..nuisance import Availability

_FLOATS = (np.float64, np.float32)


class UnjudgedModelsWarning(UserWarning):
    """No answer of some models was ever judged.

    Attributes
    ----------
    models : tuple of str
    """

    def __init__(self, models: tuple[str, ...]) -> None:
        super().__init__(
            f"No answer of the models {list(models)} was ever judged (column 'quality' is NaN). "
            "Their quality is taken to be that of the other models. Have some answers judged, or "
            "leave their rows out."
        )
        self.models = models

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.models,)


class GoneModelsWarning(UserWarning):
    """Some models were not seen lately, so that the router does not choose them by itself.

    Attributes
    ----------
    models : tuple of str
    """

    def __init__(self, models: tuple[str, ...]) -> None:
        which, they = ("model", "is") if len(models) == 1 else ("models", "are")
        super().__init__(
            f"The {which} {listed(map(repr, models))} {they} taken to be gone: by the column "
            "'time' the newest rows show none of them, against their rate before, so that the "
            "router does not choose them. Where they can still be called, pass "
            "include= to predict, or take them out of left_out_."
        )
        self.models = models

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.models,)


class MovedModelsWarning(UserWarning):
    """The cost or quality of some models moved, so that earlier rows are taken at today's level.

    Attributes
    ----------
    moves : tuple of Move
    """

    def __init__(self, moves: tuple[Move, ...]) -> None:
        said = " ".join(map(say_move, moves))
        super().__init__(
            f"{said} The router learns from earlier rows as if they were of today's level; leave "
            "out the column 'time' for one that takes all rows alike."
        )
        self.moves = moves

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.moves,)


def read_queries(router: Any, X: Any) -> np.ndarray:
    """Check X against what a router was fitted on; return an array (n, d).

    The checks of scikit-learn take longer than the routing of one query. Where a single look shows
    that they would find nothing, they are left out.
    """
    plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype in _FLOATS and len(X) > 0
    if plain and X.shape[1] == router.n_features_in_ and not hasattr(router, "feature_names_in_"):
        with np.errstate(over="ignore", invalid="ignore"):
            total = X.sum()
        if np.isfinite(total):
            return X
    return validate_data(router, X, dtype=_FLOATS, reset=False)


def read_fit_input(router: Any, X: Any, y: Any, sample_weight: Any) -> tuple[np.ndarray, Feedback]:
    """Check what `fit` was given; return X (n, d) and the table, its weights multiplied.

    Where costs or qualities of models moved over time, they are those of today in all rows. Sets
    what every fitted router has: ``classes_``, ``gone_``, ``moves_``, ``left_out_`` (models that
    are gone or have prior rows alone, unless the router reads these; mostly empty) and
    ``training_queries_``, beside the attributes of `validate_data`.
    """
    check_cost_sensitivity(router.cost_sensitivity)
    X = validate_data(router, X, dtype=_FLOATS)
    feedback = read_feedback(y)
    check_consistent_length(X, feedback.quality)
    feedback = feedback.reweighted(check_sample_weight(sample_weight, len(X)))
    if not feedback.weight.any():
        raise ValueError("sample_weight and the column 'weight' leave no row with a weight above 0")
    if feedback.n_models < 2:
        raise ValueError(
            f"y shows one model only ({feedback.classes.tolist()[0]!r}, 1 class), so there is "
            "nothing to choose. Log at least two models."
        )
    require_judged(feedback)
    _warn_of_unjudged_models(feedback)
    preference = feedback.judged & ~feedback.gold
    if preference.any() and getattr(router, "bias_correction", None) is None:
        message = (
            f"{np.count_nonzero(preference)} of {len(feedback)} rows have a preference-based "
            f"quality, which {type(router).__name__} takes as if it were gold. Correct its bias "
            "(bias_correction=DRBiasCorrector() of CausalRouter), or leave these rows out."
        )
        warn(UserWarning(message))
    router.classes_ = feedback.classes
    router.gone_ = _gone(feedback)
    router.left_out_ = np.concatenate([_without_traffic(router, feedback), router.gone_])
    queries = router._query_columns(X)
    router.training_queries_ = TrainingQueries.of(queries)
    router.moves_ = find_moves(queries, feedback)
    if router.moves_:
        warn(MovedModelsWarning(router.moves_))
    return X, at_present(feedback, router.moves_)


def _without_traffic(router: Any, feedback: Feedback) -> np.ndarray:
    """Return the labels of models that have prior rows alone, which most routers do not read."""
    if feedback.prior is None or router._reads_prior:
        return feedback.classes[:0]
    seen = np.bincount(feedback.action, feedback.weight, feedback.n_models) > 0
    told = np.bincount(feedback.action, feedback.prior, feedback.n_models) > 0
    models = feedback.classes[told & ~seen]
    if len(models):
        message = (
            f"{type(router).__name__} does not read prior rows, so that the models "
            f"{[str(label) for label in models]}, which have no others, are left out. CausalRouter "
            "reads them."
        )
        warn(UserWarning(message))
    return models


def _gone(feedback: Feedback) -> np.ndarray:
    """Return the labels of models that are gone at the end of the log, with a warning."""
    models = feedback.classes[Availability.of(feedback).gone]
    if len(models):
        warn(GoneModelsWarning(tuple(str(label) for label in models)))
    return models


def _warn_of_unjudged_models(feedback: Feedback) -> None:
    if feedback.action is None or feedback.judged.all():
        return
    seen, judged = (
        np.bincount(feedback.action, table.weight, feedback.n_models)
        for table in (feedback, feedback.judged_only())
    )
    if ((seen > 0) & (judged == 0)).any():
        models = tuple(str(label) for label in feedback.classes[(seen > 0) & (judged == 0)])
        warn(UnjudgedModelsWarning(models))
