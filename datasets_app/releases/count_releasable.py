"""What a release would hold if it were built now, counted in the database."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q

from annotation.models import MediaState, Project, Rating, Verdict
from annotation.scale import DIMENSION_KEYS


@dataclass(frozen=True)
class Releasable:
    """Numbers of settled videos; `rationale` of those with any text to reason from."""

    verdicts: int
    playable: int
    missing: int
    waiting: int
    failed: int
    imported: int  # with a rationale that came with the record
    reasons: int  # with a reason of a rater
    rationale: int
    reasoned: int  # playable and with a rationale

    @property
    def without_rationale(self) -> int:
        return self.verdicts - self.rationale


def count_releasable(project: Project) -> Releasable:
    """One query. Whether each file still lies in the store is only seen when the release is built."""
    ratings = Rating.objects.filter(verdicts=OuterRef("pk"))
    no_reason = Q(**{f"{key}_reason": "" for key in DIMENSION_KEYS})
    verdicts = Verdict.objects.filter(video__project=project).annotate(
        has_imported=Exists(ratings.exclude(rationale="")), has_reasons=Exists(ratings.exclude(no_reason))
    )
    rationale = Q(has_imported=True) | Q(has_reasons=True)
    playable = _state(MediaState.READY)
    return Releasable(
        **verdicts.aggregate(
            verdicts=Count("pk"),
            playable=Count("pk", filter=playable),
            missing=Count("pk", filter=_state(MediaState.MISSING)),
            waiting=Count("pk", filter=_state(MediaState.WAITING)),
            failed=Count("pk", filter=_state(MediaState.FAILED)),
            imported=Count("pk", filter=Q(has_imported=True)),
            reasons=Count("pk", filter=Q(has_reasons=True)),
            rationale=Count("pk", filter=rationale),
            reasoned=Count("pk", filter=rationale & playable),
        )
    )


def _state(state: MediaState) -> Q:
    return Q(video__media_state=state)
