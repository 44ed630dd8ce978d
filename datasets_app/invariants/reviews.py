"""I10: what reviewers decided, and the verdicts and cases that follow from it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotation.models import CaseState, Decision, Draft, Review, ReviewCase, Stage, Verdict, VerdictPolicy
from annotation.scale import DIMENSION_KEYS


def broken_reviews() -> Iterator[str]:
    """Reviewers' verdicts without a fix that says the same, returns of foreign ratings, cases out with nobody."""
    differs = ~Q(review__decision=Decision.FIX) | ~Q(review__video=F("video"))
    for key in DIMENSION_KEYS:
        differs |= ~Q(**{f"review__{key}": F(key), f"{key}_exact": F(key)})
    for pk in _pks(Verdict.objects.filter(differs, policy=VerdictPolicy.REVIEWER)):
        yield f"verdict {pk} is a reviewer's, but no fix of its video says so"
    for pk in _pks(Review.objects.filter(decision=Decision.RETURN).exclude(rating__video=F("video"))):
        yield f"review {pk} returns a rating of another video"
    is_out = Exists(Draft.objects.filter(video=OuterRef("video"), stage=Stage.RETURN))
    for pk in _pks(ReviewCase.objects.filter(~is_out, state=CaseState.RETURNED)):
        yield f"case {pk} waits for its rater, but nothing is out"


def _pks(rows: QuerySet[Any]) -> Iterator[int]:
    yield from rows.order_by("pk").values_list("pk", flat=True)
