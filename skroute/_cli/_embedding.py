"""Texts of queries as numbers: the step in front of a router that takes texts."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer

from .._utils import TextSVD, as_texts

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
# `benchmarks/text_routing.py` measures these. Terms are hashed: no text lacks a vocabulary.
_HASHED_TERMS, _N_COMPONENTS = 2**15, 64


def make_embedding(name: str = "tfidf", random_state: int | None = None) -> Pipeline:
    """Return an unfitted pipeline that turns texts into float32 features (n, d).

    `name` is "tfidf"; "minilm"; or a sentence-transformers model, its name on the hub or its
    folder. A missing text counts as an empty one. The vectors of a sentence-transformers model are
    not saved with the pipeline, the model is loaded where the pipeline is first used.

    Raises ImportError where a model is asked for and the extra `text` is not installed.
    """
    texts = "texts", FunctionTransformer(as_texts)
    if name != "tfidf":
        return Pipeline([texts, *_sentence_encoder(MINILM if name == "minilm" else name)])
    hashing = HashingVectorizer(
        n_features=_HASHED_TERMS, alternate_sign=False, norm=None, dtype=np.float32
    )
    return Pipeline(
        [
            texts,
            ("terms", hashing),
            ("tfidf", TfidfTransformer(sublinear_tf=True)),
            ("svd", TextSVD(_N_COMPONENTS, random_state=random_state)),
            ("length", Normalizer()),
        ]
    )


def _sentence_encoder(model: str) -> list[tuple[str, object]]:
    try:
        import pandas as pd
        from skrub import LLMEncoder
    except ImportError:
        raise _lacking(model) from None
    if find_spec("sentence_transformers") is None:
        raise _lacking(model)
    return [
        ("column", FunctionTransformer(pd.Series)),
        ("encoder", LLMEncoder(model, n_components=None)),
    ]


def _lacking(model: str) -> ImportError:
    return ImportError(
        f"the embedding {model!r} needs skrub and sentence-transformers. Install them with: "
        "pip install 'scikit-route[text]'"
    )
