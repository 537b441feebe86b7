"""How notes and errors call what is asked of the reader."""

import pytest

from skroute._logs import as_flags, read_log
from skroute._logs._options import named, option, setting


@pytest.mark.parametrize(
    ("name", "value", "python", "flag"),
    [
        ("aliases", "auto", "aliases='auto'", "--aliases auto"),
        ("aliases", None, "aliases=None", "--aliases none"),
        ("aliases", {"a b": "c"}, "aliases={'a b': 'c'}", "--aliases 'a b=c'"),
        ("columns", {"model": ...}, "columns={'model': ...}", "--columns model=..."),
        ("score", {"toxic": (1, 0)}, "score={'toxic': (1, 0)}", "--score toxic=1,0"),
        ("price_per_second", 0.5, "price_per_second=0.5", "--price-per-second 0.5"),
    ],
)
def test_python_says_keywords_and_the_command_flags(name, value, python, flag):
    assert setting(name, value) == python
    assert option(name) == f"{name}="
    assert named(name) == name
    with as_flags():
        assert setting(name, value) == flag
        assert option(name) == named(name) == flag.split()[0]
    assert setting(name, value) == python


def test_flags_are_said_by_notes_and_errors(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("model,query,score\na,Why?,1\nA,How?,0\n")
    assert any("aliases='auto'" in note for note in read_log(path).notes)
    with as_flags():
        notes = "\n".join(read_log(path).notes)
        assert "--aliases auto" in notes
        with pytest.raises(ValueError, match="--columns quality=stars: no record"):
            read_log(path, columns={"quality": "stars"})
    assert "=" not in notes
