"""What was compared, as text."""

from skroute._cli._comparison import Comparison
from skroute._cli._held_out import Row
from skroute._cli._output import table


def test_models_of_two_providers_are_told_apart():
    models = ["openai/gpt-4o", "azure/gpt-4o", "meta/code-llama:34b"]
    rows = [Row("always", model, 1.0, 0.5, 0.1, 0.4, regret=0.1) for model in models]
    fixed = dict(zip(models, rows, strict=True))
    printed = table(Comparison(1.0, rows, fixed, {}, None, [], None, None))
    for name in ("always: openai/gpt-4o ", "always: azure/gpt-4o ", "always: code-llama:34b "):
        assert name in printed
