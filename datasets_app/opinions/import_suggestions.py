"""A model's scores that came with imported records: suggestions of the scorer `imported`."""

from collections.abc import Container, Iterable, Mapping

from annotation.copy_in import copy_in
from annotation.models import Scorer, ScorerVersion, Suggestion, Video
from annotation.models.suggestion import IMPORTED, SuggestionStatus
from annotation.scale import DIMENSION_KEYS
from datasets_app.opinions.annotation_rows import AnnotationRow
from scoring.versions import hash_settings


def import_suggestions(rows: Iterable[AnnotationRow], videos: Mapping[str, Video], new: Container[int]) -> int:
    """Store the rows' model scores, over what an earlier file said; how many there were.

    `new` are the primary keys of videos that nothing can have been said of yet.
    """
    scored = [row for row in rows if row.model_scores]
    if not scored:
        return 0
    version = imported_version()
    said = [
        Suggestion(
            video=videos[row.name], scorer_version=version, status=_status(row.model_scores), **row.model_scores
        )
        for row in scored
    ]
    copy_in([suggestion for suggestion in said if suggestion.video_id in new])
    Suggestion.objects.bulk_create(
        [suggestion for suggestion in said if suggestion.video_id not in new],
        update_conflicts=True,
        unique_fields=["video", "scorer_version", "sample"],
        update_fields=["status", *DIMENSION_KEYS],
    )
    return len(scored)


def imported_version() -> ScorerVersion:
    """The one version of the scorer `imported`: nothing is known of its settings."""
    scorer, _ = Scorer.objects.get_or_create(name=IMPORTED)
    return ScorerVersion.objects.get_or_create(scorer=scorer, settings_sha256=hash_settings({}))[0]


def _status(scores: Mapping[str, int | None]) -> SuggestionStatus:
    return SuggestionStatus.PARTIAL if None in scores.values() else SuggestionStatus.COMPLETE
