import pytest

from skroute.baselines import RegressAndCompare

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def _agg():
    with plt.rc_context():
        plt.switch_backend("agg")
        yield
        plt.close("all")


@pytest.fixture(scope="session")
def baseline(problem):
    return RegressAndCompare(20.0).fit(problem.X, problem.y)
