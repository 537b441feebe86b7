import pickle
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skroute._utils._folds import make_folds
from skroute.feedback import full_feedback, logged_feedback, read_feedback
from skroute.nuisance import JointOutcome, PerModelOutcome
from skroute.nuisance._features import SpectralFeatures
from skroute.nuisance._hierarchical import Design, HierarchicalRidge, Posterior, fit_variances


def make_log(n=600, seed=0, *, n_models=4, n_features=8):
    """Return X, table, true quality and cost; strong models got the hard queries."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features))
    ability = np.linspace(-0.2, 0.2, n_models)
    quality = 0.6 + ability + 0.25 * X[:, [0]] + 0.1 * X[:, 1 : n_models + 1]
    cost = 0.001 * 4.0 ** np.arange(n_models) * np.exp(0.3 * X[:, [2]])
    logits = -6 * X[:, [0]] * ability
    propensity = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    action = (propensity.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1)
    action = np.minimum(action, n_models - 1)
    rows = np.arange(n)
    observed = quality[rows, action] + 0.2 * rng.normal(size=n)
    y = logged_feedback(action, observed, cost=cost[rows, action])
    return X, read_feedback(y), quality, cost


def folds_of(feedback, n_folds=5):
    X = np.zeros((len(feedback), 1))
    stratum = feedback.action if feedback.logged else np.zeros(len(feedback), int)
    return make_folds(n_folds, X, stratum, feedback.group, np.random.RandomState(0))


def error(predicted, truth):
    """Mean squared error of the differences between models, which decide the choice."""
    gap = (predicted - truth) - (predicted - truth).mean(axis=1, keepdims=True)
    return float((gap**2).mean())


def test_it_is_near_the_truth_where_strong_models_got_hard_queries():
    X, y, quality, cost = make_log(2000)
    model = JointOutcome(random_state=0)
    model.cross_fit(X, y, folds_of(y))
    predicted_quality, predicted_cost = model.predict(X)
    assert np.abs(predicted_quality - quality).mean() < 0.06
    assert np.abs(np.log(predicted_cost / cost)).mean() < 0.1


def test_sharing_beats_separate_regressions_on_few_rows():
    joint, separate = [], []
    for seed in range(5):
        X, y, _, _ = make_log(200, seed, n_features=40)
        X_test, _, truth, _ = make_log(500, seed + 100, n_features=40)
        joint.append(error(JointOutcome(random_state=0).fit(X, y).predict(X_test)[0], truth))
        separate.append(error(PerModelOutcome(Ridge(10.0)).fit(X, y).predict(X_test)[0], truth))
    assert np.mean(joint) < 0.8 * np.mean(separate)


def test_coefficients_without_a_fold_equal_those_of_a_fit_to_its_training_rows():
    X, y, _, _ = make_log(150)
    folds, z = folds_of(y, 3), (y.quality - y.quality.mean()) / y.quality.std()
    features = SpectralFeatures().fit(X, y.weight, np.random.RandomState(0))
    design = Design(features.transform(X), y, folds)
    ridge = HierarchicalRidge(design, z, features.prior)
    train, _ = folds[1]
    (moments,) = Design(features.transform(X[train]), y.take(train), []).moments(z[train])
    theta = Posterior(moments, fit_variances(design.moments(z)[0], features.prior)).theta
    assert_allclose(ridge.theta_without_fold[1], theta, atol=1e-8)


def test_nothing_that_grows_with_the_log_is_kept():
    sizes = []
    for n_rows in (4000, 8000):
        X, y, _, _ = make_log(n_rows)
        sizes.append(len(pickle.dumps(JointOutcome(random_state=0).fit(X, y))))
    # A single number kept for each row would be 32,000 bytes.
    assert abs(sizes[1] - sizes[0]) < 4000


def test_costs_stay_within_what_was_seen():
    X, y, _, _ = make_log(400)
    model = JointOutcome(random_state=0).fit(X, y)
    _, cost = model.predict(50 * X)
    assert (cost > 0).all()
    assert cost.max() <= 1.5 * y.cost.max()


def test_free_models_cost_next_to_nothing():
    X, y, _, _ = make_log(400)
    cost = np.where(y.action == 0, 0.0, y.cost)
    mixed = read_feedback(logged_feedback(y.action, y.quality, cost=cost))
    _, predicted = JointOutcome(random_state=0).fit(X, mixed).predict(X)
    assert predicted[:, 0].max() < 1e-3 * predicted[:, 1].min()
    free = read_feedback(logged_feedback(y.action, y.quality))
    assert_allclose(JointOutcome(random_state=0).fit(X, free).predict(X)[1], 0.0)


def test_one_price_is_predicted_as_it_is():
    X, y, _, _ = make_log(300)
    priced = read_feedback(logged_feedback(y.action, y.quality, cost=np.full(300, 0.02)))
    assert_allclose(JointOutcome(random_state=0).fit(X, priced).predict(X)[1], 0.02)


def test_constant_quality_is_predicted_as_it_is():
    X, y, _, _ = make_log(100)
    constant = read_feedback(logged_feedback(y.action, np.full(100, 0.7)))
    assert_allclose(JointOutcome(random_state=0).fit(X, constant).predict(X)[0], 0.7)


def test_a_model_that_never_varies_does_not_spoil_the_others():
    X, y, quality, _ = make_log(800)
    fixed = np.where(y.action == 3, 0.5, y.quality)
    table = read_feedback(logged_feedback(y.action, fixed))
    predicted, _ = JointOutcome(random_state=0).fit(X, table).predict(X)
    assert_allclose(predicted[:, 3], 0.5, atol=0.05)
    assert error(predicted[:, :3], quality[:, :3]) < 0.01


def test_full_feedback():
    X, _, quality, cost = make_log(300)
    y = read_feedback(full_feedback(quality, cost))
    predicted_quality, predicted_cost = JointOutcome(random_state=0).fit(X, y).predict(X)
    assert np.abs(predicted_quality - quality).mean() < 0.02
    assert np.abs(np.log(predicted_cost / cost)).mean() < 0.05


def full_table(n=300):
    """Return X and a table of full feedback, with steps that only trees find and noise."""
    X, _, quality, cost = make_log(n)
    steps = 0.3 * np.sign(X[:, 5:6] - [0.5, 0.0, -0.5, 9.0])
    noise = 0.1 * np.random.default_rng(1).normal(size=quality.shape)
    return X, read_feedback(full_feedback(quality + steps + noise, cost))


def test_with_full_feedback_the_prediction_is_a_mixture(monkeypatch):
    X, y = full_table()
    folds = folds_of(y)

    def fitted():
        model = JointOutcome(random_state=0)
        return model, model.cross_fit(X, y, folds)[0], model.predict(X)[0]

    model, *_ = fitted()
    assert_allclose(model.shares_.sum(), 1.0)
    assert model.stack_.weight_ > 0.05
    mixtures = []
    for shares in (*np.eye(3), np.array([0.5, 0.3, 0.2])):
        monkeypatch.setattr("skroute.nuisance._joint.credibility", lambda *_, found=shares: found)
        mixtures.append(fitted()[1:])
    *parts, mixed = mixtures
    for found, of_parts in zip(mixed, zip(*parts, strict=True), strict=True):
        assert_allclose(found, np.tensordot([0.5, 0.3, 0.2], of_parts, 1), rtol=1e-6)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(parts[one][1] - parts[other][1]).max() > 0.01


def test_a_log_has_no_mixture():
    X, y, _, _ = make_log(60)
    assert JointOutcome(random_state=0).fit(X, y).shares_ is None


@pytest.mark.parametrize("full", [False, True])
def test_weights_equal_repetition(full):
    X, y = full_table(100) if full else make_log(100)[:2]
    weight = np.random.default_rng(0).integers(0, 3, 100)
    rows, fold = np.repeat(np.arange(100), weight), np.arange(100) % 3

    def cross_fitted(X, y, fold):
        folds = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in range(3)]
        model = JointOutcome(random_state=0)
        model.cross_fit(X, y, folds)
        return model

    weighted = cross_fitted(X, y.reweighted(weight.astype(float)), fold)
    repeated = cross_fitted(X[rows], y.take(rows), fold[rows])
    assert_allclose(weighted.predict(X)[0], repeated.predict(X)[0], rtol=1e-5, atol=1e-7)
    assert_allclose(weighted.predict(X[rows])[1], repeated.predict(X[rows])[1], rtol=1e-5)


@pytest.mark.parametrize("n_rows", [2, 3, 10])
def test_few_rows(n_rows):
    X, y, _, _ = make_log(200)
    few = np.array([np.flatnonzero(y.action == k)[i] for i in range(5) for k in (0, 3)][:n_rows])
    quality, cost = JointOutcome(random_state=0).fit(X[few], y.take(few)).predict(X)
    assert quality.shape == cost.shape == (200, 4)
    assert np.isfinite(quality).all()
    assert np.isfinite(cost).all()


def test_float32():
    X, y, _, _ = make_log(300)
    single = JointOutcome(random_state=0).fit(X.astype(np.float32), y)
    double = JointOutcome(random_state=0).fit(X, y)
    difference = single.predict(X.astype(np.float32))[0] - double.predict(X)[0]
    assert np.abs(difference).mean() < 0.02


def test_a_free_answer_is_taken_for_a_millionth_of_the_mean_cost():
    X, y, _, _ = make_log(200)
    cost = np.where(y.action == 0, 0.0, 1.0)
    model = JointOutcome(random_state=0).fit(
        X, read_feedback(logged_feedback(y.action, y.quality, cost=cost))
    )
    assert model.log_range_ == pytest.approx((np.log(1e-6 * cost.mean()), 0.0))


def test_a_fit_has_five_folds_behind_the_smearing():
    X, y, _, _ = make_log(200)
    other = JointOutcome(random_state=0)
    other.cross_fit(X, y, folds_of(y, 5))
    assert_allclose(JointOutcome(random_state=0).fit(X, y).smearing_, other.smearing_, rtol=1e-12)


def unjudged(y, rows):
    """Return the table with no quality in some rows."""
    return replace(y, quality=np.where(rows, np.nan, y.quality))


def test_quality_is_learned_from_judged_rows_and_cost_from_all():
    X, y, quality, _ = make_log(2000)
    rows = np.random.default_rng(0).random(2000) < 0.6
    partly, folds = unjudged(y, rows), folds_of(y)
    found, whole, weighted = (
        JointOutcome(random_state=0).cross_fit(X, table, folds)
        for table in (partly, y, replace(y, weight=1.0 - rows))
    )
    assert np.isfinite(found[0]).all()
    assert_array_equal(found[1], whole[1])
    # Features apart, which all rows teach, quality is that of the judged rows alone.
    assert np.abs(found[0] - weighted[0]).mean() < 0.02
    assert np.abs(found[0] - quality).mean() < 0.08


def test_a_model_that_was_never_judged_is_predicted_as_all_models_together():
    X, y, *_ = make_log(800)
    quality, _ = JointOutcome(random_state=0).fit(X, unjudged(y, y.action == 1)).predict(X)
    others = quality[:, [0, 2, 3]]
    assert (others.min(axis=1) <= quality[:, 1]).mean() > 0.95
    assert np.corrcoef(quality[:, 1], X[:, 0])[0, 1] > 0.9


@pytest.mark.parametrize("model", [JointOutcome(random_state=0), PerModelOutcome(Ridge())])
def test_one_judged_row_is_enough_to_predict(model):
    X, y, *_ = make_log(60)
    partly = unjudged(y, np.arange(60) > 0)
    for values in (*model.cross_fit(X, partly, folds_of(y)), *model.fit(X, partly).predict(X)):
        assert np.isfinite(values).all()
