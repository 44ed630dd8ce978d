"""A scorer's picks and the pairs that follow from its scores, as lines of files."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from annotation.models import Project, Prompt, ScorerVersion
from annotation.scale import DIMENSION_KEYS, DIMENSIONS
from datasets_app.csv_lines import csv_lines
from datasets_app.releases.format_preferences import DECIMALS, MODEL, Clip, pairs
from datasets_app.releases.jsonl import dump_line
from datasets_app.releases.put_video import path_of
from scoring.best_of.picks import Picks

EXPECTED = {dimension.key: f"{dimension.record_key}_expected" for dimension in DIMENSIONS}
CSV, JSONL = "csv", "jsonl"
KINDS = {CSV: "text/csv; charset=utf-8", JSONL: "application/jsonl"}


class Named(NamedTuple):
    """What a line says of a video."""

    name: str
    file: str  # the original's name in the media store
    t2v_model: str


def pick_lines(project: Project, found: Picks, kind: str) -> Iterator[bytes]:
    """One line a prompt with at least two ranked videos; in CSV several best ones stand in one cell, a line each.

    `kind` is `CSV` or `JSONL`; the columns are the same.
    """
    lines = picks_of(project, found)
    if kind == JSONL:
        return (dump_line(line) for line in lines)
    return csv_lines(COLUMNS, ([_flat(line[column]) for column in COLUMNS] for line in lines))


COLUMNS = (
    "prompt", "pick", "pick_t2v_model", "expected", *EXPECTED.values(), "confidence", "candidates", "runner_up",
    "runner_up_expected", "humans_best", "humans_best_score", "pick_human_score", "pick_is_humans_best",
)  # fmt: skip


def picks_of(project: Project, found: Picks) -> Iterator[dict[str, Any]]:
    """The columns of each prompt's pick; scores in steps of the scale, None where there is none."""
    videos, prompts = _videos(project), _prompts(project)
    r, c = found.ranking, found.loaded.candidates
    for prompt, places in found.each():
        pick, second = int(places[0]), int(places[1])
        best = places[found.best[places]]
        named = [videos[int(c.videos[r.rows[at]])] for at in places]
        values: list[Any] = [
            prompts[prompt],
            named[0].name,
            named[0].t2v_model,
            _number(r.score[pick]),
            *(_number(score) for score in c.expected[r.rows[pick]]),
            _number(r.confidence[pick]) or None,
            len(places),
            named[1].name,
            _number(r.score[second]),
            [name.name for name, is_best in zip(named, found.best[places], strict=True) if is_best],
            _number(found.human[best[0]]) if len(best) else None,
            _number(found.human[pick]),
            bool(found.best[pick]) if len(best) and not np.isnan(found.human[pick]) else None,
        ]
        yield dict(zip(COLUMNS, values, strict=True))


def pair_lines(project: Project, version: ScorerVersion, found: Picks, margin: float) -> Iterator[bytes]:
    """Preference pairs by the scorer's expected scores, each marked as the model's. Paths are as in a release."""
    videos, prompts = _videos(project), _prompts(project)
    r, c = found.ranking, found.loaded.candidates
    marked = {"source": MODEL, "scorer": str(version), "scorer_sha256": version.settings_sha256}
    for prompt, places in found.each():
        clips = []
        for at in places.tolist():
            named = videos[int(c.videos[r.rows[at]])]
            scores = dict(zip(DIMENSION_KEYS, map(_number, c.expected[r.rows[at]]), strict=True))
            clips.append(Clip(path_of(named.name, named.file), named.name, float(r.score[at]), scores))
        for pair in pairs(prompts[prompt], clips, margin, **marked):
            yield dump_line(pair)


def _videos(project: Project) -> Mapping[int, Named]:
    rows = project.videos.values_list("pk", "name", "original", "t2v_model__name")
    return {pk: Named(*said) for pk, *said in rows.iterator()}


def _prompts(project: Project) -> Mapping[int, str]:
    return dict(Prompt.objects.filter(project=project).values_list("pk", "text"))


def _number(value: Any) -> float | None:
    return None if np.isnan(value) else round(float(value), DECIMALS)


def _flat(value: Any) -> Any:
    return "\n".join(value) if isinstance(value, list) else value
