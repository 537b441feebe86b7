from skroute._cli._output import short_name


def test_names_are_shown_without_their_vendor():
    assert short_name("meta/code-llama:34b") == "code-llama:34b"
    assert short_name("gpt-4") == "gpt-4"
