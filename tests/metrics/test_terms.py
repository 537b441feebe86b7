import numpy as np
import pytest

from skroute.metrics._terms import Estimate, Part, Terms, degrees_of_freedom

RNG = np.random.default_rng(0)
N = 40
WEIGHT = RNG.random(N) + 0.5
PLAIN, ABOVE, BELOW = RNG.normal(size=(3, N))
BELOW = np.abs(BELOW)
RATIO = Terms(PLAIN, ABOVE * BELOW, BELOW)


def by_rows(rows):
    """Mean plus ratio over some rows, word for word."""
    weight = WEIGHT[rows]
    mean = np.average(PLAIN[rows], weights=weight)
    return mean + np.sum(weight * (ABOVE * BELOW)[rows]) / np.sum(weight * BELOW[rows])


def test_jackknife_leaves_out_cluster_by_cluster():
    cluster = np.arange(N) % 8
    estimate = Estimate.of("quality", RATIO)
    columns = np.zeros((8, 4))
    np.add.at(columns, cluster, estimate.columns(WEIGHT))
    without = np.array([by_rows(np.flatnonzero(cluster != c)) for c in range(8)])
    expected = np.sqrt(7 / 8 * np.sum((without - without.mean()) ** 2))
    assert np.sqrt(np.sum(estimate.influence(columns) ** 2)) == pytest.approx(expected)
    assert estimate.value(WEIGHT) == pytest.approx(by_rows(np.arange(N)))


def test_the_error_of_a_plain_mean_is_the_usual_one():
    estimate, ones = Estimate.of("quality", Terms(PLAIN)), np.ones(N)
    columns = estimate.columns(ones)
    error = np.sqrt(np.sum(estimate.influence(columns) ** 2))
    assert error == pytest.approx(PLAIN.std(ddof=1) / np.sqrt(N))
    freedom = degrees_of_freedom(estimate.influences(columns), estimate.shares(columns))
    assert freedom == pytest.approx(N - 1)


def test_clusters_of_unequal_size_count_for_fewer():
    size = np.array([30.0, 5.0, 3.0, 2.0])
    columns = np.zeros((4, 4))
    columns[:, 0], columns[:, 1] = size * [1.0, 2.0, 0.0, 1.0], size
    estimate = Estimate.of("quality", Terms(np.zeros(4)))
    freedom = degrees_of_freedom(estimate.influences(columns), estimate.shares(columns))
    assert freedom == pytest.approx(max(40**2 / np.sum(size**2) - 1, 1))


def test_two_policies_that_differ_in_few_rows_have_few_degrees_of_freedom():
    other = BELOW.copy()
    other[:5] += 3.0
    second = Estimate.of("quality", Terms(PLAIN, ABOVE * other, other))
    difference = Estimate.of("quality", RATIO).minus(1.0, second)
    columns = difference.columns(WEIGHT)
    of_second = second.columns(WEIGHT)
    alone = degrees_of_freedom(second.influences(of_second), second.shares(of_second))
    assert (
        degrees_of_freedom(difference.influences(columns), difference.shares(columns)) < 0.7 * alone
    )
    same = second.minus(1.0, second)
    assert not same.influence(same.columns(WEIGHT)).any()


def test_policies_that_differ_in_every_cluster_have_a_degree_of_freedom_for_each():
    """Rows of one policy and of the other do not make up for each other within a cluster."""
    first, second = np.eye(2)[np.arange(N) % 2].T
    one, other = (Estimate.of("quality", Terms(None, ABOVE * own, own)) for own in (first, second))
    difference = one.minus(1.0, other)
    by_row = difference.columns(np.ones(N))
    columns, shares = (
        np.add.reduceat(rows, np.arange(0, N, 10)) for rows in (by_row, difference.shares(by_row))
    )
    assert degrees_of_freedom(difference.influences(columns), shares) == pytest.approx(3.0)


def test_scaled_parts_add_up():
    cost = Estimate.of("cost", Terms(None, ABOVE * WEIGHT, WEIGHT))
    utility = Estimate.of("quality", RATIO).minus(2.0, cost)
    expected = by_rows(np.arange(N)) - 2.0 * cost.value(WEIGHT)
    assert utility.value(WEIGHT) == pytest.approx(expected)
    assert utility.minus(0.0, cost) is utility
    sums = utility.columns(WEIGHT).sum(axis=0)
    assert utility.from_sums(np.stack([sums, 2 * sums])) == pytest.approx([expected, expected])


def test_spread_multiplies_the_error_of_the_ratio_alone():
    ratio = Terms(np.zeros(N), ABOVE * BELOW, BELOW)
    errors = []
    for spread in (1.0, 3.0):
        estimate = Estimate((Part(ratio, "quality", spread=spread),))
        columns = estimate.columns(WEIGHT)
        errors.append(np.sqrt(np.sum(estimate.influence(columns) ** 2)))
    assert errors[1] == pytest.approx(3 * errors[0])


@pytest.mark.parametrize("spoil", ["one cluster", "all weight in one", "no weight"])
def test_what_leaves_nothing_to_judge_by_has_no_error(spoil):
    below = np.array([1.0, 0.0, 0.0]) if spoil == "all weight in one" else np.zeros(3)
    rows = 1 if spoil == "one cluster" else 3
    estimate = Estimate.of("quality", Terms(np.ones(rows), below[:rows], below[:rows]))
    assert np.isnan(estimate.influence(estimate.columns(np.ones(rows)))).all()


def error_and_freedom(estimate, weight):
    columns = estimate.columns(weight)
    both = estimate.with_unseen(estimate.influences(columns), estimate.shares(columns))
    return np.sqrt(np.sum(both[0].sum(axis=1) ** 2)), degrees_of_freedom(*both)


@pytest.mark.parametrize("n_rows", [4, 9])
def test_labels_that_happen_to_be_alike_are_not_taken_for_certain(n_rows):
    """By hand: the mean square of n residuals of 0 and of one of variance 0.2."""
    below = np.r_[np.ones(n_rows), np.zeros(3)]
    alike = Terms(np.zeros(len(below)), 0.0 * below, below)
    estimate = Estimate((Part(alike, "quality", unseen=0.2),))
    error, freedom = error_and_freedom(estimate, np.ones(len(below)))
    assert error == pytest.approx(np.sqrt(0.2 / (n_rows + 1) / n_rows))
    assert freedom == pytest.approx(n_rows)
    assert error_and_freedom(Estimate((Part(alike, "quality"),)), np.ones(len(below)))[0] == 0
    twice = Estimate((Part(alike, "quality", spread=2.0, unseen=0.2),))
    assert error_and_freedom(twice, np.ones(len(below)))[0] == pytest.approx(2 * error)
    same = estimate.minus(1.0, estimate)
    assert error_and_freedom(same, np.ones(len(below)))[0] == 0


def test_labels_that_vary_more_than_others_keep_their_error():
    ratio = Terms(np.zeros(N), ABOVE * BELOW, BELOW)
    columns = Estimate.of("quality", ratio).columns(WEIGHT)
    error = np.sqrt(np.sum(Estimate.of("quality", ratio).influence(columns) ** 2))
    seen = Estimate((Part(ratio, "quality", unseen=1e-3),))
    assert error_and_freedom(seen, WEIGHT)[0] == pytest.approx(error)
