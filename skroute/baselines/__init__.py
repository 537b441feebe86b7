"""Routers to beat: simple policies with the same `y`, keywords and `score` as `CausalRouter`.

=================  =========================================================================
BestFixedModel     the one model of the highest mean utility, for every query
RandomRouter       a random model for every query, the same one whenever it comes again
RegressAndCompare  a regression per model for quality and cost; the highest prediction wins
KNeighborsRouter   the same with the mean of each model's nearest logged queries
ThresholdRouter    two models; the strong one for a set share of the queries
=================  =========================================================================
"""

from ._fixed import BestFixedModel
from ._neighbors import KNeighborsRouter
from ._random import RandomRouter
from ._regression import RegressAndCompare
from ._threshold import ThresholdRouter

__all__ = [
    "BestFixedModel",
    "KNeighborsRouter",
    "RandomRouter",
    "RegressAndCompare",
    "ThresholdRouter",
]
