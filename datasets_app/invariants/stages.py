"""I9 and I11: versions that revise each other, what each was shown, and the moments that its reasons name."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q

from annotation.models import Arm, Decision, Draft, Rating, Stage, TimeMark
from annotation.scale import DIMENSION_KEYS
from annotation.time_marks import moments_in

CHUNK = 1_000  # ratings in memory at once
_SHOWN = Q(suggestion__isnull=False)
for _key in DIMENSION_KEYS:
    _SHOWN |= Q(**{f"{_key}_shown__isnull": False})
_OF_ANOTHER = ~Q(revises__video=F("video")) | ~Q(revises__rater=F("rater"))
_BAD_RETURN = ~Q(returned__decision=Decision.RETURN) | ~Q(returned__video=F("video"))

RATINGS = {
    "revises a rating of another video, rater or purpose": Q(revises__isnull=False)
    & (_OF_ANOTHER | ~Q(revises__purpose=F("purpose"))),
    "revises a later version": Q(revises__version__gte=F("version")),
    "revises a live version": Q(revises__live=True, withdrawn_at__isnull=True),
    "stands for a reveal without a first version in that arm": Q(stage=Stage.REVEAL)
    & (~Q(arm=Arm.REVEAL) | ~Q(revises__stage=Stage.FIRST)),
    "answers no return of its video": Q(stage=Stage.RETURN) & _BAD_RETURN,
    "was shown what its arm hides": (Q(arm=Arm.BLIND) | Q(arm=Arm.REVEAL, stage=Stage.FIRST)) & _SHOWN,
}
DRAFTS = {
    "revises a rating of another video or rater": Q(revises__isnull=False) & _OF_ANOTHER,
    "revises a version that is not live": Q(revises__live=False),
    "answers no return of its video": Q(stage=Stage.RETURN) & _BAD_RETURN,
    "is shown what its arm hides": (Q(arm=Arm.BLIND) | Q(arm=Arm.REVEAL, stage=Stage.FIRST)) & _SHOWN,
}


def broken_stages() -> Iterator[str]:
    """Ratings and drafts whose stage, predecessor or return does not fit, or that were shown too much."""
    for words, condition in RATINGS.items():
        for pk in Rating.objects.filter(condition).order_by("pk").values_list("pk", flat=True):
            yield f"rating {pk} {words}"
    for words, condition in DRAFTS.items():
        for pk in Draft.objects.filter(condition).order_by("pk").values_list("pk", flat=True):
            yield f"draft {pk} {words}"


def wrong_time_marks() -> Iterator[str]:
    """Ratings of the rating room whose stored moments are not those that their reasons name."""
    has_marks = Exists(TimeMark.objects.filter(rating=OuterRef("pk")))
    may_name = Q(*((f"{key}_reason__contains", "s f") for key in DIMENSION_KEYS), _connector=Q.OR)
    ratings = Rating.objects.filter(has_marks | (may_name & Q(imported=False))).order_by("pk")
    for rating in ratings.prefetch_related("time_marks").iterator(CHUNK):
        stored = [(mark.dimension, mark.seconds, mark.frame) for mark in rating.time_marks.all()]
        named = [
            (key, moment.seconds, moment.frame)
            for key, reason in rating.reasons.items()
            for moment in moments_in(reason)
        ]
        if sorted(named) != sorted(stored):
            yield f"rating {rating.pk}: {len(stored)} moments stored, {len(named)} in the text"
