"""The log that comes with the package."""

import numpy as np

from skroute.datasets import example_log, read_log


def test_it_is_a_log_as_deployments_have_it():
    log = read_log(example_log())
    assert len(log) == 1200
    assert set(np.unique(log.y["model"])) == {"coder", "large", "medium", "small"}
    judged = ~np.isnan(log.y["quality"])
    assert 0.7 < judged.mean() < 0.9
    assert set(log.y["quality"][judged]) == {0.0, 1.0}
    assert (np.diff(log.y["time"]) >= 0).all()
    assert (log.y["cost"] > 0).all()
    assert len(np.unique(log.y["group"])) < len(log)
    # The strong model got the hard prompts.
    proof = np.array([text.startswith("Prove") for text in log.queries])
    large = log.y["model"] == "large"
    assert proof[large].mean() > 2 * proof[~large].mean()
