"""Roles in a project at work. Who gets what at every address is in `tests/doors.py`."""

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Membership
from tests.make import make_member, make_project, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    project = make_project("study")
    return {role: make_member(project, role) for role in ("rater", "lead")}


def test_a_rater_who_opens_the_project_is_sent_to_rate(client, people):
    client.force_login(people["rater"])
    assert client.get("/p/study/").url == "/p/study/rate/"


def test_a_demoted_lead_loses_the_pages_at_once(client, people):
    client.force_login(people["lead"])
    assert client.get("/p/study/settings/").status_code == 200
    Membership.objects.filter(user=people["lead"]).update(role="reviewer")
    assert client.get("/p/study/settings/").status_code == 404


def test_pages_that_fail_stand_in_our_frame(client, settings):
    settings.DEBUG = False
    client.force_login(make_user())
    missing = client.get("/p/nothing-here/").content.decode()
    assert "There is nothing here" in missing
    assert "Screening<span>·</span>Room" in missing
    assert "This is not for you" in client.get(reverse("project-create")).content.decode()


def test_without_the_forms_secret_nothing_is_done(people):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people["lead"])
    answer = strict.post(reverse("project-invite", args=["study"]), {"role": "lead"})
    assert answer.status_code == 403
    assert "This page was open for too long" in answer.content.decode()
