"""Steps of pipelines that take texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.decomposition import TruncatedSVD

from ._columns import is_missing, value_error


def as_texts(X: Any) -> np.ndarray:
    """Return texts, a sequence or a single column, as an array of objects (n,).

    A missing text counts as an empty one: the query needs an answer all the same.
    """
    texts = np.array(X, dtype=object)
    if texts.ndim == 2 and texts.shape[1] == 1:
        texts = texts[:, 0]
    if texts.ndim != 1:
        found = "one text" if isinstance(X, str) else f"an array of shape {texts.shape}"
        raise ValueError(f"a list or column of texts is needed, one a query; got {found}")
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            if not is_missing(text):
                raise value_error(
                    "text", row, text, "a text is needed, or None where there is none"
                )
            texts[row] = ""
    return texts


class TextSVD(TruncatedSVD):
    """`TruncatedSVD` for texts: quick for a single one, and silent where all are the same."""

    components_: np.ndarray

    def fit_transform(self, X: Any, y: Any = None) -> np.ndarray:
        """Fit; return the reduced texts (n, n_components)."""
        with np.errstate(divide="ignore", invalid="ignore"):  # in the share of explained variance
            reduced = super().fit_transform(X, y)
        # In this order a product with sparse rows copies nothing.
        self.components_ = np.asfortranarray(self.components_)
        return reduced
