"""What moves on a lead's pages, in a real browser: messages, folds, and a run that is followed."""

import io
from statistics import median

import pytest
from django.urls import reverse
from PIL import Image

from annotation.audit import record
from annotation.models import AuditKind, Role
from scoring.jobs import enqueue
from scoring.models import Job
from tests.browser import check_access, wait_for
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video

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


def test_an_entry_of_the_audit_log_is_a_few_lines_on_a_telephone(browse):
    project = make_project()
    lead = make_member(project, Role.LEAD)
    hashes = {"sha256": "0123456789abcdef" * 4, "manifest_sha256": "fedcba9876543210" * 4}
    record(AuditKind.EXPORTED, by=lead, project=project, subject="release-3.jsonl", **hashes)
    page = browse(lead, width=390, height=844)
    page.goto(reverse("project-audit", args=[project.slug]))
    row = page.locator("tbody tr").first.bounding_box()
    assert row["x"] + row["width"] <= 390
    assert row["height"] < 220
    for told in page.locator("tbody td").all():
        box = told.bounding_box()
        assert box is None or box["x"] + box["width"] <= 390, told.inner_text()
    check_access(page)


def edges(table):
    """The usual grey of a table's first and last column of pixels."""
    picture = Image.open(io.BytesIO(table.screenshot())).convert("L")
    return [median(picture.getpixel((x, y)) for y in range(picture.height)) for x in (1, picture.width - 2)]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_a_table_that_is_cut_is_shaded_where_more_of_it_lies(browse, scheme):
    project, version = make_project(), make_scorer_version()
    for _ in range(3):
        video = make_video(project)
        make_rating(video, make_member(project))
        make_suggestion(video, version)
    page = browse(make_member(project, Role.LEAD), width=390, height=844, color_scheme=scheme)
    page.goto(reverse("project-evaluation", args=[project.slug]))
    table = page.locator(".table").first
    assert table.evaluate("(one) => one.scrollWidth > one.clientWidth")
    left, right = edges(table)
    assert abs(right - left) > 20
    table.evaluate("(one) => (one.scrollLeft = one.scrollWidth)")
    left_at_the_end, right_at_the_end = edges(table)
    assert [left_at_the_end, right_at_the_end] == pytest.approx([right, left], abs=2)
    page.set_viewport_size({"width": 1280, "height": 720})
    assert edges(table) == [left, left]
