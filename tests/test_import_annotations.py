"""Annotations from files: what lands, what is refused and where, and that overlap and history hold."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import Arm, Draft, MediaState, Prompt, Rating, Suggestion, T2VModel, User, Verdict, Video
from annotation.room.queue import lease_next
from datasets_app.opinions import import_annotations as importing
from datasets_app.opinions.annotation_rows import BadRow, read_score, t2v_model_of
from datasets_app.opinions.import_annotations import import_annotations
from datasets_app.opinions.import_rater import find_rater
from datasets_app.opinions.read_annotations import read_annotations
from tests.make import make_member, make_project, make_user, make_video

pytestmark = pytest.mark.django_db
URL = "https://example.org/batch_1/model_x/{}.mp4"


def record(name="000001_a", scores=(3, 4, 2), **fields):
    made = {"video_name": name, "video_url": URL.format(name), "prompt": f"prompt of {name[:6]}"}
    for key, score in zip(("visual", "t2v", "phy"), scores, strict=True):
        made |= {f"{key}_score": score, f"{key}_cmt_raw": f"{key} comment"}
    return made | {"thinking": "Looks fine."} | fields


def raw_item(name="000001_a", values=("4-Relatively Good", "Medium", 3), labels=None, prompt=None):
    topics = ("视觉质量", "文本符合度", "物理符合度")
    made = []
    for topic, value in zip(topics, values, strict=True):
        made += [
            {"data": {"label": f"1_{topic}评分", "value": value}},
            {"data": {"label": f"1_{topic}描述", "value": " "}},
        ]
    data = [
        {"type": "TITLE", "content": "PROMPT"},
        {"type": "TEXT", "content": prompt or "English Prompt: A cat sits. \n翻译为中文的Prompt:一只猫"},
        {"type": "VIDEO", "content": URL.format(name)},
        {"type": "TEXT", "content": "src_id: abc-1  src: vidprom"},
    ]
    return {"info": {"data": data}, "labels": made if labels is None else labels}


@pytest.fixture
def project():
    return make_project()


@pytest.fixture
def bring_in(project, tmp_path):
    """Writes rows to a file (a JSON list, or JSON Lines) and imports it; gives what was said and what was wrong."""

    def run(rows, *, as_lines=False, into=project, **options):
        file = tmp_path / "annotations"
        written = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        file.write_text("\n".join(written) if as_lines else f"[{','.join(written)}]")
        out, errors = StringIO(), StringIO()
        try:
            call_command("import_annotations", file, project=into.slug, stdout=out, stderr=errors, **options)
        except CommandError as error:
            errors.write(f"exit: {error}")
        return out.getvalue(), errors.getvalue()

    return run


def seats(video):
    return [
        (seat.holder and seat.holder.username, seat.filled_at is not None)
        for seat in video.seats.order_by("number")
    ]


def test_a_record_becomes_a_video_without_a_file_a_rating_and_a_verdict(bring_in, project):
    said, wrong = bring_in([record()])
    assert "1 rows: 1 new ratings" in said
    assert "1 videos without a file" in said
    assert wrong == ""
    video = Video.objects.get()
    assert (video.name, video.media_state, video.t2v_model.name) == ("000001_a", MediaState.MISSING, "model_x")
    rating = Rating.objects.get()
    assert rating.scores == {"visual_quality": 3, "text_alignment": 4, "physical_consistency": 2}
    assert (rating.rater.username, rating.arm, rating.imported, rating.rationale) == (
        "imported",
        Arm.BLIND,
        True,
        "Looks fine.",
    )
    assert not rating.rater.has_usable_password()
    assert seats(video) == [("imported", True)]
    assert Verdict.objects.get().scores == rating.scores
    assert not Suggestion.objects.exists()


def test_model_scores_become_a_suggestion_of_the_scorer_imported(bring_in):
    bring_in([record(visual_score_model=2, t2v_score_model="4", phy_score_model=None)])
    suggestion = Suggestion.objects.get()
    assert suggestion.scorer_version.scorer.name == "imported"
    assert suggestion.scores == {"visual_quality": 2, "text_alignment": 4, "physical_consistency": None}
    assert suggestion.status == "partial"
    bring_in([record(visual_score_model=5, t2v_score_model=4, phy_score_model=3)])
    assert list(Suggestion.objects.get().scores.values()) == [5, 4, 3]


def test_the_raw_export_is_read_by_its_labels(bring_in):
    item = raw_item()
    item["labels"].reverse()
    bring_in([item])
    rating = Rating.objects.get()
    assert list(rating.scores.values()) == [4, 3, 3]
    assert set(rating.reasons.values()) == {""}
    video = rating.video
    assert (video.prompt.text, video.prompt.source, video.t2v_model.name) == ("A cat sits.", "vidprom", "model_x")
    assert video.metadata == {"src_id": "abc-1"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("English Prompt: A cat. \n翻译为中文的Prompt:\n一只猫", "A cat."),
        ("English Prompt: A cat. \n翻译为中文的Prompt:", "A cat."),
        ("English Prompt: A cat.", "A cat."),
        ("English Prompt：Two\nlines of it\n翻译为中文的Prompt：猫", "Two\nlines of it"),
    ],
)
def test_the_prompt_comes_without_its_translation(written, read, bring_in):
    bring_in([raw_item(prompt=written)])
    assert Prompt.objects.get().text == read


def test_an_item_without_labels_is_a_video_that_nobody_rated(bring_in):
    said, wrong = bring_in([raw_item(labels=[])])
    assert "0 new ratings" in said
    assert "1 unrated" in said
    assert wrong == ""
    assert Video.objects.get().seats.count() == 1
    assert not Rating.objects.exists()


@pytest.mark.parametrize(
    "value", [4, 4.0, "4", " 4 ", "4.0", "4-Relatively Good", "4 - relatively good", "Relatively Good"]
)
def test_scores_are_read_as_annotators_wrote_them(value):
    assert read_score(value) == 4
    assert type(read_score(value)) is int


@pytest.mark.parametrize(
    "value", ["asasasa", "", 0, 6, 3.5, True, None, "45", "4-Medium", [4], "4/5", float("nan")]
)
def test_what_is_no_score_is_refused_and_never_a_default(value):
    with pytest.raises(BadRow, match="cannot be read"):
        read_score(value)


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("https://host/VideoScore/0000_0499/cogvideox_2b/000013_e.mp4", "cogvideox_2b"),
        ("https://host/a%20b/c%20d/x.mp4?token=1", "c d"),
        ("https://host/videos/x.mp4", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_t2v_model_comes_from_the_url(url, model):
    assert t2v_model_of(url) == model


BAD = [
    (
        {"video_name": "x", "prompt": "y", "output": "..."},
        "is no record: it has no visual_score, t2v_score or phy_score",
    ),
    (record("bad", prompt=None), "prompt is missing"),
    (record("bad", video_url="http://[bad/b/m/x.mp4"), "the URL 'http://[bad/b/m/x.mp4' cannot be read"),
    (
        record("bad", video_url="http://host/b/m%00/x.mp4"),
        "the path of the URL holds a character that is no text (NUL or half of a surrogate pair)",
    ),
    ([1, 2], "is no JSON object"),
    (record("bad", visual_score="asasasa"), "visual_score: the score 'asasasa' cannot be read"),
    (record("bad", phy_score=None), "there is no score for Physical / common-sense consistency"),
    (record("bad", video_name=""), "video_name is empty"),
    (record("x" * 201), "video_name has 201 characters, more than 200"),
    (
        record("bad", thinking="a\0b"),
        "thinking holds a character that is no text (NUL or half of a surrogate pair)",
    ),
    (record("bad", prompt="\ud800"), "prompt holds a character that is no text (NUL or half of a surrogate pair)"),
    (record("bad", visual_cmt_raw=5), "visual_cmt_raw is no text but 5"),
    ({"info": {}, "labels": []}, "there is no VIDEO entry"),
    (raw_item("bad", values=("asasasa", 3, 3)), "Visual quality: the score 'asasasa' cannot be read"),
    (raw_item("bad", prompt="nothing"), "there is no English prompt"),
]


@pytest.mark.parametrize(("row", "reason"), BAD)
def test_a_bad_row_is_reported_with_its_place_and_the_others_land(row, reason, bring_in):
    said, wrong = bring_in([record("000001_a"), row, record("000002_a")])
    assert wrong == f"item 2: {reason}\nexit: 1 of 3 rows were refused; the others are stored."
    assert "2 new ratings" in said
    assert Video.objects.count() == 2
    _, wrong = bring_in([record("000001_a"), row, record("000002_a")], as_lines=True)
    assert wrong.startswith(f"line 2: {reason}\n")


def test_a_line_that_is_no_json_is_reported(bring_in):
    said, wrong = bring_in([record("000001_a"), "{nonsense", "", record("000002_a")], as_lines=True)
    assert wrong.startswith("line 2: is not JSON")
    assert "2 new ratings" in said


@pytest.mark.parametrize("content", ["", "  ", "[1, 2", "hello"])
def test_a_file_of_another_kind_is_refused_in_one_line(content, project, tmp_path):
    file = tmp_path / "file"
    file.write_text(content)
    with pytest.raises(CommandError, match="The file is"):
        call_command("import_annotations", file, project=project.slug)
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_annotations", tmp_path / "absent", project=project.slug)
    with pytest.raises(CommandError, match="There is no project"):
        call_command("import_annotations", file, project="other")


def test_the_same_file_twice_changes_nothing(bring_in):
    rows = [
        record(f"00000{number}_a", visual_score_model=3, t2v_score_model=3, phy_score_model=3)
        for number in range(5)
    ]
    rows.append(raw_item("000009_a"))
    bring_in(rows)
    stored = [
        list(table.objects.order_by("pk").values()) for table in (Rating, Video, Prompt, T2VModel, Suggestion)
    ]
    said, _ = bring_in(rows)
    assert "0 new ratings, 0 changed, 6 unchanged" in said
    assert stored == [
        list(table.objects.order_by("pk").values()) for table in (Rating, Video, Prompt, T2VModel, Suggestion)
    ]


def test_a_changed_record_is_the_next_version_and_the_verdict_follows(bring_in):
    bring_in([record(scores=(3, 4, 2))])
    said, _ = bring_in([record(scores=(3, 5, 2))])
    assert "0 new ratings, 1 changed" in said
    assert list(Rating.objects.order_by("version").values_list("version", "live", "text_alignment")) == [
        (1, False, 4),
        (2, True, 5),
    ]
    assert Verdict.objects.get().text_alignment == 5
    assert seats(Video.objects.get()) == [("imported", True)]


def test_a_video_twice_in_a_file_is_taken_once_and_a_contradiction_is_refused(bring_in):
    rows = [record(), record(), record(scores=(1, 1, 1))]
    for _ in range(2):
        _, wrong = bring_in(rows)
        assert wrong.startswith("item 3: 000001_a is in item 1 already and says something else")
        assert Rating.objects.get().visual_quality == 3


def test_ratings_attach_to_a_video_of_the_same_name_and_prompt(bring_in, project):
    video = make_video(project, "Prompt of  000001.", name="000001_a")
    make_video(project, "quite another prompt", name="000002_a")
    _, wrong = bring_in([record("000001_a"), record("000002_a")])
    assert wrong.startswith("item 2: 000002_a is in the project with another prompt")
    assert Rating.objects.get().video == video
    video.refresh_from_db()
    assert (video.media_state, video.source_url) == (MediaState.READY, URL.format("000001_a"))
    assert Video.objects.count() == 2


def test_another_project_keeps_its_own_videos(bring_in):
    bring_in([record()])
    bring_in([record()], into=make_project())
    assert Video.objects.count() == Rating.objects.count() == 2


def test_overlap_holds_and_the_surplus_is_kept_as_extra(bring_in, tmp_path):
    project = make_project(overlap=2)
    for number, rater in enumerate(["ann", "bob", "cid"], start=1):
        said, _ = bring_in([record(scores=(number, 3, 3))], into=project, rater=rater)
    assert "1 beyond the overlap" in said
    video = Video.objects.get(project=project)
    assert seats(video) == [("ann", True), ("bob", True)]
    assert list(Rating.objects.order_by("pk").values_list("rater__username", "extra")) == [
        ("ann", False),
        ("bob", False),
        ("cid", True),
    ]
    assert Verdict.objects.get().visual_quality == 1
    bring_in([record(scores=(5, 3, 3))], into=project, rater="cid")
    assert Rating.objects.get(live=True, rater__username="cid").extra
    assert Rating.objects.counted().filter(video=video).count() == 2


def test_a_seat_in_somebody_elses_hands_is_not_taken(bring_in, project):
    video = make_video(project, "prompt of 000001", name="000001_a")
    rater = make_member(project)
    assert lease_next(project, rater).video == video
    said, _ = bring_in([record()])
    assert "1 beyond the overlap" in said
    assert seats(video) == [(rater.username, False)]


def test_a_member_may_carry_the_ratings_and_a_stranger_may_not(bring_in, project):
    member, stranger = make_member(project), make_user()
    bring_in([record()], rater=member.username, arm="prefill")
    assert Rating.objects.get().rater == member
    assert Rating.objects.get().arm == Arm.PREFILL
    _, wrong = bring_in([record()], rater=stranger.username)
    assert wrong == f"exit: {stranger.username} has an account but is no member of {project.slug}."
    bring_in([record()], rater="Somebody New")
    assert not User.objects.get(username="Somebody New").has_usable_password()


def test_what_a_member_wrote_in_the_rating_room_is_never_replaced(bring_in, project):
    member = make_member(project)
    rated = make_video(project, "prompt of 000001", name="000001_a")
    drafted = make_video(project, "prompt of 000002", name="000002_a")
    Rating.objects.create(
        video=rated, rater=member, arm="blind", visual_quality=1, text_alignment=1, physical_consistency=1
    )
    Draft.objects.create(video=drafted, rater=member, arm="blind")
    _, wrong = bring_in([record("000001_a"), record("000002_a")], rater=member.username)
    assert f"item 1: {member} rates or rated 000001_a in the rating room" in wrong
    assert f"item 2: {member} rates or rated 000002_a in the rating room" in wrong
    assert Rating.objects.get().visual_quality == 1


def test_rows_are_stored_chunk_by_chunk_with_the_same_number_of_queries(project, tmp_path, monkeypatch):
    def queries(count, start):
        file = tmp_path / f"{count}.jsonl"
        file.write_text("\n".join(json.dumps(record(f"{start + number:06d}_a")) for number in range(count)))
        rater = find_rater(project)
        with file.open("rb") as opened, CaptureQueriesContext(connection) as seen:
            outcome = import_annotations(project, read_annotations(opened), rater=rater)
        assert outcome.new_ratings == count
        return len(seen)

    queries(1, 0)
    few = queries(5, 100)
    assert queries(30, 200) == few
    monkeypatch.setattr(importing, "CHUNK", 7)
    file = tmp_path / "chunks.jsonl"
    file.write_text("\n".join(json.dumps(record(f"{900 + number:06d}_a")) for number in range(20)))
    with file.open("rb") as opened:
        seen = []
        import_annotations(project, read_annotations(opened), rater=find_rater(project), progress=seen.append)
    assert seen == [7, 14, 20]
