"""Fitted routers of every kind, which a test may change."""

import pickle

import pytest
from every_router import OUTCOMES, ROUTERS, X, Y
from sklearn.base import clone


@pytest.fixture(scope="session")
def fitted():
    return {name: clone(router).fit(X, Y) for name, router in ROUTERS.items()}


@pytest.fixture(params=ROUTERS)
def router(request, fitted):
    """Return a copy of a fitted router, which a test may change."""
    return pickle.loads(pickle.dumps(fitted[request.param]))


@pytest.fixture(params=OUTCOMES)
def outcome_router(request, fitted):
    return pickle.loads(pickle.dumps(fitted[request.param]))
