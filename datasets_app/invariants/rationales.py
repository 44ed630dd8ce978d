"""I12: rationales that people edited, and what a rule made of verdicts beside a model's answers."""

from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef, Q

from annotation.models import Adjustment, EditedRationale
from annotation.models.suggestion import IMPORTED
from annotation.scale import DIMENSION_KEYS
from datasets_app.rationales.reconcile import TRIES, judge

_LATER = EditedRationale.objects.filter(video=OuterRef("video"), pk__gt=OuterRef("pk"))
EDITED = {
    "began as a text of another video": (Q(suggestion__isnull=False) & ~Q(suggestion__video=F("video")))
    | (Q(rating__isnull=False) & ~Q(rating__video=F("video"))),
    "is live, but not the last one of its video": Q(live=True) & Exists(_LATER),
    "is the last one of its video, but not live": Q(live=False) & ~Exists(_LATER),
}


def broken_rationales() -> Iterator[str]:
    """Edited texts of a foreign origin or a broken history, and adjustments that do not follow from their answer.

    Scores of a verdict may have changed since: then an edit or adjustment is out of date, which breaks nothing.
    """
    for words, condition in EDITED.items():
        for pk in EditedRationale.objects.filter(condition).order_by("pk").values_list("pk", flat=True):
            yield f"edited rationale {pk} {words}"
    of_another = ~Q(suggestion__video=F("video")) | ~Q(suggestion__scorer_version=F("scorer_version"))
    for pk in Adjustment.objects.filter(of_another).order_by("pk").values_list("pk", flat=True):
        yield f"adjustment {pk} rests on an answer of another video or scorer version"
    yield from _against_the_rule()


def _against_the_rule() -> Iterator[str]:
    """An answer never changes, unless it came from a file: a later one may correct it before the next run."""
    answers = [f"suggestion__{key}" for key in DIMENSION_KEYS]
    humans = [f"{key}_human" for key in DIMENSION_KEYS]
    fixed = Adjustment.objects.exclude(scorer_version__scorer__name=IMPORTED).order_by("pk")
    n = len(DIMENSION_KEYS)
    columns = ("pk", "outcome", "tries", *humans, *answers, *DIMENSION_KEYS)
    for pk, outcome, tries, *rest in fixed.values_list(*columns).iterator():
        human, answer, scores = rest[:n], tuple(rest[n : 2 * n]), tuple(rest[2 * n :])
        judged = judge(human, [answer] * tries) if 1 <= tries <= TRIES else None
        if judged is None or (judged.outcome, judged.scores) != (outcome, scores):
            yield f"adjustment {pk} ({outcome}) is not what the rule makes of its scores"
