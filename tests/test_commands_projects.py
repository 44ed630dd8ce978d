"""`create_project` and `create_lead`, as a person types them."""

import io

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Invitation, Membership, Project
from annotation.projects.read_shares import read_shares
from tests.make import make_member, make_project

pytestmark = pytest.mark.django_db


def run(*arguments):
    """(what the command printed, what it remarked)"""
    out, remarks = io.StringIO(), io.StringIO()
    call_command(*arguments, stdout=out, stderr=remarks)
    return out.getvalue(), remarks.getvalue()


def test_a_project_is_created_with_its_defaults():
    run("create_project", "autumn")
    project = Project.objects.get()
    assert (project.slug, project.name, project.overlap) == ("autumn", "autumn", 1)
    assert (project.prefill_percent, project.blind_percent) == (90, 10)
    assert project.suggester is None


def test_a_project_is_created_as_told():
    run(
        "create_project",
        "autumn",
        "--name",
        "Autumn study",
        "--overlap",
        "3",
        "--arms",
        "prefill=0.7, reveal=0.1, blind=0.2",
    )
    project = Project.objects.get()
    assert (project.name, project.overlap) == ("Autumn study", 3)
    assert (project.prefill_percent, project.reveal_percent, project.blind_percent) == (70, 10, 20)


def test_the_same_values_again_change_nothing_and_others_are_refused():
    run("create_project", "autumn", "--overlap", "2")
    assert "already; nothing changed" in run("create_project", "autumn", "--overlap", "2")[0]
    assert "already; nothing changed" in run("create_project", "autumn")[0]
    with pytest.raises(CommandError, match="overlap 2, not 3"):
        run("create_project", "autumn", "--overlap", "3")
    with pytest.raises(CommandError, match="prefill_percent 90, not 50"):
        run("create_project", "autumn", "--arms", "prefill=0.5,blind=0.5")
    assert Project.objects.get().overlap == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["not a slug"], "slug: "),
        (["x", "--overlap", "0"], "overlap: .*greater than or equal to 1"),
        (["x", "--name", "n" * 201], "name: .*at most 200"),
        (["x", "--arms", "prefill=0.97,blind=0.03"], "at least 5 % must stay blind"),
        (["x", "--arms", "prefill=0.8,reveal=0.16,blind=0.04"], "at least 5 % must stay blind"),
        (["x", "--arms", "prefill=0.9,blind=0.2"], "add up to 1.1, not to 1"),
        (["x", "--arms", "prefill=0.9,shown=0.1"], "unknown arm 'shown'; known are prefill, reveal, blind"),
        (["x", "--arms", "blind=1,blind=0"], "blind is given twice"),
        (["x", "--arms", "blind=0.995,prefill=0.005"], "finer than whole percents"),
        (["x", "--arms", "blind=nan"], "not a share"),
        (["x", "--arms", "blind=1e99"], "not a share"),
        (["x", "--arms", "blind"], "not a share"),
        (["x", "--arms", ""], "unknown arm ''"),
    ],
)
def test_bad_input_gives_one_clear_line_and_no_project(arguments, words):
    with pytest.raises(CommandError, match=words) as refusal:
        run("create_project", *arguments)
    assert "\n" not in str(refusal.value)
    assert not Project.objects.exists()


def test_shares_are_whole_percents():
    assert read_shares("prefill=0.95,blind=.05", allowed=["prefill", "blind"]) == {"prefill": 95, "blind": 5}
    assert read_shares("blind=1", allowed=["blind"]) == {"blind": 100}


def test_a_lead_gets_a_link_that_works(client, settings):
    settings.SITE_URL = "https://rate.example.org"
    make_project("autumn")
    link = run("create_lead", "ada@example.org", "--project", "autumn")[0].strip()
    assert link.startswith("https://rate.example.org/invitations/")
    account = {"username": "ada", "email": "ada@example.org", "password": "a-long-enough-word"}
    client.post(link.removeprefix("https://rate.example.org"), account)
    assert Membership.objects.get().role == "lead"
    printed, _ = run("create_lead", "ADA@example.org", "--project", "autumn")
    assert "leads autumn already; nothing changed" in printed
    assert Invitation.objects.count() == 1


def test_a_second_link_for_one_address_replaces_the_first(client):
    make_project("autumn")
    first = run("create_lead", "ada@example.org", "--project", "autumn")[0].strip()
    second, remark = run("create_lead", "ada@example.org", "--project", "autumn")
    assert "no longer works" in remark
    assert Invitation.objects.count() == 1
    assert client.get(first[first.index("/invitations/") :]).status_code == 404
    assert client.get(second.strip()[second.index("/invitations/") :]).status_code == 200


def test_a_rater_of_the_project_gets_a_link_too():
    project = make_project("autumn")
    make_member(project, username="ada")
    assert "/invitations/" in run("create_lead", "ada@example.org", "--project", "autumn")[0]


@pytest.mark.parametrize(
    ("email", "project", "words"),
    [
        ("ada", "autumn", "'ada' is not an email address"),
        ("a@example.org", "winter", "There is no project 'winter'"),
    ],
)
def test_a_wrong_lead_gives_one_clear_line(email, project, words):
    make_project("autumn")
    with pytest.raises(CommandError, match=words):
        run("create_lead", email, "--project", project)
    assert not Invitation.objects.exists()
