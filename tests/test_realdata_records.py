"""Real records of VideoFeedback2 go in and come out again. Skips where they are not beside the checkout."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from annotation.leaks import strip_leaks
from annotation.models import Rating, Verdict, Video
from tests.make import make_project

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "records"
RECORDS = ["thinking_final_1.json", "thinking_new_score_1.json", "thinking_cmt_original_1.json"]

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="real records are not beside the checkout"),
]


def bring_in(project, name):
    out, errors = StringIO(), StringIO()
    call_command("import_annotations", FOLDER / name, project=project.slug, stdout=out, stderr=errors)
    return out.getvalue()


def take_out(project, folder):
    out = StringIO()
    call_command("export_dataset", project=project.slug, formats=["records"], output=folder, stdout=out)
    rows = [json.loads(line) for line in (folder / "records.jsonl").read_bytes().splitlines()]
    return {row["video_name"]: row for row in rows}, out.getvalue()


@pytest.mark.parametrize("name", RECORDS)
def test_records_come_out_equal_but_for_lines_that_give_scores_away(name, tmp_path):
    project = make_project()
    bring_in(project, name)
    rows, said = take_out(project, tmp_path / "out")
    originals = json.loads((FOLDER / name).read_bytes())
    assert rows.keys() == {original["video_name"] for original in originals}
    stripped = 0
    for original in originals:
        row = rows[original["video_name"]]
        thinking, lines = strip_leaks(original["thinking"])
        stripped += lines
        assert row == original | {"thinking": thinking, "rationale_source": "imported"}
        assert list(row)[:-1] == list(original)
    assert ("stripped: " in said) == (stripped > 0)
    if name == "thinking_final_1.json":
        assert stripped == 6  # three named ground truths, each with its score on the next line
        assert "stripped: 6 lines" in said


def test_the_same_record_twice_changes_nothing_and_another_one_is_the_next_version():
    project = make_project()
    assert "4 new ratings, 0 changed" in bring_in(project, "thinking_cmt_original_1.json")
    assert "0 new ratings, 0 changed, 4 unchanged" in bring_in(project, "thinking_cmt_original_1.json")
    said = bring_in(project, "thinking_new_score_1.json")
    assert "0 new ratings, 2 changed, 2 unchanged" in said
    assert sorted(Rating.objects.values_list("video__name", "version", "live")) == [
        ("000013_e", 1, False),
        ("000013_e", 2, True),
        ("000015_d", 1, True),
        ("000025_d", 1, True),
        ("000026_e", 1, False),
        ("000026_e", 2, True),
    ]


def test_the_raw_export_comes_in_with_scores_comments_and_models():
    project = make_project()
    assert "13 new ratings" in bring_in(project, "anno_raw_com_5k_2.json")
    rating = Rating.objects.get(video__name="004701_e")
    assert rating.scores == {"visual_quality": 4, "text_alignment": 5, "physical_consistency": 2}
    assert rating.visual_quality_reason == "视频有点模糊，分辨率不高"
    assert rating.text_alignment_reason == ""
    video = rating.video
    assert video.t2v_model.name == "cogvideox_2b"
    assert video.prompt.source == "story"
    assert video.prompt.text.startswith("A red balloon floats upward")
    assert video.prompt.text.endswith("filling the scene with vibrant colors.")
    assert Video.objects.filter(prompt=video.prompt).count() == 6
    assert Verdict.objects.count() == 13


def test_of_the_messy_raw_export_only_the_unreadable_score_is_refused(capsys):
    project = make_project()
    errors, out = StringIO(), StringIO()
    file = FOLDER / "anno_raw_test_messy.json"
    with pytest.raises(CommandError, match="1 of 5 rows were refused"):
        call_command("import_annotations", file, project=project.slug, stdout=out, stderr=errors)
    assert errors.getvalue() == "item 1: Visual quality: the score 'asasasa' cannot be read\n"
    assert Rating.objects.count() == Video.objects.count() == 4
    assert Video.objects.get(name="003680_u").prompt.text.endswith("look happy for him in the background.")


@pytest.mark.parametrize("name", ["anno_raw_com_5k_2.json", "anno_raw_test_messy.json"])
def test_raw_exports_come_out_as_records_key_by_key(name, tmp_path):
    project = make_project()
    try:
        bring_in(project, name)
    except CommandError:
        assert "messy" in name
    rows, _ = take_out(project, tmp_path / "out")
    for item in json.loads((FOLDER / name).read_bytes()):
        url = next(entry["content"] for entry in item["info"]["data"] if entry["type"] == "VIDEO")
        values = {label["data"]["label"]: label["data"]["value"] for label in item["labels"]}
        row = rows.get(Path(url).stem)
        if row is None:
            assert values["1_视觉质量评分"] == "asasasa"
            continue
        assert row["video_url"] == url
        for key, topic in (("visual", "视觉质量"), ("t2v", "文本符合度"), ("phy", "物理符合度")):
            assert row[f"{key}_score"] == int(str(values[f"1_{topic}评分"])[0])
            assert row[f"{key}_cmt_raw"] == values[f"1_{topic}描述"].strip()
        assert row["rationale_source"] in ("expert", "")
