"""A problem that linear models learn, and fresh queries of it."""

import pytest

from skroute.datasets import make_routing_problem


@pytest.fixture(scope="session")
def problem():
    return make_routing_problem(1500, 5, 3, regime="linear", random_state=0)


@pytest.fixture(scope="session")
def fresh(problem):
    return problem.draw(2000, random_state=1)
