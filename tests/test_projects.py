"""The list of projects, creating one, and its settings."""

import re

import pytest
from django.core.cache import cache
from django.urls import reverse

from annotation.models import Membership, Project, User, Verdict
from annotation.projects.set_up import change_settings
from annotation.room.fit_overlap import fit_to_overlap
from annotation.room.settle import settle
from annotation.tasks import fit_to_overlap_task, sweep_projects_task
from datasets_app.invariants.check import miscounted_videos
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_user, make_video

pytestmark = pytest.mark.django_db

NEW = {
    "name": "Autumn study",
    "slug": "",
    "overlap": 2,
    "prefill_percent": 80,
    "reveal_percent": 10,
    "blind_percent": 10,
    "order": "random",
    "audit_percent": 5,
}


@pytest.fixture(autouse=True)
def _fresh_figures():
    cache.clear()


def settings_of(project, **changed):
    fields = [
        "name",
        "overlap",
        "prefill_percent",
        "reveal_percent",
        "blind_percent",
        "order",
        "lease_minutes",
        "audit_percent",
    ]
    stored = {field: getattr(project, field) for field in fields}
    return {key: "" if value is None else value for key, value in (stored | changed).items()}


def test_a_stranger_sees_no_project_and_what_to_do(client):
    make_project("secret-study")
    client.force_login(make_user())
    page = client.get(reverse("projects")).content.decode()
    assert "Secret Study" not in page
    assert "You are in no project yet." in page
    assert "invites you with a one-time link" in page


def test_a_superuser_sees_every_project_and_is_a_member_of_none_by_that(client):
    own, other = make_project("own-study"), make_project("secret-study")
    admin = User.objects.create_superuser("root")
    Membership.objects.create(project=own, user=admin, role="reviewer")
    client.force_login(admin)
    page = client.get(reverse("projects")).content.decode()
    assert f'href="{reverse("project", args=["own-study"])}"' in page
    assert "Secret Study" in page
    assert page.count("You are not a member") == 1
    led_to = [link for link in re.findall(r'href="([^"]*)"', page) if "secret-study" in link]
    assert led_to == [reverse("project-delete", args=[other.slug])]
    assert client.get(led_to[0]).status_code == 200
    assert client.get(reverse("project", args=["secret-study"])).status_code == 404


def test_the_list_shows_each_project_with_its_standing(client):
    project = make_project(overlap=2)
    lead, rater = make_member(project, "lead"), make_member(project)
    make_rating(make_video(project), rater)
    make_video(project)
    client.force_login(lead)
    assert "0 of 2 videos settled" in client.get(reverse("projects")).content.decode()
    client.force_login(rater)
    assert "You have rated 1 video here." in client.get(reverse("projects")).content.decode()


def test_the_list_takes_the_same_queries_for_one_project_and_twenty(client, django_assert_num_queries):
    lead = make_member(make_project(), "lead")
    client.force_login(lead)
    with django_assert_num_queries(4):  # session, person, projects, may create
        client.get(reverse("projects"))
    for _ in range(19):
        Membership.objects.create(project=make_project(), user=lead, role="lead")
    with django_assert_num_queries(4):
        client.get(reverse("projects"))


@pytest.mark.parametrize("role", [None, "rater", "reviewer"])
def test_only_leads_create_projects(client, role):
    client.force_login(make_member(make_project(), role) if role else make_user())
    assert client.get(reverse("project-create")).status_code == 403
    answer = client.post(reverse("project-create"), NEW)
    assert answer.status_code == 403
    assert "Only people who lead a project may create another one." in answer.content.decode()
    assert not Project.objects.filter(slug="autumn-study").exists()


def test_a_superuser_creates_the_first_project_and_leads_it(client):
    person = make_user()
    person.is_superuser = True
    person.save()
    client.force_login(person)
    answer = client.post(reverse("project-create"), NEW)
    assert answer.url == reverse("project", args=["autumn-study"])
    assert Membership.objects.get().role == "lead"
    assert "No videos yet." in client.get(answer.url).content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"prefill_percent": 87, "blind_percent": 3}, "at least 5 % must stay blind"),
        ({"reveal_percent": 19, "blind_percent": 1}, "at least 5 % must stay blind"),
        ({"reveal_percent": 20}, "The three shares add up to 110, not to 100"),
        ({"reveal_percent": ""}, "This field is required"),
        ({"audit_percent": 101}, "less than or equal to 100"),
        ({"overlap": 0}, "greater than or equal to 1"),
        ({"overlap": 21}, "less than or equal to 20"),
        ({"name": "展映室"}, "the name has no letters"),
        ({"slug": "taken"}, "There is a project at the address"),
        ({"order": "newest"}, "Select a valid choice"),
    ],
)
def test_a_wrong_value_is_refused_in_words(client, wrong, words):
    client.force_login(make_member(make_project("taken"), "lead"))
    answer = client.post(reverse("project-create"), NEW | wrong)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert page.count("autofocus") == 1, "the page opens where something is to be mended"
    assert Project.objects.count() == 1


def test_all_blind_and_the_floor_itself_are_allowed(client):
    project = make_project()
    client.force_login(make_member(project, "lead"))
    for prefill, reveal, blind in ((0, 0, 100), (95, 0, 5), (0, 100, 0), (60, 35, 5)):
        shares = settings_of(
            project, prefill_percent=prefill, reveal_percent=reveal, blind_percent=blind, requires_full_play="on"
        )
        assert client.post(reverse("project-settings", args=[project.slug]), shares).status_code == 302
        project.refresh_from_db()
        assert (project.prefill_percent, project.reveal_percent, project.blind_percent) == (prefill, reveal, blind)
        assert project.requires_full_play


def test_settings_say_whose_suggestions_raters_see_and_where_to_choose(client):
    project, version = make_project(), make_scorer_version()
    client.force_login(make_member(project, "lead"))
    address = reverse("project-settings", args=[project.slug])
    page = client.get(address).content.decode()
    assert "Nobody is shown suggestions yet." in page
    assert reverse("project-suggestions", args=[project.slug]) in page
    Project.objects.update(suggester=version)
    client.post(address, settings_of(project, name="Renamed"))
    assert f"what {version} suggests" in client.get(address).content.decode()


@pytest.mark.portability
def test_a_changed_overlap_is_on_its_way_until_a_worker_has_been_there(client, django_capture_on_commit_callbacks):
    project = make_project(overlap=1)
    video, rater = make_video(project), make_member(project)
    make_rating(video, rater)
    client.force_login(make_member(project, "lead"))
    address = reverse("project-settings", args=[project.slug])
    client.post(address, settings_of(project, overlap=1, lease_minutes=20))
    assert "being brought to" not in client.get(address).content.decode()
    client.post(address, settings_of(project, overlap=3))
    assert "being brought to an overlap of 3" in client.get(address).content.decode()
    assert not list(miscounted_videos())
    with django_capture_on_commit_callbacks() as doorbells:
        sweep_projects_task()  # the doorbell was lost
    assert len(doorbells) == 1
    begun = Project.objects.get()
    client.post(address, settings_of(project, overlap=2))  # while the worker is at it
    fit_to_overlap(begun)
    assert video.seats.count() == 2
    assert Project.objects.get().overlap_due_at is not None
    fit_to_overlap_task(project.pk)
    assert not hasattr(type(video).objects.get(pk=video.pk), "verdict")
    assert "being brought to" not in client.get(address).content.decode()
    client.post(address, settings_of(project, overlap=1))
    assert not list(miscounted_videos())
    fit_to_overlap_task(project.pk)
    assert video.seats.count() == 1
    assert type(video).objects.get(pk=video.pk).verdict.visual_quality == 3


def test_two_leads_change_different_settings_at_once():
    project = make_project()
    one, other = Project.objects.get(), Project.objects.get()
    one.lease_minutes, other.name = 5, "Renamed"
    change_settings(one, ["lease_minutes"])
    change_settings(other, ["name"])
    project.refresh_from_db()
    assert (project.lease_minutes, project.name) == (5, "Renamed")


def test_a_changed_overlap_leaves_the_verdicts_that_stay_alone():
    project = make_project(overlap=2)
    raters = [make_member(project) for _ in range(2)]
    complete, half = make_video(project), make_video(project)
    for video, rater in ((complete, raters[0]), (complete, raters[1]), (half, raters[0])):
        make_rating(video, rater)
    settle([complete, half])
    settled_at = complete.verdict.settled_at
    project.overlap = 1
    change_settings(project, ["overlap"])
    fit_to_overlap_task(project.pk)
    assert {verdict.video: verdict.ratings.count() for verdict in Verdict.objects.all()} == {complete: 2, half: 1}
    assert Verdict.objects.get(video=complete).settled_at == settled_at
    project.overlap = 2
    change_settings(project, ["overlap"])
    fit_to_overlap_task(project.pk)
    assert Verdict.objects.get().video == complete


def test_a_refused_form_leaves_the_frame_with_the_stored_name(client):
    project = make_project(name="Stored name")
    client.force_login(make_member(project, "lead"))
    address = reverse("project-settings", args=[project.slug])
    page = client.post(address, settings_of(project, name="Other", overlap=0)).content.decode()
    assert "<h1>Stored name</h1>" in page


@pytest.mark.parametrize("size", ["wide", "side", "narrow"])
@pytest.mark.parametrize("name", ["ratings-a-day", "scores"])
def test_charts_are_pictures_with_their_own_strict_policy(client, name, size):
    project = make_project()
    client.force_login(make_member(project, "reviewer"))
    answer = client.get(reverse("project-chart", args=[project.slug, size, name]))
    assert answer["Content-Type"] == "image/svg+xml"
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert b"prefers-color-scheme:light" in answer.content


def test_unknown_charts_are_not_there(client):
    project = make_project()
    client.force_login(make_member(project, "lead"))
    for size, name in (("huge", "scores"), ("wide", "salaries")):
        assert client.get(reverse("project-chart", args=[project.slug, size, name])).status_code == 404


def test_every_tab_of_a_project_has_a_title_of_its_own(client):
    project = make_project()
    client.force_login(make_member(project, "lead"))
    tabs = [
        "",
        "-videos",
        "-import",
        "-suggestions",
        "-evaluation",
        "-members",
        "-releases",
        "-settings",
        "-audit",
    ]
    addresses = [f"project{tab}" for tab in tabs] + ["review", "guidelines"]
    pages = [client.get(reverse(name, args=[project.slug])).content.decode() for name in addresses]
    titles = [page.split("<title>")[1].split("</title>")[0] for page in pages]
    assert len(set(titles)) == len(titles), titles


def test_livez_answers_anybody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get(reverse("livez")).content == b"ok\n"
