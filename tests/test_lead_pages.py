"""A lead's pages in a real browser: in the reader's light or dark, on a desk and on a phone."""

import pytest
from django.urls import reverse

from annotation.models import Role
from tests.browser import check_access, make_clip
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABS = ["project", "project-videos", "project-suggestions", "project-members", "project-releases"]
FORMS = ["project-settings", "project-import"]


@pytest.mark.parametrize(("scheme", "width"), [("dark", 1280), ("light", 390)])
def test_every_page_can_be_read_and_fits(browse, scheme, width):
    project = make_project(suggester=make_scorer_version())
    video = make_clip(project, "A very long word: " + "o" * 200)
    make_suggestion(video)
    make_rating(video, make_member(project), flagged=True)
    page = browse(make_member(project, Role.LEAD), width=width, color_scheme=scheme)
    addresses = [reverse(name, args=[project.slug]) for name in (*TABS, *FORMS)]
    addresses += [
        reverse("projects"),
        reverse("project-create"),
        reverse("video", args=[project.slug, video.public_id]),
    ]
    for address in addresses:
        page.goto(address)
        check_access(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_a_message_is_a_list_that_readers_announce(browse):
    project = make_project()
    page = browse(make_member(project, Role.LEAD))
    page.goto(reverse("project-settings", args=[project.slug]))
    page.get_by_role("button", name="Save settings").click()
    page.get_by_role("status").get_by_text("Saved.").wait_for()
    check_access(page)
