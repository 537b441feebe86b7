"""What to be careful about, in words."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..feedback import Feedback
from ..metrics import MIN_ESTIMATED_PROPENSITY, PolicyValue, TrainingLogWarning
from ..nuisance import OverlapWarning


class Notes:
    """Warnings in words: heard while working, not raised, each kept once."""

    def __init__(self) -> None:
        self.words: list[str] = []
        # Policies that the log says little about.
        self.poor: list[str] = []

    def hear(
        self, work: Callable[..., Any], *arguments: Any, called: str = "", **options: Any
    ) -> Any:
        """Do some work and note what it warns of; `called` is the policy that it is about."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = work(*arguments, **options)
        for entry in caught:
            words = str(entry.message)
            if not issubclass(entry.category, UserWarning):
                warnings.warn_explicit(words, entry.category, entry.filename, entry.lineno)
            elif issubclass(entry.category, TrainingLogWarning):
                self.add(f"Not held out. {words}")
            elif issubclass(entry.category, OverlapWarning) and called:
                self.poor.append(called)
                self.add(words.replace("about policy:", f"about {called}:"))
            elif issubclass(entry.category, OverlapWarning):
                self.add(f"In training: {words}")
            else:
                self.add(words)
        return result

    def add(self, words: str) -> None:
        if words not in self.words:
            self.words.append(words)

    def about_fixed(self, heard: Notes, n_models: int) -> None:
        """Say in one note what was heard of the fixed models."""
        names = list(dict.fromkeys(heard.poor))
        if len(names) > 1:
            self.add(
                f"The log says little about {len(names)} of {n_models} fixed models: "
                f"{', '.join(names)}. Their intervals may be too narrow."
            )
        for words in heard.words:
            if len(names) == 1 or not words.startswith("The log says little"):
                self.add(words)

    def about_table(
        self,
        feedback: Feedback,
        values: dict[str, PolicyValue],
        labels: list[str],
        clipped: float,
    ) -> None:
        """Note what of a table limits what can be said."""
        first = next(iter(values.values()))
        if first.gold_only:
            self.add(
                f"Only {first.n_rows_used:,} of {first.n_rows:,} rows have a gold quality; values "
                "rest on these alone."
            )
        if not feedback.cost.any():
            self.add("The table has no costs: every answer counts as free.")
        if not feedback.logged:
            return
        other = np.count_nonzero(feedback.action < 0)
        if other:
            names = sorted(set(labels) - {str(label) for label in feedback.classes})
            self.add(
                f"{other:,} rows show models that the router does not know: {', '.join(names)}. "
                "It never chooses them."
            )
        estimated = np.isnan(feedback.propensity) & (feedback.action >= 0)
        if not estimated.any():
            return
        words = (
            f"{estimated.mean():.0%} of the rows have no recorded propensity. It was estimated: "
            "values are right only as far as queries tell why the log chose as it did."
        )
        if clipped > 0:
            words += (
                f" {clipped:.1%} of all rows were clipped: they were raised to "
                f"{MIN_ESTIMATED_PROPENSITY:g}."
            )
        self.add(words)
