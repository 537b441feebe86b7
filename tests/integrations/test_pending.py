"""Decisions between the choice of a model and its answer."""

from skroute.integrations import Decision
from skroute.integrations._pending import Pending


def test_a_decision_is_taken_once_and_the_oldest_are_forgotten():
    pending, decisions = Pending(most=2), [Decision("small", "small") for _ in range(3)]
    for place, decision in enumerate(decisions):
        pending.put(place, decision)
    assert pending.take(decisions[0].id) is None
    assert pending.take(decisions[2].id) == (2, decisions[2])
    assert pending.take(decisions[2].id) is None
    assert pending.take(decisions[1].id) == (1, decisions[1])
