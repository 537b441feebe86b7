"""The surrogate losses as functions of a user: layouts, `out`, and errors."""

import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skroute.policy import classification_surrogate, softmax_regret

LOSSES = [softmax_regret, classification_surrogate]


def problem(n_rows, n_columns, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n_rows, n_columns)).astype(dtype)
    return logits, rng.random((n_rows, n_columns)).astype(dtype)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", ["C", "F", "rows", "columns", "read-only", "unaligned"])
def test_layouts_agree(loss, dtype, layout):
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
    value, gradient = loss(logits, utility)
    assert value == expected[0]
    assert_array_equal(gradient, expected[1])


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
def test_not_finite(bad, dtype, name, shape):
    tables = dict(zip(("logits", "utility"), problem(*shape, dtype), strict=True))
    tables["cost"] = np.ones(shape, dtype=dtype)
    row, column = shape[0] - 1, shape[1] - 2
    tables[name][row, column] = bad
    for loss in LOSSES:
        with pytest.raises(ValueError, match=f"{name} must be finite; row {row}, column {column}"):
            loss(**tables, cost_sensitivity=1.0)


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
    code = "import sys\nsys.modules['skroute.policy._losses'] = None\nimport skroute.policy\n"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "pip install -e ." in run.stderr
