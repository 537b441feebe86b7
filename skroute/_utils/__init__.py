"""What all packages share: arguments, columns, folds, fits; numbers and names as they are shown."""

from ._arguments import (
    check_at_least,
    check_cost_sensitivity,
    check_sample_weight,
    resolve_cost_sensitivity,
)
from ._atomic import atomic_fit, atomic_update
from ._columns import (
    as_column,
    as_flags,
    as_groups,
    as_numbers,
    check_distinct,
    check_lengths,
    is_missing,
    refuse_rows,
    short_repr,
    value_error,
)
from ._display import ShortRepr, describe
from ._documented import DocumentedMixin
from ._folds import Folds, earliest, make_folds, out_of_fold, take_rows
from ._hashing import scramble
from ._names import listed, printable, short_labels, short_names, shorten
from ._numbers import (
    NOT_KNOWN,
    QUERIES,
    as_digits,
    as_dollars,
    as_interval,
    as_number,
    as_points,
    as_share,
    per_thousand,
)
from ._pipelines import SplitRouter, load_saved, split_router
from ._steps import Steps
from ._texts import TextSVD, as_texts
from ._versioned import InconsistentVersionWarning, VersionedMixin
from ._warnings import warn
