"""Best of N: the order of one prompt's videos, and how good the picks are."""

import numpy as np
import pytest

from annotation.templatetags.figures import percent
from scoring.best_of.rank import EQUAL, Candidates, rank
from scoring.best_of.score_picks import Opinions, score_picks

NONE = np.nan


def candidates(prompts, expected, confidence=None):
    expected = np.array(expected, float)
    sure = np.full(expected.shape, 0.5) if confidence is None else np.array(confidence, float)
    return Candidates(np.array(prompts), np.arange(len(prompts)) + 100, expected, sure)


def same(*scores):
    """Each score in all three dimensions."""
    return [[score] * 3 for score in scores]


def figures(found, human, weights=EQUAL, **more):
    return score_picks(found, rank(found, weights), np.array(human, float), weights, seed=1, **more)


def test_the_higher_expected_score_comes_first_then_the_surer_one_then_the_earlier_one():
    found = rank(candidates([7, 7, 7, 7], same(3.0, 4.0, 3.0, 3.0), same(0.4, 0.1, 0.6, 0.4)))
    assert found.rows.tolist() == [1, 2, 0, 3]
    assert found.places.tolist() == [1, 2, 3, 4]


def test_weights_change_the_order_and_prompts_keep_theirs():
    found = candidates([9, 9, 2, 2], [[5, 1, 1], [1, 4, 4], [2, 2, 2], [3, 3, 3]])
    assert rank(found).rows.tolist() == [1, 0, 3, 2]
    assert rank(found, np.array([1.0, 0.0, 0.0])).rows.tolist() == [0, 1, 3, 2]


def test_a_dimension_that_the_scorer_never_answers_is_not_compared_but_a_single_abstention_is_no_gain():
    never = candidates([1, 1], [[3, NONE, 3], [4, NONE, 4]])
    assert rank(never).rows.tolist() == [1, 0]
    once = candidates([1, 1, 1], [[3, 3, 3], [5, NONE, 5], [4, 4, 4]])
    assert rank(once).rows.tolist() == [2, 0]
    assert rank(never, np.array([0.0, 1.0, 0.0])).rows.tolist() == []


def test_picks_are_compared_with_chance_and_with_the_humans_best():
    # Prompt 1: the pick is one of two tied best of three. Prompt 2: the pick is the worse of two.
    found = candidates([1, 1, 1, 2, 2], same(4, 3, 2, 4, 3))
    seen = figures(found, same(5, 5, 2, 1, 3))
    assert (seen.prompts, seen.videos) == (2, 5)
    assert seen.hit.value == 0.5
    assert seen.chance == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert seen.pick_score.value == pytest.approx((5 + 1) / 2)
    assert seen.chance_score == pytest.approx((4 + 2) / 2)
    assert seen.best_score == pytest.approx((5 + 3) / 2)
    assert seen.gained == pytest.approx(0.0)
    assert seen.hit.low is None  # two prompts have no interval


def test_a_pick_that_the_scorer_ties_counts_as_a_draw_among_the_tied():
    seen = figures(candidates([1, 1, 1], same(4, 4, 1)), same(2, 5, 3))
    assert seen.hit.value == 0.5
    assert seen.pick_score.value == 3.5


def test_what_nobody_scored_is_no_candidate_and_a_prompt_with_one_left_is_not_counted():
    seen = figures(candidates([1, 1, 1, 2, 2], same(5, 4, 3, 5, 4)), same(NONE, 4, 3, 4, NONE))
    assert (seen.prompts, seen.videos, seen.hit.value) == (1, 2, 1.0)
    assert figures(candidates([1, 1], same(5, 4)), same(NONE, 4)) is None


def test_the_truth_counts_all_dimensions_also_where_the_scorer_answers_fewer():
    found = candidates([1, 1], [[4, NONE, 4], [3, NONE, 3]])
    seen = figures(found, [[4, 1, 4], [3, 5, 3]])
    assert seen.hit.value == 0.0


def test_a_scorer_that_knows_nothing_is_no_better_than_chance_and_the_interval_holds_it():
    rng = np.random.default_rng(5)
    prompts = np.repeat(np.arange(300), 4)
    found = candidates(prompts, rng.uniform(1, 5, (1200, 3)))
    human = rng.integers(1, 6, (1200, 3)).astype(float)
    seen = figures(found, human)
    assert seen.over_chance.low < 0 < seen.over_chance.high
    assert seen.hit.low < seen.chance < seen.hit.high
    oracle = figures(Candidates(found.prompts, found.videos, human, found.confidence), human)
    assert (oracle.hit.value, oracle.gained) == (1.0, pytest.approx(1.0))
    assert oracle.over_chance.low > 0


def test_one_rater_is_measured_against_the_others():
    # Raters 1 and 2 agree on the best video, rater 3 prefers the other one: his favourite is nobody's best.
    found = candidates([1, 1], same(4, 3))
    said = [(100, 1, 5), (101, 1, 2), (100, 2, 4), (101, 2, 3), (100, 3, 1), (101, 3, 2)]
    opinions = Opinions(*(np.array(column) for column in zip(*[row[:2] for row in said], strict=True)),
                        np.array(same(*[row[2] for row in said]), float))  # fmt: skip
    seen = figures(found, same(10 / 3, 7 / 3), opinions=opinions)
    # Rater 1 against the mean of 2 and 3 (2.5 : 2.5, a tie: hit), 2 against 1 and 3 (3 : 2, hit), 3 a miss.
    assert (seen.rater, seen.rater_prompts) == (pytest.approx(2 / 3), 1)


def test_a_pick_worse_than_chance_is_written_with_a_minus_sign():
    assert [percent(share) for share in (-0.918, -0.004, 0.46, None)] == ["−92", "0", "46", ""]
