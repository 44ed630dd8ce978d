"""The bench file, Parquet, the dataset card and the notes of a release."""

import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import av
import pyarrow.parquet as pq
import pytest
import yaml
from django.conf import settings
from django.core.management import call_command

from annotation.models import Adjustment, EditedRationale, Prompt, Rating, Suggestion, Video
from annotation.room.settle import settle
from annotation.scale import DIMENSION_KEYS
from datasets_app.releases import format_parquet
from datasets_app.releases.card_counts import Histogram, words_in
from datasets_app.releases.card_head import size_category
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import ExportError, Options
from datasets_app.releases.reasons import LeftOut
from datasets_app.releases.release_manifest import differences
from scoring.models import ScorerVersion
from tests.make import draw_clip, make_project, make_suggestion, make_user, make_video
from tests.put_file import put_file

NAMED = 'Study: "one" | <b>two</b> `x` [y](z) # 3'


def rate(video, scores=(3, 3, 2), shown=None, **fields):
    names = zip(DIMENSION_KEYS, scores, shown or [None] * 3, strict=True)
    given = {key: value for name, score, seen in names for key, value in ((name, score), (f"{name}_shown", seen))}
    made = {"arm": "blind", "rater": make_user(), "visual_quality_reason": "soft edges"} | given | fields
    rating = Rating.objects.create(video=video, **made)
    settle([video])
    return rating


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return draw_clip(tmp_path_factory.mktemp("clips") / "clip.mp4").read_bytes()


@pytest.fixture
def project(db):
    return make_project("study-one", name=NAMED)


@pytest.fixture
def many(project, clip):
    """A project of twelve videos with files and ratings, of six prompts."""
    for number in range(12):
        video = make_video(project, f"prompt {number // 2}", "Sora | <i>2</i>", name=f"{number:06d}_a")
        rate(put_file(video, clip))
    return project


def export(project, folder, *formats, **options):
    return export_dataset(project, Options(formats=formats, **options), folder)


def lines(path):
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def head_of(folder):
    _, head, body = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(head), body


def test_the_bench_file_has_the_published_keys_and_comes_in_again(many, tmp_path):
    export(many, tmp_path / "out", "bench")
    records = lines(tmp_path / "out" / "bench.jsonl")
    assert list(records[0]) == ["video_name", "prompt", "visual_score", "t2v_score", "phy_score", "thinking"]
    assert [records[0][f"{key}_score"] for key in ("visual", "t2v", "phy")] == [3, 3, 2]
    other = make_project("other")
    call_command("import_annotations", tmp_path / "out" / "bench.jsonl", project="other", stdout=io.StringIO())
    assert sorted(Video.objects.filter(project=other).values_list("name", flat=True)) == [
        record["video_name"] for record in records
    ]


@pytest.mark.parametrize("options", [{}, {"split": {"train": 0.5, "test": 0.5}}])
def test_the_card_says_where_the_bench_is_not_held_out(options, many, tmp_path):
    export(many, tmp_path / "both", "bench", "records", **options)
    assert "not held out" in (tmp_path / "both" / "README.md").read_text()
    export(many, tmp_path / "alone", "bench", **options)
    assert "not held out" not in (tmp_path / "alone" / "README.md").read_text()


def test_the_bench_file_keeps_the_experts_scores_where_a_rule_adjusts_the_others(project, tmp_path):
    kept, discarded = make_video(project, "one", name="kept"), make_video(project, "two", name="discarded")
    for video, scores in ((kept, (5, 3, 2)), (discarded, None)):
        rate(video)
        suggestion = make_suggestion(video)
        given = dict(zip(DIMENSION_KEYS, scores or [None] * 3, strict=True))
        human = {f"{key}_human": score for key, score in zip(DIMENSION_KEYS, (3, 3, 2), strict=True)}
        Adjustment.objects.create(
            video=video,
            suggestion=suggestion,
            scorer_version=suggestion.scorer_version,
            outcome="averaged" if scores else "discarded",
            **given,
            **human,
        )
    version = suggestion.scorer_version
    export(project, tmp_path / "out", "records", "bench", reconcile=version.pk)
    assert [record["visual_score"] for record in lines(tmp_path / "out" / "records.jsonl")] == [5]
    assert [record["visual_score"] for record in lines(tmp_path / "out" / "bench.jsonl")] == [3, 3]
    assert f"reconciled with scorer `{version}`" in (tmp_path / "out" / "README.md").read_text()


def test_the_text_beside_adjusted_scores_fits_them_and_the_bench_files_text_fits_the_experts(project, tmp_path):
    video, version, human = make_video(project, "one"), None, dict(zip(DIMENSION_KEYS, (3, 3, 2), strict=True))
    fits_adjusted = "Nothing flickers from the first second to the last. I would rate visual quality a 5."
    rate(video, rationale=fits_adjusted)
    suggestion = make_suggestion(video)
    version = suggestion.scorer_version
    Adjustment.objects.create(
        video=video, suggestion=suggestion, scorer_version=version, outcome="averaged",
        **{**human, "visual_quality": 5}, **{f"{key}_human": score for key, score in human.items()},
    )  # fmt: skip
    EditedRationale.objects.create(
        video=video, suggestion=suggestion, editor=make_user(), text="Edited for the experts.", **human
    )
    export(project, tmp_path / "out", "records", "bench", reconcile=version.pk)
    (trained,), (held_out,) = (lines(tmp_path / "out" / f"{name}.jsonl") for name in ("records", "bench"))
    assert (trained["visual_score"], trained["rationale_source"]) == (5, "imported")
    assert (held_out["visual_score"], held_out["thinking"]) == (3, "Edited for the experts.")


def test_parquet_holds_the_videos_and_says_so_in_the_words_of_datasets(many, clip, tmp_path):
    export(many, tmp_path / "out", "parquet", split={"train": 0.5, "test": 0.5})
    files = sorted((tmp_path / "out" / "parquet").iterdir())
    assert [file.name for file in files] == ["test-00000.parquet", "train-00000.parquet"]
    tables = [pq.read_table(file) for file in files]
    features = json.loads(tables[0].schema.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == tables[0].column_names
    assert features["video"] == {"_type": "Video"}
    assert features["visual_score"] == {"dtype": "int8", "_type": "Value"}
    rows = [row for table in tables for row in table.to_pylist()]
    assert sorted(row["video_name"] for row in rows) == [f"{number:06d}_a" for number in range(12)]
    assert rows[0]["video"]["path"] == f"videos/{rows[0]['video_name']}.mp4"
    with av.open(io.BytesIO(rows[0]["video"]["bytes"])) as decoded:
        assert len(list(decoded.decode(video=0))) == 16
    head, _ = head_of(tmp_path / "out")
    paths = {"train": "parquet/train-*.parquet", "test": "parquet/test-*.parquet"}
    assert {file["split"]: file["path"] for file in head["configs"][0]["data_files"]} == paths


def test_of_parquet_alone_the_videos_lie_nowhere_but_in_it_and_are_checked_all_the_same(many, clip, tmp_path):
    changed, gone = Video.objects.order_by("name")[:2]
    Path(settings.MEDIA_ROOT, changed.original.name).write_bytes(clip + b"more")
    Path(settings.MEDIA_ROOT, gone.original.name).unlink()
    counts = export(many, tmp_path / "out", "parquet", "records")
    assert not (tmp_path / "out" / "videos").exists()
    assert counts.left_out["parquet"] == {LeftOut.CHANGED: 1, LeftOut.GONE: 1}
    assert counts.records == {"records": 12, "parquet": 10}
    assert not differences(tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "parquet").to_pylist()
    stored = dict(Video.objects.values_list("name", "original"))
    assert [row["video"]["bytes"] for row in rows] == [
        Path(settings.MEDIA_ROOT, stored[row["video_name"]]).read_bytes() for row in rows
    ]
    export(many, tmp_path / "both", "parquet", "rl")
    assert len(list((tmp_path / "both" / "videos").iterdir())) == 10


def test_parquet_begins_new_row_groups_and_files_so_that_memory_stays_small(many, clip, tmp_path, monkeypatch):
    monkeypatch.setattr(format_parquet, "GROUP_BYTES", 2 * len(clip))
    monkeypatch.setattr(format_parquet, "SHARD_BYTES", 3 * len(clip))
    counts = export(many, tmp_path / "out", "parquet")
    files = sorted((tmp_path / "out" / "parquet").iterdir())
    assert [file.name for file in files] == [f"train-0000{number}.parquet" for number in range(3)]
    assert [pq.ParquetFile(file).num_row_groups for file in files] == [2, 2, 2]
    assert counts.records["parquet"] == sum(pq.read_metadata(file).num_rows for file in files) == 12


def test_parquet_without_video_files_names_them_only(project, tmp_path):
    rate(make_video(project, name="a"))
    export(project, tmp_path / "out", "parquet", videos="none")
    (row,) = pq.read_table(tmp_path / "out" / "parquet").to_pylist()
    assert row["video"] == {"bytes": None, "path": "videos/a.mp4"}


def test_the_same_inputs_give_the_same_card_plots_and_parquet(many, tmp_path):
    formats = ["records", "sft", "rl", "bench", "preferences", "parquet"]
    Rating.objects.filter(video__name="000003_a").update(physical_consistency=5)
    settle(Video.objects.filter(project=many))
    for name in ("one", "two"):
        export(many, tmp_path / name, *formats, margin=0.5)
    assert differences(tmp_path / "one", tmp_path / "two" / "manifest.json") == []
    assert {"README.md", "VIDEO_R1.md", "videos.jsonl"} <= {path.name for path in (tmp_path / "one").iterdir()}


def test_the_head_of_the_card_is_yaml_that_the_hub_knows(many, tmp_path):
    export(many, tmp_path / "out", "records", "bench", split={"train": 0.5, "test": 0.5})
    head, _ = head_of(tmp_path / "out")
    assert head["pretty_name"] == NAMED
    assert head["size_categories"] == ["n<1K"]
    assert [config["config_name"] for config in head["configs"]] == ["records", "bench"]
    assert [config.get("default") for config in head["configs"]] == [True, None]
    for config in head["configs"]:
        for file in config["data_files"]:
            assert (tmp_path / "out" / file["path"]).is_file()
    sizes = {999: "n<1K", 1000: "1K<n<10K", 27_168: "10K<n<100K", 333_333: "100K<n<1M"}
    assert {n: size_category(n) for n in sizes} == sizes


def test_the_cards_licence_is_the_one_that_was_chosen_among_those_that_the_hub_knows(many, tmp_path):
    export(many, tmp_path / "said", "records", licence="cc-by-nc-4.0")
    assert head_of(tmp_path / "said")[0]["license"] == "cc-by-nc-4.0"
    export(many, tmp_path / "open", "records")
    assert head_of(tmp_path / "open")[0]["license"] == "unknown"
    with pytest.raises(ExportError, match="no licence 'do what you like'"):
        Options(["records"], licence="do what you like")


def test_the_card_counts_shares_arms_and_what_was_left_out(project, clip, tmp_path):
    version = make_suggestion(make_video(project, "unrated")).scorer_version
    for number, (arm, scores, shown) in enumerate(
        [("prefill", (3, 4, 5), (3, 4, 3)), ("prefill", (1, 4, 5), (2, 4, 5)), ("blind", (1, 1, 1), None)]
    ):
        video = make_video(project, f"prompt {number}", t2v_model="Sora", name=f"v{number}", media_state="ready")
        put_file(video, clip)
        if shown is None:
            rate(video, scores, arm=arm)
        else:
            rate(video, scores, shown, arm=arm, suggestion=make_suggestion(video, version, shown))
    rate(make_video(project, "no file", name="v9", original="", media_state="missing"), (1, 1, 1))
    export(project, tmp_path / "out", "sft")
    _, text = head_of(tmp_path / "out")
    assert "3 videos that text-to-video models made from 3 prompts" in text
    assert "| Visual quality | 66.7 % | 0.0 % | 33.3 % | 0.0 % | 0.0 % |" in text
    arms = "| pre-filled | 2 | 50.0 % exact, 0.50 apart, n = 2 | 100.0 % exact, 0.00 apart, n = 2 "
    assert f"{arms}| 50.0 % exact, 1.00 apart, n = 2 |" in text
    assert "| blind | 1 | — | — | — |" in text
    assert "| `sft` | file not imported | 1 |" in text
    assert "| Sora | not said | 3 |" in text
    assert Suggestion.objects.count() == 3
    assert ScorerVersion.objects.count() == 1


def test_names_stay_words_in_the_card_and_its_plots(many, tmp_path):
    Prompt.objects.filter(project=many).update(source="a\n| b & <script>\x07")
    export(many, tmp_path / "out", "records")
    _, text = head_of(tmp_path / "out")
    assert not re.search(r"(?<!\\)<(?!video>)", text)
    assert "| Sora \\| \\<i\\>2\\</i\\> | not said | 12 |" in text
    pictures = re.findall(r"!\[([^\n]+?)\]\((plots/\w+\.svg)\)", text)
    assert {path for _, path in pictures} == {
        f"plots/{path.name}" for path in (tmp_path / "out" / "plots").iterdir()
    }
    for alt, path in pictures:
        assert len(alt) > 20
        picture = ElementTree.fromstring((tmp_path / "out" / path).read_text())
        assert picture.find("{http://www.w3.org/2000/svg}title").text


def test_the_notes_for_video_r1_name_its_file_and_the_reward_that_reads_it(many, tmp_path):
    export(many, tmp_path / "out", "rl", split={"train": 0.5, "test": 0.5})
    notes = (tmp_path / "out" / "VIDEO_R1.md").read_text()
    assert "--dataset_name ./Video-R1-data/rl_train.jsonl" in notes
    expression = re.search(r"^(visual quality:.*)$", notes, re.MULTILINE)[1]
    (first, *_) = lines(tmp_path / "out" / "rl_train.jsonl")
    assert re.search(expression, first["solution"], re.DOTALL | re.IGNORECASE).groups() == ("3", "3", "2")


def test_a_histogram_ends_in_an_open_bin():
    lengths = Histogram(step=100, bins=3)
    for words in (0, 99, 100, 5000):
        lengths.add(words)
    assert lengths.labelled() == [("0", 2), ("100", 1), ("200+", 1)]
    assert (lengths.smallest, lengths.largest) == (0, 5000)
    assert words_in("Visual quality:\nsoft edges\n\nThe end.") == 6
