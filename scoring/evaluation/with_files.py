"""Evaluations with bench files: two files beside each other, or a file as the truth about a project's videos."""

from pathlib import Path
from typing import Any

import numpy as np

from annotation.models import Project, ScorerVersion, Suggestion, Video
from annotation.scale import DIMENSION_KEYS, DIMENSIONS
from scoring.evaluation.bench_file import (
    HUMAN,
    MODEL,
    Record,
    UnreadableBench,
    digits_of,
    has_model_scores,
    read_bench,
    require_whole,
    scores_of,
    write_bench,
)
from scoring.evaluation.compared import compared
from scoring.evaluation.load import GROUPINGS, Loaded
from scoring.evaluation.truth import Truth


def read_truth(path: Path) -> list[Record]:
    """A bench file's human scores. Raises `UnreadableBench` or `OSError`."""
    records = read_bench(path)
    require_whole(path, records)
    return records


def compare_files(bench: Path, predictions: Path | None) -> Loaded:
    """A file of predictions beside a file of human scores, or one file's `*_score_model` beside its own scores.

    A prediction between two steps ranks as it is and counts as the nearest step. Raises `UnreadableBench` or
    `OSError`.
    """
    people = read_truth(bench)
    said = {record.name: record for record in _predictions(predictions or bench, predictions is None)}
    both = [(record, said[record.name]) for record in people if record.name in said]
    if not both:
        raise UnreadableBench(f"{predictions} and {bench} have no video_name in common.")
    prompts = {text: number for number, text in enumerate(dict.fromkeys(record.prompt for record, _ in both))}
    both.sort(key=lambda pair: prompts[pair[0].prompt])
    scores = scores_of(theirs for _, theirs in both)
    whole = np.isnan(scores) | (scores == np.floor(scores))
    rows = compared(
        np.array([prompts[record.prompt] for record, _ in both], dtype=np.int64),
        scores_of(record for record, _ in both).astype(np.int64),
        digits_of(scores),
        np.where(whole.all(), np.nan, scores),
        np.full(scores.shape, np.nan),
    )
    answered = rows.answered.any(axis=1)
    left_out = {"not_in_file": len(said) - len(both), "no_suggestion": len(people) - len(both)}
    groups = {grouping: [""] * len(both) for grouping in GROUPINGS}
    all_rows = Loaded(np.arange(len(both)), rows, groups, left_out | {"abstained": int((~answered).sum())}, {})
    return all_rows.take(np.flatnonzero(answered))


def _predictions(path: Path, same_file: bool) -> list[Record]:
    if same_file and not has_model_scores(path):
        raise UnreadableBench(f"{path} has no visual_score_model, t2v_score_model or phy_score_model.")
    return read_bench(path, MODEL if same_file else HUMAN)


def truth_of_file(project: Project, path: Path) -> Truth:
    """A bench file's scores for the project's videos of the same name and prompt. Raises as `read_truth`."""
    records = {record.name: record for record in read_truth(path)}
    rows = Video.objects.filter(project=project).order_by("pk").values_list("pk", "name", "prompt__text")
    named = [(pk, records[name], prompt) for pk, name, prompt in rows if name in records]
    same = [(pk, record) for pk, record, prompt in named if not record.prompt or _same(record.prompt, prompt)]
    if not same:
        raise UnreadableBench(f"No video of {project.slug} has the name and prompt of a record in {path}.")
    return Truth(
        videos=np.array([pk for pk, _ in same], dtype=np.int64),
        human=scores_of(record for _, record in same).astype(np.int64),
        rests_on={"bench": len(same)},
        left_out={"not_in_file": len(rows) - len(named), "other_prompt": len(named) - len(same)},
    )


def _same(text: str, other: str) -> bool:
    return text.split() == other.split()


def write_answers(project: Project, version: ScorerVersion, path: Path) -> tuple[int, int]:
    """A version's answers as a bench file: digits, and its rationale as `thinking`. In order of names.

    The number of records, and of answers left out because a score is missing. Raises as `write_bench`.
    """
    said = Suggestion.objects.filter(scorer_version=version, sample=0, video__project=project)
    whole = said.filter(**{f"{key}__isnull": False for key in DIMENSION_KEYS})
    rows = whole.order_by("video__name").values_list(
        "video__name", "video__source_url", "video__prompt__text", "rationale", *DIMENSION_KEYS
    )
    written = write_bench(path, (_answer(row) for row in rows.iterator(chunk_size=2000)))
    return written, said.count() - written


def _answer(row: tuple[Any, ...]) -> dict[str, Any]:
    name, url, prompt, rationale, *scores = row
    said = {f"{d.record_key}_{HUMAN}": score for d, score in zip(DIMENSIONS, scores, strict=True)}
    return {"video_name": name, "video_url": url, "prompt": prompt, **said, "thinking": rationale}
