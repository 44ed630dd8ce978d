"""Answers of every form known give exactly their three scores, or none at all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.scale import DIMENSION_KEYS, DIMENSIONS
from scoring.answers import read_answer

ASKED = "visual quality: 4;\ntext-to-video alignment: 3,\nphysical/common-sense consistency: 2"
TAUGHT = "(1) visual quality: 4\n(2) text-to-video alignment: 3\n(3) physical/common-sense consistency: 2\n"
OTHER = "visual quality: 1; text-to-video alignment: 1; physical/common-sense consistency: 1"
TWO = "(1) visual quality: 4\n(2) text-to-video alignment: 3\n"

COMPLETE = {
    "as taught": f"<think>\nSharp, but...\n</think>\n\n{TAUGHT}",
    "as asked for": f"<think>Sharp.</think>\n{ASKED}",
    "no thoughts": f"<think>None</think>\n{ASKED}",
    "full stop": f"<think>Sharp.</think>\n{ASKED}.  \n",
    "scores in the thinking": f"<think>{OTHER}\nGround-truth scores: Visual Quality = 5</think>\n{TAUGHT}",
    "heading in the thinking": f"<think>Physical/Common-sense Consistency:\nIt falls.</think>\n{TAUGHT}",
    "escaped quotation in the thinking": f"<think>It wants {OTHER!r}\\n.</think>\n{ASKED}",
}

REPAIRED = {
    "no think tags": TAUGHT,
    "reasoning without tags": f"**Visual Quality Analysis:**\nSharp.\n\n{ASKED}",
    "opening tag missing": f"Sharp. {OTHER}</think>\n{TAUGHT}",
    "thinking left open": f"<think>Sharp. {OTHER}. The answer is\n{TAUGHT}",
    "opened twice": f"<think>Sharp.<think>\n{TAUGHT}",
    "words before the thinking": f"Well.\n<think>Sharp.</think>\n{TAUGHT}",
    "words behind the scores": f"<think>Sharp.</think>\n{TAUGHT}\nIt is sharp.",
    "other tag": f"<Thinking>{OTHER}</Thinking>\n**Answer**: {ASKED}",
    "stray closing tag behind": f"<think>{OTHER}</think>\n{TAUGHT}</think>",
    "answer before the thinking": f"{TAUGHT}<think>Because it is {OTHER}",
    "covered topics": "(1) visual quality – clarity, smoothness, artifacts: 4\n"
    "(2) text-to-video alignment – fidelity to the prompt: 3\n"
    "(3) physical/common-sense consistency – naturalness and physics plausibility: 2",
    "one line": ASKED.replace("\n", " "),
    "one line, nothing between": "visual quality: 4 text-to-video alignment: 3 and physical consistency: 2",
    "one line, numbered": TAUGHT.replace("\n", " "),
    "full stops": "Visual quality: 4. Text-to-video alignment: 3. Physical/common-sense consistency: 2.",
    "bold all": f"### Final Output:\n**{ASKED}**",
    "bold names": "**Visual Quality**: 4\n**Text-to-Video Alignment:** 3\n**Physical Consistency Score**: 2",
    "bold digits": "visual quality: **4**\ntext-to-video alignment: __3__\nphysical/common-sense consistency: `2`",
    "explanation behind": f"{ASKED}\n\nExplanation:\n- Visual quality: The video is sharp.\n- Physical: 3 dogs.",
    "explanation behind each": "Visual quality: 4 (sharp)\nText alignment: 3 - no dog\nPhysical consistency: 2, it flies",
    "explanation below each": "Visual quality: 4\nSharp.\n\nText alignment: 3\nNo dog.\n\nPhysical consistency: 2\nIt flies.",
    "twice, equal": f"{ASKED};\n\nExplanation: sharp.\n\nThus the scores are:\n{ASKED}.",
    "twice, the last counts": f"{OTHER}\n\nOn reflection:\n{ASKED}",
    "twice, the second cut off": f"{ASKED}\n\nThus the scores are:\nvisual quality: 1; text-to-video",
    "decimals": "visual quality: 4.0\ntext-to-video alignment: 3.0;\nphysical/common-sense consistency: 2.00.",
    "out of five": "visual quality: 4/5\ntext-to-video alignment: 3 / 5.0,\nphysical/common-sense consistency: 2 out of 5",
    "equals signs": "Visual Quality = 4; Text-to-Video Alignment = 3; Physical Consistency = 2.",
    "dimension numbers": "Dim-1 Visual Quality: 4\nDim-2 Text-to-Video Alignment: 3\nDim-3 Physical Consistency: 2",
    "digit on the next line": "'Visual Quality':\n4\n'Text-to-video alignment':\n\n3\n'Physical consistency':\n2",
    "literal backslash-n": "<think>Sharp.</think>\\n\\n" + TAUGHT.replace("\n", "\\n"),
    "answer tags": f"<think>Sharp.</think><answer>{ASKED}</answer>",
    "other names": "VISUAL_QUALITY: 4\nt2v_alignment: 3\ncommon-sense consistency: 2",
    "spaced names": "visual-quality: 4\ntext to video alignment: 3\nphysical / commonsense consistency: 2",
    "two names in one": "Visual quality: 4\nText alignment: 3\nPhysical Consistency / Common-sense Consistency: 2",
    "json": '{"visual_quality": 4, "text_alignment": "3", "physical_consistency": 2}',
    "Windows line ends": ASKED.replace("\n", "\r\n"),
}

UNREADABLE = {
    "empty": "",
    "no scores": "<think>Sharp.</think>\nThe video is good.",
    "thinking cut off": "<think>Sharp. So visual quality: 4; text-to-video alignment: 3; physical consistency: 2 but then",
    "thinking cut off behind a whole answer": f"<think>Perhaps {ASKED}, but then",
    "opening tag missing, nothing behind": f"Sharp. {OTHER}</think>\nThe video is good.",
    "scores in the thinking alone": f"<think>{TAUGHT}</think>\n",
    "cut off after two": f"<think>{OTHER}</think>\n\n{TWO}",
    "cut off before the digit": f"<think>{OTHER}</think>\n\n{TWO}(3) physical/common-sense consistency:",
    "cut off, an answer before": f"{OTHER}\n<think>Sharp.</think>\n\n{TWO}",
    "placeholders": "visual quality: <v_score>;\ntext-to-video alignment: <t_score>,\nphysical consistency: <p_score>",
    "digits without names": "(1) 4\n(2) 3\n(3) 2",
    "another order": "physical consistency: 2; visual quality: 4; text alignment: 3",
    "words": "visual quality: four; text alignment: three; physical consistency: two",
    "list below a heading": "Visual quality:\n1. Sharp.\nText alignment:\n2. No dog.\nPhysical consistency:\n3. It flies.",
    "heading before a number in brackets": "visual quality: 4; text alignment: 3; physical consistency: (1) visual",
    "last answer bad, an earlier one good": f"{OTHER}\nFinally:\nvisual quality: 4; text alignment: 3.5; physical consistency: 2",
}

# Numbers, but no scores of ours.
NO_SCORES = [
    *("0", "6", "10", "45", "04", "-4", "3.5", "4,5", "3.9999", "4.0.1", "4%", "4 %", "7/10", "4/10", "4 / 3"),
    *("4/5.5", "4 out of 10", "2-3", "3–4", "3 - 4", "2 or 3", "4+", "3-star", "4K", "3D", "4th", "４", "3 people", "3 of 5 dogs"),
]  # fmt: skip


@pytest.mark.parametrize("text", COMPLETE.values(), ids=COMPLETE.keys())
def test_an_answer_in_the_form_asked_for_is_complete(text):
    read = read_answer(text)
    assert (read.status, tuple(read.scores.values())) == ("complete", (4, 3, 2))
    assert tuple(read.scores) == DIMENSION_KEYS


@pytest.mark.parametrize("text", REPAIRED.values(), ids=REPAIRED.keys())
def test_an_answer_in_another_form_gives_the_same_scores(text):
    read = read_answer(text)
    assert (read.status, tuple(read.scores.values())) == ("repaired", (4, 3, 2))
    assert tuple(read.scores) == DIMENSION_KEYS


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_without_three_plain_scores_there_are_none(text):
    read = read_answer(text)
    assert (read.status, read.scores, read.digits) == ("unreadable", {}, {})


@pytest.mark.parametrize("bad", NO_SCORES)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_is_no_whole_number_of_one_to_five_is_no_score(bad, at):
    values = ["4", "3", "2"]
    values[at] = bad
    lines = [f"{dimension.output_name}: {value}" for dimension, value in zip(DIMENSIONS, values, strict=True)]
    for between in ("\n", "; "):
        assert read_answer("<think>Sharp.</think>\n" + between.join(lines)).status == "unreadable"
        assert read_answer(OTHER + "\n" + between.join(lines)).status == "unreadable"


@pytest.mark.parametrize(
    ("text", "rationale"),
    [
        (f"<think>\nSharp.\n\nNo dog.\n</think>\n\n{TAUGHT}", "Sharp.\n\nNo dog."),
        (f"<think>None</think>\n{ASKED}", ""),
        (f"<think></think>\n{ASKED}\nIt is sharp.", "It is sharp."),
        (f"Sharp.\nNo dog.</think>{TAUGHT}", "Sharp.\nNo dog."),
        (f"<think>Sharp. Visual quality: 4\n{TAUGHT}", "Sharp. Visual quality: 4"),
        (f"Sharp.\n\n{ASKED}", "Sharp."),
        (f"{ASKED}\n\nExplanation:\nSharp.", "Explanation:\nSharp."),
        (f"Sharp.\n**Answer: {ASKED}**", "Sharp.\n**Answer:"),
        (
            "**Visual quality**: 4 (sharp)\nText alignment:\n3\nDim-3 Physical consistency: 2/5.\nEnd.",
            "**(sharp)\nEnd.",
        ),
        (f"<answer>{ASKED}</answer>", ""),
        (f"<answer>\nSharp.\n{ASKED}\n</answer>", "Sharp."),
        (r"<think>Sharp.\nNo dog.</think>\n" + TAUGHT.strip().replace("\n", r"\n"), "Sharp. \nNo dog."),
        (f"<think>It says '4\\n'.</think>\n{TAUGHT}", r"It says '4\n'."),
        (f"<think>Sharp.</think>\n{TWO}", "Sharp."),
        ("The video is good.", "The video is good."),
    ],
)
def test_the_rationale_is_the_thinking_or_what_stands_beside_the_scores(text, rationale):
    assert read_answer(text).rationale.replace("** (", "**(") == rationale


@given(st.text())
def test_no_text_makes_it_raise(text):
    check(text)


# Fragments that mean something to the reader, thrown together, find more than arbitrary characters do.
FRAGMENTS = st.sampled_from([
    *("<think>", "</think>", "<answer>", "visual quality", "t2v alignment", "physical/common-sense consistency"),
    *(ASKED, TAUGHT, "Dim-1", ":", "=", "4", "2", "9", "3.5", "/5", " of 5", "(", ")", ";", " – clarity", "**"),
    *("\\n", "\n", "\x00", "\ud800"),
])  # fmt: skip


@given(st.lists(st.one_of(FRAGMENTS, st.text(max_size=3))).map("".join))
def test_no_mixture_of_fragments_makes_it_raise_or_give_half_an_answer(text):
    check(text)


def check(text):
    read = read_answer(text)
    assert set(read.scores) == set(read.digits) in (set(), set(DIMENSION_KEYS))
    assert (read.status == "unreadable") == (not read.scores)
    assert {key: int(text[offset]) for key, offset in read.digits.items()} == read.scores
    assert set(read.scores.values()) <= {1, 2, 3, 4, 5}


SCORES = st.tuples(*[st.integers(1, 5)] * 3)
WORDS = st.text(st.characters(exclude_characters="<>\\"), max_size=40)
NAMES = (
    ["visual quality", "Visual Quality", "visual quality – clarity, smoothness, artifacts", "VISUAL_QUALITY"],
    ["text-to-video alignment", "Text-to-Video Alignment", "t2v_alignment", "text alignment (prompt)"],
    ["physical/common-sense consistency", "Physical Consistency", "Common-sense consistency – physics"],
)


@st.composite
def mentions(draw):
    """Thinking that gives scores away, in whole and in part."""
    said = [draw(WORDS)]
    for _ in range(draw(st.integers(0, 4))):
        said += [
            draw(finals(draw(SCORES))),
            draw(WORDS),
            f"Visual quality: {draw(st.integers(0, 9))}",
            draw(WORDS),
        ]
    return "\n".join(said)


@st.composite
def finals(draw, scores):
    """An answer with these scores in one of the forms known."""
    numbered, mark = draw(st.booleans()), draw(st.sampled_from(["", "**", "_"]))
    value = draw(st.sampled_from(["{}", "**{}**", "{}.0", "{}/5", "{} / 5", "{} out of 5", "{} (fine)"]))
    end = draw(st.sampled_from(["\n", ";\n", ",\n", ".\n", "; ", ", ", "\r\n", "\\n", ";  \n\n"]))
    colon = draw(st.sampled_from([": ", ":", " : ", " = "]))
    return end.join(
        f"({place}) " * numbered + mark + draw(st.sampled_from(names)) + mark + colon + value.format(score)
        for place, (names, score) in enumerate(zip(NAMES, scores, strict=True), start=1)
    )


@given(mentions(), SCORES, st.data())
def test_the_scores_of_the_final_answer_come_back_whatever_the_thinking_mentions(thinking, scores, data):
    final = data.draw(finals(scores))
    frames = ["<think>{}</think>\n\n{}\n", "{}</think>{}", "{}\n\n{}\n\nExplanation: fine."]
    if "(fine)" not in final:  # only a score can end a thinking left open
        frames.append("<think>{}\n\n{}")
    frame = data.draw(st.sampled_from(frames))
    text = frame.format(thinking, final)
    read = read_answer(text)
    assert tuple(read.scores[key] for key in DIMENSION_KEYS) == scores
    assert min(read.digits.values()) >= text.rindex(final)
    check(text)


@pytest.mark.parametrize(
    "text",
    [
        "visual quality " * 25_000,
        "visual quality: 4 " * 20_000,
        "(" * 400_000,
        "visual quality: " + "1" * 400_000,
        "visual" + " " * 400_000,
        "visual quality:\n4" + " " * 400_000 + "x",
        "physical" + " " * 400_000 + "/" + " " * 400_000,
        "<think>" * 50_000 + "</think>" * 50_000,
        f"<think>a</think>{OTHER}\n" * 3_000,
        f"<think>{OTHER}" + "*" * 400_000 + "x",
        "\\n" * 200_000,
    ],
    ids=lambda text: re.sub(r"\s+", " ", text[:18]),
)
def test_long_hostile_text_is_read_in_time_that_grows_with_its_length(text):
    """Quadratic work on these sizes would take minutes; no clock is needed to notice."""
    check(text)
