"""A scorer version's answers beside the human scores of a project's videos, in four queries."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import gettext_lazy as _

from annotation.models import Distribution, Project, ScorerVersion, Suggestion, T2VModel, Video
from annotation.models.suggestion import SuggestionStatus
from annotation.scale import DIMENSION_KEYS
from scoring.evaluation.compared import Compared, Floats, Ints, compared
from scoring.evaluation.truth import Truth, in_order

N = len(DIMENSION_KEYS)
GROUPINGS = {"t2v_model": _("T2V model"), "tier": _("Tier"), "prompt_source": _("Prompt source")}
UNREADABLE = 1


@dataclass(frozen=True)
class Loaded:
    """Videos that have a human score and an answer, those of one prompt together.

    `groups` maps a grouping to the name of each row's group, empty where it is not known. `left_out` counts the
    project's other videos by reason, a key of `WHY`.
    """

    videos: Ints  # primary keys
    rows: Compared
    groups: dict[str, list[str]]
    left_out: dict[str, int]
    rests_on: dict[str, int]

    def take(self, rows: Ints) -> "Loaded":
        """Some of the rows, in their order."""
        groups = {name: [of[row] for row in rows] for name, of in self.groups.items()}
        return Loaded(self.videos[rows], self.rows.take(rows), groups, self.left_out, self.rests_on)


WHY = {
    "unrated": _("no rating counts"),
    "swayed_only": _("rated only by people who saw the model"),
    "not_in_file": _("not in the bench file"),
    "other_prompt": _("another prompt in the bench file"),
    "no_suggestion": _("not asked, or not answered yet"),
    "unreadable": _("the answer cannot be read"),
    "abstained": _("the scorer abstained on all dimensions"),
    "other_has_none": _("the other version has no answer"),
    "trained_on": _("trained on"),
}


def load(project: Project, version: ScorerVersion, truth: Truth) -> Loaded:
    """What this version says about the videos that have a human score."""
    said = _suggestions(project, version)
    place, there = in_order(said[:, 0], truth.videos)
    unreadable = there & (said[place, 1] == UNREADABLE) if len(said) else there
    hard = np.where(there[:, None], said[place, 2:], 0) if len(said) else np.zeros_like(truth.human)
    used = (hard > 0).any(axis=1)
    left_out = truth.left_out | {
        "no_suggestion": int((~there).sum()),
        "unreadable": int(unreadable.sum()),
        "abstained": int((there & ~unreadable & ~used).sum()),
    }
    videos = truth.videos[used]
    expected, confidence = _numbers(project, version, videos)
    prompts, groups = _groups(project, videos)
    order = np.lexsort((videos, prompts))
    human, digits = truth.human[used][order], hard[used][order]
    rows = compared(prompts[order], human, digits, expected[order], confidence[order])
    ordered = {name: [of[row] for row in order] for name, of in groups.items()}
    return Loaded(videos[order], rows, ordered, left_out, truth.rests_on)


def side_by_side(one: Loaded, other: Loaded) -> tuple[Loaded, Loaded]:
    """Both over the videos that both answered; in a dimension where one abstained, neither counts."""
    _, mine, theirs = np.intersect1d(one.videos, other.videos, return_indices=True)
    mine, theirs = mine[np.argsort(mine)], theirs[np.argsort(mine)]
    both = one.rows.answered[mine] & other.rows.answered[theirs]
    some = both.any(axis=1)
    a, b, both = one.take(mine[some]), other.take(theirs[some]), both[some]
    return _with(one, a, both), _with(other, b, both)


def _with(whole: Loaded, part: Loaded, both: Any) -> Loaded:
    missing = {"other_has_none": len(whole.videos) - len(part.videos)}
    return Loaded(part.videos, part.rows.only(both), part.groups, part.left_out | missing, part.rests_on)


def _suggestions(project: Project, version: ScorerVersion) -> Ints:
    """(answers, 5) by video: the video, 1 where unreadable, three scores with 0 for none."""
    unreadable = Case(When(status=SuggestionStatus.UNREADABLE, then=1), default=0, output_field=IntegerField())
    rows = (
        Suggestion.objects.filter(scorer_version=version, sample=0, video__project=project)
        .order_by("video_id")
        .annotate(unreadable=unreadable)
        .values_list("video_id", "unreadable", *DIMENSION_KEYS)
    )
    cells = np.array(list(rows), dtype=np.float64).reshape(-1, 2 + N)
    return np.nan_to_num(cells).astype(np.int64)


def _numbers(project: Project, version: ScorerVersion, videos: Ints) -> tuple[Floats, Floats]:
    """(videos, 3) expected scores and confidences; NaN where the scorer gave none. `videos` are sorted."""
    number: Any = Case(
        *[When(dimension=key, then=Value(d)) for d, key in enumerate(DIMENSION_KEYS)], output_field=IntegerField()
    )
    of = {"suggestion__scorer_version": version, "suggestion__sample": 0, "suggestion__video__project": project}
    rows = (
        Distribution.objects.filter(**of)
        .order_by()
        .values_list("suggestion__video_id", number, "expected_score", "confidence")
    )
    cells = np.array(list(rows), dtype=np.float64).reshape(-1, 4)
    place, there = in_order(videos, cells[:, 0].astype(np.int64))
    cells, place = cells[there], place[there]
    found = np.full((2, len(videos), N), np.nan)
    found[:, place, cells[:, 1].astype(np.int64)] = cells[:, 2:].T
    return found[0], found[1]


def _groups(project: Project, videos: Ints) -> tuple[Ints, dict[str, list[str]]]:
    """Each video's prompt, and what it belongs to by grouping. `videos` are sorted."""
    models = {
        pk: (name, tier)
        for pk, name, tier in T2VModel.objects.filter(project=project).values_list("pk", "name", "tier")
    }
    rows = (
        Video.objects.filter(project=project)
        .order_by("pk")
        .values_list("pk", "prompt_id", "t2v_model_id", "prompt__source")
    )
    wanted = set(videos.tolist())
    kept = [row for row in rows if row[0] in wanted]
    prompts = np.array([row[1] for row in kept], dtype=np.int64)
    return prompts, {
        "t2v_model": [models[row[2]][0] for row in kept],
        "tier": [models[row[2]][1] for row in kept],
        "prompt_source": [row[3] for row in kept],
    }
