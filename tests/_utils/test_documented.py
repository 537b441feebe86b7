"""Diagrams of estimators in notebooks link to the documentation and show what was learned."""

import importlib
import inspect
import tomllib
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skroute
from skroute import CausalRouter
from skroute._utils import DocumentedMixin
from skroute.baselines import RandomRouter
from skroute.datasets import make_routing_problem

LINK = DocumentedMixin._doc_link_template
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def public_estimators():
    for name in ("", *skroute._SUBMODULES):
        module = importlib.import_module(f"skroute.{name}".rstrip("."))
        for part in module.__all__:
            value = getattr(module, part)
            if inspect.isclass(value) and issubclass(value, BaseEstimator):
                yield value


def test_every_public_estimator_is_documented():
    estimators = set(public_estimators())
    assert CausalRouter in estimators
    assert all(issubclass(estimator, DocumentedMixin) for estimator in estimators)


def test_the_link_is_in_the_diagram():
    pipeline = make_pipeline(StandardScaler(), CausalRouter(5.0))
    assert f'href="{LINK}"' in pipeline._repr_html_()
    assert "Documentation for CausalRouter" in pipeline._repr_html_()


def test_a_router_of_somebody_else_has_no_link_of_ours():
    class Other(RandomRouter):
        pass

    Other.__module__ = "other"
    assert LINK not in Other()._repr_html_()


def test_a_fitted_router_is_drawn():
    problem = make_routing_problem(200, n_features=4, n_models=3, random_state=0)
    router = RandomRouter(random_state=0).fit(problem.X, problem.y)
    html = router._repr_html_()
    assert "RandomRouter" in html
    assert len(html) < 200_000


@pytest.mark.skipif(not PROJECT.exists(), reason="the source is not beside the tests")
def test_it_is_where_the_project_says():
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == LINK
