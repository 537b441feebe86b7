"""What models learn from corrected labels, beside gold labels alone and both sources pooled."""

import numpy as np
import pytest
from gold_labels import gain
from sklearn.linear_model import RidgeCV

from skroute import DRBiasCorrector, gain_feedback
from skroute.datasets import make_gold_preference
from skroute.metrics import efficiency_gain_curve


def efficiency(problem, test, rows, label, weight=None):
    model = RidgeCV(np.logspace(-2, 4, 13))
    model.fit(problem.X[rows], label[rows], None if weight is None else weight[rows])
    truth = test.expected_quality[:, 1]
    score = model.predict(test.X)
    return efficiency_gain_curve(gain_feedback(truth), score, strong="primary").mean()


def halves(problem):
    """Split into training and held-out queries of the same truth."""

    def part(rows):
        fields = {
            name: getattr(problem, name)[rows]
            for name in ("X", "y", "y_gold", "expected_quality", "bias", "gold_propensity")
        }
        return type(problem)(models=problem.models, **fields)

    return part(slice(0, 5000)), part(slice(5000, None))


@pytest.mark.parametrize("learner", ["dr", "r"])
def test_few_gold_labels_and_many_biased_ones_beat_either(learner):
    values = []
    for seed in range(6):
        whole = make_gold_preference(
            10000, 50, n_gold=200, bias=0.2, noise=0.5, preference_noise=0.4, random_state=seed
        )
        problem, test = halves(whole)
        everything = np.ones(len(problem.X), dtype=bool)
        corrected = DRBiasCorrector(learner, random_state=0).fit_correct(problem.X, problem.y)
        values.append(
            [
                efficiency(problem, test, everything, gain(corrected), corrected["weight"]),
                efficiency(problem, test, everything, gain(problem.y)),
                efficiency(problem, test, problem.y["gold"], gain(problem.y)),
                efficiency(problem, test, everything, gain(problem.y_gold)),
            ]
        )
    corrected, pooled, gold_only, all_gold = np.mean(values, axis=0)
    assert corrected > pooled > gold_only
    assert corrected > 0.7 * all_gold


def values_under(bias, seed):
    """Return values by labels of dr, r, both pooled, gold alone and all gold."""
    whole = make_gold_preference(
        10000, 50, n_gold=200, bias=bias, noise=0.5, preference_noise=0.5, random_state=seed
    )
    problem, test = halves(whole)
    everything = np.ones(len(problem.X), dtype=bool)
    values = []
    for learner in ("dr", "r"):
        corrected = DRBiasCorrector(learner, random_state=0).fit_correct(problem.X, problem.y)
        values.append(efficiency(problem, test, everything, gain(corrected), corrected["weight"]))
    return [
        *values,
        efficiency(problem, test, everything, gain(problem.y)),
        efficiency(problem, test, problem.y["gold"], gain(problem.y)),
        efficiency(problem, test, everything, gain(problem.y_gold)),
    ]


@pytest.mark.parametrize("bias", [0.0, 0.15, 0.3, 0.6, 0.9, 1.5])
def test_safe_at_any_size_of_the_bias(bias):
    """The gains' standard deviation is about 0.3; the bias goes from none to five times that."""
    values = np.mean([values_under(bias, seed) for seed in range(4)], axis=0)
    dr, r, pooled, gold_only, all_gold = values
    for corrected in (dr, r):
        assert corrected > max(pooled, gold_only) - 0.03 * all_gold
