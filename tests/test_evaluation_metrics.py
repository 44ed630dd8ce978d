"""The figures of an evaluation against SciPy, against pairs counted one by one, and worked by hand."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from annotation.scale import DIMENSION_KEYS
from scoring.evaluation.bootstrap import intervals, paired, resample
from scoring.evaluation.compared import compared, in_common
from scoring.evaluation.metrics import FIGURES, measure, point, rewards
from scoring.evaluation.tables_of import confusion, counted, reliability

NAN = float("nan")


def drawn(seed: int, videos: int = 400, prompts: int = 60, *, shift: float = 0.0):
    """A scorer that is near the people, abstains now and then and has no numbers for some videos."""
    rng = np.random.default_rng(seed)
    human = rng.integers(1, 6, (videos, 3))
    hard = np.clip(human + rng.integers(-2, 3, (videos, 3)), 1, 5)
    expected = np.clip(np.round(hard + shift + rng.normal(0, 0.4, hard.shape), 1), 1, 5)  # with ties
    confidence = rng.uniform(0, 1, hard.shape)
    hard[rng.random(hard.shape) < 0.1] = 0
    without = rng.random(videos) < 0.2
    expected[without], confidence[without] = NAN, NAN
    return compared(np.sort(rng.integers(0, prompts, videos)), human, hard, expected, confidence)


def one_dimension(human, hard, expected=None, confidence=None, prompts=None):
    """Three times the same dimension."""
    nothing = [NAN] * len(human)
    prompts = np.array([0] * len(human) if prompts is None else prompts, dtype=np.int64)
    scores = [np.stack([np.array(column, dtype=np.int64)] * 3, axis=1) for column in (human, hard)]
    numbers = [np.stack([np.array(column or nothing)] * 3, axis=1) for column in (expected, confidence)]
    return compared(prompts, *scores, *numbers)


@pytest.mark.parametrize("seed", range(3))
def test_correlations_are_those_of_scipy_ties_included(seed):
    rows = drawn(seed)
    found = point(rows)
    for d, key in enumerate(DIMENSION_KEYS):
        said = rows.answered[:, d]
        human, score = rows.human[said, d], rows.score[said, d]
        assert found[key]["plcc"] == pytest.approx(stats.pearsonr(human, score).statistic, abs=1e-12)
        assert found[key]["srcc"] == pytest.approx(stats.spearmanr(human, score).statistic, abs=1e-12)


def test_a_repeat_is_the_figure_of_the_videos_drawn_as_often_as_their_prompt():
    """SciPy over the rows written out as often as they count: ranks are those of the resample."""
    rows = drawn(5, videos=120, prompts=20)
    weights = next(resample(rows.n_prompts, repeats=3, seed=9))
    found = measure(rows, weights)
    for repeat, weight in enumerate(weights):
        times = weight[rows.prompts].astype(int)
        for d, key in enumerate(DIMENSION_KEYS):
            said = np.repeat(np.arange(len(rows)), times * rows.answered[:, d])
            human, hard, score = (of[said, d] for of in (rows.human, rows.hard, rows.score))
            assert found[key]["accuracy"][repeat] == pytest.approx((human == hard).mean())
            assert found[key]["plcc"][repeat] == pytest.approx(stats.pearsonr(human, score).statistic)
            assert found[key]["srcc"][repeat] == pytest.approx(stats.spearmanr(human, score).statistic)
            sure = said[~np.isnan(rows.confidence[said, d])]
            bins = (rows.confidence[sure, d] * 10).astype(int)
            gaps = (rows.human[sure, d] == rows.hard[sure, d]) - rows.confidence[sure, d]
            ece = sum(abs(gaps[bins == b].sum()) for b in range(10)) / len(sure)
            assert found[key]["ece"][repeat] == pytest.approx(ece)


def test_pairwise_accuracy_is_that_of_pairs_counted_one_by_one():
    rows = drawn(1)
    for d, key in enumerate(DIMENSION_KEYS):
        right = pairs = 0
        for i, j in combinations(np.flatnonzero(rows.answered[:, d]), 2):
            if rows.prompts[i] == rows.prompts[j]:
                people, scorer = (round(of[i, d] - of[j, d], 6) for of in (rows.human, rows.score))
                pairs += 1
                right += (abs(people) <= 0.2 and abs(scorer) <= 0.2) or (
                    abs(people) > 0.2 and abs(scorer) > 0.2 and people * scorer > 0
                )
        assert point(rows)[key]["pairwise"] == pytest.approx(right / pairs)
        assert counted(rows)[key].pairs == pairs


def test_a_difference_of_exactly_five_percent_of_the_range_is_a_tie():
    """3.0 and 3.2: 0.2 of a range of 4, which is 0.2000000000000002 in binary."""
    assert point(one_dimension([3, 3], [3, 3], [3.0, 3.2]))["mean"]["pairwise"] == 1
    assert point(one_dimension([3, 3], [3, 3], [3.0, 3.21]))["mean"]["pairwise"] == 0
    assert point(one_dimension([3, 4], [3, 3], [3.0, 3.2]))["mean"]["pairwise"] == 0
    assert point(one_dimension([3, 4], [3, 3], [3.0, 3.21]))["mean"]["pairwise"] == 1


def test_pairs_are_only_within_a_prompt():
    rows = one_dimension([1, 5, 3], [1, 5, 3], prompts=[0, 1, 2])
    assert point(rows)["mean"]["pairwise"] is None
    assert counted(rows)["visual_quality"].pairs == 0


def test_shares_and_rewards_worked_by_hand():
    human = np.array([[3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3], [3, 3, 3]])
    hard = np.array([[3, 3, 3], [3, 4, 3], [2, 4, 3], [2, 4, 2], [3, 3, 5]])
    assert rewards(human, hard).tolist() == [1.0, 0.7, 0.4, 0.1, 0.0]
    numbers = np.full((5, 3), NAN)
    found = point(compared(np.arange(5), human, hard, numbers, numbers))
    assert found["mean"]["all_exact"] == pytest.approx(1 / 5)
    assert found["mean"]["reward"] == pytest.approx(2.2 / 5)
    assert [found[key]["accuracy"] for key in DIMENSION_KEYS] == pytest.approx([3 / 5, 2 / 5, 3 / 5])
    assert [found[key]["within_one"] for key in DIMENSION_KEYS] == pytest.approx([1, 1, 4 / 5])
    assert found["mean"]["accuracy"] == pytest.approx(8 / 15)
    assert found["mean"]["plcc"] is None  # people say the same everywhere
    assert found["mean"]["ece"] is None  # no probabilities


def test_calibration_worked_by_hand():
    """Two sure and right, two sure of 0.9 and one right; bins [0.5, 0.6) and [0.9, 1]: gaps 0.5 and 0.05."""
    rows = one_dimension([3, 3, 4, 1], [3, 3, 4, 5], None, [0.5, 0.5, 1.0, 0.9])
    assert point(rows)["visual_quality"]["ece"] == pytest.approx((2 * 0.5 + 2 * abs(0.5 - 0.95)) / 4)
    bins = reliability(rows, 0)
    assert bins[5].tolist() == [2, 0.5, 1.0]
    assert bins[9].tolist() == pytest.approx([2, 0.95, 0.5])
    assert bins[:, 0].sum() == 4
    table = confusion(rows, 0)
    assert table[2, 2] == 2
    assert table[0, 4] == table[3, 3] == 1
    assert table.sum() == 4


@pytest.mark.parametrize("rows", [one_dimension([3, 3, 3], [4, 2, 3]), one_dimension([1, 2, 3], [4, 4, 4])])
def test_a_side_that_never_varies_has_no_correlation(rows):
    assert [point(rows)["mean"][name] for name in ("plcc", "srcc")] == [None, None]


def test_no_video_at_all_and_an_abstained_dimension_give_no_figure():
    nothing = one_dimension([], [])
    assert set(point(nothing)["mean"].values()) == {None}
    assert intervals(nothing, repeats=10, seed=1)["mean"]["accuracy"] is None
    rows = drawn(2)
    rows.hard[:, 1] = 0
    found = point(rows)
    assert set(found["text_alignment"].values()) == {None}
    assert found["mean"]["accuracy"] is None
    assert found["mean"]["reward"] is None
    assert found["visual_quality"]["accuracy"] is not None


def test_intervals_hold_the_figure_and_are_the_same_for_the_same_seed():
    rows = drawn(3)
    found, once, again = point(rows), *(intervals(rows, repeats=300, seed=4) for _ in range(2))
    assert once == again
    assert intervals(rows, repeats=300, seed=5) != once
    for name in set(FIGURES) - {"ece"}:  # resampling widens the gaps of a bin
        low, high = once["mean"][name]
        assert low < found["mean"][name] < high
        assert high - low < 0.2


def test_intervals_are_as_wide_as_drawing_prompts_makes_them():
    """All ten videos of a prompt are right or wrong together: the interval is that of 60 prompts, not 600 videos."""
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(60) < 0.5, 10)
    rows = one_dimension(np.full(600, 3), np.where(right, 3, 4), prompts=np.repeat(np.arange(60), 10))
    low, high = intervals(rows, repeats=1000, seed=1)["mean"]["accuracy"]
    assert high - low == pytest.approx(2 * 1.96 * 0.5 / 60**0.5, rel=0.15)


def test_two_scorers_are_compared_on_the_same_resamples():
    """A scorer beside itself differs nowhere; one that is a step worse in every tenth video, certainly."""
    one = drawn(6)
    assert paired(one, one, repeats=50, seed=1)[2]["mean"]["accuracy"] == [0.0, 0.0]
    worse = compared(one.prompts, one.human, one.hard.copy(), one.expected, one.confidence)
    hits = np.flatnonzero((one.human[:, 0] == one.hard[:, 0]) & (one.hard[:, 0] < 5))[::10]
    worse.hard[hits, 0] += 1
    mine, theirs, apart = paired(one, worse, repeats=300, seed=1)
    assert mine["visual_quality"]["accuracy"][0] < theirs["visual_quality"]["accuracy"][1]  # they overlap
    assert apart["visual_quality"]["accuracy"][1] < 0  # and yet


def test_what_only_one_scorer_answered_counts_for_neither():
    one, other = drawn(7), drawn(8)
    a, b = in_common(one, other)
    assert (a.answered == b.answered).all()
    assert a.answered.sum() == (one.answered & other.answered).sum()
    assert np.isnan(a.expected[~a.answered]).all()
