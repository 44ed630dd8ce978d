"""Lines that give scores away are found and removed; reasoning stays as it was written."""

import json
from pathlib import Path

import pytest

from annotation.leaks import leaks_scores, strip_leaks

RECORDS = Path(__file__).resolve().parents[2] / "shared" / "data" / "records"


@pytest.mark.parametrize(
    "line",
    [
        "ground-truth of Dim-1: 'Visual Quality':",
        "ground-truth of Dim-3: 'Physical Consistency' (also referred to as Common-sense Consistency): 3",
        "Ground-truth scores:",
        "Ground truth scores: Visual Quality = 2; Text-to-Video Alignment = 2; Physical Consistency = 2.",
        "**Ground-Truth of Dim-2**: 4",
        "Dim-1 Visual Quality: 4",
        "(1) visual quality: 3",
        "visual quality: 4; ",
        "text-to-video alignment: 3,",
        "physical/common-sense consistency: 2",
        "- **Visual Quality**: 4/5",
        "visual quality: 4; text-to-video alignment: 2, physical/common-sense consistency: 3",
        "(1) visual quality – clarity, smoothness, artifacts: 4",
        "| Visual quality | 3 |",
        "**Final score: 2/5**",
        "Rating = 4",
        "<answer>visual quality: 3; text-to-video alignment: 3; physical/common-sense consistency: 2</answer>",
    ],
)
def test_a_line_that_is_a_score_leaks(line):
    assert leaks_scores(line)


@pytest.mark.parametrize(
    "line",
    [
        "Overall, the alignment is strong (score around 4).",
        "Visual Quality:",
        "**Visual Quality Analysis:**",
        "The physical consistency drops at 3 s: the ball stops.",
        "The prompt asks for 3 dogs: 2 are there.",
        "It follows the ground: truth be told, it floats.",
        "- Visual quality: 4 of the frames are blurred and the rest is fine",
        "3",
        "",
        "Score: 2 of the 3 balls are in the net.",
        "| 2 | 3 |",
    ],
)
def test_reasoning_does_not(line):
    assert not leaks_scores(line)


def test_scores_below_a_leaking_line_go_with_it_and_gaps_close():
    text = "Steady.\n\nground-truth of Dim-1: 'Visual Quality':\n3\n\nground-truth of Dim-2: 'Alignment':\n\n4\n\nA ball.\n\n\n3"
    assert strip_leaks(text) == ("Steady.\n\nA ball.\n\n\n3", 4)


def test_a_clean_text_comes_back_byte_for_byte():
    text = "  Two  balls \r\n\n\n roll.\n\n"
    assert strip_leaks(text) == (text, 0)


@pytest.mark.realdata
@pytest.mark.skipif(not RECORDS.is_dir(), reason="no real records beside the checkout")
def test_real_records_lose_their_leaks_and_nothing_else():
    texts = [record["thinking"] for record in json.loads((RECORDS / "thinking_final_1.json").read_text())]
    stripped = [strip_leaks(text) for text in texts]
    assert [count for _, count in stripped] == [0, 6, 0, 0]
    for text, (kept, count) in zip(texts, stripped, strict=True):
        assert text.startswith(kept)
        assert "ground-truth" not in kept
        assert (kept == text) == (count == 0)
