"""The releases page: who may see it, what it builds, how a lost build is taken up, what a download holds."""

import io
import json
import re
import shutil
import uuid
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.models import Rating, Role
from annotation.room.settle import settle
from datasets_app import tasks
from datasets_app.models import Release, ReleaseState
from datasets_app.releases import build_release as building
from datasets_app.releases.build_release import ask_for_release, build_release, take_back_lost_builds
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import Options
from datasets_app.releases.forms import MAX_UPLOAD
from datasets_app.releases.release_manifest import differences
from tests.make import make_member, make_project, make_rating, make_user, make_video
from tests.worker import Worker, empty_redis, wait_until

FORM = {
    "formats": ["records"], "policy": "settled", "min_ratings": "1", "rationale": "", "margin": "1", "split": "",
    "seed": "0", "videos": "link", "on_leak": "refuse",
}  # fmt: skip


@pytest.fixture
def project(db):
    return make_project("study")


@pytest.fixture
def lead(project):
    return make_member(project, Role.LEAD)


@pytest.fixture
def page(client, project, lead):
    """The page as its lead sees it: `page()` fetches it, `page(**form)` asks for a release."""
    client.force_login(lead)
    url = reverse("project-releases", args=[project.slug])
    return lambda **form: client.post(url, FORM | form) if form else client.get(url)


@pytest.fixture(autouse=True)
def rung(monkeypatch, request):
    """Ids that the doorbell was rung for; the workers of `worker` tests hear the real one."""
    heard = []
    if "worker" not in request.keywords:
        monkeypatch.setattr(tasks.build_release_task, "apply_async", lambda args, **_: heard.extend(args))
    return heard


def rated_videos(project, count=3, **fields):
    videos = [make_video(project, f"prompt {number}", name=f"v{number}", **fields) for number in range(count)]
    rater = make_user()
    for video in videos:
        make_rating(video, rater, visual_quality_reason="soft")
    settle(videos)
    return videos


def ask(project, **options):
    with transaction.atomic():
        return ask_for_release(project, Options(**{"formats": ["records"]} | options), None)[0]


def words(answer):
    """What a reader sees of a page, in one line."""
    return " ".join(re.sub("<[^>]+>", " ", answer.content.decode()).split())


def test_a_project_without_verdicts_says_what_to_do(page):
    text = page().content.decode()
    assert "There is nothing to release yet" in text
    assert "Build the release" not in text


def test_the_counts_are_there_before_building(page, project):
    rated_videos(project, 3)
    rest = [
        make_video(project, media_state="missing", sha256="", original=""),
        make_video(project, media_state="failed"),
        make_video(project, media_state="waiting"),
        make_video(project),
    ]
    rater = make_user()
    for video in rest:
        make_rating(video, rater)
    settle(rest)
    assert "ratings: 7" not in words(page())  # counting takes seconds in a large project: the page is there first
    text = words(page(formats=["records", "sft", "rl"], preview="1"))
    assert "7 videos · prompts: 7 · ratings: 7" in text
    assert "records 7 nothing" in text
    assert "sft 3 4 · Nothing to reason from" in text
    assert "rl 4 1 · Its file could not be prepared 1 · Its file was not imported 1 · Its file is not" in text
    assert not Release.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_asking_queues_a_release_and_rings_once(page, project, rung):
    rated_videos(project)
    answer = page(formats=["sft"], no_cot="on", split="train=0.9,test=0.1", seed="4")
    assert answer.status_code == 302
    release = Release.objects.get()
    assert (release.number, release.settings["formats"], release.state) == (1, ["sft"], "queued")
    assert Options(**release.settings) == Options(["sft"], no_cot=True, split={"test": 0.1, "train": 0.9}, seed=4)
    assert rung == [release.pk]
    page(formats=["sft"], no_cot="on", split="train=0.9,test=0.1", seed="4")
    assert "is being built just so already" in page().content.decode()
    assert Release.objects.count() == 1
    page(formats=["rl"])
    assert sorted(Release.objects.values_list("number", flat=True)) == [1, 2]


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"split": "train=0.9,test=0.2"}, "add up to 1.1"),
        ({"formats": []}, "Tick at least one format"),
        ({"since": "2026-11-02", "until": "2026-11-01"}, "The first day lies after the last one"),
        ({"reconcile": "1"}, "not one of the available choices"),
        ({"formats": ["xml"]}, "is not one of the available choices"),
        ({"seed": "x"}, "Enter a whole number"),
    ],
)
def test_a_request_that_makes_no_sense_comes_back_with_words(form, words, page, project):
    rated_videos(project)
    answer = page(**form)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Release.objects.exists()


@pytest.mark.parametrize("role", [None, Role.RATER, Role.REVIEWER])
def test_only_leads_of_the_project_get_anywhere(role, client, project):
    rated_videos(project)
    release = ask(project)
    build_release(release.pk)
    visitor = make_member(project, role) if role else make_user()
    make_member(make_project(), Role.LEAD)
    client.force_login(visitor)
    for name, extra in [
        ("project-releases", []),
        ("release", [1]),
        ("release-row", [1]),
        ("release-plot", [1, "scores.svg"]),
        ("release-shares", ["side", "1-2-3-4-5.1-2-3-4-5.1-2-3-4-5"]),
        ("release-download", [1]),
        ("release-manifest", [1]),
    ]:
        assert client.get(reverse(name, args=[project.slug, *extra])).status_code == 404
    assert client.post(reverse("project-releases", args=[project.slug]), FORM).status_code == 404
    for name, extra in [
        ("import-annotations", []),
        ("release-preview", []),
        ("release-choices", ["t2v_models"]),
        ("release-verify", [1]),
    ]:
        assert client.post(reverse(name, args=[project.slug, *extra])).status_code == 404
    client.logout()
    assert client.get(reverse("release-download", args=[project.slug, 1])).status_code == 302


def test_a_release_of_another_project_is_not_reached_through_ones_own(client, lead, project):
    other = make_project()
    rated_videos(other)
    build_release(ask(other).pk)
    client.force_login(lead)
    assert client.get(reverse("release-download", args=[project.slug, 1])).status_code == 404


def test_the_row_asks_for_itself_until_it_is_done(client, page, project):
    rated_videos(project)
    release = ask(project)
    url = reverse("release-row", args=[project.slug, 1])
    assert f'hx-get="{url}"' in page().content.decode()
    waiting = client.get(url).content.decode()
    assert "Waiting for a worker." in waiting
    assert "<html" not in waiting
    Release.objects.update(state="building", written=1, total=3)
    assert '<progress id="progress-1" value="1" max="3">' in client.get(url).content.decode()
    Release.objects.update(state="queued", written=0, total=0)
    build_release(release.pk)
    done = client.get(url).content.decode()
    assert "hx-get" not in done
    assert "3 videos (<code>records</code> 3)" in done


def test_a_built_release_is_what_the_command_writes(project, tmp_path):
    videos = rated_videos(project, 12)
    options = Options(["records"], split={"train": 0.6, "test": 0.4}, seed=2)
    release = ask(project, split={"train": 0.6, "test": 0.4}, seed=2)
    build_release(release.pk)
    release.refresh_from_db()
    assert (release.state, release.written, release.total) == (ReleaseState.DONE, len(videos), len(videos))
    assert release.lease is None
    assert release.finished_at is not None
    export_dataset(project, options, tmp_path / "by-hand")
    assert differences(release.folder, tmp_path / "by-hand" / "manifest.json") == []


def test_a_video_that_came_out_of_a_split_is_said_to_be_in_none(client, page, project):
    rated_videos(project)
    for options in ({"split": {"train": 1.0}}, {}):
        build_release(ask(project, **options).pk)
    seen = client.get(reverse("release", args=["study", 2])).content.decode()
    assert "train → no split" in seen


def test_a_release_that_cannot_be_built_says_why(page, project):
    videos = rated_videos(project)
    release = ask(project, formats=["rl"])
    build_release(release.pk)
    release.refresh_from_db()
    assert release.state == ReleaseState.FAILED
    text = page().content.decode()
    assert "It could not be built: Nothing to export as rl: 3 videos, no record. Left out: 3 file gone" in text
    assert not release.folder.exists()
    Rating.objects.filter(video__in=videos).update(extra=True)
    settle(videos)
    again = ask(project)
    build_release(again.pk)
    again.refresh_from_db()
    assert again.reason == "Nothing to export as records: 0 videos, no record. Left out: 3 not rated yet."


def test_a_full_disk_fails_the_release_in_words_and_leaves_nothing(project, monkeypatch):
    rated_videos(project)
    release = ask(project)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("datasets_app.releases.export.write_manifest", full)
    build_release(release.pk)
    release.refresh_from_db()
    assert (release.state, release.reason) == (
        "failed",
        "The files could not be written: No space left on device.",
    )
    assert not release.folder.parent.exists()


def lose_the_worker(release, attempts=1):
    Release.objects.filter(pk=release.pk).update(
        state="building", attempts=attempts, lease=uuid.uuid4(), leased_until=timezone.now() - timedelta(seconds=1)
    )


def test_a_build_that_lost_its_worker_is_built_again(project):
    rated_videos(project)
    release = ask(project)
    lose_the_worker(release)
    left = release.folder.parent / f".{release.folder.name}.part"
    left.mkdir(parents=True)
    (left / "records.jsonl").write_text("half")
    assert take_back_lost_builds() == [release.pk]
    build_release(release.pk)
    release.refresh_from_db()
    assert (release.state, release.attempts) == ("done", 2)
    assert differences(release.folder) == []


def test_a_build_with_a_living_worker_is_left_alone(project):
    rated_videos(project)
    release = ask(project)
    lose_the_worker(release)
    Release.objects.update(leased_until=timezone.now() + timedelta(minutes=1))
    assert take_back_lost_builds() == []
    build_release(release.pk)  # the same doorbell, heard twice
    release.refresh_from_db()
    assert release.state == "building"


@pytest.mark.django_db(transaction=True)
def test_a_build_that_only_reads_for_long_keeps_its_lease(project, monkeypatch):
    release = ask(project)
    lease = uuid.uuid4()
    lose_the_worker(release)
    Release.objects.update(lease=lease)
    monkeypatch.setattr(building, "LEASE", timedelta(seconds=1.5))
    with building._kept(release, lease):
        wait_until(lambda: Release.objects.filter(leased_until__gt=timezone.now()).exists(), seconds=20)
        assert take_back_lost_builds() == []
    wait_until(lambda: take_back_lost_builds() == [release.pk], seconds=20)


def test_three_lost_workers_end_a_build(project):
    release = ask(project)
    lose_the_worker(release, attempts=3)
    left = release.folder.parent / ".0001.part"
    left.mkdir(parents=True)
    (left / "records.jsonl").write_text("half")
    assert take_back_lost_builds() == []
    release.refresh_from_db()
    assert release.state == "failed"
    assert "stopped 3 times" in release.reason
    assert not left.exists()


def test_a_folder_that_was_finished_without_a_word_is_taken_as_it_is(project):
    rated_videos(project)
    release = ask(project)
    export_dataset(project, Options(["records"]), release.folder)
    rated = make_video(project)
    make_rating(rated, make_user())
    settle([rated])
    lose_the_worker(release)
    take_back_lost_builds()
    build_release(release.pk)
    release.refresh_from_db()
    assert (release.state, release.counts["videos"]) == ("done", 3)


def test_a_worker_that_lost_its_lease_neither_goes_on_nor_says_done(project, monkeypatch):
    rated_videos(project)
    release = ask(project)
    monkeypatch.setattr(building, "SHOW_SECONDS", 0)

    def slow(*args):
        Release.objects.update(lease=uuid.uuid4())  # somebody else has it now

    monkeypatch.setattr("datasets_app.releases.export._take", slow)
    build_release(release.pk)
    release.refresh_from_db()
    assert release.state == "building"
    assert not release.folder.parent.exists()


def download(client, project, number=1):
    answer = client.get(reverse("release-download", args=[project.slug, number]))
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="study-release-{number}.zip"'
    return b"".join(answer.streaming_content)


def test_a_download_holds_the_folder_and_is_the_same_each_time(client, page, project):
    rated_videos(project)
    release = ask(project)
    build_release(release.pk)
    page()
    packed = download(client, project)
    assert packed == download(client, project)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.testzip() is None
        inside = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
    files = [path for path in release.folder.rglob("*") if path.is_file()]
    assert inside == {f"study-release-1/{path.relative_to(release.folder)}": path.read_bytes() for path in files}
    manifest = client.get(reverse("release-manifest", args=[project.slug, 1]))
    assert json.loads(b"".join(manifest.streaming_content))["counts"]["records"] == {"records": 3}


def test_what_is_not_built_cannot_be_downloaded(client, page, project):
    rated_videos(project)
    release = ask(project)
    page()
    assert client.get(reverse("release-download", args=[project.slug, 1])).status_code == 404
    build_release(release.pk)
    shutil.rmtree(release.folder)
    assert client.get(reverse("release-download", args=[project.slug, 1])).status_code == 404


def test_annotations_come_in_by_the_page_and_refusals_are_listed(client, page, project):
    page()
    good = {"video_name": "000001_a", "prompt": "a cat", "visual_score": 3, "t2v_score": 4, "phy_score": 2}
    bad = {"video_name": "<script>", "prompt": "a cat", "visual_score": "x", "t2v_score": 4, "phy_score": 2}
    url = reverse("import-annotations", args=[project.slug])
    answer = client.post(url, {"file": SimpleUploadedFile("a.json", json.dumps([good, bad]).encode())})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "1 new ratings" in text
    assert "item 2: visual_score: the score &#x27;x&#x27; cannot be read" in text
    assert Rating.objects.get().rater.username == "imported"
    answer = client.post(url, {"file": SimpleUploadedFile("a.json", json.dumps([good]).encode())})
    assert answer.status_code == 200
    assert "0 new ratings, 0 changed, 1 unchanged" in answer.content.decode()


@pytest.mark.parametrize(
    ("content", "rater", "words"),
    [
        (b"hello", "", "neither a JSON list nor JSON Lines"),
        (b"", "", "The submitted file is empty"),
        (b"[]" + b" " * MAX_UPLOAD, "", "longer than 10 MB"),
        (b"[]", "stranger", "has an account but is no member"),
    ],
)
def test_a_file_that_cannot_be_taken_comes_back_with_words(content, rater, words, client, page, project):
    make_user("stranger")
    page()
    url = reverse("import-annotations", args=[project.slug])
    answer = client.post(url, {"file": SimpleUploadedFile("a.json", content), "rater": rater})
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_the_page_asks_the_database_as_often_for_many_releases(page, project):
    rated_videos(project)
    built = {"settings": Options(["rl"]).as_json(), "state": "done", "counts": {"videos": 1, "records": {"rl": 1}}}
    built["created_by"] = project.memberships.get().user
    for number in (1, 2):
        Release.objects.create(project=project, number=number, **built)
    with CaptureQueriesContext(connection) as few:
        page()
    for number in range(3, 30):
        Release.objects.create(project=project, number=number, **built)
    with CaptureQueriesContext(connection) as many:
        page()
    assert len(few) == len(many) <= 14


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_builds_what_the_page_asked_for(page, project, tmp_path):
    empty_redis()
    rated_videos(project)
    worker = Worker(tmp_path)
    try:
        wait_until(worker.ready, seconds=60)
        page(formats=["records"])
        wait_until(lambda: Release.objects.get().state == ReleaseState.DONE, seconds=20)
        assert differences(Release.objects.get().folder) == []
    finally:
        worker.kill()
        empty_redis()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_row_follows_its_build_by_itself_and_then_stops_asking(browse, project, lead):
    rated_videos(project)
    window = browse(lead, width=390, height=844)
    window.goto(reverse("project-releases", args=[project.slug]))
    window.get_by_label("SFT (LLaMA-Factory)").uncheck()
    window.get_by_label("Records (JSONL)").check()
    window.get_by_role("cell", name="records").wait_for()  # counted anew by itself
    window.get_by_role("button", name="Build the release").click()
    window.get_by_text("Waiting for a worker.").wait_for()
    assert window.evaluate("document.documentElement.scrollWidth") <= 390
    build_release(Release.objects.get().pk)
    with window.expect_download() as download:
        window.get_by_role("link", name="Download release 1").click()
    assert download.value.suggested_filename == "study-release-1.zip"
    asked = []
    window.on("request", lambda request: asked.append(request.url))
    window.wait_for_timeout(2500)
    assert asked == []
