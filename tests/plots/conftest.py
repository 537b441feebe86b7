import pytest

from skroute import CausalRouter
from skroute.baselines import RegressAndCompare
from skroute.datasets import make_routing_problem

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _agg():
    with plt.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


@pytest.fixture(scope="session")
def problem():
    return make_routing_problem(700, 6, 3, random_state=0)


@pytest.fixture(scope="session")
def held_out(problem):
    return problem.draw(600, random_state=1)


@pytest.fixture(scope="session")
def router(problem):
    return CausalRouter(20.0, knots="auto", random_state=0).fit(problem.X, problem.y)


@pytest.fixture(scope="session")
def baseline(problem):
    return RegressAndCompare(20.0).fit(problem.X, problem.y)
