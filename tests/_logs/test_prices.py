"""Price lists."""

import json
import sys

import pytest

from skroute._logs._prices import Price, PriceList, read_prices

LITELLM = {
    "sample_spec": {"max_tokens": 1},
    "gpt-4o": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05, "mode": "chat"},
    "azure/gpt-4o": {"input_cost_per_token": "2.5e-06", "output_cost_per_token": 1.1e-05},
    "embed": {"input_cost_per_token": 1e-08},
    "free": {"input_cost_per_token": 0, "output_cost_per_token": 0.0},
}


def test_both_kinds_of_entries_are_read():
    prices = read_prices({"small": (1e-6, 2e-6), "large": [1e-5, 0], **LITELLM})
    assert prices.by_name == {
        "small": Price(1e-6, 2e-6),
        "large": Price(1e-5, 0),
        "gpt-4o": Price(2.5e-6, 1e-5),
        "azure/gpt-4o": Price(2.5e-6, 1.1e-5),
        "free": Price(0, 0),
    }
    assert prices.source == "the prices given"


def test_prices_of_a_file(tmp_path):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"small": [1e-6, 2e-6]}), encoding="utf-8-sig")
    for given in (path, str(path)):
        prices = read_prices(given)
        assert prices.by_name == {"small": Price(1e-6, 2e-6)}
        assert prices.source == "prices.json"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["gpt-4o"], "gpt-4o"),
        (["azure/gpt-4o"], "azure/gpt-4o"),
        (["mine", "gpt-4o"], "gpt-4o"),
        (["openai/gpt-4o"], "gpt-4o"),
        (["router/azure/gpt-4o"], "azure/gpt-4o"),
        (["GPT-4o-Mini"], "openai/gpt-4o-mini"),
        (["x/gpt-4o-mini"], "openai/gpt-4o-mini"),
        (["llama"], None),  # two prices
        (["same"], "a/same"),  # two names of one price
        (["gpt-4o-2024-08-06"], None),
        (["gpt"], None),
    ],
)
def test_names_are_found_exactly_else_without_prefix(names, found):
    one, two = Price(1e-6, 1e-6), Price(2e-6, 2e-6)
    prices = PriceList(
        {
            "gpt-4o": one,
            "azure/gpt-4o": two,
            "openai/gpt-4o-mini": one,
            "a/llama": one,
            "b/llama": two,
            "a/same": one,
            "b/same": one,
        },
        "",
    )
    assert prices.find(*names) == found


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ({"a": (-1e-6, 0)}, "prices, model 'a': found .*; two prices of at least 0 are needed"),
        ({"a": (1e-6,)}, "prices, model 'a': found .*; two prices"),
        ({"a": 1e-6}, "prices, model 'a': found 1e-06; two prices"),
        ({"a": ("x", 1e-6)}, "prices, model 'a': found .*; two prices"),
        ({"a": (True, 1e-6)}, "prices, model 'a': found .*; two prices"),
        ({"a": (float("nan"), 1e-6)}, "prices, model 'a': found .*; two prices"),
        ({"a": (2.5, 10)}, "model 'a': 10 dollars per token are 10,000,000 per million .* by 1e6"),
        ({}, "prices: holds no price; input_cost_per_token and output_cost_per_token"),
        ({"a": {"input_cost_per_token": 1e-6}}, "prices: holds no price"),
        (7, "prices must be a dict .*; got 7"),
    ],
)
def test_wrong_prices_are_refused(prices, message):
    with pytest.raises(ValueError, match=message):
        read_prices(prices)


def test_wrong_files_are_refused(tmp_path):
    path = tmp_path / "prices.json"
    with pytest.raises(FileNotFoundError, match=r"prices\.json: there is no such file of prices"):
        read_prices(path)
    path.write_text("{")
    with pytest.raises(ValueError, match=r"prices\.json: is not a JSON file"):
        read_prices(path)
    path.write_text("[]")
    with pytest.raises(ValueError, match=r"prices\.json: an object from model to price"):
        read_prices(path)
    path.write_text('{"a": [1, -1]}')
    with pytest.raises(ValueError, match=r"prices\.json, model 'a': found"):
        read_prices(path)


@pytest.fixture
def litellm(tmp_path, monkeypatch):
    """A package litellm that cannot be imported, but carries its map."""
    package = tmp_path / "litellm"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('was imported')")
    (tmp_path / "litellm-1.110.dist-info").mkdir()
    (tmp_path / "litellm-1.110.dist-info" / "METADATA").write_text(
        "Name: litellm\nVersion: 1.110\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "litellm", raising=False)
    return package / "model_prices_and_context_window_backup.json"


def test_the_map_of_litellm_is_read_without_importing_it(litellm):
    litellm.write_text(json.dumps(LITELLM))
    prices = read_prices("litellm")
    assert prices.by_name["gpt-4o"] == Price(2.5e-6, 1e-5)
    assert prices.source == "litellm 1.110"


def test_litellm_without_its_map_says_what_to_do(litellm):
    with pytest.raises(ImportError, match=r"prices='litellm' needs .*pip install litellm"):
        read_prices("litellm")


def test_without_litellm_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("skroute._logs._prices.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"prices='litellm' needs .*pip install litellm"):
        read_prices("litellm")
