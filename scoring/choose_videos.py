"""Which videos a lead can have scored, with how many each choice would take."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from annotation.models import Project, Rating, ScorerVersion, Suggestion, Video
from annotation.models.suggestion import SuggestionStatus

ALL = "all"
T2V_MODEL = "t2v-model-"  # and its id


@dataclass(frozen=True)
class Choice:
    """One way to choose videos; `key` names it in the form."""

    key: str
    label: str
    videos: int


@dataclass(frozen=True)
class Choices:
    """What a version could be asked about. A choice of no videos is listed too: the list keeps its shape."""

    general: list[Choice]
    by_t2v_model: list[Choice]

    @property
    def videos(self) -> int:
        return self.general[0].videos


def unasked(project: Project, version: ScorerVersion, samples: int = 1) -> QuerySet[Video]:
    """Videos that can be scored for which the version has no job of one of the first `samples` samples."""
    asked = version.jobs.filter(sample__lt=samples).values("video").annotate(jobs=Count("pk")).filter(jobs=samples)
    return project.videos.scorable().exclude(pk__in=asked.values("video"))


def choices(project: Project, version: ScorerVersion, samples: int = 1) -> Choices:
    """Every choice with its count; two queries. The T2V models are left out where there is only one."""
    videos = unasked(project, version, samples)
    counts = videos.aggregate(**{key: Count("pk", filter=condition) for key, condition in _conditions().items()})
    labels = {
        ALL: _("All that it was not asked about"),
        "without-suggestion": _("Only those without any suggestion"),
        "unrated": _("Only those without a counted rating"),
    }
    models = videos.values_list("t2v_model", "t2v_model__name").annotate(Count("pk")).order_by("t2v_model__name")
    by_model = [Choice(f"{T2V_MODEL}{pk}", name, n) for pk, name, n in models]
    return Choices(
        general=[Choice(key, label, counts[key]) for key, label in labels.items()],
        by_t2v_model=by_model if len(by_model) > 1 else [],
    )


def chosen(project: Project, version: ScorerVersion, key: str, samples: int = 1) -> QuerySet[Video] | None:
    """The videos of a choice; None if there is no such choice."""
    videos = unasked(project, version, samples)
    for t2v_model in project.t2v_models.all():
        if key == f"{T2V_MODEL}{t2v_model.pk}":
            return videos.filter(t2v_model=t2v_model)
    condition = _conditions().get(key)
    return None if condition is None else videos.filter(condition)


def _conditions() -> dict[str, Q]:
    readable = Suggestion.objects.filter(video=OuterRef("pk")).exclude(status=SuggestionStatus.UNREADABLE)
    counted = Rating.objects.counted().filter(video=OuterRef("pk"))
    return {ALL: Q(), "without-suggestion": Q(~Exists(readable)), "unrated": Q(~Exists(counted))}
