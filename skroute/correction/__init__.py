"""Correction of preference-based quality labels by the few gold ones beside them.

====================  ======================================================================
DRBiasCorrector       the corrector: transformer, and table in, corrected table out
bias_summary          where judge and gold disagree: by model and by group, with intervals
gold_learning_curve   what more gold labels would buy, from the labels there are
next_gold_rows        which rows to label next
FewGoldWarning        so few rows are gold that they tell little more than one constant
MissingGoldWarning    some models have no gold row
PriorModelsWarning    some models have no traffic, a benchmark stands in for it
====================  ======================================================================
"""

from ._corrector import DRBiasCorrector
from ._diagnostics import BiasSummary, GoldLearningCurve, bias_summary, gold_learning_curve
from ._estimate import can_compare
from ._next_gold import next_gold_rows
from ._prior import weigh_prior
from ._upstream import correct_by_columns, without_bias_columns
from ._warnings import FewGoldWarning, MissingGoldWarning, PriorModelsWarning

__all__ = [
    "BiasSummary",
    "DRBiasCorrector",
    "FewGoldWarning",
    "GoldLearningCurve",
    "MissingGoldWarning",
    "PriorModelsWarning",
    "bias_summary",
    "gold_learning_curve",
    "next_gold_rows",
]
