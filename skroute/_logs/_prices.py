"""Price lists: dollars per token of models, however a log and a list spell their names."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._utils import short_repr
from ._names import without_prefix
from ._options import setting

# Dollars per token, in and out, as LiteLLM calls them.
_KEYS = "input_cost_per_token", "output_cost_per_token"
_LITELLM_FILE = "model_prices_and_context_window_backup.json"
# $10,000 per million tokens: what is dearer was meant per thousand or per million.
_DEAREST = 0.01


class Price(NamedTuple):
    """Dollars per token."""

    input: float
    output: float


class PriceList:
    """Prices by the names of models.

    Attributes
    ----------
    by_name : dict of str to Price
    source : str
        Where they come from, as notes say it.
    """

    def __init__(self, by_name: Mapping[str, Price], source: str) -> None:
        self.by_name, self.source = by_name, source
        self._by_ending: dict[str, list[str]] = defaultdict(list)
        for name in by_name:
            for ending in (name, *without_prefix(name)):
                self._by_ending[ending.casefold()].append(name)

    def find(self, *names: str) -> str | None:
        """Return the name under which a model is listed that is known by these names, or None.

        As they are; else without prefixes of providers; else as endings of listed names in any
        case, where those agree on one price.
        """
        tried = [each for name in names for each in (name, *without_prefix(name))]
        for name in [*names, *tried]:
            if name in self.by_name:
                return name
        for name in tried:
            found = self._by_ending.get(name.casefold(), [])
            if len({self.by_name[each] for each in found}) == 1:
                return found[0]
        return None


def read_prices(prices: Any) -> PriceList:
    """Return the price list that `prices` of `read_log` means."""
    if isinstance(prices, Mapping):
        return PriceList(_parse(prices, "prices"), "the prices given")
    if isinstance(prices, str) and prices == "litellm":
        return PriceList(
            _parse(_litellm_map(), "prices of litellm"), f"litellm {version('litellm')}"
        )
    if not isinstance(prices, str | Path):
        raise ValueError(
            "prices must be a dict from model to (dollars per input token, dollars per output "
            f'token), a path of a JSON file or "litellm"; got {prices!r}'
        )
    path = Path(prices)
    if not path.is_file():
        raise FileNotFoundError(f'{path}: there is no such file of prices; or give "litellm"')
    try:
        listed = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"{path}: is not a JSON file ({error})") from None
    if not isinstance(listed, dict):
        raise ValueError(f"{path}: an object from model to price is needed")
    return PriceList(_parse(listed, str(path)), path.name)


def _parse(listed: Mapping[str, Any], where: str) -> dict[str, Price]:
    """Return the prices per token of a list; models without such prices are not in it."""
    by_name = {}
    for name, entry in listed.items():
        if isinstance(entry, Mapping):
            given = [entry.get(key) for key in _KEYS]
            if None in given:
                continue
        else:
            given = list(entry) if isinstance(entry, tuple | list) else []
        price = _read_price(given)
        if price is None:
            raise ValueError(
                f"{where}, model {name!r}: found {short_repr(entry)}; two prices of at least 0 are "
                "needed, in dollars per input token and per output token"
            )
        if max(price) > _DEAREST:
            raise ValueError(
                f"{where}, model {name!r}: {max(price):g} dollars per token are "
                f"{1e6 * max(price):,.0f} per million tokens; prices are per token, so divide "
                "prices per million by 1e6"
            )
        by_name[str(name)] = price
    if not by_name:
        raise ValueError(f"{where}: holds no price; {' and '.join(_KEYS)} of a model are needed")
    return by_name


def _read_price(given: list[Any]) -> Price | None:
    try:
        price = Price(*(np.nan if isinstance(each, bool) else float(each) for each in given))
    except (TypeError, ValueError):
        return None
    return price if all(0 <= each < np.inf for each in price) else None


def _litellm_map() -> dict[str, Any]:
    """Return the map that the installed litellm carries, without importing it.

    Importing takes seconds, and may fetch another map from the network.
    """
    spec = find_spec("litellm")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / _LITELLM_FILE
        if path.is_file():
            return dict(json.loads(path.read_text(encoding="utf-8")))
    raise ImportError(
        f"{setting('prices', 'litellm')} needs the package litellm with the map of prices that it "
        "carries (pip install litellm); or give a JSON file of prices"
    )
