"""The list of projects, creating one, and its settings."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from annotation.models import Membership, Project, Verdict
from annotation.projects.set_up import change_settings
from annotation.room.settle import settle
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_user, make_video

pytestmark = pytest.mark.django_db

NEW = {
    "name": "Autumn study",
    "slug": "",
    "overlap": 2,
    "prefill_percent": 90,
    "blind_percent": 10,
    "order": "random",
}


@pytest.fixture(autouse=True)
def _fresh_figures():
    cache.clear()


def settings_of(project, **changed):
    fields = [
        "name",
        "guidelines",
        "overlap",
        "prefill_percent",
        "blind_percent",
        "order",
        "lease_minutes",
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
        ({"prefill_percent": 97, "blind_percent": 3}, "at least 5 % must stay blind"),
        ({"prefill_percent": 90, "blind_percent": 20}, "add up to 110, not to 100"),
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
    assert words in answer.content.decode()
    assert Project.objects.count() == 1


def test_all_blind_and_the_floor_itself_are_allowed(client):
    project = make_project()
    client.force_login(make_member(project, "lead"))
    for prefill, blind in ((0, 100), (95, 5)):
        shares = settings_of(project, prefill_percent=prefill, blind_percent=blind)
        assert client.post(reverse("project-settings", args=[project.slug]), shares).status_code == 302
        project.refresh_from_db()
        assert (project.prefill_percent, project.blind_percent) == (prefill, blind)


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


def test_raising_the_overlap_opens_seats_and_unsettles(client):
    project = make_project(overlap=1)
    video, rater = make_video(project), make_member(project)
    make_rating(video, rater)
    client.force_login(make_member(project, "lead"))
    address = reverse("project-settings", args=[project.slug])
    client.post(address, settings_of(project, overlap=1, lease_minutes=20))
    client.post(address, settings_of(project, overlap=3))
    assert video.seats.count() == 3
    assert not hasattr(type(video).objects.get(pk=video.pk), "verdict")
    client.post(address, settings_of(project, overlap=1))
    assert video.seats.count() == 1
    assert type(video).objects.get(pk=video.pk).verdict.visual_quality == 3


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
    assert {verdict.video: verdict.ratings.count() for verdict in Verdict.objects.all()} == {complete: 2, half: 1}
    assert Verdict.objects.get(video=complete).settled_at == settled_at
    project.overlap = 2
    change_settings(project, ["overlap"])
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


def test_livez_answers_anybody(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get(reverse("livez")).content == b"ok\n"
