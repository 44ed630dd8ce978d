"""Which scorers a lead can start, and the version and number of samples chosen for a run."""

from collections.abc import Mapping
from dataclasses import dataclass

from annotation.models import Project, ScorerVersion
from scoring.registry import Entry, scorers
from scoring.versions import usable_versions

SAMPLES = (1, 3, 5)


@dataclass(frozen=True)
class Offer:
    """A scorer of the registry with the versions that can answer now, newest first; none without a checkpoint."""

    name: str
    entry: Entry
    versions: list[ScorerVersion]


@dataclass(frozen=True)
class Run:
    """What a run would use: a version, and how many samples of each video."""

    version: ScorerVersion
    entry: Entry
    samples: int


def offers() -> list[Offer]:
    """Every scorer of the registry, those that can be started first."""
    found = [Offer(name, known, usable_versions(name)) for name, known in sorted(scorers().items())]
    return sorted(found, key=lambda offer: not offer.versions)


def wanted_run(offered: list[Offer], wanted: Mapping[str, str]) -> Run | None:
    """The run that a form or an address names by `version` and `samples`; None if it is not on offer."""
    samples = {str(number): number for number in SAMPLES}.get(wanted.get("samples", "1"))
    for offer in offered:
        for version in offer.versions:
            if samples and str(version.pk) == wanted.get("version"):
                return Run(version, offer.entry, 1 if offer.entry.heuristic else samples)
    return None


def usual_run(offered: list[Offer], project: Project) -> Run | None:
    """The project's suggester where it can answer, else the first on offer: models, heuristics, then stand-ins."""
    on_offer = [(version, offer.entry) for offer in offered for version in offer.versions]
    on_offer.sort(key=lambda pair: (pair[0].pk != project.suggester_id, pair[0].stand_in, pair[1].heuristic))
    return Run(*on_offer[0], samples=1) if on_offer else None
