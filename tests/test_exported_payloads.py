"""Hostile texts in every file that leaves: each is data to its reader, never a formula, a tag, a key or a second row."""

import csv
import io
import json
from xml.etree import ElementTree

import pytest
import yaml
from django.urls import reverse
from markdown_it import MarkdownIt

from annotation.models import Rating, Role
from annotation.room.settle import settle
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import Options
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_user, make_video
from tests.payloads import PAYLOADS

FORMULAS = ("=HYPERLINK(1)", "+1", "-2+3|cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "%=1")
BREAKS = (
    "---\nlicense: stolen\n---\n# й",
    "```\n</details>\n```",
    "| a | b |\n|---|---|",
    "two\nrows\x85three\u2028four\u2029five\x0bsix\x1cseven",
    'key": 1, "other": "',
    "{{ x }} : # & * ! % ' \\",
)
TEXTS = (*PAYLOADS, *FORMULAS, *BREAKS)
KEYS = {"license", "pretty_name", "size_categories", "task_categories", "tags", "configs"}


@pytest.fixture
def project(db):
    """A video for each text, which stands in all its words, with a rating and a suggestion; and another beside it."""
    project = make_project("study", name=BREAKS[0] + PAYLOADS[1])
    version, rater = make_scorer_version(), make_user("=1+1")
    for number, text in enumerate(TEXTS):
        for beside in range(2):
            video = make_video(project, text, text[:150], name=f"{text[:150]}{number}-{beside}")
            video.prompt.source, video.t2v_model.tier = text[:100], text[:50]
            video.prompt.save()
            video.t2v_model.save()
            make_suggestion(video, version, (4 - beside, 3, 3), rationale=text)
            reasons = {
                "visual_quality_reason": text,
                "text_alignment_reason": text,
                "physical_consistency_reason": text,
            }
            scores = {"visual_quality": 4, "text_alignment": 3, "physical_consistency": 2}
            Rating.objects.create(video=video, rater=rater, arm="blind", **scores, **reasons)
    settle(project.videos.all())
    return project


def rows_of(data: bytes) -> list[dict]:
    """The rows of JSON Lines, for a reader that takes every line break of Unicode for one."""
    return [json.loads(line) for line in data.decode().splitlines()]


def test_a_release_of_hostile_texts_is_read_as_what_was_written(project, tmp_path):
    folder = tmp_path / "out"
    export_dataset(project, Options(formats=("records", "rl"), videos="none"), folder)
    for path in folder.glob("*.jsonl"):
        rows = rows_of(path.read_bytes())
        assert len(rows) == 2 * len(TEXTS), path
    assert {row["prompt"] for row in rows_of((folder / "records.jsonl").read_bytes())} == set(TEXTS)
    assert json.loads((folder / "manifest.json").read_bytes())
    _, head, body = (folder / "README.md").read_text().split("---\n", 2)
    said = yaml.safe_load(head)
    assert set(said) == KEYS
    assert said["license"] == "unknown"
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(body):
        for one in [token, *(token.children or [])]:
            assert one.type not in ("html_block", "html_inline") or one.content == "<video>", one.content
            assert not str(one.attrs.get("href", "")).startswith(("javascript:", "data:")), one.attrs
    plots = list((folder / "plots").glob("*.svg"))
    assert plots
    for path in plots:
        tags = [
            (element.tag.rpartition("}")[2], set(element.attrib)) for element in ElementTree.parse(path).iter()
        ]
        assert not {"script", "foreignObject", "a", "image"} & {tag for tag, _ in tags}
        assert not any(name.startswith("on") for _, names in tags for name in names)


def test_picks_of_hostile_texts_are_rows_of_data(project, client):
    client.force_login(make_member(project, Role.LEAD))
    ask = lambda kind: b"".join(client.get(reverse("best-of-picks", args=["study", kind])).streaming_content)  # noqa: E731
    assert {row["prompt"] for row in rows_of(ask("jsonl"))} == set(TEXTS)
    rows = list(csv.reader(io.StringIO(ask("csv").decode(), newline="")))
    assert len(rows) == 1 + len(TEXTS)
    assert {len(row) for row in rows} == {len(rows[0])}
    formulas = [cell for row in rows for cell in row if cell.lstrip(" ").startswith(tuple("=+-@\t\r＝"))]
    assert not formulas
