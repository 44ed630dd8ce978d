"""Bench files: read, written, compared with each other and with a project."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from scoring.evaluation.bench_file import UnreadableBench, read_bench, write_bench
from scoring.evaluation.results import results
from scoring.evaluation.with_files import compare_files
from tests.make import make_project, make_scorer_version, make_suggestion, make_video

KEYS = ("visual_score", "t2v_score", "phy_score")


def record(name, scores, prompt="a red ball", **more):
    return {"video_name": name, "prompt": prompt, **dict(zip(KEYS, scores, strict=True)), **more}


def write(path, records, *, as_list=False):
    lines = [json.dumps(one) for one in records]
    path.write_text(f"[{','.join(lines)}]" if as_list else "\n".join(lines) + "\n", encoding="utf-8")
    return path


def evaluate(*arguments):
    out = StringIO()
    call_command("evaluate_scorer", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("as_list", [True, False])
def test_scores_are_read_in_all_ways_that_annotators_tools_write_them(tmp_path, as_list):
    said = [record("001_a", (3, "4", "2-Relatively Poor")), record("001_b", ("Medium", "5 - Very Good", 1.0))]
    read = read_bench(write(tmp_path / "bench", said, as_list=as_list))
    assert [one.scores for one in read] == [(3, 4, 2), (3, 5, 1)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no record"),
        ("[]", "holds no record"),
        ("[1", "is no JSON list"),
        ('{"video_name": "a"}\nnonsense', "line 1: has no visual_score"),
        (json.dumps(record("a", (1, 2, 3))) + "\n\nnonsense", "line 3: is not JSON"),
        ("[1]", "item 1: is no JSON object"),
        (json.dumps(record("", (1, 2, 3))), "line 1: video_name is missing"),
        (json.dumps(record("a", (1, 2, 3), prompt=None)), "line 1: prompt is no text"),
        (json.dumps(record("a", (1, 2, True))), "line 1: phy_score 'True' is no score"),
        (json.dumps(record("a", (1, 6, 3))), "line 1: t2v_score '6' is no score"),
        ((json.dumps(record("a", (1, 2, 3))) + "\n") * 2, "line 2: a stands in it twice"),
    ],
)
def test_a_bad_file_is_refused_with_its_line_and_the_reason(tmp_path, text, said):
    path = tmp_path / "bench.jsonl"
    path.write_text(text)
    with pytest.raises(UnreadableBench, match=said) as refused:
        read_bench(path)
    assert str(path) in str(refused.value)


def test_human_scores_are_whole_and_all_there(tmp_path):
    for scores, said in [((1, 2.5, 3), "t2v_score is 2.5, no whole"), ((1, 2, None), "phy_score is missing")]:
        with pytest.raises(UnreadableBench, match=f"a: {said}"):
            compare_files(write(tmp_path / "bench", [record("a", scores)]), None)


def test_two_files_are_compared_by_the_names_of_their_videos(tmp_path):
    people = [record("a", (3, 3, 3)), record("b", (1, 5, 3)), record("c", (4, 4, 4), prompt="another")]
    model = [record("b", (1.4, 4.5, None)), record("a", (3, 3, 3)), record("d", (1, 1, 1))]
    found = results(
        [compare_files(write(tmp_path / "people", people), write(tmp_path / "model", model, as_list=True))]
    )
    side = found.sides[0]
    assert found.videos == 2
    assert side.loaded.left_out == {"not_in_file": 1, "no_suggestion": 1, "abstained": 0}
    assert side.figures["visual_quality"]["accuracy"] == 1  # 1.4 is nearest to 1
    assert side.figures["visual_quality"]["pairwise"] == 1
    assert side.figures["text_alignment"]["accuracy"] == 1  # 4.5 goes up
    assert side.counted["physical_consistency"].videos == 1
    assert side.whole == 1


@pytest.mark.parametrize("option", ["--bench", "--predictions"])
def test_one_file_with_the_models_scores_is_enough(tmp_path, option):
    scores = {"visual_score_model": "3", "t2v_score_model": 2, "phy_score_model": 3}
    path = write(tmp_path / "one", [record("a", (3, 3, 3), **scores), record("b", (3, 3, 3))])
    assert "1 videos; truth: the human scores of a bench file" in evaluate(option, path)
    bare = write(tmp_path / "bare", [record("a", (3, 3, 3))])
    with pytest.raises(CommandError, match="has no visual_score_model"):
        evaluate(option, bare)


@pytest.mark.django_db
def test_a_bench_file_is_the_truth_about_the_videos_of_its_names_and_prompts(tmp_path):
    project, version = make_project(), make_scorer_version()
    for name, prompt in [("001_a", "a red ball"), ("001_b", "a red ball"), ("002_a", "a cat"), ("003_a", "x")]:
        make_suggestion(make_video(project, prompt, name=name), version, (3, 3, 3))
    path = write(
        tmp_path / "bench",
        [
            record("001_a", (3, 2, 3), "a red  ball\n"),
            record("002_a", (1, 1, 1), "a dog"),
            record("001_b", (3, 3, 3)),
        ],
    )
    of = ["--project", project.slug, "--scorer", "technical"]
    shown = json.loads(evaluate(*of, "--bench", path, "--json"))
    assert shown["ratings"] == "bench"
    assert shown["videos"] == 2
    assert shown["figures"]["one"]["text_alignment"]["accuracy"] == 0.5
    assert {why: n for why, n in shown["left_out"]["one"].items() if n} == {"not_in_file": 1, "other_prompt": 1}
    nothing = write(tmp_path / "nothing", [record("009_z", (3, 3, 3))])
    with pytest.raises(CommandError, match="No video of"):
        evaluate(*of, "--bench", nothing)


@pytest.mark.django_db
def test_answers_are_written_as_a_bench_file_that_compares_with_the_people(tmp_path):
    project, version = make_project(), make_scorer_version()
    said = make_suggestion(
        make_video(project, "a red ball", name="001_b"), version, (3, 4, 5), rationale="So.\u2028"
    )
    make_suggestion(make_video(project, "a red ball", name="001_a"), version, (1, 1, 1))
    make_suggestion(make_video(project, name="partial"), version, (1, None, 1))
    people = write(tmp_path / "people", [record("001_b", (3, 4, 5)), record("001_a", (1, 1, 2))])
    path = tmp_path / "answers.jsonl"
    of = ["--project", project.slug, "--scorer", "technical", "--bench", people, "--write-bench", path]
    evaluate(*of)
    evaluate(*of)  # the same again changes nothing
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["video_name"] for line in lines] == ["001_a", "001_b"]
    assert lines[1] == record("001_b", (3, 4, 5), video_url="", thinking=said.rationale)
    assert list(tmp_path.glob(".*")) == []
    again = results([compare_files(people, path)])
    assert again.sides[0].figures["mean"]["all_exact"] == 0.5
    said.visual_quality = 1
    said.save()
    with pytest.raises(CommandError, match="with other content"):
        evaluate(*of)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    def records():
        yield record("a", (1, 2, 3))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_bench(tmp_path / "out", records())
    assert list(tmp_path.iterdir()) == []
