"""Ratings from a file: counted while the video has a free seat, kept as extra when it has none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models.functions import Now

from annotation.models import Draft, Purpose, Rating, Seat, Stage, User, Video
from datasets_app.opinions.annotation_rows import AnnotationRow
from datasets_app.opinions.read_annotations import Refused


@dataclass
class ImportedRatings:
    """What became of the rated rows. `touched` are the videos whose verdict may have changed."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    extra: int = 0
    touched: list[Video] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def import_ratings(
    rows: Iterable[AnnotationRow], videos: Mapping[str, Video], rater: User, arm: str
) -> ImportedRatings:
    """Store the rows' ratings under the rater's name, inside the caller's transaction. Names do not repeat.

    What the rater wrote in the rating room, or is writing there now, is never replaced: such rows are refused.
    """
    result = ImportedRatings()
    rows = list(rows)
    pks = [videos[row.name].pk for row in rows]
    if not pks:
        return result
    mine = Rating.objects.filter(video__in=pks, rater=rater, purpose=Purpose.MAIN).order_by("version")
    last = {rating.video_id: rating for rating in mine}
    live = {pk: rating for pk, rating in last.items() if rating.live}
    drafts = set(Draft.objects.filter(video__in=pks, rater=rater).values_list("video_id", flat=True))
    seats = _seats(pks, rater)
    fresh, replaced, filled = [], [], []
    for row in rows:
        video = videos[row.name]
        old = live.get(video.pk)
        if video.pk in drafts or (old is not None and not old.imported):
            result.refused.append(Refused(row.place, f"{rater} rates or rated {row.name} in the rating room"))
        elif old is not None and _says_the_same(old, row):
            result.unchanged += 1
        else:
            seat = None if old is not None else seats.get(video.pk)
            extra = old.extra if old is not None else seat is None
            fresh.append(_rating(row, video, rater, arm, extra=extra, last=last.get(video.pk), revises=old))
            result.touched.append(video)
            result.extra += extra
            if seat is not None:
                filled.append(seat)
            if old is None:
                result.new += 1
            else:
                replaced.append(old.pk)
                result.changed += 1
    Rating.objects.filter(pk__in=replaced).update(live=False)
    Rating.objects.bulk_create(fresh)
    _fill(filled, rater)
    return result


def _seats(video_pks: list[int], rater: User) -> dict[int, Seat]:
    """A seat for this rater in each video that has one: the one they hold, else the first free one, locked."""
    seats = Seat.objects.filter(video__in=video_pks).select_for_update(skip_locked=True)
    free = {seat.video_id: seat for seat in seats.free().order_by("-number")}
    return free | {seat.video_id: seat for seat in seats.held_by(rater)}


def _fill(seats: list[Seat], rater: User) -> None:
    for seat in seats:
        seat.holder, seat.leased_until = rater, None
        seat.filled_at = Now()
    Seat.objects.bulk_update(seats, ["holder", "leased_until", "filled_at"])


def _says_the_same(rating: Rating, row: AnnotationRow) -> bool:
    reasons = {key: row.reasons.get(key, "") for key in rating.reasons}
    return (rating.scores, rating.reasons, rating.rationale) == (dict(row.scores), reasons, row.rationale)


def _rating(
    row: AnnotationRow,
    video: Video,
    rater: User,
    arm: str,
    *,
    extra: bool,
    last: Rating | None,
    revises: Rating | None,
) -> Rating:
    reasons = {f"{key}_reason": reason for key, reason in row.reasons.items()}
    return Rating(
        video=video,
        rater=rater,
        version=last.version + 1 if last is not None else 1,
        stage=Stage.EDIT if revises is not None else Stage.FIRST,
        revises=revises,
        arm=arm,
        extra=extra,
        imported=True,
        rationale=row.rationale,
        **row.scores,
        **reasons,
    )
