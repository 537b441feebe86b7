import numpy as np
import pytest

from skroute import full_feedback
from skroute.metrics import FewClustersWarning, policy_value
from skroute.metrics._intervals import block_length

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
    with pytest.warns(FewClustersWarning, match="6 independent groups") as caught:
        wide_low, wide_high = interval("bootstrap", group=np.arange(11) // 2)
    assert caught[0].message.n_clusters == 6
    assert wide_high - wide_low > 1.1 * (high - low)


def in_time(length=None, persistent=True, n=2000):
    """Interval of a mean over rows in time that are alike for a while, shuffled."""
    rng = np.random.default_rng(0)
    level = np.repeat(rng.normal(size=n // 20), 20) if persistent else rng.normal(size=n)
    order = rng.permutation(n)
    quality = np.column_stack([level, level])[order]
    y = full_feedback(quality, models=["a", "b"], time=order)
    result = policy_value(y, ["a"] * n, interval="block", block_length=length)
    return result.high - result.low, result.standard_error


def test_blocks_see_what_neighbours_in_time_share():
    # The mean of 100 independent levels of standard deviation 1.
    width, error = in_time()
    assert error == pytest.approx(0.1, rel=0.2)
    assert width == pytest.approx(4 * error, rel=0.1)
    assert in_time(length=1)[1] == pytest.approx(0.1 / np.sqrt(20), rel=0.2)
    assert in_time(persistent=False)[1] == pytest.approx(1 / np.sqrt(2000), rel=0.2)


def test_the_length_of_blocks():
    assert block_length(np.tile([1.0, 1.0, -1.0, -1.0], 250)) == 10  # no correlation: cube root
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.normal(size=1000))
    assert 50 < block_length(walk) < 200
    assert block_length(np.zeros(8)) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"interval": "block"}, "no column 'time'"),
        ({"block_length": 5}, "block_length=5 has no meaning for interval 'normal'"),
        ({"interval": "block", "block_length": 0}, "block_length must be at least 1"),
    ],
)
def test_blocks_need_an_order(options, message):
    y = full_feedback(np.column_stack([QUALITY, QUALITY]), models=["a", "b"])
    with pytest.raises(ValueError, match=message):
        policy_value(y, ["a"] * 11, **options)
