"""The rationale of a record fits its scores: which text is taken, and which is refused because it tells scores."""

import json
from pathlib import Path

import pytest

from annotation.leaks import strip_leaks
from annotation.scale import DIMENSION_KEYS
from annotation.score_mentions import at_odds, statements
from datasets_app.rationales.accept import problems_of
from datasets_app.releases.rationale import (
    FOR_OTHER_SCORES,
    GIVES_AWAY,
    NAMES_OTHERS,
    NOT_EDITED,
    Edited,
    rationale_of,
)

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "records"
SCORES = dict(zip(DIMENSION_KEYS, (2, 3, 4), strict=True))
COMMENTS = dict(zip(DIMENSION_KEYS, ("blurred", "", "it floats at 1.4 s"), strict=True))


def choose(wanted="", *, edited=None, imported=("",), comments=COMMENTS):
    return rationale_of(wanted, SCORES, edited=edited, imported=imported, comments=comments)


# --- Which text -------------------------------------------------------------------------------------
def test_an_edited_text_comes_first_then_the_imported_then_the_experts():
    edited = Edited("As edited.", (2, 3, 4))
    assert choose(edited=edited, imported=["Came."]).text == "As edited."
    assert choose(imported=[" ", "Came."]).source == "imported"
    experts = choose()
    assert experts.source == "expert"
    assert experts.text == ("Visual quality:\nblurred\n\nPhysical / common-sense consistency:\nit floats at 1.4 s")
    assert choose("expert", edited=edited, imported=["Came."]).source == "expert"
    assert choose("imported", edited=edited).source == ""
    assert choose(comments=dict.fromkeys(DIMENSION_KEYS, "")).source == ""


def test_a_text_edited_for_other_scores_is_passed_over_or_refused_where_it_was_asked_for():
    old = Edited("As edited.", (2, 3, 5))
    passed = choose(edited=old, imported=["Came."])
    assert (passed.text, passed.outdated, passed.refused) == ("Came.", True, "")
    asked = choose("edited", edited=old, imported=["Came."])
    assert (asked.text, asked.source, asked.refused) == ("", "", FOR_OTHER_SCORES)
    assert choose("edited", imported=["Came."]).refused == NOT_EDITED


def test_leaking_lines_go_and_are_counted_and_what_leaks_within_a_line_refuses_the_text():
    taken = choose(imported=["Steady.\nground-truth of Dim-1: 'Visual Quality':\n2\nA ball."])
    assert (taken.text, taken.stripped, taken.refused) == ("Steady.\nA ball.", 2, "")
    block = "So (1) visual quality: 2 (2) text-to-video alignment: 3 (3) physical consistency: 4 it is."
    refused = choose(imported=[f"Dim-1: 2\n{block}"])
    assert (refused.text, refused.source, refused.stripped, refused.refused) == ("", "", 1, GIVES_AWAY)
    assert choose(imported=["I would put the visual quality at a score of 4."]).refused == NAMES_OTHERS
    reasoned = (
        "The outlines swim from the first second to the last, so I would put visual quality at a score of 2."
    )
    assert choose(imported=[reasoned]).refused == ""
    told = choose(comments=COMMENTS | {"visual_quality": "打5分"})
    assert (told.text, told.refused) == ("", NAMES_OTHERS)


@pytest.mark.parametrize(
    "text",
    [
        "I give it a 2 for visual quality. The outlines swim from the first second to the last.",
        "**Visual quality**\nI would rate this a 2 because the outlines swim.",
        "打2分，画面模糊，轮廓一直在晃动。",
    ],
)
def test_a_text_that_names_its_own_score_before_it_has_reasoned_is_refused(text):
    refused = choose(imported=[text])
    assert (refused.text, refused.refused) == ("", GIVES_AWAY)
    assert [problem.line for problem in problems_of(text, SCORES)] == [text.count("\n") + 1]
    after = f"From the first second to the last the picture is soft and unsteady. {text}"
    assert choose(imported=[after]).refused == ""
    assert not problems_of(after, SCORES)
    assert choose(imported=["画面模糊，轮廓从头到尾一直在晃动，所以打2分。"]).refused == ""


# --- What is found in a text ------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "so visual quality: 2; and the rest is fine",
        "It is sharp (visual quality score: **2**), and steady.",
        "In all <answer>2, 3, 4</answer> stands.",
        "Thus dim-2: 3 in the end.",
    ],
)
def test_a_score_stated_within_a_line_is_found(text):
    assert statements(f"Steady.\n{text}")[0].line == 2


@pytest.mark.parametrize(
    "text",
    [
        "I'd rate the visual quality a 4.",
        "**Visual Quality:**\nBlurred throughout; a score of 3 at best.",
        "Overall, the score would be 5.",
        "Its text-to-video alignment deserves three out of five... no, five out of 5.",
        "The physical consistency is poor (score 1-2).",
        "It scores 1/5.",
        "画面给5分",
    ],
)
def test_a_score_that_is_not_the_records_is_found(text):
    assert at_odds(text, SCORES)


@pytest.mark.parametrize(
    "text",
    [
        "I'd rate the visual quality a 2.",
        "**Visual Quality:**\nBlurred throughout; a score of 2-3.",
        "Overall, the score would be 3.",
        "The frame rate is 5, which is low.",
        "I would rate the presence of 5 dogs as good.",
        "4 out of 5 balls fall; 1/5 of the picture is dark.",
        "It starts at 1 and goes on for 5 seconds: given 5 frames, one is torn.",
        "The visual quality: 2 of the frames are torn.",
        "持续5分钟",
        "1. Sharp\n5. Steady",
    ],
)
def test_reasoning_that_fits_the_scores_or_counts_other_things_is_left_alone(text):
    assert not statements(text)
    assert not at_odds(text, SCORES)


@pytest.mark.realdata
@pytest.mark.skipif(not FOLDER.is_dir(), reason="real records are not beside the checkout")
def test_real_reasonings_fit_their_own_scores_and_not_others():
    kept = refused = 0
    for name in ("thinking_final_1", "thinking_new_score_1", "thinking_cmt_original_1"):
        for record in json.loads((FOLDER / f"{name}.json").read_text()):
            scores = [record[f"{key}_score"] for key in ("visual", "t2v", "phy")]
            text, _ = strip_leaks(record["thinking"])
            kept += not statements(text) and not at_odds(text, dict(zip(DIMENSION_KEYS, scores, strict=True)))
            refused += bool(at_odds(text, dict.fromkeys(DIMENSION_KEYS, 5)))
    assert (kept, refused) == (12, 7)  # 7 of the 12 say in words how they would score
