"""Which split a prompt falls into: drawn from its text and the seed alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_app.releases.splits import choose_split, parse_split


def test_the_same_seed_draws_the_same_split_and_another_seed_another():
    shares = {"train": 0.5, "test": 0.5}
    prompts = [f"prompt {number}" for number in range(200)]
    drawn = [choose_split(prompt, shares, 1) for prompt in prompts]
    assert drawn == [choose_split(prompt, shares, 1) for prompt in prompts]
    assert drawn != [choose_split(prompt, shares, 2) for prompt in prompts]
    assert 70 < drawn.count("test") < 130


@given(st.text(max_size=50), st.integers(), st.lists(st.integers(1, 99), min_size=1, max_size=5))
def test_every_prompt_has_a_split(prompt, seed, weights):
    shares = {f"s{number}": weight / sum(weights) for number, weight in enumerate(weights)}
    assert choose_split(prompt, shares, seed) in shares


@pytest.mark.parametrize(
    "text", ["", "train", "train=0.9", "train=0.9,test=0.2", "train=1,train=0", "../x=1", "train=nan", "a=-1,b=2"]
)
def test_a_split_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError, match=r"split|share"):
        parse_split(text)
