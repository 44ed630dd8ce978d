"""Evaluations of a project: whose ratings count, what is left out, intervals by a worker, the pages, the command."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.models import Distribution, ScorerVersion
from annotation.scale import DIMENSION_KEYS
from scoring.evaluation.keep import fingerprint, is_kept, loaded
from scoring.evaluation.load import load, side_by_side
from scoring.evaluation.results import results
from scoring.evaluation.run import MAX_ATTEMPTS, ask_for_evaluation, newest, run_evaluation
from scoring.evaluation.truth import ALL, UNBIASED, truth
from scoring.models import Evaluation
from scoring.tasks import evaluate_task, sweep_jobs_task
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video

pytestmark = pytest.mark.django_db
SHOWN = {f"{key}_shown": 5 for key in DIMENSION_KEYS}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    """Nothing kept from an earlier test, and intervals in a tenth of the time."""
    cache.clear()
    monkeypatch.setattr("scoring.evaluation.run.REPEATS", 100)


@pytest.fixture
def place():
    """A project with two raters and a lead, one video, and a version that says 4, 4, 3 about it."""
    project = make_project(overlap=3)
    people = [make_member(project) for _ in range(3)]
    return project, people, make_scorer_version()


def human_of(project, ratings=UNBIASED):
    said = truth(project, ratings)
    return dict(zip(said.videos.tolist(), said.human.tolist(), strict=True)), said


# --- Whose ratings count ---------------------------------------------------------------------------
def test_the_truth_is_the_lower_median_of_ratings_by_people_who_had_not_seen_the_model(place):
    project, (one, two, three), _ = place
    video = make_video(project)
    make_rating(video, one, (1, 2, 3))
    make_rating(video, two, (2, 4, 4), imported=True)
    make_rating(video, three, (5, 5, 5), arm="prefill", shown_at=timezone.now(), **SHOWN)
    found, said = human_of(project)
    assert found == {video.pk: [1, 2, 3]}  # of two, the lower
    assert said.rests_on == {"blind": 1, "before_reveal": 0, "imported": 1, "swayed": 0}
    everything, said = human_of(project, ALL)
    assert everything == {video.pk: [2, 4, 4]}
    assert said.rests_on["swayed"] == 1


def test_of_a_revealed_rating_only_what_was_said_before_counts(place):
    project, (one, two, _), _ = place
    video = make_video(project)
    first = make_rating(video, one, (3, 3, 3), arm="reveal", live=False)
    after = {
        "arm": "reveal",
        "stage": "reveal",
        "revises": first,
        "version": 2,
        "shown_at": timezone.now(),
        **SHOWN,
    }
    make_rating(video, one, (1, 1, 1), **after)
    make_rating(video, two, (5, 2, 2), arm="reveal", live=False, withdrawn_at=timezone.now())  # taken back
    assert human_of(project)[0] == {video.pk: [3, 3, 3]}
    assert human_of(project, ALL)[0] == {video.pk: [1, 1, 1]}


def test_what_does_not_count_toward_a_verdict_is_no_truth_either(place):
    project, (one, two, three), _ = place
    video = make_video(project)
    make_rating(video, one, purpose="gold")
    make_rating(video, two, extra=True)
    make_rating(video, three, arm="prefill")  # its suggestion was late: neither pre-filled nor blind
    make_rating(video, make_member(project), arm="blind", shown_at=timezone.now())  # of an import that says so
    found, said = human_of(project)
    assert found == {}
    assert said.left_out == {"unrated": 0, "swayed_only": 1}


def test_every_video_that_is_left_out_is_counted_with_its_reason(place):
    project, (one, *_), version = place
    names = ["compared", "unrated", "not asked", "unreadable", "abstained", "partial"]
    videos = {name: make_video(project, t2v_model="Model A" if name == "partial" else "Model B") for name in names}
    for name in set(names) - {"unrated"}:
        make_rating(videos[name], one, (3, 3, 3))
    make_suggestion(videos["compared"], version, (3, 4, 5))
    make_suggestion(videos["partial"], version, (3, None, 3))
    make_suggestion(videos["abstained"], version, (None, None, None))
    make_suggestion(videos["unrated"], version)
    unreadable = make_suggestion(videos["unreadable"], version, (None, None, None))
    type(unreadable).objects.filter(pk=unreadable.pk).update(status="unreadable")
    make_suggestion(videos["not asked"], version, sample=1)
    found = load(project, version, truth(project, UNBIASED))
    assert sorted(found.videos) == sorted([videos["compared"].pk, videos["partial"].pk])
    assert found.left_out == {"unrated": 1, "swayed_only": 0, "no_suggestion": 1, "unreadable": 1, "abstained": 1}
    assert results([found]).sides[0].whole == 1
    assert sorted(found.groups["t2v_model"]) == ["Model A", "Model B"]


def test_expected_scores_rank_and_digits_are_compared(place):
    project, (one, *_), version = place
    for scores, expected in [((1, 1, 1), 2.9), ((2, 2, 2), 3.2)]:
        video = make_video(project, "the same prompt")
        make_rating(video, one, scores)
        said = make_suggestion(video, version, (3, 3, 3))
        for key in DIMENSION_KEYS:
            numbers = {f"p{score}": 0.2 for score in range(1, 6)}
            Distribution.objects.create(
                suggestion=said, dimension=key, soft_score=1, expected_score=expected, confidence=0.2, **numbers
            )
    side = results([load(project, version, truth(project, UNBIASED))]).sides[0]
    assert side.figures["mean"]["accuracy"] == 0
    assert side.figures["mean"]["pairwise"] == 1  # 2.9 < 3.2, though the digits tie
    assert side.counted["visual_quality"].with_numbers == 2


def many(project, rater, version, other=None, videos=40):
    """Videos of 20 prompts; the version is right in nine of ten, the other in half."""
    rng = np.random.default_rng(1)
    for n in range(videos):
        video = make_video(project, f"prompt {n % 20}", t2v_model=f"Model {n % 2}")
        human = rng.integers(1, 6, 3)
        make_rating(video, rater, human.tolist())
        for one, wrong in ((version, n % 10 == 0), (other, n % 2)):
            if one is not None:
                make_suggestion(video, one, np.where(wrong, human % 5 + 1, human).tolist())


def test_two_versions_are_compared_over_the_videos_that_both_answered(place):
    project, (rater, *_), version = place
    other = ScorerVersion.objects.create(scorer=version.scorer, settings_sha256="b" * 64)
    many(project, rater, version, other)
    version.suggestions.first().delete()
    people = truth(project, UNBIASED)
    both = side_by_side(load(project, version, people), load(project, other, people))
    assert both[0].videos.tolist() == both[1].videos.tolist()
    assert (both[0].rows.human == both[1].rows.human).all()
    found = results([load(project, one, people) for one in (version, other)])
    assert found.videos == 39
    assert found.sides[1].loaded.left_out["other_has_none"] == 1
    assert found.difference["mean"]["accuracy"] == pytest.approx(20 / 39 - 36 / 39, abs=0.05)


def test_loading_asks_the_database_as_often_for_forty_videos_as_for_two(place):
    project, (rater, *_), version = place
    counts = []
    for videos in (2, 40):
        many(project, rater, version, videos=videos)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            load(project, version, truth(project, UNBIASED))
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 6


def test_what_was_loaded_is_kept_until_a_rating_or_an_answer_changes(place):
    project, (one, two, _), version = place
    video = make_video(project)
    make_rating(video, one)
    make_suggestion(video, version)
    assert not is_kept(project, [version], UNBIASED)
    assert len(loaded(project, [version], UNBIASED)[0].videos) == 1
    assert is_kept(project, [version], UNBIASED)
    assert not is_kept(project, [version], ALL)
    make_rating(video, two)
    assert not is_kept(project, [version], UNBIASED)


def test_a_rating_that_comes_while_others_are_read_is_not_missed(place, monkeypatch):
    project, people, version = place
    for number in range(2):
        make_suggestion(make_video(project, name=f"v{number}"), version, (4, 4, 3))
    first, second = project.videos.order_by("name")
    make_rating(first, people[0], (4, 4, 3))

    def read_and_be_overtaken(*asked):
        said = truth(*asked)
        make_rating(second, people[0], (1, 1, 1))
        return said

    with monkeypatch.context() as slow:
        slow.setattr("scoring.evaluation.keep.truth", read_and_be_overtaken)
        assert len(loaded(project, [version], UNBIASED)[0].videos) == 1
    assert len(loaded(project, [version], UNBIASED)[0].videos) == 2


def test_answers_written_over_and_tiers_filled_in_are_changes(place):
    project, _, version = place
    answers = [make_suggestion(make_video(project), version, scores) for scores in ((4, 4, 3), (4, 3, 4))]
    stamps = [fingerprint(project, [version], UNBIASED)]
    for answer, scores in zip(answers, ((4, 3, 4), (4, 4, 3)), strict=True):  # the two change places
        type(answer).objects.filter(pk=answer.pk).update(**dict(zip(DIMENSION_KEYS, scores, strict=True)))
    stamps.append(fingerprint(project, [version], UNBIASED))
    project.t2v_models.update(tier="Good")
    stamps.append(fingerprint(project, [version], UNBIASED))
    project.prompts.update(source="vidprom")
    stamps.append(fingerprint(project, [version], UNBIASED))
    assert len(set(stamps)) == 4


# --- Intervals by a worker -------------------------------------------------------------------------
def test_a_worker_stores_intervals_with_their_time_and_what_they_rest_on(place):
    project, (rater, two, _), version = place
    many(project, rater, version)
    asked, new = ask_for_evaluation(project, version, None, UNBIASED, rater)
    again, new_again = ask_for_evaluation(project, version, None, UNBIASED, rater)
    assert (new, new_again, again) == (True, False, asked)
    evaluate_task(asked.pk)
    evaluate_task(asked.pk)  # delivered twice
    done = Evaluation.objects.get()
    assert (done.state, done.attempts, done.lease) == ("done", 1, None)
    assert done.finished_at
    assert done.done == done.total == 3 * done.settings["repeats"]  # all, and two T2V models
    low, high = done.results["intervals"]["one"]["mean"]["accuracy"]
    assert low < done.results["figures"]["one"]["mean"]["accuracy"] == 0.9 < high
    assert set(done.results["intervals"]["groups"]["t2v_model"]) == {"Model 0", "Model 1"}
    assert done.fingerprint == fingerprint(project, [version], UNBIASED)
    make_rating(make_video(project), two)
    assert done.fingerprint != fingerprint(project, [version], UNBIASED)


def test_of_the_same_question_the_newest_three_answers_are_kept(place):
    project, (one, *_), version = place
    video = make_video(project)
    make_rating(video, one, (4, 4, 4))
    make_suggestion(video, version, (4, 4, 4))
    asked = []
    for ratings in (ALL, *[UNBIASED] * 4):
        asked.append(ask_for_evaluation(project, version, None, ratings, None)[0].pk)
        run_evaluation(asked[-1])
    assert sorted(Evaluation.objects.values_list("pk", flat=True)) == [asked[0], *asked[2:]]


def test_a_lost_evaluation_is_taken_up_and_given_up_after_three_workers(place):
    project, (rater, *_), version = place
    many(project, rater, version, videos=2)
    asked, _ = ask_for_evaluation(project, version, None, UNBIASED, None)
    lost = {"state": "running", "lease": "0" * 32, "leased_until": timezone.now() - timezone.timedelta(seconds=1)}
    Evaluation.objects.filter(pk=asked.pk).update(attempts=MAX_ATTEMPTS - 1, **lost)
    sweep_jobs_task()
    assert Evaluation.objects.get().state == "queued"
    Evaluation.objects.filter(pk=asked.pk).update(attempts=MAX_ATTEMPTS, **lost)
    sweep_jobs_task()
    given_up = Evaluation.objects.get()
    assert given_up.state == "failed"
    assert "3 times" in given_up.reason
    run_evaluation(asked.pk)
    assert Evaluation.objects.get().state == "failed"


# --- The pages -------------------------------------------------------------------------------------
@pytest.fixture
def lead(place, client):
    client.force_login(make_member(place[0], "lead"))
    return client


def address(project, route="project-evaluation", *more):
    return reverse(route, args=[project.slug, *more])


def test_the_page_shows_figures_asks_for_intervals_and_says_when_they_are_old(place, lead):
    project, (rater, two, _), version = place
    many(project, rater, version)
    page = lead.get(address(project)).content.decode()
    assert "40 videos, figures × 100" in page
    assert "Ratings: 40 blind, 0 before the reveal, 0 imported." in page
    assert "44.35" in page
    assert "Biased" not in page
    answer = lead.post(address(project, "evaluation-start"), {"version": version.pk, "ratings": UNBIASED})
    assert "Waiting for the worker" in lead.get(answer.url).content.decode()
    asked = newest(project, version, None, UNBIASED)
    part = address(project, "evaluation-progress", asked.pk)
    assert 'hx-trigger="every 2s"' in lead.get(part).content.decode()
    run_evaluation(asked.pk)
    ended = lead.get(part).content.decode()
    assert "every 2s" not in ended
    assert 'hx-target="#figures"' in ended  # the figures come anew, with their intervals
    low, high = Evaluation.objects.get().results["intervals"]["one"]["mean"]["accuracy"]
    interval = f"{100 * low:.1f} – {100 * high:.1f}"
    assert interval in lead.get(address(project, "evaluation-figures")).content.decode()
    make_rating(make_video(project), two)
    page = lead.get(address(project)).content.decode()
    assert "have changed since" in page
    assert interval not in page


def test_the_page_says_that_ratings_by_people_who_saw_the_model_are_biased(place, lead):
    project, (rater, *_), version = place
    many(project, rater, version, videos=2)
    assert "Biased:" in lead.get(address(project) + "?ratings=all").content.decode()
    assert "Biased:" not in lead.get(address(project) + "?ratings=nonsense&version=0&against=x").content.decode()


def test_a_large_project_gets_its_figures_after_the_page(place, lead, monkeypatch):
    project, (rater, *_), version = place
    many(project, rater, version, videos=2)
    monkeypatch.setattr("scoring.evaluation.keep.AT_ONCE", 1)
    page = lead.get(address(project)).content.decode()
    assert "Counting …" in page
    assert "figures × 100" not in page
    assert "figures × 100" in lead.get(address(project) + "?now").content.decode()
    assert "figures × 100" in lead.get(address(project)).content.decode()  # they are kept


def test_the_worst_disagreements_come_first_and_lead_to_their_videos(place, lead):
    project, (rater, *_), version = place
    for name, scores, model in [
        ("agrees", (3, 3, 3), "A"), ("sum-4", (5, 1, 3), "A"), ("one-4", (3, 3, 1), "B"), ("worst", (1, 1, 1), "B")
    ]:  # fmt: skip
        video = make_video(project, name=name, t2v_model=model)
        make_rating(video, rater, scores)
        make_suggestion(video, version, (3, 3, 5 if name == "one-4" else 3))
    pages = {
        query: lead.get(address(project, "evaluation-worst") + query)
        for query in (
            "",
            "?dimension=physical_consistency",
            f"?t2v_model={video.t2v_model_id}",
            "?dimension=x&page=z",
        )
    }
    listed = {query: [line.video.name for line in page.context["lines"]] for query, page in pages.items()}
    assert listed[""] == ["worst", "one-4", "sum-4"]  # of two sums of 4, the larger single distance
    assert listed["?dimension=physical_consistency"] == ["one-4", "worst"]
    assert listed[f"?t2v_model={video.t2v_model_id}"] == ["worst", "one-4"]
    assert listed["?dimension=x&page=z"] == listed[""]
    assert reverse("video", args=[project.slug, video.public_id]) in pages[""].content.decode()
    assert "3 of 4 compared videos differ" in pages[""].content.decode()


def test_the_way_back_from_the_worst_keeps_the_version_beside_it(place, lead):
    project, (one, *_), version = place
    other = make_scorer_version("other")
    video = make_video(project)
    make_rating(video, one, (1, 1, 1))
    for each in (version, other):
        make_suggestion(video, each, (5, 5, 5))
    asked = f"version={version.pk}&against={other.pk}"
    page = lead.get(f"{reverse('evaluation-worst', args=[project.slug])}?{asked}").content.decode()
    assert (
        f"{reverse('project-evaluation', args=[project.slug])}?{asked.replace('&', '&amp;')}&amp;ratings=" in page
    )
    assert f'<input type="hidden" name="against" value="{other.pk}"' in page


def test_a_project_without_answers_or_without_unbiased_ratings_says_what_to_do(place, lead):
    project, (rater, *_), version = place
    assert "No scorer has answered here yet" in lead.get(address(project)).content.decode()
    assert lead.get(address(project, "evaluation-figures")).status_code == 404
    video = make_video(project)
    make_suggestion(video, version)
    make_rating(video, rater, arm="prefill", shown_at=timezone.now(), **SHOWN)
    page = lead.get(address(project)).content.decode()
    assert "somebody who had not seen the model" in page
    assert "rated only by people who saw the model" in page


def test_pictures_are_drawn_for_versions_of_this_project_only(place, lead):
    project, (rater, *_), version = place
    many(project, rater, version, videos=4)
    for name, upright in (("reliability", "↑ right"), ("confusion", "↓ people")):  # where the numbers grow
        picture = lead.get(address(project, "evaluation-chart", version.pk, "wide", name))
        assert picture.content.startswith(b"<svg")
        assert upright in picture.content.decode()
        assert "default-src 'none'" in picture.headers["Content-Security-Policy"]
    elsewhere = ScorerVersion.objects.create(scorer=version.scorer, settings_sha256="c" * 64)
    for wrong in (
        (elsewhere.pk, "wide", "confusion"),
        (version.pk, "huge", "confusion"),
        (version.pk, "wide", "x"),
    ):
        assert lead.get(address(project, "evaluation-chart", *wrong)).status_code == 404


@pytest.mark.parametrize("role", ["rater", "reviewer"])
def test_only_leads_see_it(place, client, role):
    project, (rater, *_), version = place
    many(project, rater, version, videos=2)
    client.force_login(make_member(project, role))
    for route in ("project-evaluation", "evaluation-figures", "evaluation-worst"):
        assert client.get(address(project, route)).status_code == 404
    assert client.post(address(project, "evaluation-start")).status_code == 404


# --- The command -----------------------------------------------------------------------------------
def evaluate(*arguments, **options):
    out = StringIO()
    call_command("evaluate_scorer", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_command_prints_what_the_page_shows(place):
    project, (rater, *_), version = place
    other = ScorerVersion.objects.create(scorer=version.scorer, settings_sha256="b" * 64)
    many(project, rater, version, other)
    told = evaluate("--project", project.slug, "--scorer", "technical:0000", "--against", "technical:bbbb")
    assert "40 videos; truth: ratings of people who had not seen the model" in told
    assert "technical bbbbbbbb minus technical 00000000" in told
    shown = json.loads(
        evaluate(
            "--project", project.slug, "--scorer", "technical:0", "--json", "--intervals", "50", "--seed", "3"
        )
    )
    assert shown["versions"] == ["technical 00000000"]
    assert shown["figures"]["one"]["mean"]["accuracy"] == pytest.approx(0.9)
    low, high = shown["intervals"]["one"]["mean"]["accuracy"]
    assert low < 0.9 < high
    assert shown["rests_on"]["blind"] == 40


def test_the_command_refuses_in_one_line(place, tmp_path):
    project, (rater, *_), version = place
    many(project, rater, version, videos=2)
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"video_name": "a", "visual_score": 3, "t2v_score": 9, "phy_score": 3}\n')
    of = ["--project", project.slug, "--scorer", "technical"]
    for arguments, said in [
        ([], "Name a --project"),
        (["--project", "none", "--scorer", "x"], "no project"),
        (["--project", project.slug], "name the --scorer"),
        (["--project", project.slug, "--scorer", "gone"], "has no answers"),
        ([*of, "--against", "technical:0"], "with itself"),
        ([*of, "--intervals", "-1"], "--intervals"),
        ([*of, "--bench", str(bad)], "line 1: t2v_score '9' is no score from 1 to 5"),
        (["--bench", str(tmp_path / "none")], "No such file"),
        (["--bench", str(bad), "--scorer", "x"], "need a --project"),
    ]:
        with pytest.raises(CommandError, match=said):
            evaluate(*arguments)
