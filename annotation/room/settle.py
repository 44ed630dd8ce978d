"""Settle verdicts: the lower median of a video's counted ratings, once there are as many as the overlap.

A reviewer's fix takes its place, and stands until a later decision accepts the ratings or fixes the video anew.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery

from annotation.models import Decision, Project, Purpose, Review, Verdict, VerdictPolicy, Video
from annotation.prepared import Prepared, insert, upsert
from annotation.scale import DIMENSION_KEYS

CHUNK = 1_000


class Counted(NamedTuple):
    """A counted rating: its primary key, its scores by dimension."""

    pk: int
    scores: dict[str, int]


def settle(videos: Iterable[Video]) -> None:
    """Make, renew or remove the verdicts of these videos. The query count depends on chunks of 1,000 only.

    The videos are locked first, so that of two raters who finish at once the later one sees both ratings.
    """
    pks = sorted({video.pk for video in videos})
    for start in range(0, len(pks), CHUNK):
        with transaction.atomic(savepoint=False):
            _settle(pks[start : start + CHUNK])


def settle_to_overlap(project: Project) -> None:
    """Make and remove the verdicts that a changed overlap calls for; those that stay are left alone."""
    pks = list(project.videos.order_by("pk").values_list("pk", flat=True))
    counted = Count("ratings", filter=Q(ratings__live=True, ratings__purpose=Purpose.MAIN, ratings__extra=False))
    lacking = Q(verdict=None, n__gte=F("project__overlap"))
    premature = Q(verdict__isnull=False, n__lt=F("project__overlap")) & ~Q(verdict__policy=VerdictPolicy.REVIEWER)
    for start in range(0, len(pks), CHUNK):
        chunk = pks[start : start + CHUNK]
        with transaction.atomic():
            lock_videos(chunk)
            videos = Video.objects.filter(pk__in=chunk).annotate(n=counted)
            Verdict.objects.filter(video__in=list(videos.filter(premature).values_list("pk", flat=True))).delete()
            if missing := list(videos.filter(lacking).values_list("pk", flat=True)):
                _settle(missing)


def lock_videos(video_pks: list[int]) -> dict[int, int]:
    """Let nobody else settle or review these videos until the transaction ends; the overlap of each.

    Locked in order, against deadlocks. A transaction that holds a rater or a draft, too, takes those first.
    """
    return dict(_lock(*video_pks)) if video_pks else {}


_lock = Prepared(
    lambda *video_pks: (
        Video.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=video_pks)
        .order_by("pk")
        .values_list("pk", "project__overlap")
    )
)


def _settle(video_pks: list[int]) -> None:
    overlap = lock_videos(video_pks)
    counted: dict[int, list[Counted]] = defaultdict(list)
    standing = {}
    for video_pk, fix_pk, has_verdict, rating_pk, *scores in _read_standing(*video_pks):
        standing[video_pk] = fix_pk, has_verdict
        if rating_pk is not None:
            counted[video_pk].append(Counted(rating_pk, dict(zip(DIMENSION_KEYS, scores, strict=True))))
    settled = {pk: counted[pk] for pk, (fix, _) in standing.items() if fix or len(counted[pk]) >= overlap[pk]}
    unsettled = [pk for pk, (_, has_verdict) in standing.items() if has_verdict and pk not in settled]
    if unsettled:
        Verdict.objects.filter(video__in=unsettled).delete()
    if settled:
        fixes = [fix for fix, _ in standing.values() if fix]
        _store(settled, {fix.video_id: fix for fix in Review.objects.filter(pk__in=fixes)} if fixes else {})


@Prepared
def _read_standing(*video_pks: int) -> "QuerySet[Any, Any]":
    """By video and counted rating, or once with none: the fix that the video's latest decision is, and whether it
    has a verdict. A return decides nothing."""
    latest = Review.objects.filter(video=OuterRef("pk")).exclude(decision=Decision.RETURN).order_by("-pk")[:1]
    has_verdict = Exists(Verdict.objects.filter(video=OuterRef("pk")))
    videos = Video.objects.filter(pk__in=video_pks).annotate(latest=Subquery(latest.values("pk")))
    fix_pk = Subquery(Review.objects.filter(pk=OuterRef("latest"), decision=Decision.FIX).values("pk"))
    counts = Q(ratings__live=True, ratings__purpose=Purpose.MAIN, ratings__extra=False)
    return (
        videos.annotate(fix=fix_pk, has_verdict=has_verdict, counted=FilteredRelation("ratings", condition=counts))
        .order_by("pk", "counted")
        .values_list("pk", "fix", "has_verdict", "counted", *(f"counted__{key}" for key in DIMENSION_KEYS))
    )


def _store(settled: dict[int, list[Counted]], fixes: dict[int, Review]) -> None:
    verdicts = [
        verdict_fixed(fixes[pk]) if pk in fixes else verdict_of(pk, ratings) for pk, ratings in settled.items()
    ]
    upsert(*verdicts, by="video", columns=_COLUMNS)
    wanted = {(one.pk, rating.pk) for one in verdicts for rating in settled[one.video_id]}
    present = set(_read_links(*(one.pk for one in verdicts)))
    if stale := present - wanted:
        Link.objects.filter(verdict__in=[pk for pk, _ in stale], rating__in=[pk for _, pk in stale]).delete()
    insert(*(Link(verdict_id=verdict, rating_id=rating) for verdict, rating in sorted(wanted - present)))


Link = Verdict.ratings.through
_COLUMNS = ("policy", "review", "settled_at", *DIMENSION_KEYS, *(f"{key}_exact" for key in DIMENSION_KEYS))
_read_links = Prepared(lambda *pks: Link.objects.filter(verdict__in=pks).values_list("verdict", "rating"))


def verdict_of(video_pk: int, ratings: list[Counted]) -> Verdict:
    """The verdict (not stored) that these ratings, one or more, add up to."""
    verdict = Verdict(
        video_id=video_pk, policy=VerdictPolicy.SINGLE if len(ratings) == 1 else VerdictPolicy.MEDIAN
    )
    for key in DIMENSION_KEYS:
        score, exact = middle([rating.scores[key] for rating in ratings])
        setattr(verdict, key, score)
        setattr(verdict, f"{key}_exact", exact)
    return verdict


def middle(scores: Sequence[int]) -> tuple[int, float]:
    """The lower median of one or more scores, which is one of them, and the exact median."""
    in_order = sorted(scores)
    low, high = in_order[(len(in_order) - 1) // 2], in_order[len(in_order) // 2]
    return low, (low + high) / 2


def verdict_fixed(review: Review) -> Verdict:
    """The verdict (not stored) that a reviewer set: exactly these scores."""
    exact = {f"{key}_exact": score for key, score in review.scores.items()}
    return Verdict(
        video_id=review.video_id, policy=VerdictPolicy.REVIEWER, review=review, **review.scores, **exact
    )
