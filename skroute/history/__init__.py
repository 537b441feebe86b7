"""What happened to a log over time, by the column `time` of `y`.

====================  =======================================================================
log_history           models that appeared or are gone, costs and qualities that moved, queries
                      that changed, as a `LogHistory`
LogHistory            these facts, and ``sentences`` that say them
Sighting, Move        one model that appeared or is gone; one cost or quality that moved
QueryDrift            how well new queries are told from old ones
find_moves            costs and qualities that moved, for a checked table
say_move, as_moment   one of them, and a moment of a log, in words
at_present            such a table with earlier costs and qualities at their level of today
====================  =======================================================================
"""

from ._drift import QueryDrift
from ._history import LogHistory, Sighting, log_history
from ._moves import Move, at_present, find_moves
from ._words import as_moment, say_move

__all__ = [
    "LogHistory",
    "Move",
    "QueryDrift",
    "Sighting",
    "as_moment",
    "at_present",
    "find_moves",
    "log_history",
    "say_move",
]
