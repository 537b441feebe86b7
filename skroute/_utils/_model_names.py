"""Names of models as they are printed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


def short_names(names: Iterable[object]) -> dict[str, str]:
    """Return each name without the prefixes of providers, as far as it stays the only one.

    Examples
    --------
    >>> short_names(["meta/llama-3", "openai/gpt-4o", "azure/gpt-4o"])
    {'meta/llama-3': 'llama-3', 'openai/gpt-4o': 'openai/gpt-4o', 'azure/gpt-4o': 'azure/gpt-4o'}
    """
    parts = {str(name): str(name).split("/") for name in names}
    short: dict[str, str] = {}
    length = 1
    while len(short) < len(parts):
        shown = defaultdict(list)
        for name, own in parts.items():
            shown["/".join(own[-length:])].append(name)
        for text, owners in shown.items():
            whole = len(parts[owners[0]]) <= length
            if len(owners) == 1 and owners[0] not in short and (text or whole):
                short[owners[0]] = text
        length += 1
    return {name: short[name] for name in parts}
