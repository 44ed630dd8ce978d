"""Which split a prompt falls into: drawn from its text and the seed alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_app.releases.splits import Splits, parse_split


def test_the_same_seed_draws_the_same_split_and_another_seed_another():
    shares = {"train": 0.5, "test": 0.5}
    prompts = [f"prompt {number}" for number in range(200)]
    drawn = [Splits(shares, 1).of(prompt) for prompt in prompts]
    assert drawn == [Splits(shares, 1).of(prompt) for prompt in prompts]
    assert drawn != [Splits(shares, 2).of(prompt) for prompt in prompts]
    assert 70 < drawn.count("test") < 130


@given(st.text(max_size=50), st.integers(), st.lists(st.integers(1, 99), min_size=1, max_size=5))
def test_every_prompt_has_a_split(prompt, seed, weights):
    shares = {f"s{number}": weight / sum(weights) for number, weight in enumerate(weights)}
    assert Splits(shares, seed).of(prompt) in shares


@given(st.sets(st.text(max_size=9), min_size=1, max_size=12), st.integers(0, 99))
def test_no_split_is_empty_while_there_are_prompts_enough(texts, seed):
    splits = Splits({"test": 0.01, "train": 0.98, "validation": 0.01}, seed)
    filled = splits.filled({splits.point(text) for text in texts})
    used = {filled.of(text) for text in texts}
    assert len(used) == min(len({splits.point(text) for text in texts}), 3)


def test_a_split_that_the_draw_filled_keeps_all_its_prompts():
    splits = Splits({"train": 0.5, "test": 0.5}, 1)
    prompts = [f"prompt {number}" for number in range(50)]
    filled = splits.filled({splits.point(prompt) for prompt in prompts})
    assert [filled.of(prompt) for prompt in prompts] == [splits.of(prompt) for prompt in prompts]


@pytest.mark.parametrize(
    "text", ["", "train", "train=0.9", "train=0.9,test=0.2", "train=1,train=0", "../x=1", "train=nan", "a=-1,b=2"]
)
def test_a_split_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match=r"split|share"):
        parse_split(text)
