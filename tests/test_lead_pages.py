"""What moves on a lead's pages, in a real browser: messages, folds, and a run that is followed."""

import pytest
from django.urls import reverse

from annotation.models import Role
from scoring.jobs import enqueue
from scoring.models import Job
from tests.browser import check_access, wait_for
from tests.make import make_member, make_project, make_scorer_version, make_video

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_message_is_a_list_that_readers_announce(browse):
    project = make_project()
    page = browse(make_member(project, Role.LEAD))
    page.goto(reverse("project-settings", args=[project.slug]))
    page.get_by_role("button", name="Save settings").click()
    page.get_by_role("status").get_by_text("Saved.").wait_for()
    check_access(page)


def test_folds_stay_open_while_a_run_is_followed_until_it_ends(browse):
    project = make_project()
    videos = [make_video(project) for _ in range(2)]
    enqueue(make_scorer_version(), videos)
    Job.objects.filter(video=videos[0]).update(state="failed", reason="a very long reason: " + "o" * 300)
    page = browse(make_member(project, Role.LEAD), width=390)
    page.goto(reverse("project-suggestions", args=[project.slug]))
    page.get_by_text("Cancel", exact=True).click()
    page.keyboard.press("Tab")
    page.evaluate("document.getElementById('progress').dataset.old = '1'")

    wait_for(page, "!document.getElementById('progress').dataset.old")
    assert page.get_by_role("button", name="Cancel 1 queued job").is_visible()
    assert page.evaluate("document.activeElement.innerText") == "Cancel 1 queued job"
    check_access(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390

    Job.objects.filter(state="queued").update(state="failed", reason="gone")
    page.get_by_text("2 failed").wait_for()
    assert page.locator("#progress[hx-get]").count() == 0


def test_a_run_that_cannot_be_followed_says_so_and_goes_on(browse):
    project = make_project()
    enqueue(make_scorer_version(), [make_video(project)])
    page = browse(make_member(project, Role.LEAD))
    browse.expect("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")
    page.goto(reverse("project-suggestions", args=[project.slug]))

    page.context.set_offline(True)
    page.get_by_text("The server does not answer.").wait_for()
    page.context.set_offline(False)
    page.get_by_text("The server does not answer.").wait_for(state="hidden")


def test_a_run_followed_past_the_session_s_end_leads_to_the_login(browse):
    project = make_project()
    enqueue(make_scorer_version(), [make_video(project)])
    page = browse(make_member(project, Role.LEAD))
    page.goto(reverse("project-suggestions", args=[project.slug]))
    page.context.clear_cookies()
    page.wait_for_url("**/login/**")
