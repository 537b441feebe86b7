import warnings

import pytest

from skroute._reporting._notes import Notes
from skroute.metrics import TrainingLogWarning
from skroute.nuisance import NoExplorationWarning, OverlapWarning


def say(*messages):
    for message in messages:
        warnings.warn(message, stacklevel=1)


def test_notes_go_by_attributes_whatever_the_words():
    notes = Notes()
    notes.hear(say, OverlapWarning("?!", policy="policy", reasons=("why",)), called="mine")
    notes.hear(say, OverlapWarning("?!", reasons=("rare",)), called="In training")
    notes.hear(say, NoExplorationWarning("rule"), TrainingLogWarning("seen"))
    notes.hear(say, UserWarning("other"), UserWarning("other"))
    poor, *others = notes.words
    assert poor.startswith("The log says little about mine: why.")
    assert notes.poor == {"mine": poor}
    assert others == ["In training: ?!", "rule", "Not held out. seen", "other"]
    assert NoExplorationWarning in notes.kinds


def test_what_is_said_of_several_fixed_models_is_one_note():
    heard, notes = Notes(), Notes()
    for name in ("a", "b"):
        warning = OverlapWarning("", policy="policy", reasons=("why",))
        heard.hear(say, warning, UserWarning("other"), called=name)
    notes.about_fixed(heard, 3)
    assert [note.split(".")[0] for note in notes.words] == [
        "The log says little about 2 of 3 fixed models: a, b",
        "other",
    ]


def test_warnings_that_are_not_for_users_are_passed_on():
    notes = Notes()
    with pytest.warns(DeprecationWarning, match="old"):
        notes.hear(say, DeprecationWarning("old"))
    assert notes.words == []
