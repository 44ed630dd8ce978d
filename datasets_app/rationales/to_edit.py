"""Which rationales wait for an editor: settled videos with a model's text, and how each stands."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, When
from django.utils.translation import gettext_lazy as _

from annotation.models import Draft, EditedRationale, Membership, Project, Rating, Role, Suggestion, User, Video
from annotation.scale import DIMENSION_KEYS


class Standing(models.TextChoices):
    """Whether a video's rationale was edited for the scores it has now."""

    NEVER = "never", _("Never edited")
    OUTDATED = "outdated", _("Edited for other scores")
    EDITED = "edited", _("Edited")


@dataclass(frozen=True)
class Progress:
    """How many of a project's rationales stand how, and how many settled videos have no text to edit."""

    never: int
    outdated: int
    edited: int
    without_text: int

    @property
    def in_all(self) -> int:
        return self.never + self.outdated + self.edited

    @property
    def waiting(self) -> int:
        return self.never + self.outdated


def editable(project: Project) -> "QuerySet[Any]":
    """Settled videos with a text to edit: a scorer's, an imported one, or edited before; with `standing`."""
    live = EditedRationale.objects.live().filter(video=OuterRef("pk"))
    fitting = live.filter(**{key: OuterRef(f"verdict__{key}") for key in DIMENSION_KEYS})
    standing = Case(
        When(Exists(fitting), then=models.Value(Standing.EDITED.value)),
        When(Exists(live), then=models.Value(Standing.OUTDATED.value)),
        default=models.Value(Standing.NEVER.value),
    )
    return (
        project.videos.filter(verdict__isnull=False)
        .filter(Exists(said_by_a_scorer()) | Exists(imported()) | Exists(live))
        .annotate(standing=standing)
        .order_by("pk")
    )


def said_by_a_scorer() -> QuerySet[Suggestion]:
    """The texts of scorer versions about the video `OuterRef("pk")`."""
    return Suggestion.objects.filter(video=OuterRef("pk"), sample=0).exclude(rationale="")


def imported() -> QuerySet[Rating]:
    """The texts that came with counted ratings of the video `OuterRef("pk")`."""
    return Rating.objects.counted().filter(video=OuterRef("pk")).exclude(rationale="")


def progress_of(project: Project) -> Progress:
    """Two queries."""
    by_standing = editable(project).order_by().values("standing").annotate(n=Count("pk"))
    counts = {row["standing"]: row["n"] for row in by_standing}
    settled = project.videos.filter(verdict__isnull=False).count()
    return Progress(
        **{standing.value: counts.get(standing.value, 0) for standing in Standing},
        without_text=settled - sum(counts.values()),
    )


def next_for(member: Membership, after: Video | None = None) -> Video | None:
    """The next video whose rationale waits, behind `after` and then from the start; None when there is none.

    Videos on which this person has a rating open are passed over: they are to rate those by themselves. Whoever
    begins starts at a place of their own, so that several editors do not meet on the same video.
    """
    waiting = editable(member.project).exclude(standing=Standing.EDITED)
    waiting = waiting.filter(~Exists(Draft.objects.filter(video=OuterRef("pk"), rater=member.user_id)))
    if after is None:
        return _from_own_place(waiting, member)
    found: Video | None = waiting.filter(pk__gt=after.pk).first() or waiting.filter(pk__lt=after.pk).first()
    return found


def _from_own_place(waiting: "QuerySet[Any]", member: Membership) -> Video | None:
    staff = Membership.objects.filter(project=member.project_id, role__in=[Role.LEAD, Role.REVIEWER])
    editors = list(staff.order_by("pk").values_list("user_id", flat=True))
    rank = editors.index(member.user_id) if member.user_id in editors else 0
    first = waiting.count() * rank // max(len(editors), 1)
    found: Video | None = next(iter(waiting[first : first + 1]), None)
    return found


def edited_by(user: User, project: Project, pk: int) -> EditedRationale | None:
    """This person's live edit of this number in the project, if there is one."""
    live = EditedRationale.objects.live().select_related("video")
    return live.filter(video__project=project, editor=user, pk=pk).first()


def is_waiting(condition: str) -> Q:
    """The condition of a list's filter; everything for an unknown one."""
    return Q(standing=condition) if condition in Standing.values else Q()
