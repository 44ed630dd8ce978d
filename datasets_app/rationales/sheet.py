"""What the page of one rationale shows: the model's text, what it is edited for, what was made of it so far."""

import difflib
import re
from dataclasses import dataclass
from typing import NamedTuple

from annotation.leaks import strip_leaks
from annotation.models import EditedRationale, Purpose, Rating, Suggestion, Video
from annotation.projects.video_page import Version, histories
from annotation.scale import DIMENSIONS, Dimension
from datasets_app.rationales.accept import Seen
from datasets_app.rationales.to_edit import Standing

Origin = Suggestion | Rating


class Line(NamedTuple):
    """One dimension: the final score, and what the model's text was written for (None where it said nothing)."""

    dimension: Dimension
    final: int
    stated: int | None

    @property
    def differs(self) -> bool:
        return self.stated is not None and self.stated != self.final


class Change(NamedTuple):
    """A stretch of a text: "same", "added" or "removed"."""

    kind: str
    words: str


class Entry(NamedTuple):
    """An accepted text, and how it differs from the one before."""

    edit: EditedRationale
    changes: list[Change]


@dataclass(frozen=True)
class Sheet:
    """`model_text` is without its `stripped` leaking lines; `text` is what one begins with.

    `origin` is one of `origins`, or what the live text began as; `was_chosen` where somebody asked for it.
    """

    video: Video
    origin: Origin
    origins: list[Origin]
    was_chosen: bool
    standing: Standing
    lines: list[Line]
    model_text: str
    stripped: int
    live: EditedRationale | None
    versions: list[Version]  # the counted ratings with their reasons
    entries: list[Entry]  # newest first

    @property
    def text(self) -> str:
        return self.live.text if self.live and not self.was_chosen else self.model_text

    @property
    def scores(self) -> dict[str, int]:
        return {line.dimension.key: line.final for line in self.lines}

    @property
    def seen(self) -> Seen:
        return Seen(self.live.pk if self.live else 0, tuple(line.final for line in self.lines))

    @property
    def origin_name(self) -> str:
        return name_of(self.origin)

    @property
    def writer(self) -> str:
        return writer_of(self.origin)

    @property
    def others(self) -> list[tuple[str, str]]:
        """The other texts to begin with: each one's name for the address, and its writer."""
        return [(name_of(one), writer_of(one)) for one in self.origins if one != self.origin]


def name_of(origin: Origin) -> str:
    """As forms and addresses say it: "suggestion-12" or "rating-12"."""
    return f"{'suggestion' if isinstance(origin, Suggestion) else 'rating'}-{origin.pk}"


def writer_of(origin: Origin) -> str:
    """Who wrote the text: a scorer version, or whose imported record it came with."""
    return str(origin.scorer_version) if isinstance(origin, Suggestion) else origin.rater.username


def sheet_of(video: Video, wanted: str = "") -> Sheet | None:
    """Expects a video of `videos_with_opinions`; None where it is not settled or has no text.

    `wanted` names the text to begin with; the suggester's is the usual one.
    """
    verdict = getattr(video, "verdict", None)
    edits = list(video.edited_rationales.select_related("editor", *_ORIGINS).order_by("pk"))
    live = next((edit for edit in edits if edit.live), None)
    origins = origins_of(video)
    chosen = next((one for one in origins if name_of(one) == wanted), None)
    origin = chosen or next(iter(origins), None) or (live.suggestion or live.rating if live else None)
    if verdict is None or origin is None:
        return None
    stated = origin.scores if isinstance(origin, Suggestion) else {}
    lines = [Line(d, verdict.scores[d.key], stated.get(d.key)) for d in DIMENSIONS]
    text, stripped = strip_leaks(origin.rationale.replace("\r\n", "\n"))
    versions = [versions[0] for versions in histories(video) if _is_counted(versions[0].rating)]
    standing = Standing.NEVER
    if live:
        fits = live.scores == verdict.scores
        standing = Standing.EDITED if fits else Standing.OUTDATED
    return Sheet(
        video, origin, origins, chosen is not None, standing, lines, text.strip(), stripped, live, versions,
        _entries(edits, text.strip()),
    )  # fmt: skip


_ORIGINS = ("suggestion__scorer_version__scorer", "rating__rater")


def origins_of(video: Video) -> list[Origin]:
    """The texts that an editor may begin with, the usual one first.

    The project's suggester's, then those that came with ratings, then other scorer versions', the newest first.
    """
    said = Suggestion.objects.filter(video=video, sample=0).exclude(rationale="")
    by_scorers = list(said.select_related("scorer_version__scorer").order_by("-scorer_version", "-pk"))
    came = Rating.objects.counted().filter(video=video).exclude(rationale="").select_related("rater")
    suggester = video.project.suggester_id
    first = [one for one in by_scorers if one.scorer_version_id == suggester]
    others = [one for one in by_scorers if one.scorer_version_id != suggester]
    return [*first, *came.order_by("submitted_at", "pk"), *others]


def named_origin(video: Video, name: str) -> Origin | None:
    """The text of this video that a form names; None for anything else."""
    match = re.fullmatch(r"(suggestion|rating)-(\d{1,18})", name)
    if match is None:
        return None
    table = Suggestion if match[1] == "suggestion" else Rating
    return table.objects.filter(video=video, pk=int(match[2])).exclude(rationale="").first()


def word_changes(before: str, after: str) -> list[Change]:
    """How `after` came from `before`, word by word, blanks kept."""
    old, new = (re.findall(r"\S+\s*|\s+", text) for text in (before, after))
    changes = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            changes.append(Change("same", "".join(old[a:b])))
            continue
        changes += [Change("removed", "".join(old[a:b]))] if b > a else []
        changes += [Change("added", "".join(new[c:d]))] if d > c else []
    return changes


def _entries(edits: list[EditedRationale], model_text: str) -> list[Entry]:
    before = [model_text, *(edit.text for edit in edits)]
    entries = [Entry(edit, word_changes(old, edit.text)) for old, edit in zip(before, edits, strict=False)]
    return entries[::-1]


def _is_counted(rating: Rating) -> bool:
    return rating.live and rating.purpose == Purpose.MAIN and not rating.extra
