"""How strong hidden reasons for the log's choices would have to be to undo a gain."""

from __future__ import annotations

import math

import numpy as np

from ..metrics import flip_gamma
from ._facts import Facts
from ._notes import Notes


def hidden_reasons(facts: Facts) -> str:
    """Say in a sentence what hidden reasons could do; empty where there is nothing to undo.

    That is on full feedback, where the difference is not told from chance, or where the log did
    not explore, so that it is extrapolated anyhow. Where nothing bounds it, a note says why.
    """
    gain = facts.differences[facts.router.name]
    if not (facts.logged and facts.explored) or not (gain.low > 0 or gain.high < 0):
        return ""
    feedback, word = facts.feedback, "gain" if gain.value > 0 else "loss"
    if not np.isnan(feedback.propensity[feedback.weight > 0]).any():
        return (
            "The log's choices were drawn with recorded probabilities, so that nothing hidden "
            f"behind them can feign this {word}."
        )
    notes, policies = Notes(), facts.policies
    try:
        gamma = notes.hear(
            flip_gamma,
            feedback,
            policies[facts.router.name],
            policies[facts.reference],
            cost_sensitivity=facts.cost_sensitivity,
            **facts.known,
        )
    except ValueError as error:
        facts.notes.append(f"What hidden reasons for the log's choices could do is open: {error}")
        return ""
    if math.isinf(gamma):
        return f"No hidden reason for the log's choices, however strong, could undo this {word}."
    return (
        f"For this {word} to vanish, something that queries do not show would have to make the "
        f"log's choices {gamma:.2f} times as likely (in odds), or as unlikely, as queries tell."
    )
