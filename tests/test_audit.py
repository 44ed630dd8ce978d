"""The audit log: what it holds, and that it only grows."""

import csv
import io

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.audit import record
from annotation.models import AuditEntry, AuditKind, Draft, Invitation, Rating, Review, User
from annotation.projects.invite import invite
from annotation.review.decide import Seen, accept, fix, send_back
from annotation.room.settle import settle
from annotation.room.submit import submit
from datasets_app.audit.words import HEADER
from datasets_app.releases.build_release import ask_for_release, build_release
from datasets_app.releases.export_options import Options
from tests.make import make_member, make_project, make_rating, make_user, make_video
from tests.rating import answers

pytestmark = pytest.mark.django_db


def test_entries_are_neither_changed_nor_deleted_by_code():
    record(AuditKind.PROJECT_CREATED, by=make_user(), project=make_project())
    with pytest.raises(TypeError):
        AuditEntry.objects.all().update(subject="another")
    with pytest.raises(TypeError):
        AuditEntry.objects.all().delete()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement", ["UPDATE annotation_auditentry SET subject = ''", "DELETE FROM annotation_auditentry"]
)
def test_the_database_refuses_to_change_an_entry(statement):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL keeps the log from being changed")
    record(AuditKind.PROJECT_CREATED, by=None, subject="autumn")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert AuditEntry.objects.get().subject == "autumn"


def test_an_entry_outlives_its_project_and_its_person():
    project, person, lead = make_project("autumn"), make_user(), make_user()
    record(AuditKind.MEMBER_REMOVED, by=lead, project=project, person=person)
    project.delete()
    person.delete()
    entry = AuditEntry.objects.select_related("project", "actor", "person").get()
    assert (entry.project_slug, entry.project, entry.actor, entry.person) == ("autumn", None, lead, None)


def test_a_command_is_noted_with_its_shell_user(monkeypatch):
    monkeypatch.setenv("LOGNAME", "operator")
    assert record(AuditKind.EXPORTED, by=None).shell_user == "operator"
    assert record(AuditKind.LOGIN_REFUSED, by=None).shell_user == ""


# --- What is noted ------------------------------------------------------------------------------------
def kinds(**which) -> list[str]:
    return list(AuditEntry.objects.filter(**which).order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def project():
    return make_project("autumn")


@pytest.fixture
def lead(project, client):
    user = make_member(project, "lead", "ada")
    client.force_login(user)
    return user


def test_what_a_lead_does_on_the_pages_is_noted_with_what_it_was_before(project, lead, client):
    rater = make_member(project, "rater", "bob")
    pk = rater.memberships.get().pk

    def send(route, *rest, **data):
        assert client.post(reverse(route, args=["autumn", *rest]), data).status_code in (200, 302), route

    send("project-invite", role="reviewer", email="eve@example.org")
    send("invitation-revoke", Invitation.objects.get().pk)
    send("member-pause", pk)
    send("member-go-on", pk)
    send("member-cap", pk, daily_cap=5)
    send("member-role", pk, role="reviewer")
    send("member-role", pk, role="reviewer")  # changes nothing
    send("member-remove", pk)
    send("guidelines", guidelines="Look twice.")
    form = client.get(reverse("project-settings", args=["autumn"])).context["form"].initial
    send("project-settings", **form | {"overlap": 3, "requires_full_play": ""})
    assert kinds(actor=lead) == [
        "member_invited", "invitation_revoked", "member_paused", "member_went_on", "cap_changed", "role_changed",
        "member_removed", "guidelines_changed", "settings_changed",
    ]  # fmt: skip
    assert set(AuditEntry.objects.values_list("project_slug", flat=True)) == {"autumn"}
    assert kinds(person=rater) == [
        "member_paused",
        "member_went_on",
        "cap_changed",
        "role_changed",
        "member_removed",
    ]
    assert AuditEntry.objects.get(kind="settings_changed").details == {"changes": [["overlap", 1, 3]]}
    assert AuditEntry.objects.get(kind="role_changed").details == {"changes": [["role", "rater", "reviewer"]]}
    assert "eve" not in str(list(AuditEntry.objects.values()))


def test_who_joins_by_a_link_is_noted(project, client):
    _, link = invite(project, "rater")
    account = {"username": "bob", "email": "bob@example.org", "password": "a-long-enough-word"}
    client.post(link.removeprefix(settings.SITE_URL), account)
    joined = AuditEntry.objects.get(kind="member_joined")
    assert (joined.actor.username, joined.details) == ("bob", {"role": "rater"})


def test_decisions_of_a_reviewer_are_noted_and_a_raters_own_submit_is_not(project):
    video, reviewer = make_video(project), make_member(project, "reviewer").memberships.get()
    rating = make_rating(video, make_member(project), (1, 2, 3))
    seen = lambda: Seen(frozenset([rating.pk]), Review.objects.count() and Review.objects.last().pk)  # noqa: E731
    send_back(video, reviewer, seen(), rating=rating, preset="vague", words="Where?")
    fix(
        video,
        reviewer,
        seen(),
        scores={"visual_quality": 2, "text_alignment": 2, "physical_consistency": 2},
        words="",
    )
    accept(video, reviewer, seen())
    assert kinds() == ["rating_returned", "verdict_fixed", "verdict_accepted"]
    returned = AuditEntry.objects.get(kind="rating_returned")
    assert (returned.person, returned.subject) == (rating.rater, video.name)
    assert AuditEntry.objects.get(kind="verdict_fixed").details == {"scores": [2, 2, 2]}


def test_a_submit_costs_no_insert_more(project):
    video, rater = make_video(project), make_member(project)
    draft = Draft.objects.create(video=video, rater=rater, arm="blind")
    with CaptureQueriesContext(connection) as asked:
        submit(video=video, rater=rater, answers=answers(), revision=0, submit_key=draft.submit_key)
    assert Rating.objects.exists()
    assert not [query for query in asked.captured_queries if "auditentry" in query["sql"]]
    assert kinds() == []


def test_a_release_and_an_export_are_noted(project, tmp_path):
    lead = make_member(project, "lead")
    make_rating(make_video(project), make_member(project))
    settle(project.videos.all())
    release, _ = ask_for_release(project, Options(["records"]), lead)
    build_release(release.pk)
    call_command("export_dataset", "--project", "autumn", "--format", "records", "--output", str(tmp_path / "out"))
    assert kinds() == ["release_built", "exported"]
    assert AuditEntry.objects.get(kind="release_built").actor == lead
    assert AuditEntry.objects.get(kind="exported").shell_user


def test_logins_are_noted_and_guesses_once(client):
    cache.clear()
    person = make_user("ada", "a-long-enough-word")
    for _ in range(12):
        client.post(reverse("account_login"), {"login": "ada", "password": "a-guess"})
    refused = AuditEntry.objects.get()
    assert (refused.kind, refused.person, refused.actor) == ("login_refused", person, None)
    assert "a-guess" not in str(refused.details)
    cache.clear()
    client.post(reverse("account_login"), {"login": "ada", "password": "a-guess"})
    client.post(reverse("account_login"), {"login": "ada", "password": "a-long-enough-word"})
    assert AuditEntry.objects.get(kind="logged_in").details == {"address": "127.0.0.1", "wrong_tries": 1}


# --- The pages ----------------------------------------------------------------------------------------
def test_a_lead_sees_the_projects_entries_and_a_superuser_all(project, lead, client):
    other = make_project("winter")
    record(AuditKind.PROJECT_CREATED, by=lead, project=project)
    record(AuditKind.PROJECT_CREATED, by=make_user("eve"), project=other)
    page = client.get(reverse("project-audit", args=["autumn"])).content.decode()
    assert "Project created" in page
    assert "eve" not in page
    assert client.get(reverse("audit")).status_code == 404
    client.force_login(User.objects.create_superuser("root"))
    page = client.get(reverse("audit")).content.decode()
    assert "autumn" in page
    assert "winter" in page


def test_entries_are_filtered_by_what_is_on_the_lists_alone(project, lead, client):
    bob = make_member(project, "rater", "bob")
    for kind, person in [
        (AuditKind.MEMBER_PAUSED, bob),
        (AuditKind.MEMBER_WENT_ON, bob),
        (AuditKind.RECONCILED, None),
    ]:
        record(kind, by=lead, project=project, person=person)
    address = reverse("project-audit", args=["autumn"])

    def found(query):
        return [line.entry.kind for line in client.get(address + query).context["lines"]]

    assert found(f"?person={bob.pk}") == ["member_went_on", "member_paused"]
    assert found(f"?person={lead.pk}&kind=reconciled") == ["reconciled"]
    assert len(found("?kind=nothing&person=99999&actor__password__startswith=a&page=x")) == 3
    stranger = make_user("eve")
    assert len(found(f"?person={stranger.pk}")) == 3, "nobody of this log"


def test_a_projects_log_offers_only_what_it_can_hold(project, lead, client):
    def offered(name, *args):
        return set(dict(client.get(reverse(name, args=args)).context["form"].fields["kind"].choices)) - {""}

    everything = {kind.value for kind in AuditKind}
    of_project = offered("project-audit", "autumn")
    assert {"video_deleted", "member_joined"} <= of_project
    assert of_project.isdisjoint({"logged_in", "user_retired", "project_deleted"})
    client.force_login(User.objects.create_superuser("root"))
    assert offered("audit") == everything


def test_a_long_log_is_paged_and_read_by_as_many_queries(project, lead, client, django_assert_max_num_queries):
    for number in range(130):
        record(AuditKind.VIDEO_DELETED, by=lead, project=project, person=lead, subject=f"clip-{number}")
    with django_assert_max_num_queries(12):
        page = client.get(reverse("project-audit", args=["autumn"]) + "?page=3")
    assert [line.entry.subject for line in page.context["lines"]][-1] == "clip-0"
    assert len(page.context["lines"]) == 30


def test_names_with_markup_are_harmless_on_the_page_and_in_a_spreadsheet(project, lead, client):
    record(AuditKind.VIDEO_DELETED, by=lead, project=project, subject="<script>alert(1)</script>")
    record(AuditKind.SETTINGS_CHANGED, by=lead, project=project, changes=[["name", "=1+1", "<b>bold</b>"]])
    record(AuditKind.VIDEO_DELETED, by=lead, project=project, subject="=HYPERLINK(0)")
    page = client.get(reverse("project-audit", args=["autumn"])).content.decode()
    assert "<script>alert" not in page
    assert "&lt;b&gt;bold" in page
    answer = client.get(reverse("project-audit-csv", args=["autumn"]) + "?kind=video_deleted")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[0] == list(HEADER)
    assert [row[5] for row in rows[1:]] == ["'=HYPERLINK(0)", "<script>alert(1)</script>"]
