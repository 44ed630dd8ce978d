"""`verify_invariants`: silent on a sound installation, and each promise named with its rows once it is broken."""

import json
import os
import time
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from annotation.models import (
    Adjustment,
    Draft,
    EditedRationale,
    Rating,
    Review,
    ReviewCase,
    Role,
    Seat,
    Suggestion,
    TimeMark,
    Verdict,
    Video,
)
from annotation.room.history import reopen
from annotation.room.queue import lease_next
from annotation.room.settle import settle
from annotation.room.submit import draft_from, submit, take_back
from datasets_app.invariants.files import strayed_files
from datasets_app.models import Import, Release
from datasets_app.rationales.reconcile import reconcile
from datasets_app.releases.release_manifest import FileFacts, hash_file, write_manifest
from datasets_app.releases.staged_folder import staged_folder
from scoring.models import Job
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_video
from tests.rating import JSON, answers, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def video(settings):
    """A video with its files, rated by one rater, taken back and rated again."""
    project = make_project(slug="study", overlap=2)
    video = make_video(
        project,
        original="videos/ab/x/original.mp4",
        poster="videos/ab/x/poster.jpg",
        thumbnails="videos/ab/x/thumbnails.jpg",
        bytes=5,
    )
    for name in (video.original.name, video.poster.name, video.thumbnails.name):
        write(settings.MEDIA_ROOT / name, b"12345")
    rater = make_member(project, username="rater")
    lease_next(project, rater)
    for _ in range(2):
        draft = Draft.objects.get()
        submit(video=video, rater=rater, answers=answers(), revision=0, submit_key=draft.submit_key)
        if Rating.objects.count() == 1:
            take_back(video=video, rater=rater)
    return video


def write(path, content: bytes, *, age=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - age, time.time() - age))


def verify(**options) -> dict[str, str]:
    """The broken promises: name -> the line printed."""
    out = StringIO()
    broken = []
    try:
        call_command("verify_invariants", stdout=out, **options)
    except CommandError as error:
        broken = str(error).removeprefix("Broken: ").removesuffix(".").split(", ")
    lines = {line.split()[0]: line for line in out.getvalue().splitlines()}
    assert [name for name, line in lines.items() if "BROKEN" in line] == broken
    assert list(lines) == [f"I{n}" for n in range(1 if "acks" in options else 2, 13)]
    return {name: lines[name] for name in broken}


def test_a_sound_installation_breaks_nothing(video):
    assert verify() == {}
    draft = reopen(Rating.objects.live().get())
    hand_in(draft, answers((1, 1, 1)))
    take_back(video=video, rater=draft.rater)  # the version before it is live again
    assert verify() == {}


def test_i1_names_acknowledged_ratings_that_changed_or_are_gone(video, tmp_path, client):
    other = make_member(video.project)
    client.force_login(other)
    draft = client.get("/p/study/rate/").context["screening"].draft
    response = client.post(f"/p/study/rate/{video.public_id}/submit/", sent(draft), headers=JSON)
    log = tmp_path / "acks.jsonl"
    log.write_bytes(response.content + b"\n")
    assert verify(acks=log) == {}
    rating = Rating.objects.get(rater=other)
    changed = {"visual_quality": 1, "text_alignment_reason": "changed", "change_reason": "none was given"}
    Rating.objects.filter(pk=rating.pk).update(**changed)
    differs = "visual_quality differs, text_alignment_reason differs, change_reason differs"
    assert f"line 1: rating {rating.pk} {differs}" in verify(acks=log)["I1"]
    log.write_text(
        "\n".join(
            [
                json.dumps({"rating": 999}),
                "no json",
                json.dumps({"rating": rating.pk, "submit_key": str(uuid.uuid4())}),
                json.dumps({"rating": rating.pk, "submit_key": "no key"}),
            ]
        )
    )
    with log.open("ab") as file:
        file.write(b"\n\xd0\xff")
    line = verify(acks=log)["I1"]
    assert "line 1: rating 999 is not stored" in line
    assert "line 2 is no acknowledgement" in line
    assert f"line 3: rating {rating.pk} submit_key differs" in line
    assert "line 4 is no acknowledgement" in line
    assert "line 5 is no acknowledgement" in line


def test_a_missing_log_is_refused(tmp_path):
    with pytest.raises(CommandError, match="is not a file that can be read"):
        call_command("verify_invariants", acks=tmp_path / "none")


def test_i2_names_a_second_live_rating(video):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_live_rating_per_video_rater_and_purpose")
    Rating.objects.update(live=True, withdrawn_at=None)
    assert "rater" in verify()["I2"]
    assert f"video {video.pk}" in verify()["I2"]


@pytest.mark.parametrize(
    "how", ["uncounted work", "rating without a seat", "seat without a rating", "free seat too many"]
)
def test_i3_names_videos_whose_seats_and_ratings_differ(video, how):
    rating = Rating.objects.live().get()
    if how == "uncounted work":
        Rating.objects.filter(pk=rating.pk).update(extra=True)
    elif how == "rating without a seat":
        Rating.objects.create(video=video, rater=make_member(video.project), arm="blind", **answers().columns)
    elif how == "seat without a rating":
        video.seats.filter(filled_at=None).update(filled_at=Now())
    else:
        Seat.objects.create(video=video, number=3)
    broken = verify()
    assert list(broken) == ["I3"]
    assert f"video {video.pk}: " in broken["I3"]


@pytest.mark.parametrize("how", ["gap", "old one live", "nothing live", "first version missing"])
def test_i4_names_broken_histories(video, how):
    first, second = Rating.objects.order_by("version")
    if how == "gap":
        Rating.objects.filter(pk=second.pk).update(version=3)
    elif how == "old one live":
        Rating.objects.filter(pk=second.pk).update(live=False)
        Rating.objects.filter(pk=first.pk).update(live=True, withdrawn_at=None)
    elif how == "nothing live":
        Rating.objects.filter(pk=second.pk).update(live=False)
        Seat.objects.update(holder=None, filled_at=None)
    else:
        Rating.objects.filter(pk=first.pk).delete()
    broken = verify()
    assert list(broken) == ["I4"]
    assert f"video {video.pk}, rater {second.rater_id}, main" in broken["I4"]


@pytest.mark.parametrize("seconds", [30, 61])
def test_i5_names_leases_past_their_end_and_one_sweep(video, seconds):
    past = Now() - timedelta(seconds=seconds)
    Job.objects.create(
        video=video, scorer_version=make_scorer_version(), state="leased", lease=uuid.uuid4(), leased_until=past
    )
    Video.objects.update(media_state="waiting", media_lease=uuid.uuid4(), media_leased_until=past)
    broken = verify()
    assert bool(broken) == (seconds > 60)
    if broken:
        assert f"job {Job.objects.get().pk}: leased until" in broken["I5"]
        assert f"video {video.pk}: leased until" in broken["I5"]


def test_i6_names_jobs_that_are_done_without_an_answer(video):
    version = make_scorer_version()
    job = Job.objects.create(video=video, scorer_version=version, state="done")
    assert verify()["I6"].endswith(f"job {job.pk} (done): done without a suggestion")
    make_suggestion(video, version)
    assert verify() == {}


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("annotation_video", "media_state = 'failed'", "failed without a reason"),
        ("annotation_video", f"media_lease = '{uuid.UUID(int=1)}'", "a lease without work"),
        ("datasets_import", "state = 'failed'", "failed without a reason"),
        ("datasets_import", f"lease = '{uuid.UUID(int=1)}'", "a lease without work"),
        ("datasets_release", "state = 'building'", "worked on without a lease"),
        ("datasets_release", "state = 'mended'", "unknown state"),
    ],
)
@pytest.mark.postgres
def test_i6_names_what_workers_left_in_a_state_that_cannot_be(video, table, change, words):
    Release.objects.create(project=video.project, number=1)
    Import.objects.create(project=video.project, manifest_name="m.jsonl", state="done")
    assert verify() == {}  # both have no files: a release that waits, an import that is over
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE datasets_import DROP CONSTRAINT import_failed_has_a_reason")
        cursor.execute("ALTER TABLE datasets_release DROP CONSTRAINT release_state_known")
        cursor.execute(f"UPDATE {table} SET {change}")
    assert verify()["I6"].endswith(f"): {words}")


def test_i7_names_the_file_of_a_release_that_changed(video):
    release = Release.objects.create(
        project=video.project, number=1, settings={"formats": ["records"]}, state="done"
    )
    write(release.folder / "records.jsonl", b'{"a": 1}\n')
    write_manifest(
        release.folder,
        {"format": "records"},
        [FileFacts("records.jsonl", *hash_file(release.folder / "records.jsonl"))],
    )
    assert verify() == {}
    write(release.folder / "records.jsonl", b'{"a": 2}\n')
    assert "records.jsonl differs from its sha256" in verify()["I7"]
    (release.folder / "records.jsonl").unlink()
    assert "records.jsonl is missing" in verify()["I7"]


def test_i8_names_missing_truncated_and_stray_files(video, settings):
    root = settings.MEDIA_ROOT
    (root / video.poster.name).unlink()
    write(root / video.original.name, b"123")
    write(root / "videos/cd/y/original.mp4", b"1", age=7200)
    write(root / "videos/cd/z/original.mp4", b"1")
    line = verify()["I8"]
    assert f"video {video.pk}: original has 3 bytes, not 5" in line
    assert f"video {video.pk}: poster videos/ab/x/poster.jpg is missing" in line
    assert "videos/cd/y/original.mp4: no row names it" in line
    assert "videos/cd/z" not in line


def test_i7_names_folders_of_releases_that_are_not_there(video):
    project = video.project.pk
    release = Release.objects.create(project=video.project, number=2)
    building = release.folder.parent / ".0002.part"
    for name in ("0001", ".0002.part", ".0003.part", "0004"):
        write(release.folder.parent / name / "records.jsonl", b"{}")
        age(release.folder.parent / name, 0 if name == "0004" else 7200)
    with staged_folder(release.folder.parent / "0003"):
        age(release.folder.parent / ".0003.part", 7200)  # somebody is at it
        line = verify()["I7"]
    assert line.endswith(f": {project}/0001: no release has it")
    Release.objects.filter(pk=release.pk).update(state="failed", reason="Its worker stopped 3 times.")
    assert f"{project}/{building.name}: left of a build that nobody goes on with" in verify()["I7"]


def age(folder, seconds):
    os.utime(folder, (time.time() - seconds, time.time() - seconds))


def test_i8_names_what_trials_and_imports_miss_and_what_they_left(video, settings):
    root = settings.MEDIA_ROOT
    run = Import.objects.create(project=video.project, manifest_name="m.jsonl")
    done = Import.objects.create(project=video.project, manifest_name="m.jsonl", state="done")
    tried = Import.objects.create(project=video.project, manifest_name="m", state="done", refused_count=1)
    Import.objects.create(project=video.project, manifest_name="m.jsonl", root="/data")  # of a command
    kept = [f"{each.folder}/video-0" for each in (run, done, tried)]
    for name in (*kept, "staging/one/handed-over.json"):
        write(root / name, b"1", age=7200)
    write(root / "videos/ab/x/attempt-1/poster.jpg", b"1", age=7200)
    line = verify()["I8"]
    assert f"{done.folder}/video-0: no row names it" in line
    assert "staging/one/handed-over.json: no row names it" in line
    assert "videos/ab/x/attempt-1/poster.jpg: no row names it" in line
    assert run.folder not in line
    assert tried.folder not in line
    assert line.count("import") == 1
    (root / run.folder / "video-0").unlink()
    (root / run.folder).rmdir()
    assert f"import {run.pk} (waiting): {run.folder} is missing" in verify()["I8"]
    Import.objects.filter(pk=run.pk).update(state="failed", reason="It stopped.", finished_at=timezone.now())
    assert f"import {run.pk} (failed): {run.folder} is missing" in verify()["I8"]
    Import.objects.filter(pk=run.pk).update(finished_at=timezone.now() - timedelta(days=8))
    assert run.folder not in verify()["I8"], "it was kept for a week"
    write(root / video.thumbnails.name, b"")
    assert f"video {video.pk}: thumbnails is empty" in verify()["I8"]


def test_i8_finds_the_row_of_a_file_by_the_folders_name_and_by_its_own(video, settings, django_assert_num_queries):
    root = settings.MEDIA_ROOT
    for number in range(3):
        other = make_video(video.project, media_state="waiting", bytes=1)
        Video.objects.filter(pk=other.pk).update(original=f"{other.folder}/original.mp4")
        write(root / other.folder / "original.mp4", b"1", age=7200)
        write(root / other.folder / f"stray-{number}.jpg", b"1", age=7200)
        age(root / video.poster.name, 7200)
    with django_assert_num_queries(6):  # three tables, what is to go, and twice for all files
        found = list(strayed_files())
    assert len(found) == 3
    assert all("stray-" in each for each in found)


def test_only_the_first_rows_are_named_and_the_rest_counted(video):
    for _ in range(13):
        make_video(video.project, media_state="missing")
    Seat.objects.bulk_create(Seat(video=video, number=9) for video in Video.objects.filter(media_state="missing"))
    assert "; and 3 more" in verify()["I3"]


@pytest.fixture
def versions(video):
    """A rating before and after the reveal, sent back to its rater, who answers; its time mark is kept."""
    project, lead = video.project, make_member(video.project, Role.LEAD)
    project.suggester = make_suggestion(video).scorer_version
    project.prefill_percent, project.reveal_percent, project.blind_percent = 0, 100, 0
    project.save()
    rater = make_member(project)
    lease_next(project, rater)
    drafts = Draft.objects.filter(rater=rater)
    hand_in(drafts.get())
    hand_in(drafts.get())
    second = Rating.objects.get(rater=rater, live=True)
    review = Review.objects.create(video=video, reviewer=lead, decision="return", rating=second, preset="vague")
    draft_from(second, stage="return", revises=second, returned=review)
    hand_in(drafts.get(), answers(reasons=("melts [1.38s f11]", "all there", "")))
    return list(Rating.objects.filter(rater=rater).order_by("version"))


def hand_in(draft, given=None):
    submit(
        video=draft.video,
        rater=draft.rater,
        answers=given or answers(),
        revision=draft.revision,
        submit_key=draft.submit_key,
    )


@pytest.mark.parametrize(
    ("version", "change", "words"),
    [
        (2, {"rater": "another"}, "revises a rating of another video, rater or purpose"),
        (1, {"version": 9}, "revises a later version"),
        (2, {"live": True}, "revises a live version"),
        (2, {"arm": "blind"}, "stands for a reveal without a first version in that arm"),
        (1, {"suggestion": "any"}, "was shown what its arm hides"),
        (1, {"visual_quality_shown": 3}, "was shown what its arm hides"),
    ],
)
def test_i9_names_versions_that_do_not_fit_together(versions, version, change, words):
    assert [rating.stage for rating in versions] == ["first", "reveal", "return"]
    assert verify() == {}
    given = {"rater": make_member(versions[0].video.project), "suggestion": versions[1].suggestion}
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_live_rating_per_video_rater_and_purpose")
    Rating.objects.filter(pk=versions[version - 1].pk).update(
        **{name: given.get(name, to) for name, to in change.items()}
    )
    found = verify()["I9"]
    named = versions[version - 1 if words.startswith(("was", "stands")) or "another" in words else version]
    assert f"rating {named.pk} {words}" in found


def test_i9_names_returns_and_drafts_that_do_not_fit(versions):
    first, _, third = versions
    other = make_video(first.video.project)
    review = Review.objects.create(video=other, reviewer=first.rater, decision="accept")
    Rating.objects.filter(pk=third.pk).update(returned=review)
    draft = draft_from(third, stage="edit", revises=first)
    line = verify()["I9"]
    assert f"rating {third.pk} answers no return of its video" in line
    assert f"draft {draft.pk} revises a version that is not live" in line
    Draft.objects.filter(pk=draft.pk).update(
        arm="blind", suggestion=versions[1].suggestion, revises=third, video=other
    )
    line = verify()["I9"]
    assert f"draft {draft.pk} revises a rating of another video or rater" in line
    assert f"draft {draft.pk} is shown what its arm hides" in line


def test_i10_names_verdicts_reviews_and_cases_that_nobody_decided(versions):
    video = versions[0].video
    fixed = Review.objects.create(video=video, reviewer=versions[0].rater, decision="fix", **answers().scores)
    settle([video])
    assert verify() == {}
    verdict = Verdict.objects.get()
    assert verdict.review == fixed
    Verdict.objects.update(visual_quality_exact=1.5)
    assert f"verdict {verdict.pk} is a reviewer's, but no fix of its video says so" in verify()["I10"]
    Verdict.objects.update(visual_quality_exact=verdict.visual_quality)
    Review.objects.filter(decision="return").update(video=make_video(video.project))
    ReviewCase.objects.update_or_create(video=video, defaults={"state": "returned"})
    line = verify()["I10"]
    assert "returns a rating of another video" in line
    assert "waits for its rater, but nothing is out" in line
    assert "verdict" not in line.split(":", 1)[1]


def test_i11_names_ratings_whose_moments_are_not_those_of_the_text(versions):
    third = versions[2]
    TimeMark.objects.update(frame=12)
    assert verify()["I11"].endswith(f"rating {third.pk}: 1 moments stored, 1 in the text")
    TimeMark.objects.all().delete()
    assert verify()["I11"].endswith(f"rating {third.pk}: 0 moments stored, 1 in the text")
    Rating.objects.filter(pk=third.pk).update(imported=True)  # an imported text keeps its marks to itself
    assert "I11" not in verify()


def edit(video, **began_as):
    EditedRationale.objects.filter(video=video).update(live=False)
    editor = video.ratings.first().rater
    return EditedRationale.objects.create(
        video=video, text="It flickers.", editor=editor, **answers().scores, **began_as
    )


def test_i12_names_edited_rationales_of_another_origin_or_with_a_broken_history(video):
    suggestion = make_suggestion(video)
    elsewhere = make_suggestion(make_video(video.project, media_state="missing"), suggestion.scorer_version)
    first, second = edit(video, suggestion=suggestion), edit(video, rating=video.ratings.live().get())
    assert verify() == {}
    EditedRationale.objects.filter(pk=second.pk).update(live=False)
    assert verify()["I12"].endswith(f"edited rationale {second.pk} is the last one of its video, but not live")
    EditedRationale.objects.filter(pk=first.pk).update(live=True, suggestion=elsewhere)
    line = verify()["I12"]
    assert f"edited rationale {first.pk} is live, but not the last one of its video" in line
    assert f"edited rationale {first.pk} began as a text of another video" in line


def test_i12_names_adjustments_that_the_rule_does_not_make(video):
    suggestion = make_suggestion(video)
    version = suggestion.scorer_version
    said = {"visual_quality": 2, "text_alignment": 3, "physical_consistency": 2}
    Suggestion.objects.filter(pk=suggestion.pk).update(**said)
    Rating.objects.create(video=video, rater=make_member(video.project), arm="blind", **answers().columns)
    Seat.objects.filter(filled_at=None).update(filled_at=Now())
    settle([video])
    reconcile(video.project, version, ask=False)
    adjusted = Adjustment.objects.get()
    assert (adjusted.outcome, adjusted.visual_quality) == ("averaged", 3)
    assert verify() == {}
    Adjustment.objects.update(visual_quality=4)
    words = f"adjustment {adjusted.pk} (averaged) is not what the rule makes of its scores"
    assert verify()["I12"].endswith(words)
    Adjustment.objects.update(visual_quality=3, tries=5)
    assert verify()["I12"].endswith(words)
    elsewhere = make_suggestion(make_video(video.project, media_state="missing"), version)
    Suggestion.objects.filter(pk=elsewhere.pk).update(**said)
    Adjustment.objects.update(tries=1, suggestion=elsewhere)
    assert "rests on an answer of another video or scorer version" in verify()["I12"]
