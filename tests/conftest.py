import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

from skroute import CausalRouter
from skroute.datasets import make_routing_problem

# Times say little where machines are shared. Another profile: pytest --hypothesis-profile=nightly.
settings.register_profile("everywhere", deadline=None)
settings.register_profile("nightly", deadline=None, max_examples=2000, derandomize=False)
settings.load_profile("everywhere")


@pytest.fixture(autouse=True, scope="session")
def _one_blas_thread():
    """Many small problems: threads of the linear algebra would only wait for each other."""
    with threadpool_limits(1, user_api="blas"):
        yield


@pytest.fixture(scope="session")
def problem():
    """What is drawn and reported; some folders have a problem and routers of their own."""
    return make_routing_problem(700, 6, 3, random_state=0)


@pytest.fixture(scope="session")
def held_out(problem):
    return problem.draw(600, random_state=1)


@pytest.fixture(scope="session")
def router(problem):
    return CausalRouter(20.0, knots="auto", random_state=0).fit(problem.X, problem.y)
