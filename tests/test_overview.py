"""The project's page, the list of its videos and the page of one: every number, and its list."""

import datetime

import numpy as np
import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from annotation.guidelines.examples import put
from annotation.models import Rating, ReviewCase, Skip, T2VModel, Video
from annotation.projects.charts import bar_charts, line_chart, nice_top
from annotation.projects.find_videos import SHOW, STUCK, find
from annotation.projects.overview import (
    Speed,
    progress,
    quality,
    raters,
    ratings_a_day,
    score_shares,
    speed,
    stuck,
)
from annotation.projects.sway import Beside
from annotation.room.settle import settle
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_figures():
    cache.clear()


@pytest.fixture
def project():
    return make_project(overlap=2, suggester=make_scorer_version())


def text_of(client, project, name="project", query="", *args):
    return client.get(reverse(name, args=[project.slug, *args]) + query).content.decode()


def rate_much(project, videos, seed=1):
    """`videos` videos with a suggestion and two ratings near one truth."""
    rng = np.random.default_rng(seed)
    ada, grace = make_member(project), make_member(project)
    for _ in range(videos):
        video = make_video(project)
        truth = rng.integers(1, 6, 3)
        make_suggestion(video, project.suggester, scores=tuple(int(score) for score in truth))
        for rater in (ada, grace):
            make_rating(video, rater, [int(score) for score in np.clip(truth + rng.integers(-1, 2, 3), 1, 5)])
    settle(Video.objects.filter(project=project))


# --- How far, how fast -----------------------------------------------------------------------------


def test_progress_counts_what_is_settled(project):
    raters = make_member(project), make_member(project)
    videos = [make_video(project, prompt="one"), make_video(project, prompt="one"), make_video(project)]
    for rater in raters:
        make_rating(videos[0], rater)
    make_rating(videos[1], raters[0])
    settle(videos)
    far = progress(project)
    assert (far.videos, far.prompts, far.t2v_models, far.settled, far.percent) == (3, 2, 1, 1, 33)
    assert [video.pk for video in find(project, show="settled")] == [videos[0].pk]
    assert find(project, show="open").count() == 2


def test_a_hundred_percent_only_when_all_are_settled():
    project = make_project()
    rater = make_member(project)
    videos = [make_video(project) for _ in range(3)]
    for video in videos[:2]:
        make_rating(video, rater)
    settle(videos)
    assert progress(project).percent == 66


def test_examples_of_the_guidelines_are_not_waited_for(client, project):
    raters = make_member(project), make_member(project)
    videos = [make_video(project) for _ in range(4)]
    for video in videos[:3]:
        for rater in raters:
            make_rating(video, rater)
    settle(videos)
    for video in videos[2:]:  # one was settled before
        put(video, words="A hand melts.", scores={})
    far = progress(project)
    assert (far.videos, far.to_settle, far.settled, far.percent) == (4, 2, 2, 100)
    assert speed(project).open_seats == 0
    assert {video.pk for video in find(project, show="settled")} == {video.pk for video in videos[:2]}
    assert not find(project, show="open").exists()
    client.force_login(make_member(project, "lead"))
    assert "2 of 2 settled" in text_of(client, project)
    assert "4 videos" in text_of(client, project)
    assert "2 of 2 videos settled" in client.get(reverse("projects")).content.decode()


def days_with(*counts):
    first = datetime.date(2026, 11, 1)
    return [(first + datetime.timedelta(days=index), n) for index, n in enumerate(counts)]


def test_the_finish_follows_from_the_last_seven_days():
    speed = Speed(days_with(*[9] * 7, 10, 20, 30, 10, 20, 30, 20), open_seats=50)
    assert speed.a_day == 20
    assert speed.finish == datetime.date(2026, 11, 14) + datetime.timedelta(days=3)


def test_a_new_project_is_measured_from_its_first_rating():
    assert Speed(days_with(*[0] * 12, 10, 20), open_seats=1).a_day == 15
    assert Speed(days_with(*[0] * 6, 1, *[0] * 6, 14), open_seats=1).a_day == 2


def test_no_ratings_or_no_open_seats_give_no_finish():
    assert Speed(days_with(*[0] * 14), open_seats=9).a_day is None
    assert Speed(days_with(*[0] * 14), open_seats=9).finish is None
    assert Speed(days_with(*[5] * 14), open_seats=0).finish is None


def test_ratings_a_day_leave_out_what_was_imported_or_taken_back(project):
    video, rater = make_video(project), make_member(project)
    old = make_rating(make_video(project), rater)
    Rating.objects.filter(pk=old.pk).update(submitted_at=timezone.now() - datetime.timedelta(days=2))
    make_rating(video, rater)
    make_rating(make_video(project), rater, imported=True)
    make_rating(make_video(project), rater, live=False, withdrawn_at=timezone.now())
    days = [n for _, n in ratings_a_day(project)]
    assert len(days) == 14
    assert days[-1] == 1
    assert days[-3] == 1
    assert sum(days) == 2


def test_score_shares_count_what_counts(project):
    rater = make_member(project)
    make_rating(make_video(project), rater, (1, 2, 5))
    make_rating(make_video(project), rater, (1, 3, 4), extra=True)
    assert score_shares(project) == {
        "visual_quality": [1, 0, 0, 0, 0],
        "text_alignment": [0, 1, 0, 0, 0],
        "physical_consistency": [0, 0, 0, 0, 1],
    }


# --- How good --------------------------------------------------------------------------------------


def test_agreement_shows_on_the_page_with_its_interval(client, project):
    rate_much(project, 30)
    client.force_login(make_member(project, "lead"))
    figures = quality(project).agreement
    assert figures.mean is not None
    assert figures.mean.low < figures.mean.value < figures.mean.high
    page = text_of(client, project)
    assert f"α {figures.mean.value:.2f}" in page
    assert f"{figures.mean.low:.2f} – {figures.mean.high:.2f}" in page


def test_without_overlap_the_page_says_why_there_is_no_agreement(client):
    project = make_project(overlap=1)
    make_rating(make_video(project), make_member(project))
    client.force_login(make_member(project, "lead"))
    assert "With an overlap of 1 no two raters score the same video" in text_of(client, project)


def test_thin_data_is_named_too(client, project):
    rate_much(project, 3)
    client.force_login(make_member(project, "lead"))
    assert "3 videos have two or more ratings; from 10 on agreement is shown." in text_of(client, project)


def test_each_rater_is_compared_with_the_others(project):
    low, high, alone = (make_member(project, username=name) for name in ("low", "high", "alone"))
    for step in (1, 2, 3, 4) * 3:
        video = make_video(project)
        make_rating(video, low, (step, step, step), seconds=60)
        make_rating(video, high, (step + 1, step + 1, step + 1), seconds=None)
    make_rating(make_video(project), alone)
    lines = {line.user.username: line for line in raters(project, quality(project).raters)}
    assert lines["low"].figures.bias == -1
    assert lines["high"].figures.bias == 1
    assert lines["low"].figures.alpha == lines["high"].figures.alpha > 0
    assert lines["low"].figures.minutes == 1
    assert lines["high"].figures.minutes is None
    assert (lines["alone"].figures.bias, lines["alone"].figures.alpha) == (None, None)
    assert (lines["alone"].today, lines["alone"].total) == (1, 1)


def test_sway_counts_only_what_was_really_shown(project):
    rater, version = make_member(project), project.suggester
    for _ in range(6):
        blind, shown, late = make_video(project), make_video(project), make_video(project)
        for video in (blind, shown, late):
            make_suggestion(video, version, scores=(4, None, 2))
        make_rating(blind, rater, (4, 4, 4))
        make_rating(shown, rater, (4, 4, 2), arm="prefill", visual_quality_shown=4, physical_consistency_shown=2)
        make_rating(late, rater, (4, 4, 2), arm="prefill")  # drawn, but nothing was there to show
        make_rating(make_video(project), rater, (4, 4, 2), imported=True)
    figures = quality(project)
    assert figures.sway.blind == Beside(12, 0.5, 1.0)
    assert figures.sway.prefilled == Beside(12, 1.0, 0.0)
    assert (figures.sway.same.value, figures.sway.distance.value) == (0.5, -1.0)
    assert (figures.raters[rater.pk].same_unswayed, figures.raters[rater.pk].same_prefilled) == (0.5, 1.0)


def reveal(video, rater, before, after=None, shown=(5, 5, 5), **fields):
    """A rating in the arm `reveal`: its first version, and the one after the reveal where there is one."""
    first = make_rating(video, rater, before, arm="reveal", live=after is None)
    if after:
        saw = {f"{key}_shown": score for key, score in zip(first.scores, shown, strict=True)}
        again = {"version": 2, "stage": "reveal", "revises": first}
        make_rating(video, rater, after, arm="reveal", **(again | saw | fields))
    return first


def test_what_was_said_before_the_reveal_is_not_swayed_and_the_live_version_counts(client, project):
    people = [make_member(project), make_member(project)]
    for place in range(4):
        video = make_video(project)
        make_suggestion(video, project.suggester, scores=(5, 5, 5))
        reveal(video, people[0], (5, 3, 3), (5, 4, 5), seconds=9)
        reveal(video, people[1], (3, 3, 3), (5, 5, 5) if place == 0 else None)
    gone = make_video(project)
    make_suggestion(gone, project.suggester, scores=(5, 5, 5))
    taken_back = make_rating(gone, people[0], (5, 5, 5), arm="reveal", live=False)
    Rating.objects.filter(pk=taken_back.pk).update(withdrawn_at=timezone.now())
    figures = quality(project)
    assert figures.sway.before == Beside(24, 4 / 24, 2 * 20 / 24)
    assert figures.sway.after == Beside(15, 11 / 15, 4 / 15)
    assert figures.sway.changed == (4 * 2 + 3) / 15
    assert figures.sway.blind == figures.sway.prefilled == Beside(0, None, None)
    assert figures.agreement.exact == 2 / 12  # of the live versions: (5, 4, 5) and (5, 5, 5) once
    assert figures.raters[people[0].pk].same_unswayed == 4 / 12
    assert figures.raters[people[0].pk].minutes is None  # the second look took a while, the first is not known
    assert [line.total for line in raters(project, figures.raters)] == [4, 4]
    client.force_login(make_member(project, "lead"))
    page = text_of(client, project)
    assert "The reveal changed 73 % of the scores." in page
    assert "Before the reveal" in page


def test_sway_ignores_other_scorers_and_further_samples(project):
    video = make_video(project)
    make_suggestion(video, make_scorer_version("other"), scores=(3, 3, 3))
    make_suggestion(video, project.suggester, scores=(3, 3, 3), sample=1)
    make_rating(video, make_member(project), (3, 3, 3))
    assert quality(project).sway.blind.scores == 0


def test_figures_are_kept_until_something_changes(project, django_assert_num_queries):
    rate_much(project, 12)
    with django_assert_num_queries(3):
        first = quality(project)
    with django_assert_num_queries(2):
        assert quality(project) == first
    rating = Rating.objects.first()
    Rating.objects.filter(pk=rating.pk).update(live=False, withdrawn_at=timezone.now())
    assert quality(project).agreement.shared_videos == 11


# --- What is stuck ---------------------------------------------------------------------------------


@pytest.fixture
def stuck_project(project):
    """One video for each thing that can be stuck, named after it, and one that is well."""
    ada, grace = make_member(project), make_member(project)
    make_video(project, name="failed", media_state="failed", media_reason="No video stream.")
    slow = make_video(project, name="slow", media_state="waiting")
    Video.objects.filter(pk=slow.pk).update(created_at=timezone.now() - datetime.timedelta(hours=1))
    make_video(project, name="just waiting", media_state="waiting")
    make_video(project, name="missing", media_state="missing", original="", sha256="")
    differ = make_video(project, name="raters-differ")
    make_rating(differ, ada, (3, 1, 3))
    make_rating(differ, grace, (3, 3, 3))
    model = make_video(project, name="model-differs")
    make_suggestion(model, project.suggester, scores=(5, None, 3))
    make_rating(model, ada, (2, 1, 3))
    make_rating(make_video(project, name="flagged"), ada, flagged=True)
    Skip.objects.create(video=make_video(project, name="skipped"), rater=ada, reason="No picture.")
    ReviewCase.objects.create(video=make_video(project, name="review"), audit=True)
    decided = make_video(project, name="decided")
    ReviewCase.objects.create(video=decided, state="closed")
    well = make_video(project, name="well")
    make_suggestion(well, project.suggester, scores=(5, None, 3))
    make_suggestion(well, make_scorer_version("other"), scores=(1, 1, 1))
    make_rating(well, ada, (4, 4, 3))
    make_rating(well, grace, (3, 4, 3))
    make_video(make_project(), name="failed", media_state="failed")
    return project


@pytest.mark.parametrize("show", [*STUCK, "raters-differ", "model-differs", "flagged"])
def test_each_line_of_needs_you_counts_its_own_video(stuck_project, show):
    assert [video.name for video in find(stuck_project, show=show)] == [show]


def test_what_is_stuck_counts_each_video_once(stuck_project):
    found = stuck(stuck_project)
    assert {(matter.show, matter.videos) for matter in found.matters} == {(show, 1) for show in STUCK}
    assert found.videos == len(STUCK)
    ReviewCase.objects.create(video=Video.objects.get(name="skipped"), flagged=True)
    assert stuck(stuck_project).videos == len(STUCK)


def test_each_number_leads_to_its_list(client, stuck_project):
    client.force_login(make_member(stuck_project, "lead"))
    page = text_of(client, stuck_project)
    assert (
        f'href="{reverse("review", args=[stuck_project.slug])}">1 waits for a reviewer</a>, the oldest for' in page
    )
    for show in {"settled", "stuck", *STUCK} - {"review"}:
        link = f"{reverse('project-videos', args=[stuck_project.slug])}?show={show}"
        assert link in page
        assert client.get(link).status_code == 200


# --- Cost ------------------------------------------------------------------------------------------


def queries_of(django_assert_max_num_queries, client, address):
    cache.clear()
    with django_assert_max_num_queries(40) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_overview_takes_the_same_queries_at_10_and_1000_ratings(
    client, project, django_assert_max_num_queries
):
    client.force_login(make_member(project, "lead"))
    rate_much(project, 5)
    address = reverse("project", args=[project.slug])
    few = queries_of(django_assert_max_num_queries, client, address)
    first = make_video(project)
    fields = {
        "project": project,
        "prompt": first.prompt,
        "t2v_model": first.t2v_model,
        "original": "videos/none.mp4",
    }
    videos = Video.objects.bulk_create(Video(name=f"clip-{n}", sha256=f"f{n:063x}", **fields) for n in range(495))
    ratings = [
        Rating(
            video=video, rater_id=rater, arm="blind", visual_quality=3, text_alignment=4, physical_consistency=2
        )
        for rater in Rating.objects.values_list("rater", flat=True).distinct()
        for video in videos
    ]
    Rating.objects.bulk_create(ratings)
    assert Rating.objects.count() == 1000
    assert queries_of(django_assert_max_num_queries, client, address) == few == 20


def test_the_video_list_takes_the_same_queries_for_any_page(client, project, django_assert_max_num_queries):
    client.force_login(make_member(project, "lead"))
    rate_much(project, 5)
    address = reverse("project-videos", args=[project.slug])
    few = queries_of(django_assert_max_num_queries, client, address)
    rate_much(project, 70)
    assert queries_of(django_assert_max_num_queries, client, address) == few == 9
    assert queries_of(django_assert_max_num_queries, client, address + "?page=3&show=rated&text=ball") == few


# --- The list and the page of one video ------------------------------------------------------------


def names(client, project, query=""):
    answer = client.get(reverse("project-videos", args=[project.slug]) + query)
    return [video.name for video in answer.context["page"]]


def test_the_list_is_filtered_by_words_state_model_and_ratings(client, project):
    client.force_login(make_member(project, "reviewer"))
    make_video(project, "a cat sleeps", "sora", name="one")
    failed = make_video(project, "a dog runs", "veo", name="two", media_state="failed", media_reason="Broken.")
    make_rating(make_video(project, "a dog sleeps", "veo", name="three"), make_member(project))
    veo = T2VModel.objects.get(project=project, name="veo").pk
    assert names(client, project) == ["one", "three", "two"]
    assert names(client, project, "?text=DOG") == ["three", "two"]
    assert names(client, project, "?text=two") == ["two"]
    assert names(client, project, "?state=failed") == [failed.name]
    assert names(client, project, f"?t2v_model={veo}&text=runs") == ["two"]
    assert names(client, project, "?show=rated") == ["three"]
    assert names(client, project, "?show=unrated") == ["one", "two"]
    assert names(client, project, "?text=elephant") == []
    assert "Broken." in text_of(client, project, "project-videos")


@pytest.mark.parametrize(
    "query",
    [
        "?show=__class__", "?state=' OR 1=1 --", "?t2v_model=x", "?project=1&ratings__rater__password=a",
        "?page=none", "?page=-3", "?page=9999", "?text=%00", "?show=" + "&show=".join(SHOW),
    ],
)  # fmt: skip
def test_what_is_not_on_the_lists_changes_nothing(client, project, query):
    client.force_login(make_member(project, "lead"))
    make_video(project, name="one")
    answer = client.get(reverse("project-videos", args=[project.slug]) + query)
    assert answer.status_code == 200


def test_another_projects_t2v_model_is_no_filter(client, project):
    client.force_login(make_member(project, "lead"))
    make_video(project, name="one")
    foreign = make_video(make_project(), t2v_model="secret model").t2v_model.pk
    assert names(client, project, f"?t2v_model={foreign}") == ["one"]
    assert "secret model" not in text_of(client, project, "project-videos")


def test_pages_of_thirty_keep_their_filter(client, project):
    client.force_login(make_member(project, "lead"))
    for number in range(31):
        make_video(project, name=f"clip-{number:02d}")
    assert len(names(client, project, "?text=clip")) == 30
    assert names(client, project, "?text=clip&page=2") == ["clip-30"]
    assert "?text=clip&amp;page=2" in text_of(client, project, "project-videos", "?text=clip")


def test_a_video_shows_all_that_was_said_about_it(client, project):
    client.force_login(make_member(project, "reviewer"))
    metadata = {"licence": "CC-BY", "faults": ["sink", None]}
    video, rater = make_video(project, "a cat on a mat", metadata=metadata), make_member(project, username="ada")
    suggestion = make_suggestion(video, project.suggester, scores=(4, None, 2))
    suggestion.distributions.create(
        dimension="visual_quality", soft_score=3.1, expected_score=3.62, confidence=0.71,
        p1=0.01, p2=0.04, p3=0.24, p4=0.71, p5=0.0,
    )  # fmt: skip
    make_rating(video, rater, (3, 3, 3), live=False, visual_quality_reason="The first word.")
    make_rating(
        video, rater, (2, 4, 3), version=2, arm="prefill", visual_quality_shown=4,
        visual_quality_reason="Blurred <b>edges</b>.", flagged=True,
    )  # fmt: skip
    page = text_of(client, project, "video", "", video.public_id)
    for words in (
        "a cat on a mat", "ada", "shown 4, changed", "Blurred &lt;b&gt;edges&lt;/b&gt;.", "flagged for a reviewer",
        "Earlier versions", "The first word.", "3.62", "71 %", "No score: the scorer abstained.",
        "Not settled: it takes 2 counted ratings.", suggestion.rationale,
        ">CC-BY<", "[&quot;sink&quot;, null]",
    ):  # fmt: skip
        assert words in page


def test_a_video_page_takes_the_same_queries_for_one_rating_and_ten(
    client, project, django_assert_max_num_queries
):
    client.force_login(make_member(project, "lead"))
    video = make_video(project)
    make_suggestion(video, project.suggester)
    make_rating(video, make_member(project))
    address = reverse("video", args=[project.slug, video.public_id])
    few = queries_of(django_assert_max_num_queries, client, address)
    for number in range(9):
        make_rating(video, make_member(project))
        make_suggestion(video, make_scorer_version(f"scorer-{number}"))
    full = few - 1  # nobody is looked up to hand a seat to
    assert queries_of(django_assert_max_num_queries, client, address) == full


# --- Charts ----------------------------------------------------------------------------------------


def test_the_axis_ends_at_a_round_number():
    assert [nice_top(n) for n in (0, 1, 2, 3, 5, 7, 11, 44, 51, 130, 999)] == [
        1, 1, 2, 5, 5, 10, 20, 50, 100, 200, 1000,
    ]  # fmt: skip


def test_charts_of_nothing_are_drawn_too():
    assert "NaN" not in line_chart(days_with(*[0] * 14), 640)
    assert "nan" not in bar_charts([("Visual", [0, 0, 0, 0, 0])], 440)
