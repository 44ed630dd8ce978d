"""Which videos a release holds, with which scores, by its options; and that a preview foretells it."""

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.guidelines.examples import put
from annotation.models import Adjustment, EditedRationale, Rating, Review, ReviewCase, Verdict
from annotation.room.settle import settle
from annotation.scale import DIMENSION_KEYS
from datasets_app.releases.choose import check_names
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import ExportError, Options
from datasets_app.releases.preview import preview
from datasets_app.releases.select_rows import select_rows
from tests.make import (
    make_project,
    make_prompt,
    make_rating,
    make_scorer_version,
    make_suggestion,
    make_user,
    make_video,
)

pytestmark = pytest.mark.portability


def rated(video, *opinions):
    """Ratings in order, each (arm, scores, day of January 2026); by raters of their own."""
    for arm, scores, day in opinions:
        rating = make_rating(video, make_user(), scores, arm=arm, visual_quality_reason=f"{arm} {day}")
        Rating.objects.filter(pk=rating.pk).update(submitted_at=datetime(2026, 1, day, 23, 59, tzinfo=UTC))
    settle([video])
    return video


def decide(video, decision, case, **fields):
    if decision == "return":
        fields |= {"rating": video.ratings.first(), "preset": "vague"}
    review = Review.objects.create(video=video, reviewer=make_user(), decision=decision, **fields)
    review.ratings.set(video.ratings.all())
    settle([video])
    reason = {"audit": True} if case == "open" else {}
    ReviewCase.objects.update_or_create(video=video, defaults={"state": case, **reason})


@pytest.fixture
def project(db):
    project = make_project(overlap=2)
    vid = make_prompt(project, "one", source="vidprom")
    two = make_video(project, vid, "ltx", name="two")
    rated(two, ("blind", (2, 3, 4), 1), ("prefill", (5, 4, 4), 2))
    fixed = rated(
        make_video(project, vid, "ltx", name="fixed"), ("blind", (3, 3, 3), 2), ("prefill", (3, 3, 3), 3)
    )
    decide(fixed, "fix", "closed", **dict.fromkeys(DIMENSION_KEYS, 5))
    other = make_prompt(project, "other", source="ocr")
    for name, decision, case in (
        ("accepted", "accept", "closed"),
        ("back", "return", "returned"),
        ("again", "accept", "open"),
    ):
        video = rated(
            make_video(project, other, "wan", name=name), ("reveal", (4, 4, 4), 4), ("reveal", (4, 2, 4), 5)
        )
        decide(video, decision, case)
    rated(make_video(project, other, "wan", name="single"), ("blind", (1, 1, 1), 6))
    make_video(project, other, "wan", name="unrated")
    return project


def rows_of(project, left_out=None, **options):
    heard = (left_out if left_out is not None else []).append
    rows = select_rows(project, Options(**{"formats": ["records"]} | options), heard)
    return {row.name: row for row in rows}


def scores_of(project, **options):
    return {name: tuple(row.scores.values()) for name, row in rows_of(project, **options).items()}


SETTLED = {"two": (2, 3, 4), "fixed": (5, 5, 5), "accepted": (4, 2, 4), "back": (4, 2, 4), "again": (4, 2, 4)}


def test_by_default_a_row_is_the_stored_verdict(project):
    left_out = []
    rows = rows_of(project, left_out)
    verdicts = Verdict.objects.in_bulk(field_name="video_id")
    assert {name: tuple(row.scores.values()) for name, row in rows.items()} == SETTLED
    assert left_out == ["no verdict yet", "not rated yet"]
    assert len(rows) + len(left_out) == project.videos.count()  # each video is in or accounted for
    stored = {verdict.video.name: verdict for verdict in verdicts.values()}
    for name, row in rows.items():
        assert row.scores == row.human == stored[name].scores
        assert row.exact == {key: getattr(stored[name], f"{key}_exact") for key in DIMENSION_KEYS}
        assert row.policy == stored[name].policy
        assert len(row.ratings) == stored[name].ratings.count()


def test_an_example_of_the_guidelines_waits_for_no_rating(project):
    for name in ("single", "unrated"):
        put(project.videos.get(name=name), words="A hand melts.", scores={})
    left_out = []
    assert "two" in rows_of(project, left_out)
    assert left_out == ["example of the guidelines"] * 2
    left_out = []
    assert rows_of(project, left_out, policy="median")["single"].scores
    assert left_out == ["example of the guidelines"]


@pytest.mark.parametrize(
    ("options", "scores"),
    [
        ({"policy": "median"}, SETTLED | {"fixed": (3, 3, 3), "single": (1, 1, 1)}),
        ({"policy": "median", "min_ratings": 2}, SETTLED | {"fixed": (3, 3, 3)}),
        ({"min_ratings": 3}, {}),
        ({"arms": ["blind"]}, {"two": (2, 3, 4), "fixed": (5, 5, 5)}),
        ({"arms": ["prefill"]}, {"two": (5, 4, 4), "fixed": (5, 5, 5)}),
        ({"arms": ["prefill", "blind"], "min_ratings": 2}, {"two": (2, 3, 4), "fixed": (5, 5, 5)}),
        ({"since": "2026-01-02", "until": "2026-01-02"}, {"two": (5, 4, 4), "fixed": (5, 5, 5)}),
        ({"until": "2026-01-01"}, {"two": (2, 3, 4)}),
        ({"since": "2026-01-05"}, {"accepted": (4, 2, 4), "back": (4, 2, 4), "again": (4, 2, 4)}),
        ({"since": "2026-01-07"}, {}),
        ({"reviewed_only": True}, {"fixed": (5, 5, 5), "accepted": (4, 2, 4)}),
        ({"t2v_models": ["ltx"]}, {"two": (2, 3, 4), "fixed": (5, 5, 5)}),
        ({"prompt_sources": ["ocr"]}, {"accepted": (4, 2, 4), "back": (4, 2, 4), "again": (4, 2, 4)}),
        ({"t2v_models": ["ltx"], "prompt_sources": ["ocr"]}, {}),
    ],
)
def test_each_option_chooses_videos_and_scores(options, scores, project):
    assert scores_of(project, **options) == scores


def test_only_ratings_that_count_speak(project):
    row = rows_of(project, arms=["blind"])["two"]
    assert row.comments["visual_quality"] == "blind 1"
    assert (row.policy, row.ratings[0][0], len(row.ratings)) == ("single", "blind", 1)
    assert "prefill" not in row.rationale


@pytest.fixture
def version(project):
    """Adjusts the settled videos: one kept, one averaged, one outdated, one sent back, one discarded."""
    version = make_scorer_version()
    for name, outcome, scores, human in [
        ("two", "averaged", (3, 3, 4), (2, 3, 4)),
        ("fixed", "kept", (5, 5, 5), (3, 3, 3)),
        ("accepted", "kept", (4, 2, 4), (4, 2, 4)),
        ("back", "sent_back", (None, None, None), (4, 2, 4)),
        ("again", "discarded", (None, None, None), (4, 2, 4)),
    ]:
        video = project.videos.get(name=name)
        of_human = dict(zip([f"{key}_human" for key in DIMENSION_KEYS], human, strict=True))
        Adjustment.objects.create(
            video=video, scorer_version=version, outcome=outcome, suggestion=make_suggestion(video, version),
            **dict(zip(DIMENSION_KEYS, scores, strict=True)), **of_human,
        )  # fmt: skip
    return version


def test_adjustments_train_and_the_bench_keeps_the_experts_scores(project, version, tmp_path):
    options = Options(["records", "bench"], reconcile=version.pk)
    row = rows_of(project, reconcile=version.pk)["two"]
    assert (row.policy, row.human["visual_quality"], row.exact["visual_quality"]) == ("videofeedback2", 2, 3.0)
    assert row.exact["text_alignment"] == 3.5  # the experts' median where nothing was changed
    counts = export_dataset(project, options, tmp_path / "out")
    assert counts.records == {"records": 2, "bench": 5}
    assert counts.left_out["records"] == {
        "scores changed since they were reconciled": 1,
        "sent back to the scorer": 1,
        "discarded by the reconciliation": 1,
    }
    assert lines(tmp_path / "out" / "records.jsonl")[0]["visual_score"] == 3
    assert lines(tmp_path / "out" / "bench.jsonl")[0]["visual_score"] == 2
    Adjustment.objects.all().delete()
    with pytest.raises(ExportError, match=r"no record\. Left out: .*\b5 not reconciled with the scorer"):
        export_dataset(project, options, tmp_path / "other")


@pytest.mark.parametrize("formats", [["bench"], ["sft", "bench"]])
def test_what_bench_alone_takes_is_counted_and_listed_as_the_experts_said_it(formats, project, version, tmp_path):
    """The adjusted scores of `two` have no edited text, so `sft` refuses it; `bench` holds the experts' text."""
    for name, scores in (("two", (2, 3, 4)), ("accepted", (4, 2, 4))):
        video = project.videos.get(name=name)
        edited = {"video": video, "suggestion": video.suggestions.get(), "editor": make_user(), "text": "Steady."}
        EditedRationale.objects.create(**edited, **dict(zip(DIMENSION_KEYS, scores, strict=True)))
    asked = Options(formats, videos="none", rationale="edited", reconcile=version.pk)
    counts, foretold = export_dataset(project, asked, tmp_path / "out"), preview(project, asked)
    assert [line["thinking"] for line in lines(tmp_path / "out" / "bench.jsonl")].count("Steady.") == 2
    assert counts.rationales == foretold.rationales_about == {"edited": 2, "none": 3}
    assert foretold.scores["visual_quality"] == [0, 1, 0, 3, 1]
    held = next(line for line in lines(tmp_path / "out" / "videos.jsonl") if line["video_name"] == "two")
    assert (held["policy"], held["visual_score"], held["rationale_source"]) == ("median", 2, "edited")
    assert held["formats"] == ["bench"]
    card = (tmp_path / "out" / "README.md").read_text()
    assert ("are reconciled with scorer" in card) == ("sft" in formats)


def test_an_edited_rationale_is_taken_for_its_scores_only(project):
    video = project.videos.get(name="two")
    suggestion = make_suggestion(video)
    edited = {"video": video, "suggestion": suggestion, "editor": make_user()}
    EditedRationale.objects.create(
        **edited, text="Older.", live=False, visual_quality=2, text_alignment=3, physical_consistency=4
    )
    EditedRationale.objects.create(
        **edited, text="As edited.", visual_quality=2, text_alignment=3, physical_consistency=4
    )
    row = rows_of(project)["two"]
    assert (row.rationale, row.rationale_source) == ("As edited.", "edited")
    assert rows_of(project, arms=["prefill"])["two"].rationale_source == "expert"
    assert preview(project, Options(["sft"])).rationales_about == {"edited": 1, "expert": 4}


# --- The same file in two splits --------------------------------------------------------------------
@pytest.fixture
def leaky(db):
    """Twelve prompts with a video each; two pairs of them share a file, and one prompt repeats one."""
    project = make_project()
    for n in range(12):
        video = make_video(project, f"prompt {n}", name=f"v{n:02}", sha256=f"{n % 10:064x}")
        rated(video, ("blind", (3, 3, 3), 1))
    rated(make_video(project, "prompt 5", "again", name="same", sha256=f"{5:064x}"), ("blind", (1, 1, 1), 1))
    return project


SPLIT = {"split": {"train": 0.7, "test": 0.3}, "seed": 1}


def test_a_file_in_two_splits_is_refused_or_leaves_the_larger_one_and_is_listed(leaky, tmp_path):
    with pytest.raises(
        ExportError, match=r"^1 videos have a file that is in another split, too: 'v\d\d' \(train\)"
    ):
        export_dataset(leaky, Options(["records"], **SPLIT), tmp_path / "refused")
    options = Options(["records", "bench"], on_leak="list", **SPLIT)
    counts = export_dataset(leaky, options, tmp_path / "out")
    (leak,) = lines(tmp_path / "out" / "leaks.jsonl")
    in_split = {
        split: {record["video_name"] for record in lines(tmp_path / "out" / f"records_{split}.jsonl")}
        for split in ("train", "test")
    }
    assert (leak["split"], leak["kept_split"]) == ("train", "test")
    assert leak["kept_name"] in in_split["test"]
    assert leak["video_name"] not in in_split["train"] | in_split["test"]
    assert counts.left_out[""] == {"file in another split, too": 1}
    assert (counts.videos, counts.records["records"], counts.duplicates) == (13, 12, 2)
    assert "leaks.jsonl" in json.loads((tmp_path / "out" / "manifest.json").read_text())["files"]
    export_dataset(leaky, options, tmp_path / "twice")
    assert contents(tmp_path / "twice") == contents(tmp_path / "out")


def test_what_a_choice_is_refused_with_is_in_the_readers_language(project, monkeypatch):
    for module in ("choose", "export_options"):
        monkeypatch.setattr(f"datasets_app.releases.{module}._", lambda words: f"<{words}>")
    with pytest.raises(ExportError, match=r"^<There is no <format> 'arrow'"):
        Options(["arrow"])
    for asked in ({"t2v_models": ["sora"]}, {"reconcile": 0}):
        with pytest.raises(ExportError, match=r"^<"):
            check_names(project, Options(["records"], **asked))


def test_reviewed_only_asks_whether_the_ratings_of_now_were_looked_at(project):
    def names():
        return set(rows_of(project, reviewed_only=True))

    assert names() == {"fixed", "accepted"}
    videos = {video.name: video for video in project.videos.filter(name__in=names())}
    for video in videos.values():
        rated(video, ("blind", (4, 4, 4), 9))  # nobody has looked at this one
    assert names() == {"fixed"}  # whose scores are the reviewer's own
    decide(videos["accepted"], "accept", "closed")
    assert names() == {"fixed", "accepted"}


def test_without_splits_nothing_leaks_and_repeats_are_counted(leaky, tmp_path):
    assert export_dataset(leaky, Options(["records"]), tmp_path / "out").duplicates == 3
    assert not (tmp_path / "out" / "leaks.jsonl").exists()


# --- The preview ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"policy": "median", "margin": 0.5},
        {"arms": ["blind"], "margin": 0},
        {"reviewed_only": True},
        {"reconcile": True},
        {"policy": "median", "split": {"train": 0.5, "test": 0.5}, "seed": 3},
    ],
)
def test_a_preview_foretells_the_export(options, project, version, tmp_path):
    if "reconcile" in options:
        options = options | {"reconcile": version.pk}
    formats = [
        name for name in ("records", "sft", "bench", "preferences") if name != "preferences" or "margin" in options
    ]
    asked = Options(formats, videos="none", **options)
    counts, foretold = export_dataset(project, asked, tmp_path / "out"), preview(project, asked)
    assert foretold.videos == counts.videos
    assert foretold.records_about == counts.records
    assert foretold.left_out_about == counts.left_out
    assert foretold.rationales_about == counts.rationales
    scores = rows_of(project, **options).values()
    assert foretold.scores == {
        key: [sum(row.scores[key] == score for row in scores) for score in range(1, 6)] for key in DIMENSION_KEYS
    }
    if asked.split:
        assert {f"records_{split}": n for split, n in foretold.splits.items()}.items() <= counts.splits.items()


def test_a_preview_counts_leaks_and_what_the_videos_are(leaky):
    asked = Options(["records"], on_leak="list", **SPLIT)
    foretold = preview(leaky, asked)
    assert (foretold.leaks, foretold.duplicates, foretold.prompts, foretold.records_about["records"]) == (
        1,
        2,
        12,
        12,
    )
    assert foretold.t2v_models == {"unknown": 12, "again": 1}
    assert (foretold.arms, foretold.ratings) == ({"blind": 13}, 13)


def test_a_preview_asks_as_often_for_many_videos(leaky):
    asked = Options(["records", "sft"], arms=["blind"], **SPLIT)
    with CaptureQueriesContext(connection) as few:
        preview(leaky, asked)
    for n in range(20, 50):
        rated(make_video(leaky, f"prompt {n}"), ("blind", (3, 3, 3), 1))
    with CaptureQueriesContext(connection) as many:
        preview(leaky, asked)
    assert len(few) == len(many) <= 4


# --- The command ------------------------------------------------------------------------------------
def run(project, *arguments):
    out = StringIO()
    call_command("export_dataset", "--project", project.slug, "--format=records", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_takes_every_option_and_a_dry_run_writes_nothing(project, version, tmp_path):
    said = run(project, "--policy=median", "--arm=blind", "--arm=prefill", "--min-ratings=2", "--dry-run")
    assert "chosen: 2 videos of 1 prompts, 4 ratings" in said
    assert "left out: 4 (too few ratings that count)" in said
    assert "visual quality: 1: 0, 2: 1, 3: 1, 4: 0, 5: 0" in said
    assert "ratings by arm: blind 2, prefill 2" in said
    assert list(tmp_path.iterdir()) == []
    out = str(tmp_path / "out")
    run(project, "--output", out, "--reviewed-only", "--t2v-model=ltx", "--t2v-model=wan", "--prompt-source=ocr",
        "--since=2026-01-02", "--until=2026-01-09", "--videos=none", "--on-leak=list", "--margin=2",
        f"--reconcile=technical:{version.settings_sha256[:4]}", "--rationale=expert", "--format=bench")  # fmt: skip
    asked = json.loads((tmp_path / "out" / "manifest.json").read_text())["options"]
    assert asked == Options(
        ["records", "bench"], reviewed_only=True, t2v_models=["ltx", "wan"], prompt_sources=["ocr"],
        since="2026-01-02", until="2026-01-09", videos="none", on_leak="list", margin=2.0, rationale="expert",
    ).as_json() | {"reconcile": f"technical:{version.settings_sha256}"}  # fmt: skip


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("--t2v-model=sora", "no T2V model 'sora', only 'ltx', 'wan'"),
        ("--prompt-source=web", "no prompt source 'web', only 'ocr', 'vidprom'"),
        ("--reconcile=other", "no scorer version 'other', only technical:00000000"),
        ("--since=tomorrow", "is no day"),
        ("--min-ratings=0", "one rating at least"),
        ("--margin=5", "between 0 and 4"),
    ],
)
def test_a_name_or_number_that_makes_no_sense_is_refused_in_one_line(argument, words, project, version):
    with pytest.raises(CommandError, match=words) as refused:
        run(project, "--dry-run", argument)
    assert "\n" not in str(refused.value)
    with pytest.raises(CommandError, match="--output"):
        run(project)


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
