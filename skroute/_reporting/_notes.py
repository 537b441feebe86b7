"""What to be careful about, in words."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .._utils import as_share, listed
from ..feedback import Feedback
from ..metrics import MIN_ESTIMATED_PROPENSITY, PolicyValue, TrainingLogWarning
from ..nuisance import OverlapWarning


class Notes:
    """Warnings as sentences: heard while working, not raised, each kept once.

    What a note says is in the attributes of its warning; no sentence is taken apart.
    """

    def __init__(self) -> None:
        self.words: list[str] = []
        # Notes about policies of which the log says little, by the name of the policy.
        self.poor: dict[str, str] = {}
        self.kinds: set[type[Warning]] = set()

    def hear(
        self, work: Callable[..., Any], *arguments: Any, called: str = "", **options: Any
    ) -> Any:
        """Do some work and note what it warns of; `called` is what it is about."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = work(*arguments, **options)
        for entry in caught:
            warning = entry.message
            self.kinds.add(entry.category)
            if isinstance(warning, TrainingLogWarning):
                self.add(f"Not held out. {warning}")
            elif isinstance(warning, OverlapWarning) and warning.policy is not None:
                note = OverlapWarning.about_policy(called or warning.policy, warning.reasons)
                self.poor[called or warning.policy] = str(note)
                self.add(str(note))
            elif isinstance(warning, OverlapWarning):
                self.add(f"{called}: {warning}" if called else str(warning))
            elif isinstance(warning, UserWarning):
                self.add(str(warning))
            else:
                warnings.warn_explicit(str(warning), entry.category, entry.filename, entry.lineno)
        return result

    def add(self, words: str) -> None:
        if words not in self.words:
            self.words.append(words)

    def about_fixed(self, heard: Notes, n_models: int) -> None:
        """Say in one note what was heard of the fixed models."""
        if len(heard.poor) > 1:
            self.add(
                f"The log says little about {len(heard.poor)} of {n_models} fixed models: "
                f"{', '.join(heard.poor)}. Their intervals may be too narrow."
            )
        for words in heard.words:
            if len(heard.poor) == 1 or words not in heard.poor.values():
                self.add(words)

    def about_table(
        self,
        feedback: Feedback,
        value: PolicyValue,
        unknown: list[str],
        share_clipped: float,
        costs_told: bool = False,
    ) -> None:
        """Note what of a table, in the order of the router's models, limits what can be said.

        `value` is that of any policy on it. The router does not know the models `unknown`, and of a
        share of the rows the estimated propensity was raised to the least that is allowed.
        `costs_told`: that a log has none was said.
        """
        if value.n_scored < value.n_rows_used:
            self.add(
                f"Only {value.n_scored:,} of {value.n_rows_used:,} rows have a gold quality. "
                "Values are corrected for which have one, as far as queries and models tell."
            )
        if not feedback.cost.any() and not costs_told:
            what = "log" if feedback.logged else "table"
            self.add(f"The {what} has no costs: every answer counts as free.")
        if not feedback.logged:
            return
        other = np.count_nonzero(feedback.action < 0)
        if other:
            self.add(
                f"{other:,} rows show models that the router does not know: {listed(unknown)}. "
                "It never chooses them."
            )
        estimated = np.isnan(feedback.propensity) & (feedback.action >= 0)
        if not estimated.any():
            return
        words = (
            f"{as_share(estimated.mean())} of the rows have no recorded propensity. It was "
            "estimated: values are right only as far as queries tell why the log chose as it did."
        )
        if share_clipped > 0:
            words += (
                f" {as_share(share_clipped, 1)} of all rows were clipped: they were raised to "
                f"{MIN_ESTIMATED_PROPENSITY:g}."
            )
        self.add(words)

    def about_excluded(self, excluded: np.ndarray, models: list[str]) -> None:
        """Note which models must not be chosen, (n, K), and what follows for fixed models."""
        count = dict(zip(models, excluded.sum(axis=0).tolist(), strict=True))
        everywhere = [model for model, n in count.items() if n == len(excluded)]
        partly = [f"{model} ({n:,} queries)" for model, n in count.items() if 0 < n < len(excluded)]
        if everywhere:
            self.add(
                f"Excluded, so that neither the router nor a fixed policy chooses them: "
                f"{', '.join(everywhere)}."
            )
        if partly:
            self.add(
                f"Excluded for some queries: {', '.join(partly)}. The router does not choose them "
                "there; the policy that always chooses one of them does."
            )
