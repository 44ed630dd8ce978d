"""What `export_dataset` writes, leaves out, refuses and leaves alone."""

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Rating
from annotation.room.settle import settle
from datasets_app.releases import export, put_video
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import ExportError, Options
from datasets_app.releases.release_manifest import differences
from datasets_app.releases.select_rows import one_moment, select_rows
from datasets_app.releases.splits import normalise_prompt
from datasets_app.releases.staged_folder import FolderTakenError, staged_folder
from tests.make import draw_clip, make_project, make_prompt, make_user, make_video

KEYS = ["video_name", "video_url", "prompt", "visual_score", "visual_cmt_raw", "t2v_score", "t2v_cmt_raw"]
KEYS += ["phy_score", "phy_cmt_raw", "thinking", "rationale_source"]


def rate(video, scores=(3, 3, 2), reasons=("soft edges", "", "the ball falls up"), rater=None, **fields):
    visual, text, physical = reasons
    rating = Rating.objects.create(
        video=video,
        rater=rater or make_user(),
        arm="blind",
        visual_quality=scores[0],
        text_alignment=scores[1],
        physical_consistency=scores[2],
        visual_quality_reason=visual,
        text_alignment_reason=text,
        physical_consistency_reason=physical,
        **fields,
    )
    settle([video])
    return rating


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return draw_clip(tmp_path_factory.mktemp("clips") / "clip.mp4").read_bytes()


@pytest.fixture
def make_file(clip):
    """Gives a video a real file of its own in the media store."""

    def make(video, salt=None, suffix=".mp4"):
        content = clip + (salt or video.name).encode()
        path = Path(settings.MEDIA_ROOT) / video.folder / f"original{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        video.original = f"{video.folder}/original{suffix}"
        video.sha256, video.bytes = hashlib.sha256(content).hexdigest(), len(content)
        video.save()
        return video

    return make


@pytest.fixture
def project(db):
    return make_project("study-one")


def run(project, output, format="records", **options):
    out = StringIO()
    call_command("export_dataset", project=project.slug, output=output, stdout=out, formats=[format], **options)
    return out.getvalue()


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_record_has_the_published_keys_and_integer_scores(project, tmp_path):
    video = make_video(project, "a red ball", name="000001_a", source_url="https://example.org/x/000001_a.mp4")
    rate(video)
    run(project, tmp_path / "out")
    (record,) = lines(tmp_path / "out" / "records.jsonl")
    assert list(record) == KEYS
    assert [record[f"{key}_score"] for key in ("visual", "t2v", "phy")] == [3, 3, 2]
    assert all(type(record[f"{key}_score"]) is int for key in ("visual", "t2v", "phy"))
    assert (record["visual_cmt_raw"], record["t2v_cmt_raw"]) == ("soft edges", "")
    assert record["rationale_source"] == "expert"
    assert record["thinking"] == (
        "Visual quality:\nsoft edges\n\nPhysical / common-sense consistency:\nthe ball falls up"
    )


def test_comments_are_the_counted_reasons_in_order_without_repeats_with_times_in_words(tmp_path, db):
    project = make_project(overlap=3)
    video = make_video(project)
    rate(video, reasons=("blurs [1.38s f11]", "", ""))
    rate(video, reasons=("blurs [1.38s f11]", "no dog", ""))
    rate(video, reasons=("flickers at\n[0.25s f2] and later", " ", ""))
    rate(video, reasons=("too late to count", "", ""), extra=True)
    run(project, tmp_path / "out")
    (record,) = lines(tmp_path / "out" / "records.jsonl")
    assert record["visual_cmt_raw"] == "blurs at 1.4 s\nflickers at 0.2 s and later"
    assert record["t2v_cmt_raw"] == "no dog"
    assert "too late" not in record["thinking"]


def test_verdicts_not_single_ratings_are_exported(tmp_path, db):
    project = make_project(overlap=2)
    video, unsettled = make_video(project), make_video(project)
    rate(video, scores=(2, 4, 5))
    rate(video, scores=(3, 4, 1))
    rate(unsettled)
    run(project, tmp_path / "out")
    (record,) = lines(tmp_path / "out" / "records.jsonl")
    assert [record["visual_score"], record["t2v_score"], record["phy_score"]] == [2, 4, 1]


def test_the_rationale_says_where_it_came_from_and_lines_with_scores_are_taken_out(project, tmp_path):
    video = make_video(project, name="imported")
    thinking = "The edges are soft.\nground-truth of Dim-1: 'Visual Quality':\n3\nThat is all."
    rate(video, imported=True, rationale=thinking)
    rate(make_video(project, name="rated"))
    said = run(project, tmp_path / "both")
    by_name = {record["video_name"]: record for record in lines(tmp_path / "both" / "records.jsonl")}
    assert by_name["imported"]["thinking"] == "The edges are soft.\nThat is all."
    assert by_name["imported"]["rationale_source"] == "imported"
    assert by_name["rated"]["rationale_source"] == "expert"
    assert "stripped: 2 lines" in said
    run(project, tmp_path / "experts", rationale="expert")
    assert {record["rationale_source"] for record in lines(tmp_path / "experts" / "records.jsonl")} == {"expert"}
    run(project, tmp_path / "imported", rationale="imported")
    sources = [record["rationale_source"] for record in lines(tmp_path / "imported" / "records.jsonl")]
    assert sources == ["imported", ""]


def test_sft_has_one_video_mark_to_one_file_and_what_the_trainer_reads(project, make_file, tmp_path):
    for name in ("000001_a", "000001_b"):
        rate(make_file(make_video(project, "a red ball", name=name)))
    run(project, tmp_path / "out", format="sft")
    out = tmp_path / "out"
    records = lines(out / "sft.jsonl")
    for record in records:
        assert list(record) == ["conversations", "videos"]
        human, gpt = record["conversations"]
        assert (human["from"], gpt["from"]) == ("human", "gpt")
        assert human["value"].count("<video>") == len(record["videos"]) == 1
        assert "its text prompt: \na red ball.\n" in human["value"]
        assert gpt["value"].endswith(
            "</think>\n\n(1) visual quality: 3\n(2) text-to-video alignment: 3\n"
            "(3) physical/common-sense consistency: 2\n"
        )
        assert (out / record["videos"][0]).is_file()
    assert [record["videos"] for record in records] == [["videos/000001_a.mp4"], ["videos/000001_b.mp4"]]
    assert json.loads((out / "dataset_info.json").read_text()) == {
        "study_one": {
            "file_name": "sft.jsonl",
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "videos": "videos"},
        }
    }
    training = yaml.safe_load((out / "train_sft.yaml").read_text())
    published = {
        "template": "qwen2_vl",
        "video_fps": 2.0,
        "video_maxlen": 10,
        "video_max_pixels": 691200,
        "cutoff_len": 8192,
        "freeze_vision_tower": True,
        "freeze_multi_modal_projector": True,
        "learning_rate": 5e-5,
        "num_train_epochs": 2.0,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 8,
        "dataset": "study_one",
    }
    assert training.items() >= published.items()


def test_sft_without_reasoning_holds_the_score_lines_alone(project, make_file, tmp_path):
    rate(make_file(make_video(project)), reasons=("", "", ""))
    run(project, tmp_path / "out", format="sft", no_cot=True)
    (record,) = lines(tmp_path / "out" / "sft.jsonl")
    assert record["conversations"][1]["value"] == (
        "(1) visual quality: 3\n(2) text-to-video alignment: 3\n(3) physical/common-sense consistency: 2\n"
    )


def test_rl_has_every_key_and_a_path_that_the_trainer_can_join(project, make_file, tmp_path):
    video = make_file(make_video(project, "a red ball", name="004250_a"))
    rate(video)
    run(project, tmp_path / "out", format="rl")
    (record,) = lines(tmp_path / "out" / "rl.jsonl")
    assert list(record) == [
        "problem_id",
        "problem",
        "data_type",
        "problem_type",
        "options",
        "solution",
        "path",
        "data_source",
    ]
    assert record["problem_id"] == "004250_a"
    assert "<video>" not in record["problem"]
    assert (record["data_type"], record["problem_type"], record["options"]) == ("video", "video eval", [])
    joined = Path(str(tmp_path / "out") + record["path"][1:])
    assert joined.read_bytes() == Path(video.original.path).read_bytes()


@pytest.mark.parametrize("format", ["sft", "rl"])
def test_videos_that_cannot_be_played_are_left_out_and_counted_by_reason(format, project, make_file, tmp_path):
    rate(make_file(make_video(project, name="good")))
    rate(make_video(project, name="unknown", media_state="missing", sha256="", original=""))
    rate(make_video(project, name="broken", media_state="failed"))
    rate(make_video(project, name="waiting", media_state="waiting"))
    rate(make_video(project, name="gone"))
    changed = make_file(make_video(project, name="changed"))
    rate(changed)
    Path(changed.original.path).write_bytes(b"another film")
    said = run(project, tmp_path / "out", format=format)
    assert [path.name for path in (tmp_path / "out" / "videos").iterdir()] == ["good.mp4"]
    assert f"written: 6 videos ({format} 1)" in said
    for reason in (
        "file not imported",
        "file could not be prepared",
        "file not prepared yet",
        "file gone from the store",
        "file changed since it was imported",
    ):
        assert f"left out of {format}: 1 ({reason})" in said
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert sum(manifest["counts"]["left_out"][format].values()) == 5


def test_a_video_without_any_reason_is_left_out_of_sft_and_counted(project, make_file, tmp_path):
    rate(make_file(make_video(project)), reasons=("", " ", ""))
    rate(make_file(make_video(project)))
    assert "left out of sft: 1 (no rationale)" in run(project, tmp_path / "out", format="sft")
    assert len(lines(tmp_path / "out" / "sft.jsonl")) == 1


def test_names_that_are_no_file_names_stay_apart_and_inside_the_folder(project, make_file, tmp_path):
    names = ["../../etc/passwd", ".hidden", "a/b", "a_b", "视频", "x" * 200, "con\u2028trol"]
    for number, name in enumerate(names):
        rate(make_file(make_video(project, name=name), salt=str(number)))
    run(project, tmp_path / "out", format="sft")
    videos = [record["videos"][0] for record in lines(tmp_path / "out" / "sft.jsonl")]
    assert len(set(videos)) == len(names)
    assert all(re.fullmatch(r"videos/\w[\w. -]{0,90}\.mp4", video) for video in videos)
    assert all((tmp_path / "out" / video).is_file() for video in videos)
    assert differences(tmp_path / "out") == []


def test_videos_are_hard_linked_and_copied_where_that_is_impossible(project, make_file, tmp_path, monkeypatch):
    video = make_file(make_video(project, name="film"))
    rate(video)
    run(project, tmp_path / "linked", format="sft")
    assert (tmp_path / "linked" / "videos" / "film.mp4").samefile(video.original.path)

    def no_links(source, target):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(put_video.os, "link", no_links)
    run(project, tmp_path / "copied", format="sft")
    assert not (tmp_path / "copied" / "videos" / "film.mp4").samefile(video.original.path)
    assert contents(tmp_path / "copied") == contents(tmp_path / "linked")


def test_the_same_inputs_give_the_same_bytes_and_an_equal_folder_is_left_alone(project, make_file, tmp_path):
    for number in range(6):
        rate(make_file(make_video(project, f"prompt {number}")))
    options = {"format": "sft", "split": {"train": 0.5, "test": 0.5}, "seed": 3}
    run(project, tmp_path / "one", **options)
    run(project, tmp_path / "two", **options)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    before = (tmp_path / "one").stat().st_mtime_ns
    assert "already there, unchanged" in run(project, tmp_path / "one", **options)
    assert (tmp_path / "one").stat().st_mtime_ns == before
    assert not list(tmp_path.glob(".*"))


def test_a_folder_with_other_content_is_refused_and_stays(project, tmp_path):
    rate(make_video(project))
    run(project, tmp_path / "out")
    before = contents(tmp_path / "out")
    rate(make_video(project))
    with pytest.raises(CommandError, match="is there already with other content"):
        run(project, tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_something_else_is_refused_before_anything_is_read(project, tmp_path, monkeypatch):
    (tmp_path / "notes.txt").write_text("mine")
    monkeypatch.setattr(export, "select_rows", None)
    with pytest.raises(CommandError, match="is a folder with other content; nothing was changed"):
        run(project, tmp_path)


@pytest.mark.django_db(transaction=True)
def test_a_rating_that_comes_while_a_release_is_read_is_in_none_of_its_rows():
    project = make_project()
    video = make_video(project)
    rate(video)

    def interfere():
        Rating.objects.update(visual_quality_reason="came later")
        connection.close()

    with one_moment(), ThreadPoolExecutor() as other:
        assert Rating.objects.exists()
        other.submit(interfere).result()
        (row,) = select_rows(project, Options(["records"]))
    assert row.comments["visual_quality"] == "soft edges"
    assert Rating.objects.get().visual_quality_reason == "came later"


@pytest.mark.parametrize("harm", ["flip", "extra", "missing"])
def test_a_damaged_folder_is_not_taken_for_an_equal_one(harm, project, tmp_path):
    rate(make_video(project))
    run(project, tmp_path / "out")
    file = tmp_path / "out" / "records.jsonl"
    if harm == "flip":
        content = bytearray(file.read_bytes())
        content[5] ^= 1
        file.write_bytes(content)
    elif harm == "extra":
        (tmp_path / "out" / "notes.txt").write_text("mine")
    else:
        file.unlink()
    assert len(differences(tmp_path / "out")) == 1
    with pytest.raises(CommandError, match="other content"):
        run(project, tmp_path / "out")


def test_an_empty_folder_and_missing_parents_are_fine_and_a_file_is_not(project, tmp_path):
    rate(make_video(project))
    (tmp_path / "empty").mkdir()
    run(project, tmp_path / "empty")
    run(project, tmp_path / "new" / "deep" / "er")
    assert [path.name for path in (tmp_path / "new" / "deep").iterdir()] == ["er"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(CommandError, match="is a file"):
        run(project, tmp_path / "file")


def test_a_full_disk_gives_one_clear_line_and_leaves_nothing(project, make_file, tmp_path, monkeypatch):
    rate(make_file(make_video(project)))

    def full(row, folder, way):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "put_video", full)
    with pytest.raises(CommandError, match=r"nothing is left of it: .*No space left on device"):
        run(project, tmp_path / "here" / "out", format="sft")
    assert not (tmp_path / "here").exists()


def test_what_a_killed_export_left_is_cleared_and_two_at_once_do_not_mix(project, tmp_path):
    rate(make_video(project))
    left = tmp_path / ".out.part"
    (left / "videos").mkdir(parents=True)
    (left / "videos" / "half.mp4").write_bytes(b"half")
    run(project, tmp_path / "out")
    assert not (tmp_path / ".out.part").exists()
    assert not (tmp_path / "out" / "videos").exists()
    with staged_folder(tmp_path / "out2"), pytest.raises(CommandError, match="Another export is writing"):
        run(project, tmp_path / "out2")
    with staged_folder(tmp_path / "out2"), pytest.raises(FolderTakenError), staged_folder(tmp_path / "out2"):
        pass


def test_the_manifest_names_every_file_and_no_clock_or_random_id(project, make_file, tmp_path):
    rate(make_file(make_video(project, name="film")))
    run(project, tmp_path / "out", format="sft")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    files = contents(tmp_path / "out")
    del files["manifest.json"]
    assert manifest["files"] == {
        path: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for path, content in files.items()
    }
    assert manifest["project"] == "study-one"
    assert manifest["counts"]["records"] == {"sft": 1}
    assert not re.search(r"20\d\d-|[0-9a-f]{8}-[0-9a-f]{4}", (tmp_path / "out" / "manifest.json").read_text())


def test_prompts_never_fall_into_two_splits(project, tmp_path):
    for number in range(40):
        for text in (f"A cat number {number}.", f"a  CAT number {number}"):
            rate(make_video(project, make_prompt(project, text)))
    run(project, tmp_path / "out", split={"train": 0.7, "test": 0.3})
    prompts = {
        name: {normalise_prompt(record["prompt"]) for record in lines(tmp_path / "out" / f"records_{name}.jsonl")}
        for name in ("train", "test")
    }
    assert not prompts["train"] & prompts["test"]
    assert len(prompts["train"] | prompts["test"]) == 40
    assert prompts["test"]


def test_the_order_in_which_splits_are_named_changes_nothing(project, tmp_path):
    for number in range(20):
        rate(make_video(project, f"prompt {number}"))
    run(project, tmp_path / "one", split={"train": 0.6, "test": 0.4})
    run(project, tmp_path / "two", split={"test": 0.4, "train": 0.6})
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_an_empty_split_and_an_empty_dataset_are_refused_in_words(project, tmp_path):
    with pytest.raises(CommandError, match="Nothing to export as records: 0 videos"):
        run(project, tmp_path / "here" / "deep" / "out")
    assert list(tmp_path.iterdir()) == []
    rate(make_video(project, "only one"))
    with pytest.raises(CommandError, match=r"0 videos, no record\. Left out: 1 too few ratings that count"):
        run(project, tmp_path / "out", min_ratings=9)
    with pytest.raises(CommandError, match="got none of the 1 records records"):
        run(project, tmp_path / "out", split={"train": 0.5, "test": 0.5})
    with pytest.raises(CommandError, match=r"no record\. Left out: 1 file gone from the store"):
        run(project, tmp_path / "out", format="sft")
    assert list(tmp_path.iterdir()) == []


def test_bad_requests_are_refused_in_one_line(project, tmp_path):
    with pytest.raises(CommandError, match="There is no project 'other'"):
        call_command("export_dataset", project="other", formats=["records"], output=tmp_path / "out")
    with pytest.raises(CommandError, match="without reasoning"):
        run(project, tmp_path / "out", no_cot=True)
    with pytest.raises(CommandError, match="invalid choice: 'elaborated'"):
        call_command("export_dataset", "--project=x", "--format=sft", "--output=x", "--rationale=elaborated")
    with pytest.raises(CommandError, match=r"add up to 1\.1"):
        call_command("export_dataset", "--project=x", "--format=sft", "--output=x", "--split=a=0.9,b=0.2")
    with pytest.raises(ExportError, match="no format 'arrow'"):
        Options(["arrow"])


def queries(project, folder):
    with CaptureQueriesContext(connection) as seen:
        export_dataset(project, Options(["records"]), folder)
    return len(seen)


def test_the_number_of_queries_does_not_grow_with_the_videos(project, tmp_path):
    rater = make_user()
    for _ in range(3):
        rate(make_video(project), rater=rater)
    few = queries(project, tmp_path / "few")
    for _ in range(40):
        rate(make_video(project), rater=rater)
    assert queries(project, tmp_path / "many") == few <= 5


def test_no_umask_or_temporary_name_shows(project, tmp_path):
    rate(make_video(project))
    run(project, tmp_path / "out")
    assert os.stat(tmp_path / "out").st_mode & 0o777 == 0o777 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
