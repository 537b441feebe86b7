"""What the command says while it works."""

import pytest

from skroute._cli._progress import Progress


class FewWarning(UserWarning):
    pass


def said(capsys):
    return [line.partition("] ")[2] for line in capsys.readouterr().err.splitlines()]


def test_every_note_is_said_once(capsys):
    progress = Progress()
    for words in ("a\n b", "a b", "c"):
        progress.note(words)
    progress("working")
    assert said(capsys) == ["note: a b", "note: c", "working"]


def test_another_fit_repeats_no_kind_of_warning(capsys):
    progress = Progress()
    progress.note(FewWarning("only 3 rows"))
    progress.note(UserWarning("plain"))
    with progress.again():
        progress.note(FewWarning("only 5 rows"))
        progress.note(UserWarning("another"))
    progress.note(FewWarning("only 7 rows"))
    assert said(capsys) == [
        "note: only 3 rows",
        "note: plain",
        "note: another",
        "note: only 7 rows",
    ]


@pytest.mark.parametrize("say", [Progress.__call__, Progress.note])
def test_what_cannot_be_seen_is_escaped(capsys, say):
    say(Progress(), "model \x1b[31mred")
    assert capsys.readouterr().err.rstrip().endswith(r"model \x1b[31mred")
