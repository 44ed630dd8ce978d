"""Running a scorer from the page of suggestions: which version, which videos, how many samples."""

import re

import pytest
from django.urls import reverse

from annotation.models import Role, ScorerVersion, Suggestion
from scoring.jobs import enqueue
from scoring.models import Job
from scoring.registry import Entry
from scoring.versions import current_version
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video

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


@pytest.fixture
def model(settings):
    """A version of a scorer that says something else each time it is asked."""
    settings.EXTRA_SCORERS = {"spoken": "tests.test_run_a_scorer.SPOKEN"}
    return current_version("spoken")


SPOKEN = Entry(scorer="tests.none.Spoken", settings="tests.test_run_a_scorer.SETTINGS", about="Speaks.")
SETTINGS = {"voice": 1}


def page(client, **wanted) -> str:
    html = client.get(reverse("project-suggestions", args=["study"]), wanted).content.decode()
    return re.sub(r"\s+", " ", html)


def run(client, version, **fields) -> str:
    address = reverse("suggestions-start", args=["study"])
    response = client.post(address, {"version": version.pk, "videos": "all"} | fields, follow=True)
    return response.content.decode()


def count_of(html: str, label: str) -> int:
    return int(re.search(rf"{label}</span> <span class=\"muted count\">([\d,]+)<", html)[1])


def test_it_asks_about_videos_with_a_sound_file_once(lead, project, bell):
    version = current_version("technical")
    for state in ("ready", "waiting", "failed"):
        make_video(project, media_state=state)
    make_video(make_project("other"))

    html = run(lead, version)

    assert f"2 jobs are queued for {version}." in html
    assert re.search(r'aria-current="true">' + version.settings_sha256[:8], html)
    assert "0 of 2 done" in html
    assert "It was asked about every video." in html
    assert "2 of 3 videos have a file that can be scored" in html
    assert bell == [(version.pk,)]
    assert f"0 jobs are queued for {version}." in run(lead, version)
    assert Job.objects.count() == 2


def test_each_choice_shows_its_count_and_takes_just_those(lead, project):
    version = current_version("technical")
    rated, said, mumbled, asked = (make_video(project, t2v_model="lumen") for _ in range(4))
    other = make_video(project, t2v_model="Ray <2>")
    make_rating(rated, make_member(project))
    make_rating(said, make_member(project), extra=True)
    make_suggestion(said, make_scorer_version("another"))
    words = make_suggestion(mumbled, make_scorer_version("another"), scores=(None, None, None))
    Suggestion.objects.filter(pk=words.pk).update(status="unreadable")
    enqueue(version, [asked])

    html = page(lead, version=version.pk)
    wanted = {
        "all": ("All that it was not asked about", {rated, said, mumbled, other}),
        "without-suggestion": ("Only those without any suggestion", {rated, mumbled, other}),
        "unrated": ("Only those without a counted rating", {said, mumbled, other}),
        f"t2v-model-{rated.t2v_model_id}": ("lumen", {rated, said, mumbled}),
        f"t2v-model-{other.t2v_model_id}": ("Ray &lt;2&gt;", {other}),
    }
    for key, (label, videos) in wanted.items():
        assert count_of(html, label) == len(videos), key
        Job.objects.exclude(video=asked).delete()
        run(lead, version, videos=key)
        assert {job.video for job in Job.objects.exclude(video=asked)} == videos, key


def test_further_samples_are_asked_where_they_are_missing(lead, project, model):
    once, never = make_video(project), make_video(project)
    enqueue(model, [once])

    assert count_of(page(lead, version=model.pk), "All that it was not asked about") == 1
    html = page(lead, version=model.pk, samples="3")
    assert count_of(html, "All that it was not asked about") == 2
    assert '<input type="hidden" name="samples" value="3">' in html
    assert f"5 jobs are queued for {model}." in run(lead, model, samples="3")
    for video in (once, never):
        assert set(video.jobs.values_list("sample", flat=True)) == {0, 1, 2}
    assert "asked for 3 samples of every video" in page(lead, version=model.pk, samples="3")
    once.jobs.filter(sample=1).delete()
    assert count_of(page(lead, version=model.pk, samples="3"), "All that it was not asked about") == 1


def test_a_heuristic_is_asked_once(lead, project):
    version = current_version("technical")
    make_video(project)

    assert "Samples of each video" not in page(lead, version=version.pk, samples="3")
    run(lead, version, samples="3")
    assert Job.objects.count() == 1


def test_an_older_version_can_be_chosen_while_the_code_answers_as_it(lead, project, settings, tmp_path):
    settings.EXTRA_SCORERS = {"spoken": "tests.test_run_a_scorer.WEIGHED"}
    make_video(project)
    first, second = current_version("spoken", "one"), current_version("spoken", "two")

    html = page(lead, version=first.pk)

    assert f"Videos for {first}" in html
    assert html.index(second.settings_sha256[:8]) < html.index(first.settings_sha256[:8])
    run(lead, first)
    assert Job.objects.get().scorer_version == first


def name_of(checkpoint: str) -> dict[str, str]:
    return {"weights": checkpoint}


WEIGHED = Entry(
    scorer="tests.none.Spoken",
    settings="tests.test_run_a_scorer.SETTINGS",
    about="Speaks.",
    identify="tests.test_run_a_scorer.name_of",
)


def test_what_is_not_on_offer_is_refused_in_words(lead, project):
    version = current_version("technical")
    make_video(project)
    outdated = make_scorer_version("technical")

    assert "There is no such scorer" in run(lead, outdated)
    assert "There is no such scorer" in run(lead, version, samples="1000")
    foreign = make_video(make_project("other")).t2v_model_id
    for videos in ("", "none", f"t2v-model-{foreign}", "t2v-model-" + "9" * 30):
        assert "There is no such choice of videos" in run(lead, version, videos=videos)
    assert not Job.objects.exists()


def test_a_model_is_offered_before_what_only_measures_or_tries_out(lead, project, settings):
    settings.EXTRA_SCORERS = {"spoken": "tests.test_run_a_scorer.WEIGHED"}
    make_video(project)
    small = current_version("spoken", "small")
    ScorerVersion.objects.filter(pk=small.pk).update(settings=small.settings | {"stand_in": True})
    assert "Videos for technical" in page(lead)

    judge = current_version("spoken", "large")
    assert f"Videos for {judge}" in page(lead)
    trials = lead.get(reverse("project-trials", args=["study"])).content.decode()
    assert f'<option value="{judge.pk}" selected>' in trials


def test_a_scorer_without_a_version_says_how_to_register_one(lead, project):
    html = page(lead)
    assert "No version is registered." in html
    assert "register_scorer videoscore2 --checkpoint DIR" in html
    assert "register_scorer videoscore2-served --checkpoint MODEL" in html
    assert "VIDEOSCORE2_SERVERS has to list them." in html
