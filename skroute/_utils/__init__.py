"""What every package shares and no user calls: checks of arguments, columns, folds, fits."""

from ._arguments import (
    check_cost_sensitivity,
    check_excluded,
    check_sample_weight,
    resolve_cost_sensitivity,
)
from ._atomic import atomic_fit, atomic_update
from ._columns import (
    as_flags,
    as_groups,
    as_matrix,
    as_numbers,
    bad_value,
    check_distinct,
    check_lengths,
    check_models,
    is_missing,
    raw,
    shorten,
)
from ._folds import Folds, make_folds, run_folds
from ._pipelines import SplitRouter, split_router
from ._versioned import InconsistentVersionWarning, VersionedMixin

__all__ = [
    "Folds",
    "InconsistentVersionWarning",
    "SplitRouter",
    "VersionedMixin",
    "as_flags",
    "as_groups",
    "as_matrix",
    "as_numbers",
    "atomic_fit",
    "atomic_update",
    "bad_value",
    "check_cost_sensitivity",
    "check_distinct",
    "check_excluded",
    "check_lengths",
    "check_models",
    "check_sample_weight",
    "is_missing",
    "make_folds",
    "raw",
    "resolve_cost_sensitivity",
    "run_folds",
    "shorten",
    "split_router",
]
