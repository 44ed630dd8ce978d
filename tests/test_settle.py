"""Verdicts: the lower median of counted ratings, once the overlap is reached."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Rating, Verdict
from annotation.room.settle import settle
from tests.make import make_member, make_project, make_user, make_video

pytestmark = pytest.mark.django_db


def rate(video, scores, **fields):
    keys = ("visual_quality", "text_alignment", "physical_consistency")
    return Rating.objects.create(
        video=video, rater=make_user(), arm="blind", **dict(zip(keys, scores, strict=True)), **fields
    )


def test_a_single_rating_is_the_verdict():
    video = make_video(make_project())
    rating = rate(video, (4, 3, 2))
    settle([video])
    verdict = Verdict.objects.get()
    assert (verdict.policy, list(verdict.scores.values())) == ("single", [4, 3, 2])
    assert list(verdict.ratings.all()) == [rating]


def test_the_verdict_is_the_lower_median_with_the_exact_one_beside_it():
    video = make_video(make_project(overlap=2))
    rate(video, (4, 1, 2))
    rate(video, (5, 2, 5))
    settle([video])
    verdict = Verdict.objects.get()
    assert (verdict.policy, list(verdict.scores.values())) == ("median", [4, 1, 2])
    assert (verdict.visual_quality_exact, verdict.text_alignment_exact, verdict.physical_consistency_exact) == (
        4.5,
        1.5,
        3.5,
    )


def test_there_is_no_verdict_before_the_overlap_is_reached_and_none_after_it_is_lost():
    video = make_video(make_project(overlap=2))
    rate(video, (4, 4, 4))
    settle([video])
    assert not Verdict.objects.exists()
    second = rate(video, (2, 2, 2))
    settle([video])
    assert Verdict.objects.get().ratings.count() == 2
    Rating.objects.filter(pk=second.pk).update(live=False)
    settle([video])
    assert not Verdict.objects.exists()


def test_extra_training_and_replaced_ratings_do_not_count():
    video = make_video(make_project())
    rate(video, (1, 1, 1), extra=True)
    rate(video, (1, 1, 1), purpose="training")
    rate(video, (1, 1, 1), live=False)
    settle([video])
    assert not Verdict.objects.exists()


def test_a_new_version_replaces_the_old_one_in_the_verdict():
    video = make_video(make_project())
    old = rate(video, (1, 1, 1))
    settle([video])
    Rating.objects.filter(pk=old.pk).update(live=False)
    new = rate(video, (5, 5, 5))
    settle([video])
    verdict = Verdict.objects.get()
    assert verdict.visual_quality == 5
    assert list(verdict.ratings.all()) == [new]


@pytest.mark.portability
def test_settling_costs_the_same_queries_for_3_and_50_videos():
    project = make_project()
    rater = make_member(project)
    counts = []
    for size in (3, 50):
        videos = [make_video(project) for _ in range(size)]
        Rating.objects.bulk_create(
            Rating(
                video=video, rater=rater, arm="blind", visual_quality=3, text_alignment=2, physical_consistency=1
            )
            for video in videos
        )
        with CaptureQueriesContext(connection) as queries:
            settle(videos)
        counts.append(len(queries))
        assert Verdict.objects.filter(video__in=videos).count() == size
    assert counts[0] == counts[1] <= 11
