"""What a router that serves decided for one query."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import numpy as np

from .._utils import ShortRepr


@dataclass(frozen=True, eq=False, repr=False)
class Decision(ShortRepr):
    """The model that is to answer a query, and all that its line in the log needs.

    Attributes
    ----------
    model : label
        As whoever asked names it: one of `available`, else of the router's ``classes_``.
    label : label
        The router's name of it; the same as `model` where the router does not know it.
    propensity : float
        Probability with which it was drawn; NaN where the router did not choose.
    fallback : str or None
        Why the router did not choose, where it did not.
    query : str or None
    embedding : ndarray of shape (d,) or None
        The query as the router's last step saw it.
    embedding_version, router_version : str or None
    session : str or None
    previous : label or None
        The session's model before.
    time : float
        Unix seconds.
    id : str
    """

    model: Any
    label: Any
    propensity: float = math.nan
    fallback: str | None = None
    query: str | None = None
    embedding: np.ndarray | None = None
    embedding_version: str | None = None
    router_version: str | None = None
    session: str | None = None
    previous: Any = None
    time: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: uuid4().hex)


def label_of(name: Any, labels: Iterable[Hashable]) -> Any:
    """Return the router's label for a name of a model, None where it has none.

    Names are the same as text or, where that tells one label alone, without a provider's prefix:
    "openai/gpt-4o" and "gpt-4o".
    """
    by_name = {str(label): label for label in labels}
    if str(name) in by_name:
        return by_name[str(name)]
    alike = [label for label in by_name if _bare(label) == _bare(str(name))]
    # Two prefixes are two providers.
    alike = [label for label in alike if "/" not in label or "/" not in str(name)]
    return by_name[alike[0]] if len(alike) == 1 else None


def _bare(name: str) -> str:
    return name.rpartition("/")[2]
