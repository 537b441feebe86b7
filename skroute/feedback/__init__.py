"""The target ``y`` of every estimator: a table of feedback, one row per query.

Builders make such tables; DataFrames with the same columns do as well. `read_feedback` is the
one place where a table is turned into plain arrays and checked.

===============  ===========================================================================
logged feedback  ``model``, ``quality``; optional ``cost``, ``propensity``, ``gold``,
                 ``preference``, ``prior``, ``group``, ``weight``, ``time``. Each row shows the
                 one model that answered. Its quality is NaN where the answer was never judged.
full feedback    ``quality`` and ``cost`` for every model: nested records in a structured
                 array, or columns ``quality:<model>`` and ``cost:<model>`` in a DataFrame;
                 optional ``gold``, ``group``, ``weight``, ``time``.
labels           a 1-D array of class labels, read as full feedback: quality 1 for the label
                 and 0 for the rest.
===============  ===========================================================================

Not every model scored on every query is logged feedback, a row for each score: `partly_scored`.
"""

from ._builders import full_feedback, gain_feedback, logged_feedback
from ._columns import ROW_COLUMNS, as_matrix, row_column_names
from ._feedback import Feedback, require_judged
from ._labels import encode_labels, index_of, numbered_models, positions
from ._partly_scored import PartlyScored, UnscoredQueriesWarning, partly_scored
from ._reader import read_feedback, row_columns
from ._writer import with_quality

__all__ = [
    "Feedback",
    "PartlyScored",
    "UnscoredQueriesWarning",
    "full_feedback",
    "gain_feedback",
    "logged_feedback",
    "partly_scored",
    "read_feedback",
]
