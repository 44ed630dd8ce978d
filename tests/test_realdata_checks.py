"""The check before submit on what real experts wrote. Skips where their records are not beside the checkout."""

import json

import pytest

from annotation.models import Check
from annotation.room.checks import find
from annotation.room.forms import Answers
from annotation.scale import DIMENSION_KEYS
from annotation.tone import is_at_odds
from annotation.wording import copies, is_long_enough_to_copy, says_nothing
from datasets_app.opinions.annotation_rows import AnnotationRow
from datasets_app.opinions.read_annotations import read_annotations
from tests.realdata import DATA

FOLDER = DATA / "records"
RECORDS = ["thinking_cmt_original_1.json", "anno_raw_com_5k_2.json", "anno_raw_test_messy.json"]

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="real records are not beside the checkout"),
]


@pytest.fixture(scope="module")
def rows() -> list[AnnotationRow]:
    found = []
    for name in RECORDS:
        with (FOLDER / name).open("rb") as file:
            found += [row for row in read_annotations(file) if isinstance(row, AnnotationRow)]
    return found


def written(rows):
    """Every reason that is not blank: (row, dimension, text)."""
    return [(row, key, text) for row in rows for key, text in row.reasons.items() if text.strip()]


def test_of_real_reasons_only_blank_ones_are_stopped(rows):
    """Each expert's reasons against the model's text and against all that was written about other videos."""
    found = []
    for row in rows:
        reasons = {key: row.reasons.get(key, "") for key in DIMENSION_KEYS}
        earlier = {
            key: [
                text
                for other, about, text in written(rows)
                if other.name != row.name and not (other.prompt == row.prompt and key == about == "text_alignment")
            ]
            for key in DIMENSION_KEYS
        }
        given = Answers(scores=dict(row.scores), reasons=reasons, flagged=False)
        findings = find(given, model_text=row.rationale, prompt=row.prompt, earlier=earlier)
        found += [(reasons[one.dimension], one.found) for one in findings]
    assert len(written(rows)) == 52
    assert {what for text, what in found if not text.strip()} == {Check.EMPTY}
    assert [(text, what) for text, what in found if text.strip()] == []


def test_turned_scores_are_noticed_where_the_words_are_strong(rows):
    """The same reasons under 6 minus their score: what the lexicon can tell, and what it leaves alone."""
    extreme = [(text, row.scores[key]) for row, key, text in written(rows) if row.scores[key] in (1, 5)]
    noticed = [text for text, score in extreme if is_at_odds(text, 6 - score)]
    assert len(extreme) == 9
    assert len(noticed) == 3


def test_a_pasted_sentence_of_a_model_is_noticed():
    pasted = caught = 0
    with (FOLDER / "model_outputs.jsonl").open() as file:
        for line in file:
            said = json.loads(line)
            for sentence in said["output"].split(". "):
                if is_long_enough_to_copy(sentence) and len(sentence.split()) >= 9:
                    pasted += 1
                    caught += copies(sentence, said["output"], quoted=said["prompt"])
    assert caught > 0.95 * pasted > 200


def test_no_long_text_of_a_model_says_nothing():
    with (FOLDER / "model_outputs.jsonl").open() as file:
        assert not any(says_nothing(json.loads(line)["output"]) for line in file if json.loads(line)["output"])
