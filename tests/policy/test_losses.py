"""The compiled losses: values and gradients against NumPy twins, derivatives, extreme inputs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax, softmax

from skroute.policy import classification_surrogate, softmax_regret

LOSSES = [softmax_regret, classification_surrogate]
TOLERANCE = {np.float32: 1e-5, np.float64: 1e-12}
ROWS = [1, 2, 15, 16, 17, 31, 32, 33, 257, 1000]  # blocks of 16, and their neighbours
COLUMNS = [1, 2, 3, 4, 5, 8, 11, 16, 17, 64, 257, 700]


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


def test_calls_from_many_threads_at_once():
    logits, utility = problem(3000, 5)
    value, gradient = softmax_regret(logits, utility)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(softmax_regret, logits, utility) for _ in range(40)]
    for call in calls:
        assert call.result()[0] == value
        assert_array_equal(call.result()[1], gradient)
