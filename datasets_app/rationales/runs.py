"""What reconciliation made of a project's scores so far, by scorer version, and starting it from the page."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Max

from annotation.models import Adjustment, AdjustmentOutcome, Project, ScorerVersion, Suggestion, Verdict
from datasets_app.rationales.reconcile import RULE, can_be_asked, is_outdated
from scoring.models import WantedReconciliation


class UnknownVersion(LookupError):
    """No such scorer version has suggestions in the project; the sentence says which have."""


@dataclass(frozen=True)
class Made:
    """One version's adjustments: how many of each outcome, and what a run would change.

    `outdated` were made for other scores than the verdicts' of now; `lacking` settled videos have a suggestion and
    no adjustment yet, `without` have none.
    """

    version: ScorerVersion
    outcomes: list[tuple[AdjustmentOutcome, int]]
    outdated: int
    lacking: int
    without: int
    made_at: object
    can_be_asked: bool
    wanted: WantedReconciliation | None  # a worker owes it, or has given it up

    @property
    def in_all(self) -> int:
        return sum(n for _, n in self.outcomes)


def runs_of(project: Project) -> list[Made]:
    """One entry for each version with suggestions in the project, newest first. Five queries in all."""
    settled = Verdict.objects.filter(video__project=project).count()
    said = Suggestion.objects.filter(video__project=project, sample=0, video__verdict__isnull=False)
    answered = dict(said.values_list("scorer_version").annotate(Count("video", distinct=True)).order_by())
    rows = Adjustment.objects.filter(video__project=project, rule=RULE).order_by()
    outcomes = rows.values_list("scorer_version", "outcome").annotate(
        n=Count("pk"), outdated=Count("pk", filter=is_outdated()), last=Max("made_at")
    )
    by_version: dict[int, list[tuple[str, int, int, object]]] = {}
    for version, *row in outcomes:
        by_version.setdefault(version, []).append(tuple(row))
    owed = {one.scorer_version_id: one for one in WantedReconciliation.objects.filter(project=project)}
    return [
        _made(version, by_version.get(version.pk, []), answered.get(version.pk, 0), settled, owed.get(version.pk))
        for version in versions_in(project)
    ]


def versions_in(project: Project) -> list[ScorerVersion]:
    """The versions that a run can be made with: those with suggestions in the project, newest first."""
    asked = Suggestion.objects.filter(video__project=project).order_by().values("scorer_version").distinct()
    found = ScorerVersion.objects.filter(pk__in=asked).select_related("scorer")
    return list(found.order_by("-created_at", "-pk"))


def named_version(project: Project, name: str) -> ScorerVersion:
    """The newest version of scorer NAME with suggestions in the project, or the one that NAME:HASH begins.

    Raises `UnknownVersion`.
    """
    scorer, _, sha256 = name.partition(":")
    versions = versions_in(project)
    fitting = [
        one for one in versions if one.scorer.name == scorer and one.settings_sha256.startswith(sha256.lower())
    ]
    if not fitting or (sha256 and len(fitting) > 1):
        known = ", ".join(f"{one.scorer.name}:{one.settings_sha256[:8]}" for one in versions) or "none"
        how_many = "More than one version begins" if fitting else "No version with suggestions here is called"
        raise UnknownVersion(f"{how_many} {name!r}. There are: {known}.")
    return fitting[0]


def _made(
    version: ScorerVersion,
    rows: list[tuple[str, int, int, object]],
    answered: int,
    settled: int,
    wanted: WantedReconciliation | None,
) -> Made:
    by_outcome = Counter({outcome: n for outcome, n, _, _ in rows})
    adjusted = sum(n for _, n, _, _ in rows)
    return Made(
        version,
        outcomes=[(outcome, by_outcome[outcome]) for outcome in AdjustmentOutcome],
        outdated=sum(n for _, _, n, _ in rows),
        lacking=max(answered - adjusted, 0),
        without=settled - answered,
        made_at=max((at for *_, at in rows), default=None),  # type: ignore[type-var]
        can_be_asked=can_be_asked(version),
        wanted=wanted,
    )
