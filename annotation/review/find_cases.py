"""The review queue: which cases a member is offered, in which order, how many for each reason, what is out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from annotation.models import CaseReason, Draft, Membership, Purpose, Rating, ReviewCase, Stage, Suggestion
from annotation.review.own_work import decidable_by
from annotation.scale import DIMENSIONS, Dimension

MOST_OUT = 20  # lines of what is out with raters


@dataclass(frozen=True)
class QueueCounts:
    """Open cases: all that this member is offered, by reason, and those that others decide about."""

    offered: int
    by_reason: list[tuple[CaseReason, int]]
    own: int


def offered_to(member: Membership, reason: str = "") -> QuerySet[ReviewCase]:
    """Open cases that this member may decide about, the one that waits longest first; of one reason, if given."""
    cases = ReviewCase.objects.open().filter(decidable_by(member, video="video"), video__project=member.project_id)
    return (cases.filter(**{reason: True}) if reason else cases).order_by("opened_at", "pk")


def counts_for(member: Membership) -> QueueCounts:
    """One query, and only reasons that there are."""
    offered = Q(decidable_by(member, video="video"))
    cases = ReviewCase.objects.open().filter(video__project=member.project_id)
    found = cases.aggregate(
        offered=Count("pk", filter=offered),
        every=Count("pk"),
        **{reason.value: Count("pk", filter=offered & Q(**{reason.value: True})) for reason in CaseReason},
    )
    return QueueCounts(
        offered=found["offered"],
        by_reason=[(reason, found[reason.value]) for reason in CaseReason if found[reason.value]],
        own=found["every"] - found["offered"],
    )


def next_case(member: Membership, after: ReviewCase | None, reason: str = "") -> ReviewCase | None:
    """The case in the queue behind `after`, or from its start again; never `after` itself."""
    cases = offered_to(member, reason).select_related("video")
    if after is None:
        return cases.first()
    behind = Q(opened_at__gt=after.opened_at) | Q(opened_at=after.opened_at, pk__gt=after.pk)
    return cases.filter(behind).first() or cases.exclude(pk=after.pk).first()


def with_scores(cases: QuerySet[ReviewCase], suggester_pk: int | None) -> QuerySet[ReviewCase]:
    """The cases with what a line of the queue shows: prompt, live main ratings, the suggester's scores."""
    ratings = Rating.objects.live().filter(purpose=Purpose.MAIN).select_related("rater").order_by("pk")
    said = Suggestion.objects.filter(scorer_version=suggester_pk, sample=0)
    return cases.select_related("video__prompt", "video__t2v_model").prefetch_related(
        Prefetch("video__ratings", queryset=ratings, to_attr="live_ratings"),
        Prefetch("video__suggestions", queryset=said, to_attr="said"),
    )


@dataclass(frozen=True)
class Spread:
    """The scores of one dimension, lowest first, and the model's."""

    dimension: Dimension
    scores: list[int]
    model: int | None

    @property
    def width(self) -> int:
        return self.scores[-1] - self.scores[0] if self.scores else 0


def lines_of(cases: Iterable[Any]) -> list[tuple[ReviewCase, list[Spread]]]:
    """Cases of `with_scores`, each with its raters' scores beside the model's, dimension by dimension."""
    return [(case, _spreads(case.video.live_ratings, case.video.said)) for case in cases]


def _spreads(ratings: list[Rating], said: list[Suggestion]) -> list[Spread]:
    return [
        Spread(
            dimension,
            sorted(getattr(rating, dimension.key) for rating in ratings),
            getattr(said[0], dimension.key) if said else None,
        )
        for dimension in DIMENSIONS
    ]


def out_with_raters(member: Membership) -> QuerySet[Draft]:
    """Returned ratings that wait for their raters, longest first."""
    out = Draft.objects.filter(video__project=member.project_id, stage=Stage.RETURN)
    return out.select_related("video__prompt", "rater", "returned__reviewer").order_by("returned")
