"""Every address of projects, people and videos, for every role and method: who gets what."""

import pytest
from django.core.cache import cache
from django.urls import URLPattern, reverse

from annotation.models import Membership
from annotation.projects import urls
from annotation.projects.invite import invite
from tests.make import make_member, make_project, make_user, make_video

pytestmark = pytest.mark.django_db

ROLES = ("anonymous", "stranger", "rater", "reviewer", "lead")
LOGIN = "login"  # sent to the login page
# Address: method: what anonymous, stranger, rater, reviewer and lead get. 405 = not a method of this address.
MATRIX = {
    "projects": {"GET": [LOGIN, 200, 200, 200, 200], "POST": [LOGIN, 405, 405, 405, 405]},
    "project-create": {"GET": [LOGIN, 403, 403, 403, 200], "POST": [LOGIN, 403, 403, 403, 422]},
    "project": {"GET": [LOGIN, 404, 302, 200, 200], "POST": [LOGIN, 405, 405, 405, 405]},
    "project-chart": {"GET": [LOGIN, 404, 404, 200, 200], "POST": [LOGIN, 405, 405, 405, 405]},
    "project-settings": {"GET": [LOGIN, 404, 404, 404, 200], "POST": [LOGIN, 404, 404, 404, 422]},
    "project-members": {"GET": [LOGIN, 404, 404, 404, 200], "POST": [LOGIN, 405, 405, 405, 405]},
    "project-invite": {"GET": [LOGIN, 405, 405, 405, 405], "POST": [LOGIN, 404, 404, 404, 422]},
    "member-role": {"GET": [LOGIN, 405, 405, 405, 405], "POST": [LOGIN, 404, 404, 404, 302]},
    "member-remove": {"GET": [LOGIN, 405, 405, 405, 405], "POST": [LOGIN, 404, 404, 404, 302]},
    "invitation-revoke": {"GET": [LOGIN, 405, 405, 405, 405], "POST": [LOGIN, 404, 404, 404, 302]},
    "project-videos": {"GET": [LOGIN, 404, 404, 200, 200], "POST": [LOGIN, 405, 405, 405, 405]},
    "video": {"GET": [LOGIN, 404, 404, 200, 200], "POST": [LOGIN, 405, 405, 405, 405]},
    "invitation": {"GET": [404, 404, 404, 404, 404], "POST": [404, 404, 404, 404, 404]},  # an unknown token
    "livez": {"GET": [200, 200, 200, 200, 200], "POST": [405, 405, 405, 405, 405]},
}


@pytest.fixture
def place(client):
    """Arguments of each address in one project, and somebody of each role."""
    cache.clear()
    project = make_project()
    people = {"anonymous": None, "stranger": make_member(make_project())}
    people |= {role: make_member(project, role) for role in ROLES[2:]}
    member = Membership.objects.get(user=make_member(project))
    invitation, _ = invite(project, "rater")
    arguments = {
        "project-chart": [project.slug, "wide", "scores"],
        "member-role": [project.slug, member.pk],
        "member-remove": [project.slug, member.pk],
        "invitation-revoke": [project.slug, invitation.pk],
        "video": [project.slug, make_video(project).public_id],
        "invitation": ["unknown"],
    } | {name: [] for name in ("projects", "project-create", "livez")}
    return {name: reverse(name, args=arguments.get(name, [project.slug])) for name in MATRIX}, people


def test_the_matrix_names_every_address():
    assert set(MATRIX) == {pattern.name for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", MATRIX)
def test_who_gets_what(client, place, name, method, role):
    addresses, people = place
    if people[role] is not None:
        client.force_login(people[role])
    sent = {"role": "reviewer"} if name == "member-role" else {}
    answer = client.generic(method, addresses[name]) if method == "GET" else client.post(addresses[name], sent)
    expected = MATRIX[name][method][ROLES.index(role)]
    if expected == LOGIN:
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("account_login"))
    else:
        assert answer.status_code == expected


def test_nothing_changed_for_those_who_may_not(client, place):
    addresses, people = place
    before = sorted(Membership.objects.values_list("user", "role"))
    for role in ROLES[:-1]:
        client.logout()
        if people[role] is not None:
            client.force_login(people[role])
        for name in ("member-role", "member-remove", "invitation-revoke", "project-invite", "project-settings"):
            client.post(addresses[name], {"role": "lead", "name": "Taken over"})
    assert sorted(Membership.objects.values_list("user", "role")) == before
    client.force_login(people["lead"])
    page = client.get(addresses["project-members"])
    assert len(page.context["invitations"]) == 1
    assert "Taken over" not in page.content.decode()


def test_a_rater_who_opens_the_project_is_sent_to_rate(client, place):
    addresses, people = place
    client.force_login(people["rater"])
    assert client.get(addresses["project"]).url == f"{addresses['project']}rate/"


def test_a_video_of_another_project_is_not_there(client, place):
    _, people = place
    client.force_login(people["lead"])
    foreign = make_video(make_project())
    project = Membership.objects.get(user=people["lead"]).project
    assert client.get(reverse("video", args=[project.slug, foreign.public_id])).status_code == 404


def test_a_demoted_lead_loses_the_pages_at_once(client, place):
    addresses, people = place
    client.force_login(people["lead"])
    assert client.get(addresses["project-settings"]).status_code == 200
    Membership.objects.filter(user=people["lead"]).update(role="reviewer")
    assert client.get(addresses["project-settings"]).status_code == 404


def test_pages_that_fail_stand_in_our_frame(client, place, settings):
    settings.DEBUG = False
    client.force_login(make_user())
    missing = client.get("/p/nothing-here/").content.decode()
    assert "There is nothing here" in missing
    assert "Screening<span>·</span>Room" in missing
    assert "This is not for you" in client.get(reverse("project-create")).content.decode()


def test_without_the_forms_secret_nothing_is_done(client, place):
    from django.test import Client

    addresses, people = place
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people["lead"])
    answer = strict.post(addresses["project-invite"], {"role": "lead"})
    assert answer.status_code == 403
    assert "This page was open for too long" in answer.content.decode()
