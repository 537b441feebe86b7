"""What a router says while it is fitted."""

import re

import pytest
from router_logs import make_log

from skroute import CausalRouter, DRBiasCorrector, RegretPolicyClassifier, full_feedback
from skroute.datasets import make_gold_preference


def steps(capsys):
    """Return what was said, without times, which must not fall."""
    lines = capsys.readouterr().out.splitlines()
    found = [re.fullmatch(r"\[CausalRouter +([\d.]+) s\] (.*)", line) for line in lines]
    assert all(found)
    times = [float(match[1]) for match in found]
    assert times == sorted(times)
    return [match[2] for match in found]


FIRST = "outcome models of 3 models on 400 rows"
LOGGED = [FIRST, "propensities, and whether the log explored", "corrections of the outcome models"]


def test_a_log(capsys):
    X, y, *_ = make_log()
    CausalRouter(verbose=1, random_state=0).fit(X, y)
    assert steps(capsys) == [*LOGGED, "done"]
    CausalRouter(random_state=0).fit(X, y)
    assert steps(capsys) == []


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_policy(capsys):
    X, y, *_ = make_log()
    policy = RegretPolicyClassifier(max_iter=2)
    CausalRouter(knots=[0.0, 1.0, 2.0], policy=policy, verbose=1, random_state=0).fit(X, y)
    assert steps(capsys) == [*LOGGED, "policy at 3 cost sensitivities", "done"]


def test_labels_of_a_judge(capsys):
    problem = make_gold_preference(300, 6, n_models=3, n_gold=100, random_state=0)
    corrector = DRBiasCorrector(random_state=0)
    router = CausalRouter(bias_correction=corrector, verbose=1, random_state=0)
    router.fit(problem.X, problem.y)
    assert steps(capsys)[0] == "bias of preference-based labels"


def test_full_feedback(capsys):
    X, _, _, quality, cost = make_log()
    y = full_feedback(quality, cost)
    CausalRouter(verbose=1, random_state=0).fit(X, y)
    assert steps(capsys) == [FIRST, "corrections of the outcome models", "done"]
