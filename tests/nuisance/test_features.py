import numpy as np
import pytest
from numpy.testing import assert_allclose

from skroute.nuisance._features import SpectralFeatures


def fit(X, weight=None, **options):
    weight = np.ones(len(X)) if weight is None else weight
    return SpectralFeatures(**options).fit(X, weight, np.random.RandomState(0))


@pytest.mark.parametrize("shape", [(50, 3), (30, 80), (700, 650), (2, 1), (1, 4)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_dtype_and_constant(shape, dtype):
    X = np.random.default_rng(0).normal(size=shape).astype(dtype)
    features = fit(X)
    mapped = features.transform(X)
    assert mapped.dtype == dtype
    assert mapped.shape == (len(X), features.n_features)
    assert_allclose(mapped[:, -1], 1.0)
    assert np.isfinite(mapped).all()
    assert features.prior.shape == (3, features.n_features)
    assert_allclose(features.prior[:, -1], 0.0)


def test_components_are_those_of_a_decomposition():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 20)) @ rng.normal(size=(20, 20)) + 7
    features = fit(X)
    r = features.components_.shape[1]
    mapped = features.transform(X)[:, :r]
    # Many columns of comparable width keep their relative sizes.
    _, singular, rows = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    scale = np.sqrt((singular**2).sum() / 200)
    expected = (X - X.mean(axis=0)) @ rows[:r].T / scale
    assert_allclose(np.abs(mapped), np.abs(expected), atol=1e-8)


def test_radial_features_reproduce_the_kernel():
    X = np.random.default_rng(0).normal(size=(60, 2))
    features = fit(X, n_radial=60)
    mapped = features.transform(X)
    r = features.components_.shape[1]
    damped, radial = mapped[:, :r] * features.damping_, mapped[:, r:-1]
    distance = ((damped[:, None] - damped[None]) ** 2).sum(axis=-1)
    assert_allclose(radial @ radial.T, np.exp(-distance / 0.5), atol=0.05)
    assert np.trace(radial @ radial.T) >= 0.99 * 60


def test_noise_directions_are_damped():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 20)) * np.r_[10.0, np.full(19, 1.0)]
    features = fit(X, n_components=20)
    assert features.damping_[0] > 0.9
    isotropic = fit(rng.normal(size=(4000, 5)))
    assert_allclose(isotropic.damping_, 1.0, atol=0.1)


def test_units_of_x_do_not_matter():
    X = np.random.default_rng(0).normal(size=(80, 6))
    one, other = fit(X).transform(X), fit(1e3 * X + 5).transform(1e3 * X + 5)
    assert_allclose(np.abs(one), np.abs(other), atol=1e-6)


def test_weights_equal_repetition():
    X = np.random.default_rng(0).normal(size=(40, 3))
    weight = np.random.default_rng(1).integers(0, 3, 40)
    repeated = np.repeat(X, weight, axis=0)
    one, other = fit(X, weight.astype(float)), fit(repeated)
    mapped, again = one.transform(X), other.transform(X)
    assert_allclose(mapped @ mapped.T, again @ again.T, atol=1e-8)


def test_constant_x_leaves_the_constant():
    features = fit(np.ones((20, 3)))
    mapped = features.transform(np.ones((20, 3)))
    assert np.isfinite(mapped).all()
    assert np.ptp(mapped, axis=0).max() == 0.0


def test_many_rows_are_mapped_in_blocks():
    X = np.random.default_rng(0).normal(size=(9000, 3))
    features = fit(X)
    assert_allclose(features.transform(X)[8500:], features.transform(X[8500:]), atol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("far", [0.0, 100.0])
def test_readout_equals_the_linear_model_on_the_features(dtype, far):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(5000, 8)) + far).astype(dtype)
    features = SpectralFeatures(n_landmarks=50).fit(X, np.ones(len(X)), np.random.RandomState(0))
    theta = rng.normal(size=(3, features.n_features))
    expected = features.transform(X.astype(np.float64)) @ theta.T
    found = features.readout(theta, X.dtype)(X)
    assert found.dtype == np.float64
    # A float32 far from its mean has that many digits less.
    atol = 1e-10 if dtype is np.float64 else 1e-4 * (1 + far / 10)
    np.testing.assert_allclose(found, expected, atol=atol)


def test_default_sizes():
    rng = np.random.default_rng(0)
    features = fit(rng.normal(size=(700, 400)))
    assert features.components_.shape[1] == 256
    assert len(features.landmarks_) == 512
    assert features.radial_.shape[1] == 96


def test_components_explain_99_percent_of_the_squared_spectrum_and_are_128_at_least():
    X = np.vstack([np.eye(200), -np.eye(200)])
    # Directions of an embedding: columns of comparable width, which keep their sizes.
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(200, 200)))
    assert fit(X @ turn).components_.shape[1] in (198, 199)
    # What is left is rounding.
    assert fit(X * 0.5 ** np.arange(200) @ turn).components_.shape[1] < 128
    assert fit(X * 0.95 ** np.arange(200) @ turn).components_.shape[1] == 128


def test_radial_features_are_no_more_than_99_percent_of_the_kernel_need():
    X = np.random.default_rng(0).normal(size=(60, 2))
    features = fit(X, n_radial=60)
    r = features.components_.shape[1]
    explained = (features.transform(X)[:, r:-1] ** 2).sum(axis=0)
    assert explained.sum() - explained.min() < 0.99 * 60 <= explained.sum()


def test_more_than_4000_rows_are_sampled():
    X = np.random.default_rng(0).normal(size=(4001, 2))
    assert_allclose(fit(X[:-1]).columns_.center, X[:-1].mean(axis=0), rtol=1e-9)
    assert np.abs(fit(X).columns_.center - X.mean(axis=0)).max() > 1e-6
