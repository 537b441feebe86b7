"""Parts of a routing table in an .npz archive."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ..feedback import full_feedback, gain_feedback
from ._files import refuse_unknown

_NPZ_KEYS = (
    *("X", "models", "quality", "cost", "gold", "preference", "cluster", "group"),
    *("query_chars", "query_utf8", "query_offsets"),
)


def npz_parts(path: Path) -> dict[str, Any]:
    """Return the fields of a RoutingTable in an archive by name; X is not checked yet."""
    arrays = _read_npz(path)
    for key in ("X", "models"):
        if key not in arrays:
            raise ValueError(f"lacks the key {key!r}; it has {sorted(arrays)}")
    models = np.asarray(arrays["models"]).astype(str)
    if models.ndim != 1:
        raise ValueError(f"key 'models' must have shape (K,), got {models.shape}")
    shared = {"group": arrays.get("cluster")}
    preference = None
    if "quality" in arrays:
        y = full_feedback(arrays["quality"], arrays.get("cost"), models=models, **shared)
    elif "gold" in arrays and "preference" in arrays:
        if len(models) != 2:
            raise ValueError(f"gains need two models, key 'models' has {len(models)}")
        pair, everywhere = (models[1], models[0]), np.ones(len(arrays["gold"]), dtype=bool)
        y, preference = (
            gain_feedback(arrays[key], models=pair, gold=gold, **shared)
            for key, gold in (("gold", everywhere), ("preference", ~everywhere))
        )
    else:
        raise ValueError(
            f"lacks the key 'quality' (or 'gold' and 'preference'); it has {sorted(arrays)}"
        )
    for key in ("group", "query_chars"):
        if key in arrays and np.shape(arrays[key]) != (len(y),):
            raise ValueError(
                f"key {key!r} must have shape ({len(y)},), got {np.shape(arrays[key])}"
            )
    return {
        "X": arrays["X"],
        "y": y,
        "y_preference": preference,
        "models": models,
        "task": arrays["group"].astype(str) if "group" in arrays else None,
        "query_chars": arrays.get("query_chars"),
        "_read_texts": _texts_of_bytes(arrays, len(y)),
    }


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        archive = np.load(path, allow_pickle=False)
    except Exception as error:
        raise ValueError(f"is not a readable .npz file ({error})") from error
    with archive:
        refuse_unknown("keys", archive.files, _NPZ_KEYS)
        arrays = {}
        for key in archive.files:
            try:
                arrays[key] = archive[key]
            except ValueError as error:
                raise ValueError(
                    f"key {key!r} cannot be read without unpickling ({error}); save plain "
                    "numbers or text, such as names.astype(str)"
                ) from error
    return arrays


def _texts_of_bytes(arrays: dict[str, np.ndarray], n_rows: int) -> Callable[[], list[str]] | None:
    if "query_utf8" not in arrays or "query_offsets" not in arrays:
        return None
    offsets = arrays["query_offsets"]
    if offsets.shape != (n_rows + 1,):
        raise ValueError(
            f"key 'query_offsets' must have shape ({n_rows + 1},), got {offsets.shape}"
        )

    def decode() -> list[str]:
        text, ends = arrays["query_utf8"].tobytes(), offsets.tolist()
        return [text[a:b].decode() for a, b in pairwise(ends)]

    return decode
