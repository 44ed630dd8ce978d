"""Deleting videos, releases, projects and accounts: everything derived goes, nothing else, whatever is killed."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from annotation.models import AuditEntry, Draft, Invitation, Membership, Prompt, Rating, Review, User, Video
from annotation.projects.invite import accept, invite
from annotation.retire import retire
from datasets_app.invariants.files import strayed_files
from datasets_app.invariants.releases import broken_releases
from datasets_app.models import DoomedFolder, ProjectDeletion, Release, TrainedOn
from datasets_app.takedown import doomed
from datasets_app.takedown import project as going
from datasets_app.takedown.project import ask_for_deletion, go_on_deleting
from datasets_app.takedown.release import BeingBuilt, delete_release
from datasets_app.takedown.video import releases_with, take_down
from datasets_app.tasks import sweep_media_task
from scoring.models import WantedReconciliation
from tests.every_page import DONE, QUEUED, furnish
from tests.make import make_member, make_project, make_rating, make_user, make_video
from tests.worker import wait_until

pytestmark = pytest.mark.django_db
# Rows that belong to no project, or that tell what became of one.
STAY = {"AuditEntry", "User", "Scorer", "ScorerVersion", "Heartbeat", "ProjectDeletion", "DoomedFolder"}
STAY |= {"User_groups", "User_user_permissions", "WorkerSeen"}


def ours() -> list[type[Model]]:
    return [
        model
        for name in ("annotation", "scoring", "datasets")
        for model in apps.get_app_config(name).get_models(include_auto_created=True)
        if model.__name__ not in STAY
    ]


def counts() -> dict[str, int]:
    return {model.__name__: n for model in ours() if (n := model.objects.count())}


def files(folder) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def place(django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=False):
        return furnish()


def _put_what_the_place_lacks(place) -> None:
    review, rating = Review.objects.get(), Rating.objects.first()
    review.ratings.set([rating])
    rating.time_marks.create(dimension="visual_quality", seconds=1.0, frame=8)
    WantedReconciliation.objects.create(project=place.project, scorer_version_id=77777)
    TrainedOn.objects.create(scorer_version_id=77777, release=Release.objects.get(number=DONE))


def test_a_whole_project_goes_with_every_row_and_every_file(place, django_capture_on_commit_callbacks):
    beside = make_project("beside")
    kept = make_rating(make_video(beside), make_member(beside))
    _put_what_the_place_lacks(place)
    there = counts()
    assert {model.__name__ for model in ours()} - there.keys() == set(), "the place has a bit of everything"
    empty = place.people["idle"].memberships.get().project
    with django_capture_on_commit_callbacks(execute=True):
        for project in (place.project, empty):
            deletion = ask_for_deletion(project, by=place.people["lead"])
            assert go_on_deleting(deletion.pk)
    left = counts()
    assert left.pop("Rating") == 1
    assert left == {"Project": 1, "Membership": 1, "Prompt": 1, "T2VModel": 1, "Video": 1, "Seat": 1}
    assert Rating.objects.get() == kept
    assert files(settings.MEDIA_ROOT) == set()
    assert files(settings.RELEASES_ROOT) == set()
    assert not DoomedFolder.objects.exists()
    entry = AuditEntry.objects.filter(kind="project_deleted").last()
    assert (entry.project_slug, entry.details["videos"]) == ("study", len(place.videos))
    assert AuditEntry.objects.filter(project_slug="study").count() > 5, "the log stays"


def test_a_video_goes_with_all_that_was_said_about_it_and_its_prompt(place, django_capture_on_commit_callbacks):
    rated, others = place.videos["rated"], Video.objects.count() - 1
    folder = settings.MEDIA_ROOT / rated.folder
    assert files(folder)
    with django_capture_on_commit_callbacks(execute=True):
        take_down(rated, by=place.people["lead"])
    assert not folder.exists()
    for model in ours():
        names = {field.name for field in model._meta.get_fields()}
        if "video" in names:
            assert not model.objects.filter(video=rated.pk).exists(), model
    assert Video.objects.count() == others
    assert not Prompt.objects.filter(pk=rated.prompt_id).exists()
    assert Prompt.objects.filter(pk=place.videos["open"].prompt_id).exists()
    assert AuditEntry.objects.get(kind="video_deleted").subject == "шар"
    take_down(rated, by=None)  # somebody else was faster
    assert AuditEntry.objects.filter(kind="video_deleted").count() == 1


def test_a_video_whose_rating_answers_a_return_goes_too(place):
    video = place.videos["open"]
    returned = Review.objects.get(video=video, decision="return")
    draft = Draft.objects.get(returned=returned)
    draft.delete()
    Rating.objects.filter(pk=returned.rating_id).update(live=False)
    make_rating(video, draft.rater, version=2, stage="return", revises=returned.rating, returned=returned)
    take_down(video)
    assert not Rating.objects.filter(video=video).exists()


def test_what_a_kill_leaves_is_removed_by_the_sweeper_and_breaks_no_promise(place):
    """The rows are committed, the process dies before it removes a file."""
    video = place.videos["rated"]
    old = settings.MEDIA_ROOT / video.folder
    for path in old.rglob("*"):
        import os

        os.utime(path, (1, 1))
    broken = [*strayed_files()]
    take_down(video)  # on_commit never comes
    assert files(old)
    assert [line for line in strayed_files() if video.public_id.hex in line] == []
    assert {*strayed_files()} <= {*broken}
    sweep_media_task()
    assert not old.exists()
    assert not DoomedFolder.objects.exists()


def test_a_deletion_that_is_killed_between_two_bits_goes_on(place, monkeypatch):
    monkeypatch.setattr(going, "BIT", 2)
    deletion = ask_for_deletion(place.project)
    assert not go_on_deleting(deletion.pk, for_seconds=-1)
    deletion.refresh_from_db()
    assert (deletion.done, deletion.finished_at) == (2, None)
    rung = []
    monkeypatch.setattr(going, "ring_deletion", rung.append)
    ProjectDeletion.objects.filter(pk=deletion.pk).update(rung_at="2020-01-01T00:00Z")
    going.sweep()
    assert rung == [deletion.pk]
    shown = []
    assert go_on_deleting(deletion.pk, show=lambda done, of: shown.append((done, of)))
    total = len(place.videos)
    assert shown[-1] == (total, total)
    assert go_on_deleting(deletion.pk), "a task that comes twice finds nothing to do"
    doomed.sweep()
    assert files(settings.MEDIA_ROOT) == set()


def test_nobody_is_in_a_project_from_the_moment_that_it_is_asked(place, client):
    client.force_login(place.people["lead"])
    page = client.get(reverse("project-delete", args=["study"]))
    assert f"{len(place.videos)} videos" in page.content.decode()
    wrong = client.post(reverse("project-delete", args=["study"]), {"name": "another"})
    assert (wrong.status_code, Membership.objects.filter(project=place.project).exists()) == (422, True)
    answer = client.post(reverse("project-delete", args=["study"]), {"name": "study"}, follow=True)
    assert "0 of" in answer.content.decode()
    assert client.get(reverse("project", args=["study"])).status_code == 404
    assert not Membership.objects.filter(project=place.project).exists()
    client.force_login(place.people["rater"])
    assert client.get(answer.request["PATH_INFO"]).status_code == 404
    assert client.get(reverse("rate", args=["study"])).status_code == 404
    client.force_login(place.people["root"])
    assert client.get(answer.request["PATH_INFO"]).status_code == 200
    assert "deleted-" not in client.get(reverse("projects")).content.decode(), "it is asked for once"
    assert make_project("study"), "its address is free again"


def test_whoever_closed_the_page_of_a_deletion_finds_it_again_in_the_list_of_projects_while_it_runs(place, client):
    deletion = ask_for_deletion(place.project, by=place.people["lead"])
    part, page = reverse("project-deletions"), reverse("project-deletion", args=[deletion.public_id])
    for who, finds in {"lead": True, "root": True, "rater": False, "stranger": False}.items():
        client.force_login(place.people[who])
        assert f'hx-get="{part}"' in client.get(reverse("projects")).content.decode()
        answer = client.get(part)
        assert (answer.status_code == 200, page in answer.content.decode()) == (finds, finds), who
        assert client.get(page).status_code == (200 if finds else 404)
    ProjectDeletion.objects.update(finished_at=timezone.now())
    client.force_login(place.people["lead"])
    assert client.get(part).status_code == 204


def test_whoever_goes_back_to_a_page_of_a_deleted_project_is_led_to_their_projects(place, client):
    deletion = ask_for_deletion(place.project, by=place.people["lead"])
    go_on_deleting(deletion.pk)
    client.force_login(place.people["lead"])
    for name in ("project", "project-delete", "project-settings"):
        answer = client.get(reverse(name, args=["study"]))
        assert answer.status_code == 404
        assert "what was here has been deleted" in answer.content.decode()
        assert f'href="{reverse("projects")}"' in answer.content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time")
def test_nobody_who_joins_at_that_moment_stays_in_it():
    project, late = make_project(), make_user()
    invitation, _ = invite(project, "lead")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            accept(invitation, late)
            asked = pool.submit(on_its_own_connection, ask_for_deletion, project)
            wait_until(somebody_waits_for_us, seconds=60)
        asked.result()
    assert not Membership.objects.filter(user=late).exists()


def on_its_own_connection(act, *arguments):
    try:
        return act(*arguments)
    finally:
        connection.close()


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
        return cursor.fetchone()[0] > 0


def test_the_page_of_a_takedown_names_the_releases_that_hold_the_video(place, client):
    client.force_login(place.people["lead"])
    Release.objects.filter(state="building").delete()
    video = place.videos["rated"]
    address = reverse("video-delete", args=["study", video.public_id])
    assert "its list of videos cannot be read" in client.get(address).content.decode()
    index = Release.objects.get(number=DONE).folder / "videos.jsonl"
    index.write_text(json.dumps({"video_name": "another", "sha256": video.sha256}) + "\n")
    assert [(held.release.number, held.sure) for held in releases_with(video)] == [(DONE, True)]
    index.write_text(json.dumps({"video_name": "another", "sha256": "0"}) + "\n")
    assert releases_with(video) == []
    assert client.post(address, {"name": "куб"}).status_code == 422
    assert Video.objects.filter(pk=video.pk).exists()
    assert client.post(address, {"name": f" {video.name} "})["Location"] == reverse(
        "project-videos", args=["study"]
    )
    assert not Video.objects.filter(pk=video.pk).exists()


def test_a_release_that_is_being_built_may_hold_the_video(place, client):
    """Its rows were read before: what is taken down meanwhile is in it."""
    client.force_login(place.people["lead"])
    building = Release.objects.get(state="building")
    video = place.videos["rated"]
    assert (building.number, False) in [(held.release.number, held.sure) for held in releases_with(video)]
    page = client.get(reverse("video-delete", args=["study", video.public_id])).content.decode()
    assert "is being built, and may hold it" in page


def test_a_deleted_release_leaves_its_number_and_no_file(place, client, django_capture_on_commit_callbacks):
    release = Release.objects.get(number=DONE)
    Release.objects.filter(pk=release.pk).update(finished_at=release.created_at)
    client.force_login(place.people["lead"])
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("release-delete", args=["study", DONE]), {"name": str(DONE)})
    assert not release.folder.exists()
    assert client.get(reverse("release", args=["study", DONE])).status_code == 404
    assert f"#release-{DONE}" not in client.get(reverse("project-releases", args=["study"])).content.decode()
    deleted = Release.objects.get(pk=release.pk)
    assert deleted.finished_at == release.created_at, "what a model trained on it has seen goes by this"
    assert list(broken_releases()) == []
    assert AuditEntry.objects.get(kind="release_deleted").subject == str(DONE)
    with pytest.raises(BeingBuilt):
        delete_release(Release.objects.get(number=QUEUED))


def test_commands_say_first_what_would_go(place, capsys):
    with pytest.raises(CommandError, match="add --yes"):
        call_command("delete_video", "шар", project="study")
    call_command("delete_video", "шар", project="study", yes=True)
    assert "release 1 may hold it" in capsys.readouterr().out
    with pytest.raises(CommandError, match="no video"):
        call_command("delete_video", "шар", project="study", yes=True)
    with pytest.raises(CommandError, match="add --yes"):
        call_command("delete_project", "study")
    call_command("delete_project", "study", yes=True)
    assert ProjectDeletion.objects.get(slug="study").finished_at
    with pytest.raises(CommandError, match="no project"):
        call_command("delete_project", "study", yes=True)


def test_a_retired_account_is_nobodys_and_its_ratings_stay(place, client):
    rater, name = place.people["rater"], "Вера"
    address = rater.email
    client.force_login(rater)
    invite(place.project, "rater", email=rater.email.upper())
    ratings = Rating.objects.filter(rater=rater).count()
    with pytest.raises(CommandError, match="Add --yes"):
        call_command("retire_user", name)
    call_command("retire_user", name, yes=True)
    rater.refresh_from_db()
    assert (rater.username, rater.email, rater.is_active) == (f"retired-{rater.pk}", "", False)
    assert client.get(reverse("projects")).status_code == 302
    assert Rating.objects.filter(rater=rater).count() == ratings > 0
    assert not Draft.objects.filter(rater=rater).exists()
    assert not User.objects.filter(username=name).exists()
    assert not Invitation.objects.filter(email__iexact=address).exists(), "nor does a link of theirs know it"
    with pytest.raises(CommandError, match="nobody"):
        call_command("retire_user", name, yes=True)
    assert retire(rater) == rater


def test_the_only_lead_is_not_retired(place):
    with pytest.raises(CommandError, match="needs a lead"):
        call_command("retire_user", "Анна", yes=True)
    assert User.objects.get(username="Анна").is_active
