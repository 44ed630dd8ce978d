"""What a release may be narrowed to by name: T2V models and prompt sources, the commonest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from annotation.models import Project, Video

MOST_SHOWN = 60  # a page stays short with thousands of prompt sources; the others are found by their name
FIELDS = {"t2v_models": "t2v_model__name", "prompt_sources": "prompt__source"}


@dataclass(frozen=True)
class Choice:
    name: str
    videos: int
    chosen: bool


@dataclass(frozen=True)
class Choices:
    """What is offered of one kind, chosen first; `more` that match are not shown, `total` are there in all."""

    kind: str  # a key of FIELDS, and the form's field
    shown: list[Choice]
    more: int
    total: int

    @property
    def searchable(self) -> bool:
        return self.total > 10


def choices(project: Project, kind: str, chosen: Sequence[str], find: str = "") -> Choices:
    """One query. `find` is part of a name; what is chosen stays on the list whatever is looked for."""
    field = FIELDS[kind]
    counted = Video.objects.filter(project=project).values_list(field).annotate(videos=Count("pk"))
    offered = [
        Choice(name, videos, name in chosen)
        for name, videos in counted.order_by("-videos", field)
        if name  # a prompt without a source cannot be named
    ]
    picked = [choice for choice in offered if choice.chosen]
    found = [choice for choice in offered if not choice.chosen and find.casefold() in choice.name.casefold()]
    return Choices(kind, picked + found[:MOST_SHOWN], max(len(found) - MOST_SHOWN, 0), len(offered))
