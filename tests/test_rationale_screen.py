"""Editing rationales in a real browser: by keyboard, and no word is lost to a dead network or an ended session."""

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.urls import reverse

from annotation.models import EditedRationale, Role
from annotation.room.settle import settle
from tests.browser import make_clip
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "a-long-enough-word"
TEXT = "The picture is steady and clear, its motion smooth. " * 5


@pytest.fixture
def project(settings):
    cache.clear()  # of failed logins
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # seconds less
    return make_project("study", suggester=make_scorer_version())


@pytest.fixture
def videos(project):
    rater = make_member(project)
    found = [make_clip(project) for _ in range(3)]
    for video in found:
        make_suggestion(video, project.suggester, (4, 4, 4), rationale=TEXT)
        make_rating(video, rater, (4, 4, 2))
    settle(found)
    return found


def address(video):
    return reverse("rationale", args=["study", video.public_id])


def there(page, video):
    page.wait_for_url(f"**{address(video)}*")
    page.wait_for_function("document.activeElement.id === 'text'")


def test_words_outlive_a_reload_a_dead_network_and_a_session_and_the_next_video_comes(browse, project, videos):
    browse.expect("ERR_INTERNET_DISCONNECTED", "status of 4")
    lead = make_member(project, Role.LEAD, "anna", PASSWORD)
    page = browse(lead)
    page.goto(address(videos[0]))
    there(page, videos[0])
    page.keyboard.type("A ball rolls. ")
    page.reload()
    there(page, videos[0])
    assert page.input_value("#text") == f"A ball rolls. {TEXT.strip()}"
    page.wait_for_selector("#changes ins >> text=A ball rolls.")

    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#trouble >> text=No connection")
    page.context.set_offline(False)
    there(page, videos[1])
    assert EditedRationale.objects.get().text.startswith("A ball rolls.")

    page.keyboard.press("Alt+u")  # taken back, and its words with it
    there(page, videos[0])
    assert not EditedRationale.objects.exists()
    assert page.input_value("#text").startswith("A ball rolls.")
    page.keyboard.press("Alt+n")
    there(page, videos[1])

    page.keyboard.type("It floats. ")
    Session.objects.all().delete()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("dialog#session[open]")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    there(page, videos[2])
    assert EditedRationale.objects.get().text.startswith("It floats.")


def test_what_was_accepted_meanwhile_is_shown_beside_ones_own_words(browse, project, videos):
    browse.expect("status of 4")
    page = browse(make_member(project, Role.LEAD, "anna"))
    page.goto(address(videos[0]))
    there(page, videos[0])
    page.keyboard.type("Mine. ")
    EditedRationale.objects.create(
        video=videos[0], editor=make_member(project, Role.REVIEWER, "boris"), text="Theirs.",
        suggestion=videos[0].suggestions.get(), visual_quality=4, text_alignment=4, physical_consistency=2,
    )  # fmt: skip
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#conflict:not([hidden])")
    assert page.text_content("#conflict .there") == "Theirs."
    assert page.text_content("#conflict .here").startswith("Mine. ")
    page.reload()  # still both
    page.wait_for_selector("#conflict:not([hidden])")
    page.click("text=Go on with mine")
    page.keyboard.press("Control+Enter")
    there(page, videos[1])
    live = EditedRationale.objects.live().get()
    assert (live.editor.username, live.text[:6]) == ("anna", "Mine. ")


def test_a_line_that_tells_a_score_is_chosen_and_nothing_is_accepted(browse, project, videos):
    browse.expect("status of 4")
    page = browse(make_member(project, Role.LEAD))
    page.goto(address(videos[0]))
    there(page, videos[0])
    page.keyboard.press("Control+End")
    page.keyboard.type("\nphysical consistency: 2")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#trouble >> text=Line 2 gives scores away")
    page.keyboard.press("Delete")  # the line is chosen
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#trouble >> text=without a change")  # asked once
    assert not EditedRationale.objects.exists()
    page.keyboard.press("Control+Enter")
    there(page, videos[1])
    assert EditedRationale.objects.get().text == TEXT.strip()
