"""The check before submit: what it says of reasons, and that it warns once, lets pass and marks."""

import pytest

from annotation.models import Check, CheckMark, Draft, Rating
from annotation.room.checks import find
from annotation.room.queue import lease_next
from annotation.tone import is_at_odds
from annotation.wording import are_nearly_the_same, copies, is_nearly_one_of, says_nothing, words_of
from tests.make import make_member, make_project, make_rating, make_suggestion, make_video
from tests.rating import JSON, answers, sent

RATIONALE = (
    "The red ball rolls across the table with stable lighting and no flicker. Its shadow stays below it, "
    "and the wood grain keeps its shape from the first frame to the last.\nVisual quality: 4"
)
FALLS = "The ball falls through the table top and comes out below it"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "ok",
        "OK.",
        "Good!",
        "very good",
        "looks fine to me",
        "n/a",
        "N.A.",
        "asdf",
        "...",
        "-",
        "5/5",
        "xxxx",
        "[1.38s f11]",
        "ok [1.38s f11]",
        "👍",
        "好",
        "还可以",
        "没有。",
        "好 [1.00s f8]",
    ],
)
def test_blank_texts_and_filler_say_nothing(text):
    assert says_nothing(text)


@pytest.mark.parametrize(
    "text",
    [
        "blurry",
        "No defect seen.",
        "good hands",
        "Floating crab.",
        "画面模糊",
        "符合常理",
        "清晰",
        "손이 흐림",
        "धुंधला",
        "flickers [1.38s f11]",
        "размыто",
        "كلها واضحة",
        "ぼやけている",
        "ภาพเบลอ",
    ],
)
def test_a_word_that_is_about_something_is_enough(text):
    assert not says_nothing(text)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("severe blur, unwatchable", 5),
        ("Unwatchable.", 4),
        ("Low resolution and bad clarity.", 5),
        ("The subject is completely missing.", 4),
        ("画面严重模糊", 5),
        ("扭曲，穿模", 5),
        ("完全不符", 4),
        ("perfect, no defect seen", 1),
        ("No noticeable visual issues.", 2),
        ("Sharp and steady.", 1),
        ("没有明显问题", 1),
        ("画质清晰，人物面部自然。", 1),
    ],
)
def test_words_and_score_at_odds(text, score):
    assert is_at_odds(text, score)
    assert not is_at_odds(text, 3)
    assert not is_at_odds(text, 6 - score)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("no artifacts", 5),
        ("No blur, flicker or distortion.", 5),
        ("not severe blur", 5),
        ("blurry", 5),  # one word of blame may be a small one
        ("slightly blurry, slight flicker", 5),
        ("clear but the hands are distorted, blurry", 5),
        ("severe blur", 4),
        ("perfect except for the hand", 1),
        ("not perfect", 1),
        ("perfect colours, the dog vanishes", 1),
        ("sharp", 1),
        ("sharp and steady", 2),
        ("画面不清晰，不自然", 1),
        ("有点模糊，扭曲", 5),
        ("没有模糊和扭曲", 5),
        ("размыто, ужасно", 5),
    ],
)
def test_doubtful_words_are_left_alone(text, score):
    assert not is_at_odds(text, score)


def test_what_the_prompt_asks_for_is_no_defect():
    assert is_at_odds("blurry and pixelated", 5)
    assert not is_at_odds("blurry and pixelated", 5, prompt="A blurry, pixelated city in the rain")


def test_a_text_copies_when_half_of_it_stands_in_the_source_word_for_word():
    assert copies("the red ball rolls across the table with stable lighting, NO flicker!", RATIONALE)
    assert copies("I agree: its shadow stays below it, and the wood grain keeps its shape", RATIONALE)
    assert not copies("The ball rolls, the lighting is stable, nothing flickers, the shadow is right", RATIONALE)
    assert not copies("its shadow stays below it", RATIONALE)  # too short to tell
    assert not copies(
        "the red ball rolls across the table", RATIONALE, quoted="The red ball rolls across the table"
    )


def test_characters_are_the_words_of_scripts_without_spaces():
    source = "视频整体画面清晰，光线稳定，人物动作自然流畅，没有明显的闪烁。"
    assert words_of("画面OK，清晰") == ("画", "面", "ok", "清", "晰")
    assert copies("光线稳定，人物动作自然流畅，没有明显的闪烁", source)
    assert not copies("画面清晰，人物的手指在最后一秒突然消失", source)


def test_reasons_are_the_same_but_for_a_word_and_never_with_another_moment():
    assert are_nearly_the_same(FALLS, FALLS.upper() + "!")
    assert are_nearly_the_same(FALLS + " at the end", FALLS + " at the start")
    assert not are_nearly_the_same(FALLS, "The ball bounces off the table top and stops beside it on the floor")
    long = f"{FALLS}, rolls over the floor, turns round at the wall and comes back to where it fell, rolling"
    assert are_nearly_the_same(f"{long} [1.00s f8]", f"{long} at [1.00s f8]")
    assert not are_nearly_the_same(f"{long} [1.00s f8]", f"{long} [1.00s f9]")
    others = [f"{long} [1.00s f9]", "", f"The ball {long}"]
    assert [is_nearly_one_of(f"{long}{mark}", others) for mark in ("", " [1.00s f8]", " [1.00s f9]")] == [
        True, False, True
    ]  # fmt: skip
    assert (is_nearly_one_of("Soft.", ["soft", ""]), is_nearly_one_of("", ["", "soft"])) == (True, False)


def test_the_most_useful_finding_of_each_dimension_is_told():
    given = answers(scores=(1, 4, 4), reasons=("No defect seen.", "ok", f"{FALLS}."))
    findings = find(given, model_text=FALLS, earlier={"physical_consistency": [FALLS]})
    assert [(one.dimension, one.found) for one in findings] == [
        ("visual_quality", Check.AT_ODDS),
        ("text_alignment", Check.EMPTY),
        ("physical_consistency", Check.COPIES_MODEL),
    ]


def test_the_sentence_of_the_button_is_a_reason_however_often_and_in_any_language(monkeypatch):
    monkeypatch.setattr(
        "annotation.room.checks.gettext", lambda text: "Kein Mangel zu sehen, wirklich gar keiner."
    )
    given = answers((5, 4, 1), ("Kein Mangel zu sehen, wirklich gar keiner.",) * 3)
    earlier = {key: [given.reasons["visual_quality"]] for key in given.reasons}
    assert [(one.dimension, one.found) for one in find(given, earlier=earlier)] == [
        ("physical_consistency", Check.AT_ODDS)
    ]


# In the rating room.


@pytest.fixture
def room(client, db):
    """A video of a project with a suggester, and a rater who is logged in."""
    project = make_project(slug="study")
    rater = make_member(project)
    client.force_login(rater)
    video = make_video(project, prompt="A red ball rolls over a table")
    project.suggester = make_suggestion(video, rationale=RATIONALE).scorer_version
    project.save()
    return video, rater


def in_hand(room, arm="blind", *, shown=False) -> Draft:
    """The rater holds the video in this arm."""
    video, rater = room
    assert lease_next(video.project, rater).video == video
    Draft.objects.update(arm=arm, suggestion=video.suggestions.get() if shown else None)
    return Draft.objects.select_related("video").get()


def hand_in(client, draft, given, **more):
    return client.post(f"/p/study/rate/{draft.video.public_id}/submit/", sent(draft, given, **more), headers=JSON)


COPY = answers(
    reasons=("The red ball rolls across the table with stable lighting and no flicker.", "all there", FALLS)
)


def test_it_warns_once_lets_pass_and_marks(room, client):
    draft = in_hand(room, "prefill", shown=True)
    warned = hand_in(client, draft, COPY)
    assert warned.status_code == 422
    assert warned.json() == {
        "warnings": {"visual_quality_reason": ["These are the model's words. Say it in your own."]}
    }
    assert not Rating.objects.exists()
    assert hand_in(client, draft, COPY, warned="on").status_code == 200
    mark = CheckMark.objects.get()
    assert (mark.rating, mark.dimension, mark.found) == (Rating.objects.get(), "visual_quality", "copies_model")


@pytest.mark.parametrize(("arm", "shown"), [("blind", True), ("reveal", True), ("prefill", False)])
def test_words_that_the_rater_was_not_shown_are_their_own(room, client, arm, shown):
    assert hand_in(client, in_hand(room, arm, shown=shown), COPY).status_code == 200


def test_after_the_reveal_only_what_changed_is_asked_about_and_marks_stay(room, client):
    draft = in_hand(room, "reveal")
    given = answers(reasons=("ok", "all there", FALLS))
    assert hand_in(client, draft, given).json()["warnings"].keys() == {"visual_quality_reason"}
    assert hand_in(client, draft, given, warned="on").status_code == 200
    second = Draft.objects.get()
    changed = answers(reasons=("ok", COPY.reasons["visual_quality"], FALLS))
    assert hand_in(client, second, changed).json()["warnings"].keys() == {"text_alignment_reason"}
    assert hand_in(client, second, given).status_code == 200
    assert list(CheckMark.objects.values_list("rating__version", "found")) == [(1, "empty"), (2, "empty")]


def test_own_earlier_reasons_count_only_of_other_videos_of_the_project_and_while_live(room, client):
    video, rater = room
    same = {"visual_quality_reason": FALLS}
    make_rating(make_video(make_project()), rater, **same)
    make_rating(make_video(video.project), make_member(video.project), **same)
    old = make_rating(make_video(video.project), rater, text_alignment_reason=FALLS)
    draft = in_hand(room)
    given = answers(reasons=("sharp", "all there", FALLS))
    assert hand_in(client, draft, given).json() == {
        "warnings": {
            "physical_consistency_reason": ["You wrote the same about another video. Is it true of this one?"]
        }
    }
    Rating.objects.filter(pk=old.pk).update(live=False)
    assert hand_in(client, draft, given).status_code == 200


def test_what_a_prompt_lacks_may_be_said_of_each_of_its_videos(room, client):
    video, rater = room
    make_rating(make_video(video.project, video.prompt), rater, text_alignment_reason=FALLS)
    draft = in_hand(room)
    elsewhere = answers(reasons=("sharp", "all there", FALLS))
    assert hand_in(client, draft, elsewhere).json()["warnings"].keys() == {"physical_consistency_reason"}
    assert hand_in(client, draft, answers(reasons=("sharp", FALLS, "it rolls"))).status_code == 200


def test_the_check_costs_one_query_and_none_for_short_reasons(room, client, django_assert_max_num_queries):
    video, rater = room
    for _ in range(60):
        make_rating(make_video(video.project), rater, text_alignment_reason=f"{FALLS} once more")
    draft = in_hand(room)
    counts = []
    for reason in ("it falls", FALLS):
        with django_assert_max_num_queries(30) as captured:
            assert hand_in(client, draft, answers(reasons=("ok", "all there", reason))).status_code == 422
        counts.append(len(captured))
    assert counts[1] == counts[0] + 1
