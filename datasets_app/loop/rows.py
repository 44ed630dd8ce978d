"""The way of each scorer version round the loop: trained on a release, registered, scored, compared, promoted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from annotation.models import Project, ScorerVersion
from datasets_app.loop.compare import Standing, compare
from datasets_app.loop.seen import training_split
from datasets_app.models import Release, ReleaseState, TrainedOn
from datasets_app.releases.export_options import Options
from scoring.evaluation.keep import come_at_once
from scoring.evaluation.truth import UNBIASED
from scoring.offers import Offer, offers
from scoring.progress import Progress, progress_of
from scoring.registry import scorers


@dataclass(frozen=True)
class Row:
    """One version. `trained_on` is a release of this project; one of another project is only `elsewhere`."""

    version: ScorerVersion
    trains: bool  # it answers with a checkpoint, so it may have been trained on a release
    usable: bool  # videos can be scored with it now
    is_suggester: bool
    progress: Progress | None
    unscored: int
    trained_on: TrainedOn | None
    split: str  # that was trained on
    elsewhere: bool
    counting: bool  # its standing follows
    standing: Standing | None

    @property
    def scored(self) -> int:
        return self.progress.suggestions if self.progress else 0

    @property
    def next(self) -> str:
        """What to do now, a key of the template's words."""
        if not self.scored:
            return "score" if self.usable else "outdated"
        if self.trains and not self.trained_on and not self.elsewhere:
            return "state"
        if self.counting:
            return ""
        if self.standing is None or not self.standing.videos:
            return "unseen" if self.standing and self.standing.seen else "rate"
        if self.is_suggester:
            return "used"
        return "decide" if self.standing.gap else "alone"


def rows_of(project: Project, *, held_out: bool, wait: bool = False, only: int | None = None) -> list[Row]:
    """Versions with suggestions or jobs here and every registered checkpoint, newest first.

    Of many answers the standings follow one by one: with `only` a version's primary key, just its row with its
    standing; with `wait` all of them, however long it takes.
    """
    progress = {one.version.pk: one for one in progress_of(project)}
    offered = offers()
    trainable = _trainable(offered)
    usable = {version.pk for offer in offered for version in offer.versions}
    versions = {one.version.pk: one.version for one in progress.values()} | {
        version.pk: version for offer in offered if offer.entry.takes_checkpoint for version in offer.versions
    }
    stated = _stated(versions)
    trained = {pk: one for pk, one in stated.items() if one.release.project_id == project.pk}
    answered = [versions[pk] for pk, one in progress.items() if one.suggestions]
    suggester = next((version for version in answered if version.pk == project.suggester_id), None)
    counted = answered if wait or come_at_once(project, answered, UNBIASED) else []
    if only is not None:
        counted = [version for version in answered if version.pk == only]
    standings = compare(project, counted, suggester, held_out=held_out)
    videos = project.videos.scorable().count()

    def row(version: ScorerVersion) -> Row:
        pk, one = version.pk, trained.get(version.pk)
        said = progress.get(pk)
        return Row(
            version=version,
            trains=version.scorer.name in trainable,
            usable=pk in usable,
            is_suggester=pk == project.suggester_id,
            progress=said,
            unscored=max(videos - (said.suggestions if said else 0), 0),
            trained_on=one,
            split=training_split(Options(**one.release.settings)) if one else "",
            elsewhere=pk in stated and one is None,
            counting=bool(said and said.suggestions) and pk not in standings,
            standing=standings.get(pk),
        )

    newest_first = sorted(versions.values(), key=lambda version: (version.created_at, version.pk), reverse=True)
    return [row(version) for version in newest_first if only in (None, version.pk)]


def releases_of(project: Project) -> Sequence[Release]:
    """Releases that a checkpoint can have been trained on, newest first."""
    return list(Release.objects.filter(project=project, state=ReleaseState.DONE))


def trainable_versions() -> QuerySet[ScorerVersion]:
    """Versions of scorers that answer with a checkpoint."""
    names = [name for name, known in scorers().items() if known.takes_checkpoint]
    return ScorerVersion.objects.select_related("scorer").filter(scorer__name__in=names)


def commands() -> list[dict[str, Any]]:
    """How a checkpoint is registered, for each scorer that takes one."""
    return [
        {
            "scorer": offer.name,
            "line": f"python manage.py register_scorer {offer.name} --checkpoint {offer.entry.checkpoint_is}",
            "also": offer.entry.registered_with,
        }
        for offer in sorted(offers(), key=lambda offer: offer.name)
        if offer.entry.takes_checkpoint
    ]


def _trainable(offered: Sequence[Offer]) -> set[str]:
    return {offer.name for offer in offered if offer.entry.takes_checkpoint}


def _stated(versions: dict[int, ScorerVersion]) -> dict[int, TrainedOn]:
    found = TrainedOn.objects.filter(scorer_version__in=versions).select_related("release", "stated_by")
    return {one.scorer_version_id: one for one in found}
