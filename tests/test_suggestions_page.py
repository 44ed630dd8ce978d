"""The page of suggestions: for leads alone; a run is started, followed, retried and chosen there."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from annotation.models import Role
from scoring.drain import drain_jobs
from scoring.jobs import enqueue
from scoring.models import Job
from scoring.versions import current_version
from tests import drawn
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bell(monkeypatch):
    rung = []
    monkeypatch.setattr("scoring.doorbells.ring", lambda task, *ids: rung.append(ids))
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
    assert "Score 1 video" in html
    assert "knows nothing of meaning" in html


def test_starting_a_run_asks_about_videos_with_a_sound_file_once(lead, project, bell):
    for state in ("ready", "waiting", "failed"):
        make_video(project, media_state=state)
    make_video(make_project("other"))

    response = lead.post(reverse("suggestions-start", args=["study"]), {"scorer": "technical"}, follow=True)

    html = response.content.decode()
    assert "2 videos are queued for technical." in html
    assert "0 of 2 done" in html
    assert "It was asked about every video." in html
    assert "2 of 3 videos have a sound file" in html
    assert bell == [(current_version("technical").pk,)]
    lead.post(reverse("suggestions-start", args=["study"]), {"scorer": "technical"})
    assert Job.objects.count() == 2


def test_an_unknown_scorer_is_refused_in_words(lead, project):
    response = lead.post(reverse("suggestions-start", args=["study"]), {"scorer": "no"}, follow=True)
    assert "There is no such scorer" in response.content.decode()


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


def test_a_queue_that_does_not_move_says_so(lead, project):
    enqueue(current_version("technical"), [make_video(project)])
    assert "is a worker running?" not in page(lead)
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=5))
    assert "is a worker running?" in page(lead)


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


def test_the_page_takes_the_same_queries_for_one_video_and_many(lead, project, django_assert_max_num_queries):
    version = current_version("technical")
    for count in (1, 40):
        enqueue(version, [make_video(project) for _ in range(count)])
        Job.objects.update(state="failed", reason="the file is not there")
        with django_assert_max_num_queries(18):
            page(lead)
