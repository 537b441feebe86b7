"""`policy_value` against formulas written row by row, and against Open Bandit Pipeline.

Open Bandit Pipeline pins old versions of what it depends on, and runs with new ones. The second
comparison is skipped unless it is there:

    pip install --no-deps --ignore-requires-python obp==0.5.7 seaborn
    pip install tqdm pyyaml mypy_extensions matplotlib pandas

It also imports PyTorch, for policies and tensors that are not compared here. Where that is not
installed, an empty module stands in for it.
"""

import importlib.util
import sys
import types
import warnings

import numpy as np
import pytest

from skroute import logged_feedback
from skroute.metrics import policy_value

METHODS = ["dm", "ips", "snips", "dr", "sndr", "switch-dr", "dros"]
PARAMETERS = {"switch-dr": {"switch_threshold": 2.5}, "dros": {"shrinkage": 3.0}}


def random_log(seed, n=400, n_models=4):
    """A log, probabilities of another policy, and predictions; as arrays."""
    rng = np.random.default_rng(seed)
    logging = rng.dirichlet(np.ones(n_models), n)
    action = np.array([rng.choice(n_models, p=row) for row in logging])
    return {
        "action": action,
        "reward": rng.normal(0.5, 0.3, n),
        "propensity": logging[np.arange(n), action],
        "policy": rng.dirichlet(np.full(n_models, 0.5), n),
        "predicted": rng.random((n, n_models)),
    }


def by_hand(method, log, threshold=2.5, shrinkage=3.0):
    """The papers' sums, one row at a time."""
    n = len(log["action"])
    direct, plain, ratio, total = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        pi, q, t = log["policy"][i], log["predicted"][i], log["action"][i]
        w, r = pi[t] / log["propensity"][i], log["reward"][i]
        direct += sum(pi[k] * q[k] for k in range(len(q)))
        if method in ("ips", "snips"):
            plain += w * r
        if method == "dr":
            plain += w * (r - q[t])
        if method == "switch-dr" and w <= threshold:
            plain += w * (r - q[t])
        if method == "dros":
            plain += shrinkage * w / (w * w + shrinkage) * (r - q[t])
        if method == "sndr":
            ratio += w * (r - q[t])
        total += w
    if method == "dm":
        return direct / n
    if method == "ips":
        return plain / n
    if method == "snips":
        return plain / total
    if method == "sndr":
        return direct / n + ratio / total
    return (direct + plain) / n


def ours(method, log):
    y = logged_feedback(log["action"], log["reward"], propensity=log["propensity"])
    models = np.arange(log["policy"].shape[1])
    with warnings.catch_warnings():
        # Random policies overlap poorly here and there, which is not what is tested.
        warnings.simplefilter("ignore", UserWarning)
        return policy_value(
            y,
            log["policy"],
            method=method,
            predicted_quality=log["predicted"],
            models=models,
            **PARAMETERS.get(method, {}),
        ).value


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_equals_the_formulas_row_by_row(method, seed):
    log = random_log(seed)
    assert ours(method, log) == pytest.approx(by_hand(method, log), abs=1e-12)


class EmptyModule(types.ModuleType):
    """A module in which every name is an empty class."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def empty_torch():
    modules = {}
    for name in ("torch", "torch.nn", "torch.nn.functional", "torch.optim", "torch.utils.data"):
        modules[name] = EmptyModule(name)
    modules["torch"].nn, modules["torch"].optim = modules["torch.nn"], modules["torch.optim"]
    modules["torch"].utils = EmptyModule("torch.utils")
    modules["torch"].utils.data = modules["torch.utils.data"]
    return modules


@pytest.fixture(scope="module")
def obp_estimators():
    if importlib.util.find_spec("obp") is None:
        pytest.skip("Open Bandit Pipeline is not installed")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if importlib.util.find_spec("torch") is None:
            for name, module in empty_torch().items():
                patch.setitem(sys.modules, name, module)
        ope = importlib.import_module("obp.ope")
    return {
        "dm": ope.DirectMethod(),
        "ips": ope.InverseProbabilityWeighting(),
        "snips": ope.SelfNormalizedInverseProbabilityWeighting(),
        "dr": ope.DoublyRobust(),
        "sndr": ope.SelfNormalizedDoublyRobust(),
        "switch-dr": ope.SwitchDoublyRobust(lambda_=2.5),
        "dros": ope.DoublyRobustWithShrinkage(lambda_=3.0),
    }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(20))
def test_equals_open_bandit_pipeline(obp_estimators, method, seed):
    log = random_log(seed, n=200 + 50 * seed, n_models=2 + seed % 7)
    theirs = obp_estimators[method].estimate_policy_value(
        reward=log["reward"],
        action=log["action"],
        pscore=log["propensity"],
        action_dist=log["policy"][:, :, np.newaxis],
        estimated_rewards_by_reg_model=log["predicted"][:, :, np.newaxis],
    )
    assert ours(method, log) == pytest.approx(theirs, abs=1e-10)
