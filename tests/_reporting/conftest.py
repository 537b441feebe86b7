import warnings

import numpy as np
import pytest

from skroute import CausalRouter, logged_feedback, report
from skroute.datasets import make_routing_problem

pytest.importorskip("matplotlib")

HOSTILE = [
    "<script>alert(1)</script>",
    'a"$b$\' onload="alert(2)\n\x1b[31m',
    "&lt;_" + "x" * 70,
]


@pytest.fixture(scope="session")
def logged(router, held_out):
    return report(router, held_out.X, held_out.y, by=np.arange(600) % 2)


@pytest.fixture(scope="session")
def full(router, held_out):
    return report(router, held_out.X, held_out.y_full, budget=0.002)


@pytest.fixture(scope="session")
def hostile():
    """A page with names, texts and groups that are not meant well, and much to be careful about."""
    drawn = make_routing_problem(400, 5, 3, logging="difficulty", strength=2.0, random_state=1)
    place = np.searchsorted(drawn.models, drawn.y["model"])
    y = logged_feedback(np.array(HOSTILE)[place], drawn.y["quality"], cost=drawn.y["cost"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        router = CausalRouter(20.0, knots="auto", random_state=0).fit(drawn.X, y)
    text = [f"<img src=http://example.org/{i}> \n" + "long " * 60 for i in range(400)]
    by = [HOSTILE[i % 3] + str(i % 25) for i in range(400)]
    return report(router, drawn.X, y, title="</title>" + HOSTILE[0], text=text, by=by)
