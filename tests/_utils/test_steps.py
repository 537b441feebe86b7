"""Long work says what it does where it is asked to."""

import re

from skroute._utils import Steps


def test_lines_have_a_name_and_the_time(capsys):
    say = Steps("CausalRouter", 1)
    say("first")
    say.start -= 75
    say("second")
    first, second = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"\[CausalRouter +0\.\d s\] first", first)
    assert re.fullmatch(r"\[CausalRouter +75\.\d s\] second", second)


def test_it_is_silent_by_default(capsys):
    Steps("CausalRouter", 0)("first")
    assert capsys.readouterr().out == ""
