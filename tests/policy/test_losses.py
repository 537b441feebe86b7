"""The compiled losses against NumPy twins, numerical derivatives and extreme inputs."""

import gc
import os
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax, softmax
from skroute.policy._regret_fast import N_SEGMENTS, count_segments

from skroute.policy import classification_surrogate, softmax_regret

LOSSES = [softmax_regret, classification_surrogate]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
# one row, a tile of either precision and its neighbours, a segment and its neighbours
ROWS = [1, 2, 7, 8, 9, 15, 16, 17, 255, 256, 257, 1000]
# rows side by side, and from 28 (float64) or 44 (float32) columns on one by one; for the
# classification loss from 44 or 56
COLUMNS = [1, 2, 3, 4, 5, 7, 8, 12, 13, 16, 17, 27, 28, 29, 43, 44, 45, 55, 56, 57, 64, 257, 700]


def numpy_twin(loss, logits, utility, sample_weight=None):
    """The definition, in float64, one array at a time."""
    logits, utility = np.asarray(logits, np.float64), np.asarray(utility, np.float64)
    weight = np.ones(len(logits)) if sample_weight is None else np.asarray(sample_weight, float)
    share = weight / weight.sum()
    probability = softmax(logits, axis=1)
    if loss is softmax_regret:
        regret = utility.max(axis=1, keepdims=True) - utility
        value = (probability * regret).sum(axis=1)
        gradient = probability * (regret - value[:, None])
    else:
        best = utility == utility.max(axis=1, keepdims=True)
        target = best / best.sum(axis=1, keepdims=True)
        spread = np.ptp(utility, axis=1)
        value = -spread * (target * log_softmax(logits, axis=1)).sum(axis=1)
        gradient = spread[:, None] * (probability - target)
    return share @ value, share[:, None] * gradient


def problem(n_rows, n_columns, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n_rows, n_columns)).astype(dtype)
    return logits, rng.random((n_rows, n_columns)).astype(dtype)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_columns", COLUMNS)
@pytest.mark.parametrize("n_rows", ROWS)
def test_equals_numpy_twin(loss, dtype, n_rows, n_columns):
    logits, utility = problem(n_rows, n_columns, dtype)
    weight = np.random.default_rng(1).random(n_rows)
    for sample_weight in (None, weight):
        value, gradient = loss(logits, utility, sample_weight=sample_weight)
        expected, expected_gradient = numpy_twin(loss, logits, utility, sample_weight)
        assert isinstance(value, float)
        assert gradient.dtype == dtype
        assert_allclose(value, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        assert np.abs(gradient - expected_gradient).max() * n_rows < TOLERANCE[dtype] * 10


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_columns", [2, 5, 40])
def test_gradient_is_the_derivative(loss, n_columns):
    logits, utility = problem(4, n_columns)
    weight = np.array([1.0, 0.3, 2.0, 0.0])
    _, gradient = loss(logits, utility, sample_weight=weight)
    numerical = np.empty_like(gradient)
    step = 1e-5
    for index in np.ndindex(*logits.shape):
        up, down = logits.copy(), logits.copy()
        up[index] += step
        down[index] -= step
        difference = (
            loss(up, utility, sample_weight=weight)[0]
            - loss(down, utility, sample_weight=weight)[0]
        )
        numerical[index] = difference / (2 * step)
    assert np.abs(gradient - numerical).max() < 1e-6 * np.abs(gradient).max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", LOSSES)
def test_hand_computed(loss, dtype):
    logits = np.log(np.array([[1.0, 3.0], [1.0, 1.0]])).astype(dtype)
    utility = np.array([[2.0, 1.0], [0.0, 4.0]], dtype=dtype)
    value, gradient = loss(logits, utility)
    if loss is softmax_regret:  # p = (1/4, 3/4), d = (0, 1); p = (1/2, 1/2), d = (4, 0)
        assert_allclose(value, (0.75 + 2.0) / 2, rtol=1e-6)
        assert_allclose(gradient, np.array([[-0.1875, 0.1875], [1.0, -1.0]]) / 2, rtol=1e-6)
    else:
        assert_allclose(value, (np.log(4) + 4 * np.log(2)) / 2, rtol=1e-6)
        assert_allclose(gradient, np.array([[-0.75, 0.75], [2.0, -2.0]]) / 2, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [80.0, 90.0, 700.0, 1e4, 1e30])
def test_extreme_logits(dtype, size):
    logits = np.array([[size, -size, 0.0], [-size, size, size], [-size] * 3], dtype=dtype)
    utility = np.array([[0.0, 1.0, 0.5], [3.0, 1.0, 2.0], [1.0, 2.0, 3.0]], dtype=dtype)
    for loss in LOSSES:
        value, gradient = loss(logits, utility)
        expected, expected_gradient = numpy_twin(loss, logits, utility)
        assert_allclose(value, expected, rtol=1e-6)
        assert_allclose(gradient, expected_gradient, atol=TOLERANCE[dtype])
    value, gradient = softmax_regret(logits, utility)
    if size >= 1e4:  # exact: the first row is deterministic, the second even between two
        assert_array_equal(gradient[0], 0)
        assert gradient[1, 0] == 0


@pytest.mark.parametrize("loss", LOSSES)
def test_ties_and_constant_rows(loss):
    logits, _ = problem(5, 4)
    value, gradient = loss(logits, np.full((5, 4), 7.0))
    assert value == 0
    assert_array_equal(gradient, 0)
    utility = np.array([[1.0, 1.0, 0.0, 0.0]] * 5)
    expected, expected_gradient = numpy_twin(loss, logits, utility)
    value, gradient = loss(logits, utility)
    assert_allclose(value, expected, rtol=1e-13)
    assert_allclose(gradient, expected_gradient, atol=1e-15)


@pytest.mark.parametrize("loss", LOSSES)
def test_one_column_and_no_rows(loss):
    value, gradient = loss(np.full((40, 1), 3.0), np.full((40, 1), -2.0))
    assert value == 0
    assert_array_equal(gradient, 0)
    value, gradient = loss(np.empty((0, 3)), np.empty((0, 3)), sample_weight=np.empty(0))
    assert value == 0.0
    assert gradient.shape == (0, 3)


def test_policy_of_zero_regret_stays():
    logits = np.array([[1e4, 0.0, -1e4]])
    value, gradient = softmax_regret(logits, np.array([[1.0, 0.0, 0.0]]))
    assert value == 0
    assert_array_equal(gradient, 0)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", ["C", "F", "rows", "columns", "read-only", "unaligned"])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_layouts_agree(loss, dtype, layout, n_threads):
    logits, utility = problem(600, 6, dtype)
    expected = loss(logits, utility)
    if layout == "F":
        logits, utility = np.asfortranarray(logits), np.asfortranarray(utility)
    elif layout == "rows":
        logits, utility = np.repeat(logits, 2, axis=0)[::2], np.repeat(utility, 3, axis=0)[::3]
    elif layout == "columns":
        logits, utility = np.repeat(logits, 2, axis=1)[:, ::2], utility[:, ::-1][:, ::-1]
    elif layout == "read-only":
        logits.setflags(write=False)
        utility.setflags(write=False)
    elif layout == "unaligned":
        raw = np.empty(logits.nbytes + 1, dtype=np.uint8)
        raw[1:] = logits.view(np.uint8).ravel()
        logits = np.frombuffer(raw.data, dtype=dtype, offset=1).reshape(logits.shape)
        assert not logits.flags.aligned
    value, gradient = loss(logits, utility, n_threads=n_threads)
    assert value == expected[0]
    assert_array_equal(gradient, expected[1])


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("n_rows", [1, 300, 5000, 40_000])
def test_threads_do_not_change_a_bit(loss, n_rows):
    logits, utility = problem(n_rows, 7, np.float32)
    weight = np.random.default_rng(2).random(n_rows)
    value, gradient = loss(logits, utility, sample_weight=weight)
    for n_threads in (2, 3, 8, 1000):
        other = loss(logits, utility, sample_weight=weight, n_threads=n_threads)
        assert other[0] == value
        assert_array_equal(other[1], gradient)


@pytest.mark.parametrize("n_rows", [0, 1, 256, 257, 16_384, 16_385, 10**7])
def test_segments_are_few(n_rows):
    assert (count_segments(n_rows) == 0) == (n_rows == 0)
    assert count_segments(n_rows) <= N_SEGMENTS


def test_calls_from_many_threads():
    logits, utility = problem(3000, 5)
    expected = softmax_regret(logits, utility)[0]
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(softmax_regret, logits, utility, n_threads=2) for _ in range(40)]
    assert {call.result()[0] for call in calls} == {expected}


def test_threads_keep_no_array_alive():
    logits = np.zeros((20_000, 3))
    gone = weakref.ref(logits)
    softmax_regret(logits, np.ones((20_000, 3)), n_threads=4)
    del logits
    gc.collect()
    assert gone() is None


def test_threads_called_in_vain():
    """Helpers are called before all arguments are checked; an error sends them back to sleep."""
    logits, utility = np.zeros((20_000, 3)), np.eye(3)[np.arange(20_000) % 3]
    for _ in range(20):
        with pytest.raises(ValueError, match="shape"):
            softmax_regret(logits, utility[1:], n_threads=3)
        assert softmax_regret(logits, utility, n_threads=3)[0] == pytest.approx(2 / 3)


def test_threads_that_wait_long_for_work():
    """While a list is converted, helpers fall asleep again and must be woken a second time."""
    logits, utility = np.zeros((20_000, 3)), np.eye(3)[np.arange(20_000) % 3]
    value, gradient = softmax_regret(logits, utility)
    for _ in range(5):
        other = softmax_regret(logits, utility.tolist(), n_threads=3)
        assert other[0] == value
        assert_array_equal(other[1], gradient)


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs Linux")
def test_threads_are_kept_for_the_next_call():
    code = (
        "import os, numpy as np\n"
        "from skroute.policy import softmax_regret\n"
        "x = np.zeros((20_000, 3))\n"
        "count = lambda: len(os.listdir('/proc/self/task'))\n"
        "before = count()\n"
        "for _ in range(50):\n"
        "    softmax_regret(x, x, n_threads=3)\n"
        "print(count() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "2\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_threads_after_fork():
    """A child has no threads of its parent; it must start its own rather than wait forever."""
    code = (
        "import os, numpy as np\n"
        "from skroute.policy import softmax_regret\n"
        "x = np.zeros((2000, 2)); u = np.ones((2000, 2)) * [0, 1]\n"
        "softmax_regret(x, u, n_threads=2)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if softmax_regret(x, u, n_threads=2)[0] == 0.5 else 1)\n"
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    options = ["-W", "ignore"]  # newer Pythons warn about any fork with threads
    assert subprocess.run([sys.executable, *options, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(37, 2), (37, 5), (300, 11), (20, 64), (20, 300)])
@pytest.mark.parametrize("per_row", [False, True])
def test_affine_case(loss, dtype, shape, per_row):
    rng = np.random.default_rng(3)
    logits, quality = problem(*shape, dtype)
    cost = rng.random(shape).astype(dtype)
    sensitivity = rng.random(shape[0]) if per_row else 0.7
    column = sensitivity[:, None] if per_row else sensitivity
    weight = rng.random(shape[0])
    expected = loss(
        logits, (quality - column * cost.astype(float)).astype(dtype), sample_weight=weight
    )
    value, gradient = loss(
        logits, quality, cost=cost, cost_sensitivity=sensitivity, sample_weight=weight
    )
    assert_allclose(value, expected[0], rtol=10 * TOLERANCE[dtype])
    assert_allclose(gradient * shape[0], expected[1] * shape[0], atol=10 * TOLERANCE[dtype])


@pytest.mark.parametrize("loss", LOSSES)
def test_integer_weights_equal_repetition(loss):
    logits, utility = problem(50, 4)
    weight = np.random.default_rng(4).integers(0, 4, size=50)
    value, gradient = loss(logits, utility, sample_weight=weight)
    times = np.repeat(np.arange(50), weight)
    expected, repeated = loss(logits[times], utility[times])
    assert_allclose(value, expected, rtol=1e-13)
    summed = np.zeros_like(gradient)
    np.add.at(summed, times, repeated)
    assert_allclose(gradient, summed, atol=1e-15)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_properties(data):
    n_rows, n_columns = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 9))
    finite = st.floats(-1e4, 1e4, allow_nan=False, width=32)
    logits = data.draw(arrays(np.float64, (n_rows, n_columns), elements=finite))
    utility = data.draw(arrays(np.float64, (n_rows, n_columns), elements=finite))
    spread = np.ptp(utility, axis=1)
    value, gradient = softmax_regret(logits, utility)
    assert 0 <= value <= spread.mean() * (1 + 1e-12)
    assert_allclose(gradient.sum(axis=1), 0, atol=1e-10 * (1 + spread.max()))
    # utilities and logits may be shifted by row
    shifted, _ = softmax_regret(logits - logits[:, :1], utility - utility[:, :1])
    assert_allclose(shifted, value, atol=1e-9 * (1 + spread.max()))
    # the surrogate bounds the regret of the largest logit
    chosen = utility[np.arange(n_rows), logits.argmax(axis=1)]
    bound, _ = classification_surrogate(logits, utility)
    assert np.mean(utility.max(axis=1) - chosen) <= bound / np.log(2) * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_columns", [2, 4, 16, 48, 49, 100])
def test_out_is_written_and_returned(loss, dtype, n_columns):
    logits, utility = problem(30, n_columns, dtype)
    _, expected = loss(logits, utility)
    out = np.full_like(logits, np.nan)
    _, gradient = loss(logits, utility, out=out)
    assert gradient is out
    assert_array_equal(out, expected)
    _, gradient = loss(logits, utility, out=logits)
    assert gradient is logits
    assert_array_equal(logits, expected)


def test_logits_set_the_dtype():
    logits, utility = problem(10, 3, np.float32)
    assert softmax_regret(logits, utility.astype(np.float64))[1].dtype == np.float32
    assert softmax_regret(np.zeros((2, 2), dtype=int), [[0, 1], [1, 0]])[0] == 0.5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["logits", "utility", "cost"])
@pytest.mark.parametrize("shape", [(300, 5), (9, 60), (3, 400)])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_not_finite(bad, dtype, name, shape, n_threads):
    tables = dict(zip(("logits", "utility"), problem(*shape, dtype), strict=True))
    tables["cost"] = np.ones(shape, dtype=dtype)
    row, column = shape[0] - 1, shape[1] - 2
    tables[name][row, column] = bad
    for loss in LOSSES:
        with pytest.raises(ValueError, match=f"{name} must be finite; row {row}, column {column}"):
            loss(**tables, cost_sensitivity=1.0, n_threads=n_threads)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_row_numbers_not_finite(bad):
    logits, utility = problem(5, 3)
    row = np.array([1.0, 1.0, bad, 1.0, 1.0])
    with pytest.raises(ValueError, match="sample_weight must be finite; row 2"):
        softmax_regret(logits, utility, sample_weight=row)
    with pytest.raises(ValueError, match="cost_sensitivity must be finite; row 2"):
        softmax_regret(logits, utility, cost=utility, cost_sensitivity=row)


def test_overflow_is_an_error():
    utility = np.array([[3e38, -3e38]], dtype=np.float32)
    with pytest.raises(ValueError, match="overflows float32"):
        softmax_regret(np.zeros((1, 2), dtype=np.float32), utility)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"logits": np.zeros(3)}, "logits must have two dimensions"),
        ({"logits": np.zeros((4, 0))}, "logits has no columns"),
        ({"utility": np.zeros((4, 2))}, r"utility has shape \(4, 2\)"),
        ({"cost": np.zeros((4, 3))}, "cost is given without cost_sensitivity"),
        ({"cost_sensitivity": 1.0}, "cost_sensitivity is given without cost"),
        ({"cost": np.zeros((4, 3)), "cost_sensitivity": np.ones(3)}, "cost_sensitivity must be a"),
        ({"sample_weight": np.ones(3)}, r"sample_weight must be a number or have shape \(4,\)"),
        ({"sample_weight": np.array([1, -1, 1, 1.0])}, "at least 0; row 1 is -1"),
        ({"sample_weight": np.zeros(4)}, "sample_weight is zero in every row"),
        ({"n_threads": 0}, "n_threads must be"),
        ({"n_threads": 1.5}, "n_threads must be"),
        ({"n_threads": True}, "n_threads must be"),
        ({"out": np.zeros((4, 2))}, "out must be an array"),
        ({"out": np.zeros((4, 3), dtype=np.float32)}, "out must be an array"),
        ({"out": [[0.0] * 3] * 4}, "out must be an array"),
        ({"out": np.zeros((4, 3), order="F")}, "out must be C-contiguous"),
    ],
)
def test_bad_arguments(change, message):
    arguments = {"logits": np.zeros((4, 3)), "utility": np.zeros((4, 3))} | change
    with pytest.raises(ValueError, match=message):
        softmax_regret(**arguments)


def test_out_must_not_overlap():
    both = np.zeros((5, 3))
    with pytest.raises(ValueError, match="overlaps"):
        softmax_regret(both[:4], np.zeros((4, 3)), out=both[1:])
    with pytest.raises(ValueError, match="overlaps"):
        softmax_regret(np.zeros((4, 3)), both[:4], out=both[:4])
    flat = np.ones(13)
    for argument in ("sample_weight", "cost_sensitivity"):
        arguments = {"cost": np.zeros((4, 3)), "cost_sensitivity": 1.0, argument: flat[9:]}
        with pytest.raises(ValueError, match="overlaps"):
            softmax_regret(
                np.zeros((4, 3)), np.zeros((4, 3)), out=flat[:12].reshape(4, 3), **arguments
            )
    beside = {"out": flat[:9].reshape(3, 3), "sample_weight": flat[9:12]}
    softmax_regret(np.zeros((3, 3)), np.zeros((3, 3)), **beside)
    both.setflags(write=False)
    with pytest.raises(ValueError, match="writeable"):
        softmax_regret(np.zeros((5, 3)), np.zeros((5, 3)), out=both)


def test_missing_extension_says_what_to_do():
    code = "import sys\nsys.modules['skroute.policy._regret_fast'] = None\nimport skroute.policy\n"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "pip install -e ." in run.stderr
