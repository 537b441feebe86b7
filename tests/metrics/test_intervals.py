import numpy as np
import pytest

from skroute import full_feedback
from skroute.metrics import policy_value

QUALITY = np.sqrt(np.arange(11) / 10)


def interval(kind, **columns):
    """The interval of a policy whose quality is known in eleven rows."""
    y = full_feedback(np.column_stack([QUALITY, QUALITY]), models=["a", "b"], **columns)
    result = policy_value(y, ["a"] * 11, interval=kind)
    return result.low, result.high


def test_bootstrap_by_figure():
    """2,000 resamples from one seed."""
    assert interval("bootstrap") == pytest.approx((0.4620027359287, 0.7944789933642), abs=1e-10)


def test_bernstein_by_hand():
    error, mean = np.std(QUALITY, ddof=1) / np.sqrt(11), QUALITY.mean()
    # An influence is corrected for the share of its row.
    spread = np.ptp(QUALITY) / 11 * np.sqrt(11 / 10)
    log_term = np.log(4 / 0.05)
    half = np.sqrt(2 * log_term) * error + 7 * spread * 11 * log_term / (3 * 10)
    assert interval("bernstein") == pytest.approx((mean - half, mean + half))


def test_clusters_are_what_is_resampled():
    low, high = interval("bootstrap")
    wide_low, wide_high = interval("bootstrap", group=np.arange(11) // 2)
    assert wide_high - wide_low > 1.1 * (high - low)
