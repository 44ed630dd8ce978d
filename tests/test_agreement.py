"""The figures of agreement against examples worked by hand and published."""

import numpy as np
import pytest

from annotation.projects.agreement import alphas, ordinal_alpha, pairs_within, score_counts, share_difference

_ = None
# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units.
KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]


def counts_of(observers):
    cells = [(unit, score) for row in observers for unit, score in enumerate(row) if score is not None]
    units, scores = np.array(cells).T
    return score_counts(units, scores, len(observers[0]))


def test_ordinal_alpha_of_krippendorffs_own_reliability_data_is_0_815():
    assert ordinal_alpha(counts_of(KRIPPENDORFF)) == pytest.approx(0.815, abs=0.0005)


def test_alpha_worked_by_hand():
    """Two raters, units (1,1) (1,2) (2,2): n1 = n2 = 3, one disagreeing pair: alpha = 1 - 5 * 2 / (2 * 9) = 4/9."""
    assert ordinal_alpha(counts_of([[1, 1, 2], [1, 2, 2]])) == pytest.approx(4 / 9)


def test_alpha_is_one_when_all_agree_and_negative_when_they_oppose():
    assert ordinal_alpha(counts_of([[1, 3, 5], [1, 3, 5]])) == 1
    assert ordinal_alpha(counts_of([[1, 5, 1, 5], [5, 1, 5, 1]])) < 0


def test_a_lone_score_changes_nothing():
    with_lone = [[*row, 5 if place == 0 else None] for place, row in enumerate(KRIPPENDORFF)]
    assert ordinal_alpha(counts_of(with_lone)) == pytest.approx(ordinal_alpha(counts_of(KRIPPENDORFF)))


def test_alpha_of_equal_scores_is_not_a_number():
    assert np.isnan(ordinal_alpha(counts_of([[3, 3], [3, 3]])))


def test_the_interval_holds_the_figure_and_is_the_same_for_the_same_seed():
    rng = np.random.default_rng(3)
    truth = rng.integers(1, 6, 200)
    raters = [np.clip(truth + rng.integers(-1, 2, 200), 1, 5).tolist() for _ in range(2)]
    counts = counts_of(raters)
    mean, each = alphas([counts, counts], seed=5)
    assert mean is not None
    assert mean.low < mean.value < mean.high
    assert 0.02 < mean.high - mean.low < 0.2
    assert mean.n == 200
    assert each[0] == each[1]
    assert alphas([counts, counts], seed=5)[0] == mean


def test_too_few_shared_videos_give_no_figure():
    assert alphas([counts_of([[1, 2, 3] * 3, [1, 2, 3] * 3])], seed=1) == (None, [None])


def test_equal_scores_in_one_dimension_give_no_mean():
    varied, same = counts_of([[1, 2, 3, 4] * 4] * 2), counts_of([[3] * 16] * 2)
    mean, each = alphas([varied, same], seed=1)
    assert mean is None
    assert each[0] is not None
    assert each[1] is None


def test_the_difference_of_shares_and_its_interval():
    blind = np.array([[0, 2], [1, 2], [1, 2]] * 20)
    shown = np.array([[2, 2], [1, 2], [2, 2]] * 20)
    difference = share_difference(blind, shown, seed=1)
    assert difference is not None
    assert difference.value == pytest.approx(5 / 6 - 2 / 6)
    assert 0.3 < difference.low < 0.5 < difference.high < 0.7
    assert share_difference(blind[:2], shown[:2], seed=1) is None


def test_pairs_are_all_pairs_of_one_unit():
    left, right = pairs_within(np.array([0, 0, 0, 1, 2, 2]))
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2), (4, 5)]
