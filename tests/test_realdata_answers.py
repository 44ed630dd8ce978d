"""Real answers of VideoScore2 and of other models to its question. Skips where they are not beside the checkout."""

import json
from pathlib import Path

import pytest

from annotation.scale import DIMENSION_KEYS
from scoring.answers import read_answer

FILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "records" / "model_outputs.jsonl"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FILE.is_file(), reason="real answers are not beside the checkout"),
]


@pytest.fixture(scope="module")
def rows():
    return [json.loads(line) for line in FILE.read_bytes().splitlines()]


def test_every_real_answer_is_read_as_a_careful_reader_reads_it(rows):
    wrong = []
    for row in rows:
        read = read_answer(row["output"])
        found = [read.scores[key] for key in DIMENSION_KEYS] if read.scores else None
        if found != row["text_scores"]:
            wrong.append((row["file"], row["i"], found, row["text_scores"]))
    assert wrong == []
    assert len(rows) == 123


def test_the_digits_of_real_answers_stand_where_it_says_and_behind_the_thinking(rows):
    for row in rows:
        read, text = read_answer(row["output"]), row["output"]
        assert {key: int(text[offset]) for key, offset in read.digits.items()} == read.scores
        assert min(read.digits.values()) > text.rfind("</think>")


def test_real_answers_of_the_model_itself_are_complete_and_keep_their_thinking(rows):
    thinking = [row["output"] for row in rows if "cot" in row["rater"] and "</think>" in row["output"]]
    assert len(thinking) == 10
    for text in thinking:
        read = read_answer(text)
        assert read.status == "complete"
        assert read.rationale == text.split("<think>")[1].split("</think>")[0].strip()
