"""The page of suggestions: for leads alone; a run is started, followed, retried and chosen there."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.models import Role, Scorer, ScorerVersion, Suggestion
from scoring.drain import drain_jobs
from scoring.jobs import enqueue
from scoring.models import Heartbeat, Job, new_lease
from scoring.versions import current_version
from tests import drawn
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bell(monkeypatch):
    rung = []
    monkeypatch.setattr("scoring.doorbells.ring", lambda task, *ids, **_: rung.append(ids))
    return rung


@pytest.fixture
def project():
    return make_project("study")


@pytest.fixture
def lead(client, project):
    client.force_login(make_member(project, Role.LEAD))
    return client


def page(client, name="project-suggestions", *arguments):
    return client.get(reverse(name, args=["study", *arguments])).content.decode()


@pytest.mark.parametrize("role", [Role.RATER, Role.REVIEWER, None])
def test_only_leads_find_it(client, project, role):
    client.force_login(make_member(project if role else make_project(), role or Role.LEAD))
    version = current_version("technical")
    for name, arguments, method in [
        ("project-suggestions", [], client.get),
        ("suggestions-progress", [], client.get),
        ("suggestions-start", [], client.post),
        ("suggestions-retry", [version.pk], client.post),
        ("suggestions-cancel", [version.pk], client.post),
        ("suggestions-suggester", [], client.post),
    ]:
        assert method(reverse(name, args=["study", *arguments])).status_code == 404


def test_the_empty_page_says_what_to_do_next(lead, project):
    html = page(lead)
    assert "There is nothing to score yet." in html
    assert reverse("project-import", args=["study"]) in html
    assert "It was asked about" not in html

    make_video(project)
    html = page(lead)

    assert "No scorer was asked yet" in html
    assert re.search(r"All that it was not asked about</span> <span class=\"muted count\">1<", html)
    assert "knows nothing of meaning" in html


def test_the_poll_ends_by_itself(lead, project, settings):
    drawn.write_clip(settings.MEDIA_ROOT / "clip.mp4", drawn.draw_pictures(frames=4))
    version = current_version("technical")
    enqueue(version, [make_video(project, original="clip.mp4")])

    assert "hx-get" in page(lead, "suggestions-progress")
    drain_jobs(version)
    finished = page(lead, "suggestions-progress")
    assert "hx-get" not in finished
    assert "1 of 1 done" in finished
    assert "<html" not in finished


def test_failures_are_listed_with_reasons_and_retried(lead, project):
    version = current_version("technical")
    video = make_video(project, original="none.mp4", name="lost-one")
    enqueue(version, [video])
    drain_jobs(version)

    html = page(lead)
    assert "the file is not there" in html
    assert "lost-one" in html
    assert reverse("video", args=["study", video.public_id]) in html
    response = lead.post(reverse("suggestions-retry", args=["study", version.pk]), follow=True)
    assert "1 job is queued again." in response.content.decode()
    assert Job.objects.get().state == "queued"


def test_rate_and_time_left_are_shown_while_it_runs(lead, project):
    version = current_version("technical")
    enqueue(version, [make_video(project) for _ in range(30)])
    now = timezone.now()
    for second, job in enumerate(Job.objects.all()[:11]):
        Job.objects.filter(pk=job.pk).update(state="done", finished_at=now - timedelta(seconds=second))

    html = re.sub(r"\s+", " ", page(lead, "suggestions-progress"))
    assert "11 of 30 done" in html
    assert "60 a minute" in html
    assert "less than a minute left" in html


def test_a_slow_model_s_batches_do_not_count_twice(lead, project):
    version = current_version("technical")
    enqueue(version, [make_video(project) for _ in range(50)])
    now = timezone.now()
    for minutes, jobs in [(5, slice(0, 16)), (1, slice(16, 32))]:
        batch = [job.pk for job in Job.objects.order_by("pk")[jobs]]
        Job.objects.filter(pk__in=batch).update(state="done", finished_at=now - timedelta(minutes=minutes))

    html = re.sub(r"\s+", " ", page(lead, "suggestions-progress"))
    assert "4.0 a minute" in html
    assert "5 min left" in html
    assert "nothing ended" not in html

    Job.objects.filter(state="done").update(finished_at=F("finished_at") - timedelta(minutes=4))
    Job.objects.update(created_at=now - timedelta(minutes=20))
    make_heartbeat(version)
    html = re.sub(r"\s+", " ", page(lead, "suggestions-progress"))
    assert "3.2 a minute" in html


def make_heartbeat(version, **fields) -> Heartbeat:
    now = timezone.now()
    return Heartbeat.objects.create(
        **{"worker": "gpu-1:77", "scorer_version": version, "started_at": now, "seen_at": now} | fields
    )


def test_a_queue_without_a_worker_says_which_to_start(lead, project):
    version = current_version("technical")
    enqueue(version, [make_video(project)])
    assert "Waiting for a worker." in page(lead)
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    html = page(lead)
    assert "No worker is listening" in html
    assert "celery -A config worker -Q scoring.technical -c 1" in html

    heart = make_heartbeat(version, seen_at=timezone.now() - timedelta(hours=1))
    assert "No worker is listening" in page(lead)
    heart.seen_at = timezone.now()
    heart.save()
    html = page(lead)
    assert "No worker is listening" not in html
    assert "loading its scorer" in html


def test_jobs_of_a_worker_that_is_gone_are_named(lead, project):
    version = current_version("technical")
    enqueue(version, [make_video(project) for _ in range(3)])
    now = timezone.now()
    for minutes, job in zip((3, 4), Job.objects.order_by("pk"), strict=False):
        Job.objects.filter(pk=job.pk).update(state="done", finished_at=now - timedelta(minutes=minutes))
    Job.objects.filter(state="queued").update(state="leased", lease=new_lease(), leased_until=now)
    html = page(lead)
    assert "1.0 a minute" in html
    assert "nothing ended" not in html  # it was asked a moment ago

    heart = make_heartbeat(version)
    Job.objects.update(created_at=now - timedelta(minutes=5))
    html = page(lead)
    assert "0.3 a minute" in html
    assert "nothing ended for 3 min" in html

    heart.delete()
    html = page(lead)
    assert "No worker was seen lately; what it held goes back" in html
    assert "celery -A config worker -Q scoring.technical -c 1" in html
    assert "a minute" not in html


def test_workers_are_named_with_device_and_batch_or_with_their_trouble(lead, project):
    version = current_version("technical")
    enqueue(version, [make_video(project)])
    make_heartbeat(version, device="NVIDIA H200", batch_size=16)
    make_heartbeat(version, worker="gpu-2:78", trouble="there is no <device>")

    html = re.sub(r"\s+", " ", page(lead, "suggestions-progress"))

    assert "2 workers" in html
    assert "1 cannot work" in html
    assert "NVIDIA H200, 16 videos at once" in html
    assert re.search(r"seen \d s ago", html)
    assert "there is no &lt;device&gt;" in html


def test_waiting_jobs_are_cancelled_and_no_others(lead, project):
    version = current_version("technical")
    enqueue(version, [make_video(project) for _ in range(3)])
    elsewhere = make_project("other")
    enqueue(version, [make_video(elsewhere)])
    ended = Job.objects.of(project).first()
    Job.objects.filter(pk=ended.pk).update(state="done", finished_at=timezone.now())
    address = reverse("suggestions-cancel", args=["study", version.pk])

    assert lead.get(address).status_code == 405
    assert "Cancel 2 queued jobs" in page(lead)
    assert "2 queued jobs were cancelled." in lead.post(address, follow=True).content.decode()
    assert list(Job.objects.of(project)) == [ended]
    assert Job.objects.of(elsewhere).count() == 1
    assert "No job was waiting any more." in lead.post(address, follow=True).content.decode()


@pytest.mark.parametrize("name", ["suggestions-cancel", "suggestions-retry"])
def test_another_project_s_version_is_not_reachable(lead, project, name):
    version = make_scorer_version("elsewhere")
    enqueue(version, [make_video(make_project("other"))])
    Job.objects.update(state="failed", reason="no")

    assert lead.post(reverse(name, args=["study", version.pk])).status_code == 404
    assert Job.objects.get().state == "failed"


def test_failures_are_grouped_by_reason(lead, project):
    version = current_version("technical")
    enqueue(version, [make_video(project, name=f"clip-{number}") for number in range(8)])
    jobs = list(Job.objects.order_by("pk"))
    for job in jobs:
        reason = "the device is full" if job == jobs[0] else "the file is not there"
        Job.objects.filter(pk=job.pk).update(state="failed", reason=reason, finished_at=timezone.now())

    html = re.sub(r"\s+", " ", page(lead))

    assert html.count("the file is not there") == html.count("the device is full") == 1
    assert "clip-0" in html
    assert "clip-7" in html
    assert "clip-1<" not in html
    assert "and 2 others" in html
    assert "reasons are listed" not in html


def test_every_failed_job_counts_and_the_page_says_which_reasons_and_answers_it_leaves_out(lead, project):
    version = current_version("technical")
    enqueue(version, [make_video(project, name=f"clip-{number}") for number in range(112)])
    now = timezone.now()
    for number, job in enumerate(Job.objects.order_by("pk")):
        reason = "the disk is full" if number < 60 else f"reason {number}"
        ended = now - timedelta(seconds=0 if number == 59 else 1000 - number)
        Job.objects.filter(pk=job.pk).update(state="failed", reason=reason, finished_at=ended)
        make_suggestion(job.video, version, scores=(None, None, None))
    Suggestion.objects.update(status="unreadable")

    html = re.sub(r"\s+", " ", page(lead))

    assert "and 55 others" in html
    assert html.index("the disk is full") < html.index("reason 111")
    assert "reason 62<" not in html
    assert "The last 50 of 53 reasons are listed." in html
    assert "112 unreadable answers" in html
    assert "The newest 50 are listed." in html
    assert html.count("#suggestions") == 50


def test_unreadable_answers_are_counted_and_linked_to_their_words(lead, project):
    version = current_version("technical")
    video = make_video(project, name="mumbled")
    enqueue(version, [video])
    Job.objects.update(state="done", finished_at=timezone.now())
    said = make_suggestion(video, version, scores=(None, None, None))
    Suggestion.objects.filter(pk=said.pk).update(status="unreadable")

    html = re.sub(r"\s+", " ", page(lead))

    assert "1 unreadable" in html
    assert reverse("video", args=["study", video.public_id]) + "#suggestions" in html


def make_version(name: str, digit: str, **settings) -> ScorerVersion:
    scorer = Scorer.objects.get_or_create(name=name)[0]
    return ScorerVersion.objects.create(scorer=scorer, settings_sha256=digit * 64, settings=settings)


def test_a_version_is_folded_once_a_newer_one_of_its_scorer_has_suggestions(lead, project):
    video = make_video(project)
    old, new = make_version("zoom", "a"), make_version("zoom", "b", stand_in=True)
    make_suggestion(video, old)
    enqueue(new, [video])
    assert "Superseded" not in page(lead)

    make_suggestion(video, new)
    html = page(lead)
    assert html.index("bbbbbbbb") < html.index("Superseded: 1 older version") < html.index("aaaaaaaa")
    assert "Its scores mean nothing." in html

    project.suggester = old
    project.save()
    html = page(lead)
    assert "Superseded: 1 older" not in html
    assert "Superseded: a newer version" in html


def test_a_version_is_made_the_suggester_and_taken_back(lead, project):
    version = make_scorer_version("imported")
    make_suggestion(make_video(project), version)
    address = reverse("suggestions-suggester", args=["study"])

    assert "1 suggestion from an import" in page(lead)
    lead.post(address, {"version": version.pk})
    project.refresh_from_db()
    assert project.suggester == version
    assert "Pre-fills scores" in page(lead)
    lead.post(address, {"version": ""})
    project.refresh_from_db()
    assert project.suggester is None


def test_a_version_without_suggestions_here_cannot_be_chosen(lead, project):
    version = make_scorer_version("elsewhere")
    make_suggestion(make_video(make_project("other")), version)

    response = lead.post(reverse("suggestions-suggester", args=["study"]), {"version": version.pk}, follow=True)

    assert "That version has no suggestions in this project." in response.content.decode()
    project.refresh_from_db()
    assert project.suggester is None


def test_reasons_are_escaped(lead, project):
    enqueue(current_version("technical"), [make_video(project)])
    Job.objects.update(state="failed", reason="<script>alert(1)</script>")

    assert "<script>alert(1)" not in page(lead)


def test_the_page_takes_the_same_queries_for_one_video_and_many(lead, project):
    version = current_version("technical")
    counts = []
    for count in (1, 40):
        videos = [make_video(project, t2v_model=f"model-{n % 2}") for n in range(count)]
        enqueue(version, videos)
        for video in videos:
            said = make_suggestion(video, version)
            Suggestion.objects.filter(pk=said.pk).update(status="unreadable")
        Job.objects.update(state="failed", reason="the file is not there")
        make_heartbeat(version, worker=f"host:{count}")
        with CaptureQueriesContext(connection) as queries:
            page(lead)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30
