"""The words of the training files are pinned: retraining only works if they are the same."""

import hashlib
import re

import pytest

from datasets_app.releases.training_texts import HUMAN_TURN, answer, human_turn, problem, reasoned_answer, solution

SCORES = {"visual_quality": 3, "text_alignment": 4, "physical_consistency": 2}
# The expression by which the reinforcement trainer's reward reads a solution.
REWARD = re.compile(
    r"visual quality:\s*(\d+).*?text-to-video alignment:\s*(\d+).*?physical/common-sense consistency:\s*(\d+)",
    re.DOTALL | re.IGNORECASE,
)


def test_the_human_turn_is_the_published_one_byte_for_byte():
    assert hashlib.sha256(HUMAN_TURN.encode()).hexdigest() == (
        "9c82a6809afe6d9bbfa5511992bb45de55cfd2378529674067603f673c48c5d9"
    )
    assert HUMAN_TURN.count("{prompt}") == HUMAN_TURN.count("<video>") == 1
    assert "optical propertities" in HUMAN_TURN  # the original's misspellings stay
    assert "any other factors the affect" in HUMAN_TURN


def test_made_texts_are_pinned():
    made = [human_turn("a cat"), problem("a cat"), reasoned_answer("It is sharp.", SCORES), solution(SCORES)]
    assert hashlib.sha256("\0".join(made).encode()).hexdigest() == (
        "a773072b133469494d9bcbc64d525b0186a5203d9deba03766d5b6adac392555"
    )


def test_the_answer_is_the_published_template():
    lines = "(1) visual quality: 3\n(2) text-to-video alignment: 4\n(3) physical/common-sense consistency: 2\n"
    assert answer(SCORES) == lines
    assert reasoned_answer("It is sharp.", SCORES) == f"<think>It is sharp.</think>\n\n{lines}"


def test_the_solution_reads_back_as_three_integers():
    assert solution(SCORES) == (
        "<answer>visual quality: 3; text-to-video alignment: 4; physical/common-sense consistency: 2</answer>"
    )
    assert REWARD.search(solution(SCORES)).groups() == ("3", "4", "2")


def test_the_problem_is_the_human_turn_without_the_video():
    assert problem("a cat") == human_turn("a cat").replace("<video>", "")


@pytest.mark.parametrize("mark", ["<video>", "<Image>", "</think>", "<|im_end|>", "<answer>"])
def test_a_prompt_cannot_smuggle_in_a_mark_of_the_trainers(mark):
    assert human_turn(f"a {mark} b").lower().count(mark.lower()) == (mark == "<video>")
    assert mark not in problem(f"a {mark} b")
    answer_text = reasoned_answer(f"see {mark} there", SCORES)
    assert answer_text.count("</think>") == 1
    assert answer_text.lower().count(mark.lower()) == (mark == "</think>")


def test_other_brackets_and_braces_stay_as_they_are():
    assert "if x < 3 then {prompt} <b>" in human_turn("if x < 3 then {prompt} <b>")
