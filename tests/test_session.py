"""A session that ends in mid-work, or becomes somebody else's: every word arrives once, under the right name."""

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.urls import reverse

from annotation.models import Draft, Rating, Skip
from tests.browser import check_access, make_clip, wait_for
from tests.make import make_member, make_project, make_video
from tests.rating import JSON, answers, sent

PASSWORD = "a-long-enough-word"
WRITES = ["rate-open", "rate-draft", "rate-submit", "rate-skip", "rate-take-back"]


@pytest.fixture
def blind(db, settings):
    cache.clear()  # of failed logins
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # seconds less
    return make_project("blind-study", prefill_percent=0, blind_percent=100)


# --- What the server takes ------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", WRITES)
def test_nothing_of_one_person_is_stored_under_the_name_of_another(client, blind, name):
    mine, theirs = make_member(blind), make_member(blind)
    video = make_video(blind)
    client.force_login(theirs)
    draft = Draft.objects.create(video=video, rater=theirs, arm="blind")
    url = reverse(name, args=[blind.slug, video.public_id])
    fields = sent(draft, answers(reasons=("mine", "", "")), reason="mine", warned="on", rater=mine.pk)
    refused = client.post(url, fields, headers=JSON)
    assert (refused.status_code, refused.json()["user"]) == (403, theirs.username)
    assert "somebody else" in refused.json()["error"]
    page = client.post(url, fields)
    assert page.status_code == 403
    draft.refresh_from_db()
    assert (draft.visual_quality_reason, draft.opened_at) == ("", None)
    assert not Rating.objects.exists()
    assert not Skip.objects.exists()
    assert client.post(url, fields | {"rater": theirs.pk}, headers=JSON).status_code != 403


@pytest.mark.django_db
def test_no_video_is_leased_to_another_for_a_page_of_mine(client, blind):
    mine, theirs = make_member(blind), make_member(blind)
    make_video(blind)
    client.force_login(theirs)
    url = reverse("rate-next", args=[blind.slug])
    assert client.get(url, {"rater": mine.pk}).status_code == 403
    assert not Draft.objects.exists()
    assert client.get(url, {"rater": theirs.pk}).status_code == 200


@pytest.mark.django_db
def test_a_plain_form_of_another_is_refused_in_words(client, blind):
    mine, theirs = make_member(blind), make_member(blind)
    video = make_video(blind)
    client.force_login(mine)
    page = client.get(reverse("rate", args=[blind.slug])).content.decode()
    assert f'<input type="hidden" name="rater" value="{mine.pk}">' in page
    client.force_login(theirs)
    url = reverse("rate-submit", args=[blind.slug, video.public_id])
    refused = client.post(url, sent(Draft.objects.get(), rater=mine.pk))
    assert refused.status_code == 403
    assert "Nothing of it was stored." in refused.content.decode()


# --- In the browser -------------------------------------------------------------------------------------


def person(project, username):
    return make_member(project, username=username, password=PASSWORD)


def open_room(browse, user, project):
    page = browse(user)
    page.goto(f"/p/{project.slug}/rate/")
    wait_for(page, "document.activeElement.matches('main .card.current')")
    return page


def log_in(dialog, username, password=PASSWORD):
    dialog.get_by_label("Email or username").fill(username)
    dialog.get_by_label("Password").fill(password)
    dialog.get_by_role("button", name="Log in", exact=True).click()


def words_in(page, key="visual_quality") -> str:
    return page.locator(f"main textarea[name={key}_reason]").input_value()


def saved(page):
    page.locator("#saved").get_by_text("Saved", exact=True).wait_for()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_login_in_place_sends_what_waited_and_gives_the_caret_back(browse, blind):
    browse.expect("401", "400", "429")
    for number in range(2):
        make_clip(blind, f"ball {number}")
    page = open_room(browse, person(blind, "ada"), blind)
    page.evaluate("window.samePage = true")
    for key in ("text_alignment", "physical_consistency"):
        page.locator(f"main textarea[name={key}_reason]").fill(f"words on {key}")
    page.locator("main [data-dimension=visual_quality]").focus()
    page.keyboard.press("t")
    page.keyboard.type("the ball , then the table")
    saved(page)
    Session.objects.all().delete()
    for _ in range(len(", then the table")):
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("melts")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.wait_for()
    check_access(page)
    assert dialog.get_by_label("Password").evaluate("field => field === document.activeElement")
    log_in(dialog, "ada", "a-wrong-word")
    dialog.get_by_role("alert").get_by_text("not correct").wait_for()
    page.route("**/login/", lambda route: route.fulfill(status=429, body="<html>"))
    log_in(dialog, "ada")
    dialog.get_by_text("Too many tries.").wait_for()
    page.unroute("**/login/")
    page.route("**/login/", lambda route: route.fulfill(status=200, json={"location": "/accounts/2fa/"}))
    log_in(dialog, "ada")
    dialog.get_by_text("another step is asked of you").wait_for()
    assert dialog.get_by_role("link", name="new tab").get_attribute("href") == "/accounts/2fa/"
    page.unroute("**/login/")
    log_in(dialog, "ada")
    dialog.wait_for(state="hidden")
    saved(page)
    wait_for(page, "document.activeElement.matches('textarea[name=visual_quality_reason]')")
    page.keyboard.type(" here")
    assert words_in(page) == "the ball melts here, then the table"
    # A submit that finds the session ended goes out by itself, once, with what was typed before it.
    saved(page)
    Session.objects.all().delete()
    page.keyboard.type("!")
    for key in ("Escape", "4", "3", "2", "Control+Enter"):
        page.keyboard.press(key)
    dialog.wait_for()
    log_in(dialog, "ada")
    page.get_by_text("Rated.").wait_for()
    wait_for(page, "document.activeElement.matches('main .card.current')")
    rating = Rating.objects.get()
    assert rating.visual_quality_reason == "the ball melts here!, then the table"
    assert list(rating.scores.values()) == [4, 3, 2]
    assert page.evaluate("window.samePage")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_somebody_elses_login_stores_nothing_and_the_page_says_whose_work_it_is(browse, blind):
    browse.expect("401", "403", "409")
    make_clip(blind, "a ball")
    ada, grace = person(blind, "ada"), person(blind, "grace")
    page = open_room(browse, ada, blind)
    Session.objects.all().delete()
    page.keyboard.press("t")
    page.keyboard.type("these are the words of Ada")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.wait_for()
    log_in(dialog, "grace")
    other = page.get_by_role("dialog", name="Somebody else is logged in")
    other.get_by_text("This page is the work of ada, and grace is logged in now.").wait_for()
    check_access(page)
    assert other.get_by_role("link", name="Leave this page to grace").is_visible()
    assert not Draft.objects.filter(rater=grace).exists()
    log_in(other, "ada")
    other.wait_for(state="hidden")
    saved(page)
    assert Draft.objects.get().visual_quality_reason == "these are the words of Ada"
    # Grace logs in in another tab, and opens her own room there: it knows nothing of Ada's.
    browse.log_in(page.context, grace)
    page.keyboard.type(", all of them")
    other.wait_for()
    tab = page.context.new_page()
    tab.goto(f"/p/{blind.slug}/rate/")
    tab.get_by_role("heading", name="Nothing to rate right now").wait_for()
    assert not Draft.objects.filter(rater=grace).exists()
    log_in(other, "ada")
    other.wait_for(state="hidden")
    saved(page)
    assert Draft.objects.get().visual_quality_reason == "these are the words of Ada, all of them"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_tab_closed_offline_in_mid_sentence_comes_back_whole(browse, blind):
    browse.expect("ERR_INTERNET_DISCONNECTED")
    make_clip(blind)
    page = open_room(browse, make_member(blind), blind)
    page.keyboard.press("t")
    page.keyboard.type("before the cut ")
    saved(page)
    page.context.set_offline(True)
    page.keyboard.type("and after it, 半分")
    page.locator("#saved").get_by_text("Not saved yet, kept on this computer").wait_for()
    page.keyboard.type(" in mid-sen")
    context = page.context
    page.close()
    context.set_offline(False)
    assert Draft.objects.get().visual_quality_reason == "before the cut "
    page = context.new_page()
    page.goto(f"/p/{blind.slug}/rate/")
    wait_for(page, "document.querySelector('main textarea')?.value.endsWith('in mid-sen')")
    assert words_in(page) == "before the cut and after it, 半分 in mid-sen"
    saved(page)
    assert Draft.objects.get().visual_quality_reason == "before the cut and after it, 半分 in mid-sen"
