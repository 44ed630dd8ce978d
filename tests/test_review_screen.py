"""A review in a real browser, by keyboard: a rating is returned, its rater answers, the reviewer accepts."""

import pytest
from django.urls import reverse

from annotation.models import CheckMark, Rating, Review, ReviewCase, Verdict
from annotation.review.cases import look_at
from annotation.room.settle import settle
from tests.browser import check_access, make_clip, wait_for
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def project():
    return make_project(overlap=2, audit_percent=0, suggester=make_scorer_version())


def make_case(project, ada, bob, prompt):
    """Ada and Bob differ by 4; Bob names a moment, and let a finding stand."""
    video = make_clip(project, prompt, size=(320, 180))
    make_suggestion(video, project.suggester, (2, 3, 4))
    make_rating(video, ada, (1, 3, 3), visual_quality_reason="The hand melts into the cup at the end.")
    far = make_rating(
        video, bob, (5, 3, 2), flagged=True, visual_quality_reason=f"{prompt}: sharp all along, see [1.38s f11].",
        text_alignment_reason=f"{prompt}: all there.", physical_consistency_reason="Fine.",
    )  # fmt: skip
    CheckMark.objects.create(rating=far, dimension="physical_consistency", found="at_odds")
    settle([video])
    look_at([video])
    return video


def test_a_rating_is_returned_answered_and_accepted(browse, project):
    ada, bob = make_member(project, username="ada"), make_member(project, username="bob")
    reviewer = make_member(project, "reviewer", username="rev")
    first = make_case(project, ada, bob, "A hand lifts a cup of tea and sets it down again")
    second = make_case(project, ada, bob, "A cat jumps from a wall")

    page = browse(reviewer)
    page.goto(reverse("review", args=[project.slug]))
    check_access(page)
    page.get_by_role("link", name="Start with the oldest").click()
    page.wait_for_url(f"**/{first.public_id}/")
    assert page.evaluate("document.activeElement.textContent") == first.prompt.text
    check_access(page)

    page.get_by_role("link", name="1.38 s f11").click()
    wait_for(page, "Math.abs(document.querySelector('video.player').currentTime - 1.38) < 0.02")
    page.keyboard.press("x")
    page.locator("#fix-words").fill("half a thought")
    page.reload()
    assert page.locator("#fix-words").input_value() == "half a thought"
    page.locator("#fix-words").fill("")
    page.keyboard.press("Escape")
    for key in ("j", "j"):
        page.keyboard.press(key)
    assert page.evaluate("document.querySelector('.sheet.chosen h3').textContent").startswith("bob")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.textContent").startswith("Accept these ratings")
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    assert not Review.objects.exists(), "a bare key decides nothing"
    assert page.get_by_role("radio", name="bob").is_checked()
    page.keyboard.press("Tab")  # from whose rating it is
    page.keyboard.press("ArrowDown")  # from the first reason to the second
    page.keyboard.press("Tab")
    page.keyboard.type("jk rx: which words?")  # keys are letters here
    check_access(page)
    page.keyboard.press("Control+Enter")  # out of the words, as in the rating room
    page.wait_for_url(f"**/{second.public_id}/")
    review = Review.objects.get()
    assert (review.rating.rater, review.preset, review.words) == (bob, "at_odds", "jk rx: which words?")
    assert page.evaluate("document.activeElement.textContent") == second.prompt.text

    room = browse(bob)
    room.goto(reverse("rate", args=[project.slug]))
    room.get_by_text("jk rx: which words?").first.wait_for()
    room.locator("[name=physical_consistency_reason]").fill("The tea stays still while the cup turns over.")
    if room.locator("[name=change_reason]").count():
        room.locator("[name=change_reason]").fill("I had not written what I saw.")
    room.keyboard.press("Control+Enter")
    wait_for(room, "!document.body.textContent.includes('jk rx: which words?')")
    assert Rating.objects.live().get(rater=bob, video=first).returned == review
    assert ReviewCase.objects.get(video=first).state == "open"

    page.keyboard.press("n")  # the page knew of no other case: back to the queue
    page.wait_for_url("**/review/")
    page.get_by_role("link", name=first.prompt.text).click()
    page.wait_for_url(f"**/{first.public_id}/")
    assert page.get_by_text("Answered after a return").is_visible()
    page.keyboard.press("x")
    assert page.evaluate("document.activeElement.name") == "visual_quality"
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/{second.public_id}/")
    assert ReviewCase.objects.get(video=first).state == "closed"
    assert Verdict.objects.get(video=first).policy == "median"


def test_a_return_starts_at_whose_rating_and_ctrl_enter_sends_the_open_form(browse, project):
    ada, bob = make_member(project, username="ada"), make_member(project, username="bob")
    first = make_case(project, ada, bob, "A hand lifts a cup of tea")
    second = make_case(project, ada, bob, "A cat jumps from a wall")
    page = browse(make_member(project, "reviewer", username="rev"))
    page.goto(reverse("review-case", args=[project.slug, first.public_id]))
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.name") == "rating"
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"**/{second.public_id}/")
    assert Review.objects.get().decision == "return"

    page.locator("[data-key=x] summary").click()  # a panel opened by mouse begins at its first field, too
    page.keyboard.press("Control+Enter")
    assert page.evaluate("document.activeElement.name") == "visual_quality"  # what is missing is gone to
    for _ in range(3):
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    page.keyboard.type("Seen twice.")
    page.locator("[data-key=x] summary").focus()  # not in the form, yet in the open panel
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/review/")
    assert Review.objects.filter(video=second, decision="fix").exists()
