"""A lead states which release a scorer version was trained on, or takes that back."""

from annotation.models import Project, ScorerVersion, User
from datasets_app.models import Release, TrainedOn


class StatedElsewhere(Exception):
    """A lead of another project has stated a release of theirs; only they may change that."""


def state_training(project: Project, version: ScorerVersion, release: Release | None, *, by: User) -> None:
    """`release` is one of this project; None takes back what was stated here. Raises StatedElsewhere."""
    if TrainedOn.objects.filter(scorer_version=version).exclude(release__project=project).exists():
        raise StatedElsewhere
    if release is None:
        TrainedOn.objects.filter(scorer_version=version, release__project=project).delete()
    else:
        TrainedOn.objects.update_or_create(scorer_version=version, defaults={"release": release, "stated_by": by})
