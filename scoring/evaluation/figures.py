"""All that the part with the figures says, for templates."""

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from annotation.models import Project, ScorerVersion
from annotation.scale import DIMENSIONS
from scoring.evaluation import page
from scoring.evaluation.bootstrap import MIN_PROMPTS
from scoring.evaluation.compared import Ints
from scoring.evaluation.forms import Wish
from scoring.evaluation.keep import loaded
from scoring.evaluation.learned import among, seen_by_each, stamp, without
from scoring.evaluation.models import Evaluation, EvaluationState
from scoring.evaluation.results import Side, results
from scoring.evaluation.run import is_held_out, newest, versions_of
from scoring.evaluation.tables_of import confusion, reliability
from scoring.evaluation.truth import ALL


def figures_context(project: Project, wish: Wish) -> dict[str, Any]:
    """For `scoring/evaluation_figures.html`. Needs a wish with a version."""
    assert wish.version is not None
    seen = seen_by_each(project, wish.versions)
    gone = seen if wish.held_out else []
    found = results([without(one, gone) for one in loaded(project, wish.versions, wish.ratings)])
    asked = newest(project, wish.version, wish.against, wish.ratings, held_out=wish.held_out)
    more = intervals_context(project, asked) if asked else {}
    said = asked.results["intervals"] if asked and more["current"] else None
    sides = zip(wish.versions, found.sides, page.left_out(found), page.without_numbers(found), strict=True)
    return {
        "project": project,
        "wish": wish,
        "found": found,
        "biased": wish.ratings == ALL,
        "trained_on": _trained_on(wish.versions, found.sides, seen),
        "unseen": len(without(found.sides[0].loaded, seen).videos),
        "rests_on": found.sides[0].loaded.rests_on,
        "rows": page.rows(found, wish.versions, said) if found.videos else [],
        "videos_behind": page.videos_behind(found),
        "pairs_behind": page.pairs_behind(found),
        "sides": list(sides),
        "groupings": page.groupings(found, said),
        "group_labels": page.group_labels(len(wish.versions)),
        "small": page.SMALL,
        "pictures": [_picture(version, side) for version, side in zip(wish.versions, found.sides, strict=True)],
        "dimensions": DIMENSIONS,
        "evaluation": asked,
        "too_few": MIN_PROMPTS if found.sides[0].loaded.rows.n_prompts < MIN_PROMPTS else 0,
        **more,
    }


def intervals_context(project: Project, evaluation: Evaluation) -> dict[str, Any]:
    """For `scoring/evaluation_intervals.html`: whether its intervals are those of what is there now."""
    done = evaluation.state == EvaluationState.DONE
    ratings, held_out = evaluation.settings["ratings"], is_held_out(evaluation)
    now = stamp(project, versions_of(evaluation), ratings, held_out=held_out) if done else ""
    wish = Wish(evaluation.scorer_version, evaluation.other_version, ratings, held_out)
    return {"evaluation": evaluation, "wish": wish, "current": done and evaluation.fingerprint == now}


def _trained_on(
    versions: list[ScorerVersion], sides: list[Side], seen: list[Ints]
) -> list[tuple[ScorerVersion, int]]:
    """The versions that were trained on some of the videos, each with how many."""
    counted = [
        (version, among(side.loaded, its)) for version, side, its in zip(versions, sides, seen, strict=True)
    ]
    return [(version, n) for version, n in counted if n]


def _picture(version: ScorerVersion, side: Side) -> dict[str, Any]:
    """What the two pictures show, in words."""
    rows = side.loaded.rows
    bins = [[each for each in reliability(rows, d).tolist() if each[0]] for d in range(len(DIMENSIONS))]
    tables = [confusion(rows, d).tolist() for d in range(len(DIMENSIONS))]
    sure = [
        f"{one.label}: " + "; ".join(_bin(*each) for each in of)
        for one, of in zip(DIMENSIONS, bins, strict=True)
        if of
    ]
    said = [
        f"{one.label}: "
        + "; ".join(f"{row + 1}: {', '.join(map(str, counts))}" for row, counts in enumerate(table))
        for one, table in zip(DIMENSIONS, tables, strict=True)
    ]
    return {"version": version, "sure": ". ".join(sure), "said": ". ".join(said), "has_numbers": any(bins)}


def _bin(videos: float, confidence: float, right: float) -> str:
    shares = {"sure": number_format(100 * confidence, 0), "right": number_format(100 * right, 0)}
    return _("%(sure)s %% sure, %(right)s %% right of %(videos)d") % {**shares, "videos": videos}
