"""Preference pairs of a release: which two videos make one, and whose scores they carry."""

import json

import pytest

from annotation.room.settle import settle
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import ExportError, Options
from tests.make import make_project, make_rating, make_user, make_video


@pytest.fixture
def project(db):
    """Three videos of one prompt, two of another, one alone; exact means 4, 3, 3 - 5/3, 1 - 4."""
    project = make_project("pairs", overlap=2)
    scores = {
        "a-good": ("a cat", [(4, 4, 4), (4, 4, 4)]),
        "b-middle": ("a cat", [(3, 3, 3), (3, 3, 3)]),
        "c-middle": ("a cat", [(3, 3, 3), (3, 3, 3)]),
        "d-half": ("a dog", [(1, 2, 2), (2, 2, 1)]),
        "e-poor": ("a dog", [(1, 1, 1), (1, 1, 1)]),
        "f-alone": ("a hen", [(5, 5, 5), (1, 1, 1)]),
    }
    for name, (prompt, rated) in scores.items():
        video = make_video(project, prompt, name=name)
        for three in rated:
            make_rating(video, make_user(), three)
        settle([video])
    return project


def export(project, folder, **options):
    counts = export_dataset(project, Options(formats=["preferences"], videos="none", **options), folder)
    return counts, {path.name: read(path) for path in folder.glob("preferences*.jsonl")}


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_videos_of_one_prompt_that_are_far_enough_apart_make_pairs(project, tmp_path):
    counts, files = export(project, tmp_path / "out", margin=1.0)  # a gap of just the margin counts
    pairs = files["preferences.jsonl"]
    assert [(pair["chosen"], pair["rejected"], pair["best_worst"]) for pair in pairs] == [
        ("videos/a-good.mp4", "videos/b-middle.mp4", False),
        ("videos/a-good.mp4", "videos/c-middle.mp4", True),
    ]
    assert counts.records == {"preferences": 2}
    assert pairs[0] == {
        "prompt": "a cat", "chosen": "videos/a-good.mp4", "rejected": "videos/b-middle.mp4",
        "chosen_score": 4.0, "rejected_score": 3.0, "margin": 1.0,
        "chosen_scores": {"visual_score": 4.0, "t2v_score": 4.0, "phy_score": 4.0},
        "rejected_scores": {"visual_score": 3.0, "t2v_score": 3.0, "phy_score": 3.0},
        "best_worst": False, "source": "human",
    }  # fmt: skip


def test_the_margin_is_of_exact_scores_and_equal_videos_are_no_pair_even_without_one(project, tmp_path):
    _, files = export(project, tmp_path / "out", margin=0)
    pairs = files["preferences.jsonl"]
    assert len(pairs) == 3  # a over b and c, d over e; b and c are equal
    assert (pairs[2]["chosen_score"], pairs[2]["margin"]) == (1.6667, 0.6667)  # medians 1.5, 2, 1.5
    with pytest.raises(ExportError, match="Nothing to export as preferences"):
        export(project, tmp_path / "none", margin=2)


def test_a_pair_lies_in_the_split_of_its_prompt(project, tmp_path):
    _, files = export(project, tmp_path / "out", margin=0.5, split={"train": 0.5, "test": 0.5}, seed=3)
    prompts = [{pair["prompt"] for pair in pairs} for pairs in files.values()]
    assert len(prompts) == 2
    assert sorted(map(sorted, prompts)) == [["a cat"], ["a dog"]]
