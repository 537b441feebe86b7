import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skroute.nuisance._columns_scale import ColumnScale


def scale_of(X, weight=None):
    return ColumnScale.of(X, np.ones(len(X)) if weight is None else weight)


def test_directions_of_an_embedding_keep_their_relative_sizes():
    rng = np.random.default_rng(0)
    width = np.geomspace(0.01, 1.0, 64)
    X = rng.normal(size=(2000, 64)) * width
    ratio = scale_of(X).transform(X).std(axis=0) / X.std(axis=0)
    assert_allclose(ratio, ratio[0])


def test_few_columns_are_divided_by_their_widths():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 6)) * 10.0 ** np.arange(-3, 3) + 100
    mapped = scale_of(X).transform(X)
    assert_allclose(mapped.mean(axis=0), 0, atol=1e-9)
    assert_allclose(mapped.std(axis=0), 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_raw_column_beside_an_embedding_is_as_wide_as_a_leading_direction(dtype):
    rng = np.random.default_rng(0)
    embedding = 0.05 * rng.normal(size=(3000, 40))
    raw = [300 * np.exp(rng.normal(size=3000)), 1.7e9 + 1e6 * rng.random(3000)]
    X = np.column_stack([embedding, *raw]).astype(dtype)
    columns = scale_of(X)
    mapped = columns.transform(X)
    assert mapped.dtype == dtype
    assert_array_equal(columns.raw, [40, 41])
    assert_allclose(mapped[:, 40:].std(axis=0), mapped[:, :40].std(axis=0).mean(), rtol=0.1)
    # What float32 rounds a time to is not what is lost.
    assert np.corrcoef(mapped[:, 41], raw[1])[0, 1] > 0.999


def test_many_raw_columns_are_no_larger_than_the_embedding():
    rng = np.random.default_rng(0)
    X = np.column_stack([0.01 * rng.normal(size=(800, 20)), rng.normal(size=(800, 60)) * 1e3])
    columns = scale_of(np.column_stack([X, 1e6 * rng.normal(size=(800, 5))]))
    assert_array_equal(columns.raw, np.r_[np.arange(20), np.arange(80, 85)])
    wide = 1e3 ** np.arange(1, 31) * rng.normal(size=(800, 30))
    mapped = scale_of(np.column_stack([X[:, :20], wide])).transform(
        np.column_stack([X[:, :20], wide])
    )
    assert_allclose((mapped[:, 20:] ** 2).sum(), (mapped[:, :20] ** 2).sum(), rtol=1e-6)


@pytest.mark.parametrize("huge", [1e30, -1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_huge_cell_does_not_hide_the_rest(huge, dtype):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 4)).astype(dtype)
    clean = scale_of(X).transform(X)
    X[7, 2] = huge
    mapped = scale_of(X).transform(X)
    assert np.isfinite(mapped).all()
    assert_allclose(mapped[:, [0, 1, 3]], clean[:, [0, 1, 3]], rtol=1e-5)
    others = np.arange(1000) != 7
    assert np.corrcoef(mapped[others, 2], clean[others, 2])[0, 1] > 0.97
    assert 0.5 < mapped[others, 2].std() < 1.5


def test_the_largest_floats_do_not_overflow():
    X = np.random.default_rng(0).normal(size=(50, 2))
    X[0], X[1] = np.finfo(np.float64).max, -np.finfo(np.float64).max
    with np.errstate(all="raise"):
        assert np.isfinite(scale_of(X).transform(X)).all()


def test_indicators_and_sparse_counts_are_not_squashed():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random(2000) < 0.01, rng.poisson(0.1, 2000)]).astype(float)
    columns = scale_of(X)
    assert len(columns.odd) == 0
    assert_allclose(columns.transform(X).std(axis=0), 1)


def test_constant_columns_become_zero():
    X = np.column_stack([np.full(30, 1e9), np.zeros(30), np.arange(30.0)])
    mapped = scale_of(X).transform(X)
    assert_allclose(mapped[:, :2], 0, atol=1e-6)
    assert_allclose(mapped[:, 2].std(), 1)


def test_weights_equal_repetition():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(60, 3)), np.exp(4 * rng.normal(size=60))])
    weight = rng.integers(1, 4, 60)
    one, other = scale_of(X, weight.astype(float)), scale_of(np.repeat(X, weight, axis=0))
    assert_array_equal(one.odd, other.odd)
    assert_allclose(one.transform(X), other.transform(X))


def test_extremes_count_beside_the_rows_that_are_learned_from():
    X = np.random.default_rng(0).normal(size=(100, 2))
    extremes = np.array([[-3.0, -3.0], [3.0, 1e12]])
    columns = ColumnScale.of(X, np.ones(100), extremes)
    assert_array_equal(columns.odd, [1])
    assert abs(columns.transform(np.array([[0.0, 1e12]]))[0, 1]) < 30


@pytest.mark.parametrize("n", [280, 3001])
def test_constant_columns_are_constant_though_their_mean_is_rounded(n):
    rng = np.random.default_rng(0)
    constant = np.tile(rng.uniform(0.1, 1.0, 200), (n, 1))
    X = np.hstack([rng.normal(size=(n, 2)), constant])
    scale = ColumnScale.of(X, np.ones(n))
    assert len(scale.odd) == 0
    assert_allclose(scale.transform(X)[:, 2:], 0.0, atol=1e-12)


def test_rounding_errors_of_other_columns_count_as_constant():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 40))
    X[:, 8:] *= np.geomspace(1e-16, 1e-75, 32)
    columns = ColumnScale.of(X, np.ones(200))
    Z = columns.transform(X)
    assert np.abs(Z[:, 8:]).max() < 1e-14
    assert (Z[:, :8].std(axis=0) > 0.1).all()
