"""A rating's later stages in a real browser: the check's warning, the reveal, what a reviewer sent back, an edit."""

import pytest

from annotation.models import CheckMark, Draft, Rating, Review, Stage
from annotation.room.submit import draft_from
from tests.browser import check_access, make_clip, wait_for
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion
from tests.room import chosen, explain, open_room, press, reason, shown, submit, wait_for_video, wait_until_saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLACES = """[...document.querySelectorAll('main :is(.told, .card, .scale, .reason, .says, .actions)')].map(
    element => JSON.stringify(element.getBoundingClientRect())).join()"""


@pytest.fixture
def blind(db):
    return make_project("blind-study", prefill_percent=0, blind_percent=100)


def focused_name(page):
    return page.evaluate("document.activeElement.name")


def test_the_check_warns_once_and_the_second_submit_lets_it_stand(browse, blind):
    browse.expect("422", "ERR_INTERNET_DISCONNECTED")
    for _ in range(3):
        make_clip(blind, "a ball")
    page = open_room(browse, make_member(blind), blind)
    page.locator("#next article").wait_for(state="attached")
    press(page, "4", "3", "2", "t")
    page.keyboard.type("The shadow of the ball is missing.")
    assert page.get_by_role("radiogroup", name="Physical / common-sense consistency").count() == 1
    assert page.locator("main [aria-current=true]").evaluate_all(
        "cards => cards.map(card => card.dataset.dimension)"
    ) == ["physical_consistency"]
    press(page, "Control+Enter")
    bar = page.locator("#toast")
    bar.get_by_text("Submit once more to let it stand.").wait_for()
    warnings = page.locator("main .card .error.warning:visible")
    assert warnings.all_text_contents() == ["Say in a few words what you saw, or that you saw no defect."] * 2
    assert focused_name(page) == "visual_quality_reason"
    assert page.locator("main .error.bad:visible").count() == 0
    assert "bad" not in bar.get_attribute("class")
    check_access(page)
    page.reload()
    wait_for_video(page)
    submit_as_it_is(page)
    assert CheckMark.objects.count() == 2
    # The next one waits for the network; the warning comes with it.
    page.context.set_offline(True)
    press(page, "1", "2", "3", "Control+Enter")
    page.get_by_text("No connection. Your rating is kept on this computer").wait_for()
    page.context.set_offline(False)
    page.locator("main .error.warning:visible").first.wait_for()
    assert focused_name(page) == "visual_quality_reason"
    page.keyboard.type("There is no ball")
    submit_as_it_is(page)
    assert Rating.objects.live().count() == 2
    assert CheckMark.objects.count() == 4
    assert bar.text_content() == "Rated."


def submit_as_it_is(page):
    before = shown(page)
    press(page, "Control+Enter")
    wait_for(page, "before => document.querySelector('main article')?.dataset.video !== before", before)


def test_the_reveal_comes_beside_the_playing_video_and_is_kept_or_changed(browse, db):
    browse.expect("409")
    project = make_project(
        "reveal-study", suggester=make_scorer_version(), prefill_percent=0, reveal_percent=100, blind_percent=0
    )
    for size in ({}, {}, {"size": (160, 120)}):  # whichever comes first, all have something to reveal
        make_suggestion(
            make_clip(project, "a ball", **size), scores=(5, 5, 1), rationale="The rim shimmers, says the model."
        )
    rater = make_member(project)
    page = open_room(browse, rater, project)
    assert page.get_by_text("model says").count() == 0
    page.evaluate("window.video = document.querySelector('main video')")
    explain(page)
    press(page, "4", "3", "2")
    wait_for(page, "window.video.currentTime > 0")
    press(page, "Control+Enter", "1")  # the digit was meant for another video
    page.get_by_text("This is what the model says").wait_for()
    assert page.evaluate("window.video === document.querySelector('main video') && !window.video.paused")
    wait_for(page, "document.activeElement.matches('.card')")
    assert chosen(page) == ["4", "3", "2"]
    assert [mark.is_visible() for mark in page.get_by_text("✦ the model says 5").all()] == [True, True]
    assert page.locator("#take-back").is_hidden()
    assert page.get_by_role("button", name="Skip…").count() == 0
    check_access(page)
    assert page.evaluate("document.documentElement.scrollHeight") == 720
    assert (
        page.evaluate(
            "(() => { const c = document.querySelector('main .cards'); return c.scrollHeight - c.clientHeight })()"
        )
        <= 0
    )
    places = page.evaluate(PLACES)
    press(page, "k")
    why = page.get_by_label("Why do you change it?")
    why.wait_for()
    assert chosen(page) == ["5", "3", "2"]
    press(page, "Control+Enter")
    page.locator("#toast").get_by_text("Say in a few words why you change it.").wait_for()
    assert focused_name(page) == "change_reason"
    assert page.evaluate(PLACES) == places, "the box moved something when it came"
    page.keyboard.type("It is sharper than I saw.")
    wait_until_saved(page)
    page.reload()
    wait_for_video(page)
    assert page.get_by_label("Why do you change it?").input_value() == "It is sharper than I saw."
    assert page.get_by_text("✦ the model says 5").first.is_visible()
    submit_as_it_is(page)
    one, two = Rating.objects.order_by("version")
    assert (one.visual_quality, two.visual_quality, two.stage) == (4, 5, Stage.REVEAL)
    assert (one.live, two.change_reason) == (False, "It is sharper than I saw.")
    # The second one is kept as it is, with one key.
    explain(page)
    press(page, "3", "3", "3", "Control+Enter")
    page.get_by_text("Nothing is changed: Ctrl+Enter keeps your scores.").wait_for()
    assert page.get_by_label("Why do you change it?").is_hidden()
    submit_as_it_is(page)
    kept = Rating.objects.live().get(stage=Stage.REVEAL, change_reason="")
    assert list(kept.scores.values()) == [3, 3, 3]


def test_what_a_reviewer_sent_back_is_answered_and_an_edit_can_be_left(browse, blind):
    videos = [make_clip(blind, "a ball") for _ in range(3)]
    rater, reviewer = make_member(blind), make_member(blind, "reviewer", "rosa-the-reviewer")
    two_lines = (
        "The hand on the left comes in later than the prompt says, and the table has another colour at the end."
    )
    said = {"visual_quality_reason": "Sharp at the table.", "text_alignment_reason": two_lines}
    ratings = [make_rating(video, rater, (4, 3, 2), **said) for video in videos[:2]]
    review = Review.objects.create(
        video=videos[0],
        reviewer=reviewer,
        decision="return",
        rating=ratings[0],
        preset="missed",
        words="Look at the hand.",
    )
    draft_from(ratings[0], stage=Stage.RETURN, revises=ratings[0], returned=review)
    page = open_room(browse, rater, blind)
    assert shown(page) == str(videos[0].public_id)
    notice = page.get_by_role("region", name="What the reviewer says")
    assert notice.text_content().endswith("Something in the video was missed. “Look at the hand.”")
    assert "rosa" not in page.content()
    assert (chosen(page), reason(page).input_value()) == (["4", "3", "2"], "Sharp at the table.")
    assert page.get_by_role("button", name="Skip…").count() == 0
    longer = page.locator("main textarea[name=text_alignment_reason]")
    assert longer.evaluate("box => [box.clientHeight > 40, box.scrollHeight <= box.clientHeight]") == [True, True]
    check_access(page)
    press(page, "1", "Control+Enter")
    page.get_by_text("Say in a few words why you change it.").wait_for()
    page.keyboard.type("I missed the hand, it melts.")
    press(page, "Escape")
    explain(page)
    page.get_by_role("button", name="Send back, next video").click()
    wait_for(
        page,
        "before => document.querySelector('main article')?.dataset.video !== before",
        str(videos[0].public_id),
    )
    assert page.locator("#toast").text_content() == "Sent back."
    answer = Rating.objects.get(stage=Stage.RETURN)
    assert (answer.visual_quality, answer.change_reason, answer.returned) == (
        1,
        "I missed the hand, it melts.",
        review,
    )
    draft_from(ratings[1], stage=Stage.EDIT, revises=ratings[1])
    page.goto(f"/p/{blind.slug}/rate/?video={videos[1].public_id}")
    wait_for_video(page)
    press(page, "5")
    page.get_by_role("button", name="Save the change").wait_for()
    page.get_by_role("button", name="Leave it as it is").click()
    wait_for(
        page,
        "before => document.querySelector('main article')?.dataset.video !== before",
        str(videos[1].public_id),
    )
    assert not Draft.objects.filter(stage=Stage.EDIT).exists()
    assert Rating.objects.live().get(video=videos[1]).visual_quality == 4
    assert shown(page) == str(videos[2].public_id)
    submit(page, "1", "1", "1")
    page.locator("#waiting").wait_for()
