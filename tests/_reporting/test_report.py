"""What `report` takes, returns and refuses."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline

import skroute
from skroute import CausalRouter, FixedBudgetRouter, report
from skroute.baselines import RandomRouter
from skroute.metrics import policy_value


class Embed(TransformerMixin, BaseEstimator):
    """Turns texts into vectors, as an embedding would."""

    def fit(self, X, y=None):
        self.fitted_ = True
        return self

    def transform(self, X):
        return np.array([[len(text), text.count("a"), text.count("e")] for text in X], float)


@pytest.mark.filterwarnings("ignore::skroute.routers.FixedModelWarning")
def test_pipelines_of_text(problem):
    rng = np.random.default_rng(0)
    text = ["ab e" * k for k in rng.integers(1, 200, 700)]
    pipeline = make_pipeline(Embed(), CausalRouter(20.0, random_state=0)).fit(text, problem.y)
    other = ["ab f" * k for k in rng.integers(1, 200, 300)]
    page = report(pipeline, other, problem.y[:300], text=other)
    assert "ab fab f" in page.html
    assert "Fit it with knots=&#x27;auto&#x27; to serve others" in page.html


def test_routers_without_predictions_or_range(problem, held_out):
    random = RandomRouter(random_state=0).fit(problem.X, problem.y)
    page = report(random, held_out.X, held_out.y_full)
    assert "has no frontier" in page.html
    budget = FixedBudgetRouter(CausalRouter(knots="auto", random_state=0), budget=0.002)
    budget.fit(problem.X, problem.y)
    page = report(budget, held_out.X, held_out.y_full)
    chosen = policy_value(
        held_out.y_full,
        budget.predict(held_out.X),
        cost_sensitivity=budget.budget_.cost_sensitivity,
    )
    assert page.values["FixedBudgetRouter"] == chosen


@pytest.mark.parametrize("frames", ["pandas", "polars"])
def test_data_frames_and_numbers_as_labels(problem, held_out, frames):
    library = pytest.importorskip(frames)

    def log(part):
        number = np.searchsorted(part.models, part.y["model"]) + 10
        columns = {"model": number} | {n: part.y[n] for n in ("quality", "cost", "propensity")}
        return library.DataFrame(columns)

    def queries(part):
        return library.DataFrame({f"x{j}": part.X[:, j] for j in range(6)})

    router = CausalRouter(20.0, knots="auto", random_state=0).fit(queries(problem), log(problem))
    page = report(router, queries(held_out), log(held_out))
    alone = CausalRouter(20.0, random_state=0).fit(problem.X, problem.y)
    value = page.values["CausalRouter"].value
    assert value == pytest.approx(alone.score(held_out.X, held_out.y))
    assert list(page.values)[2:] == ["always 10", "always 11", "always 12"]


def test_it_repeats_and_is_saved(router, held_out, full, tmp_path):
    path = tmp_path / "page.html"
    again = report(router, held_out.X, held_out.y_full, budget=0.002, path=path)
    assert again.html == full.html
    assert path.read_text(encoding="utf-8") == full.html
    assert full.save(str(tmp_path / "other.html")) == tmp_path / "other.html"
    assert_allclose(again.values["CausalRouter"].value, full.values["CausalRouter"].value)


def test_what_is_refused(problem, router, held_out):
    X, y = held_out.X, held_out.y
    with pytest.raises(ValueError, match="n_examples must be at least 0"):
        report(router, X, y, n_examples=-1)
    with pytest.raises(ValueError, match=r"by must have shape \(600,\)"):
        report(router, X, y, by=["a"])
    with pytest.raises(ValueError, match=r"text must have shape \(600,\)"):
        report(router, X, y, text=["a"])
    with pytest.raises(ValueError, match="600"):
        report(router, X, y[:10])
    one = CausalRouter(20.0, random_state=0).fit(problem.X, problem.y)
    with pytest.raises(ValueError, match="not served"):
        report(one, X, y, cost_sensitivity=5.0)


def test_it_is_a_name_of_the_package():
    assert skroute.report is report
    assert callable(skroute.report)
