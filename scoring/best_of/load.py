"""What best-of-N reads: a scorer's answers, prompt after prompt, and what raters said who had not seen them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.core.cache import cache
from django.db.models import F, FilteredRelation, Q

from annotation.models import Project, ScorerVersion, Suggestion
from annotation.scale import DIMENSION_KEYS
from scoring.best_of.rank import Candidates, Floats, N
from scoring.best_of.score_picks import Opinions
from scoring.evaluation.keep import KEEP_SECONDS, fingerprint
from scoring.evaluation.truth import SWAYED, UNBIASED, by_kind

FORM = 1  # of what is kept: raise it when `Loaded` changes


@dataclass(frozen=True)
class Loaded:
    """A scorer's candidates with the mean of the raters' scores, (n, 3), NaN where nobody scored on their own.

    The ratings are those that an evaluation counts. Their mean tells more videos apart than the median does.
    """

    candidates: Candidates
    human: Floats
    opinions: Opinions
    stamp: str  # another one where any of it may have changed


def load(project: Project, version: ScorerVersion) -> Loaded:
    """As it was kept, until a rating or a suggestion changes. Prompts in the project's order, videos by name."""
    key = f"best-of-{FORM}-{project.pk}-{version.pk}"
    stamp = f"{key}-{fingerprint(project, [version], UNBIASED)}"
    kept: Loaded | None = cache.get(key)
    if kept is None or kept.stamp != stamp:
        candidates, opinions = _candidates(project, version), _opinions(project)
        kept = Loaded(candidates, _means(candidates, opinions), opinions, stamp)
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def usual_version(project: Project, versions: Sequence[ScorerVersion]) -> ScorerVersion | None:
    """The project's suggester where it has answers here, else the first."""
    return next((one for one in versions if one.pk == project.suggester_id), versions[0] if versions else None)


def _candidates(project: Project, version: ScorerVersion) -> Candidates:
    numbers = {
        f"on_{key}": FilteredRelation("distributions", condition=Q(distributions__dimension=key))
        for key in DIMENSION_KEYS
    }
    rows = (
        Suggestion.objects.filter(scorer_version=version, sample=0, video__project=project)
        .annotate(**numbers)
        .order_by("video__prompt__position", "video__prompt_id", "video__name")
        .values_list(
            "video__prompt_id",
            "video_id",
            *DIMENSION_KEYS,
            *(F(f"on_{key}__expected_score") for key in DIMENSION_KEYS),
            *(F(f"on_{key}__confidence") for key in DIMENSION_KEYS),
        )
    )
    cells = np.array(list(rows), dtype=np.float64).reshape(-1, 2 + 3 * N)
    hard, expected, confidence = (cells[:, 2 + N * nth : 2 + N * (nth + 1)] for nth in range(3))
    keys = cells[:, :2].astype(np.int64)
    return Candidates(keys[:, 0], keys[:, 1], np.where(np.isnan(expected), hard, expected), confidence)


def _opinions(project: Project) -> Opinions:
    own = by_kind(project, UNBIASED).filter(kind__gt=SWAYED)
    rows = own.values_list("video_id", "rater_id", *DIMENSION_KEYS)
    cells = np.array(list(rows), dtype=np.float64).reshape(-1, 2 + N)
    keys = cells[:, :2].astype(np.int64)
    return Opinions(keys[:, 0], keys[:, 1], cells[:, 2:])


def _means(candidates: Candidates, opinions: Opinions) -> Floats:
    order = np.argsort(candidates.videos)
    known = np.isin(opinions.videos, candidates.videos)
    rows = order[np.searchsorted(candidates.videos[order], opinions.videos[known])]
    n = len(candidates.videos)
    counts = np.bincount(rows, minlength=n)
    sums = [np.bincount(rows, opinions.scores[known, d], n) for d in range(N)]
    with np.errstate(invalid="ignore"):
        return np.asarray(np.stack(sums, axis=1) / counts[:, None])
