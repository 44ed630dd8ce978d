"""Scorer versions that can be evaluated in a project, and the one that somebody names."""

from django.db.models import Count, Max, Q

from annotation.models import Project, ScorerVersion


class NoSuchVersion(LookupError):
    """No version of that name answered here; the message lists those that did."""


def versions_with_answers(project: Project) -> list[ScorerVersion]:
    """Every version with a suggestion here, the one that answered last first. `answers` says how many."""
    here = Q(suggestions__video__project=project, suggestions__sample=0)
    found = ScorerVersion.objects.filter(here).annotate(
        answers=Count("suggestions"), newest=Max("suggestions__pk")
    )
    return list(found.select_related("scorer").order_by("-newest"))


def find_version(project: Project, wanted: str) -> ScorerVersion:
    """`name`: the version of this scorer that answered last here; `name:hash`: by its first characters.

    Raises `NoSuchVersion`.
    """
    name, _, start = wanted.partition(":")
    there = versions_with_answers(project)
    fitting = [
        version for version in there if version.scorer.name == name and version.settings_sha256.startswith(start)
    ]
    if not fitting or (start and len(fitting) > 1):
        known = ", ".join(f"{version.scorer.name}:{version.settings_sha256[:8]}" for version in there) or "none"
        what = "is not one version only" if fitting else "has no answers"
        raise NoSuchVersion(f"The scorer {wanted!r} {what} in {project.slug}. There are: {known}.")
    return fitting[0]
