"""The best-of-N page, its downloads and its command."""

import csv
import io
import json
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Distribution, Project, Role
from annotation.scale import DIMENSION_KEYS
from datasets_app.csv_lines import csv_lines
from tests.make import (
    make_member,
    make_project,
    make_rating,
    make_scorer_version,
    make_suggestion,
    make_user,
    make_video,
)

pytestmark = pytest.mark.django_db


def say(video, version, expected, hard=(3, 3, 3)):
    suggestion = make_suggestion(video, version, hard)
    for key, score in zip(DIMENSION_KEYS, expected, strict=True):
        Distribution.objects.create(
            suggestion=suggestion, dimension=key, soft_score=2.0, expected_score=score, confidence=0.6,
            p1=0.1, p2=0.1, p3=0.6, p4=0.1, p5=0.1,
        )  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_kept():
    cache.clear()


@pytest.fixture
def project():
    """Prompt cat: the scorer takes cat-a, humans cat-b. Prompt dog: both take dog-a. cat-c was only pre-filled."""
    project = make_project("study")
    version = make_scorer_version("technical")
    rows = {
        "cat-a": ("a =cat", (4.0, 3.0, 3.2), [(2, 2, 2)]),
        "cat-b": ("a =cat", (2.0, 4.0, 3.1), [(5, 4, 4), (4, 4, 4)]),
        "cat-c": ("a =cat", (1.0, 1.0, 1.0), []),
        "dog-a": ("a dog", (3.0, 3.0, 3.0), [(4, 4, 4)]),
        "dog-b": ("a dog", (2.0, 2.0, 2.0), [(3, 3, 3)]),
    }
    for name, (prompt, expected, rated) in rows.items():
        video = make_video(project, prompt, name=name)
        say(video, version, expected)
        for scores in rated:
            make_rating(video, make_user(), scores)
        if name == "cat-c":
            make_rating(video, make_user(), (5, 5, 5), arm="prefill")
    return project


@pytest.fixture
def lead(client, project):
    client.force_login(make_member(project, Role.LEAD))
    return client


def page(client, query="", name="best-of", *more):
    return client.get(reverse(name, args=["study", *more]) + query)


def order(response):
    return [[tile.video.name for tile in group.tiles] for group in response.context["groups"]]


@pytest.mark.parametrize("role", [Role.RATER, Role.REVIEWER, None])
def test_only_leads_find_it(client, project, role):
    client.force_login(make_member(project if role else make_project(), role or Role.LEAD))
    for name, more in (("best-of", []), ("best-of-picks", ["csv"]), ("best-of-pairs", [])):
        assert page(client, "", name, *more).status_code == 404


def test_candidates_stand_in_the_scorers_order_with_what_humans_think(lead):
    seen = page(lead)
    assert order(seen) == [["cat-a", "cat-b", "cat-c"], ["dog-a", "dog-b"]]
    cats = seen.context["groups"][0].tiles
    assert [(tile.pick, tile.best, tile.human) for tile in cats] == [
        (True, False, 2.0),
        (False, True, pytest.approx(25 / 6)),
        (False, False, None),  # only a pre-filled rating: it does not count
    ]
    figures = seen.context["figures"]
    assert (figures.prompts, figures.videos, figures.hit.value, figures.chance) == (2, 4, 0.5, 0.5)


def test_the_form_names_the_version_that_is_shown(lead, project):
    """Another one answered last; the suggester is shown, and has to be what the list of scorers says."""
    suggester = project.videos.get(name="cat-a").suggestions.get().scorer_version
    Project.objects.filter(pk=project.pk).update(suggester=suggester)
    say(project.videos.get(name="cat-b"), make_scorer_version("videoscore2"), (5.0, 5.0, 5.0))
    for query in ("", "?version=999"):
        seen = page(lead, query).context
        assert seen["version"] == suggester
        assert seen["form"].fields["version"].choices[0][0] == str(suggester.pk)


def test_weights_and_words_and_what_to_show_come_from_the_address(lead):
    assert order(page(lead, "?v=0&t=1&p=0")) == [["cat-b", "cat-a", "cat-c"], ["dog-a", "dog-b"]]
    assert order(page(lead, "?q=CAT")) == [["cat-a", "cat-b", "cat-c"]]
    assert order(page(lead, "?show=right")) == [["dog-a", "dog-b"]]
    assert order(page(lead, "?show=wrong")) == [["cat-a", "cat-b", "cat-c"]]
    for nonsense in ("?v=-1&t=much&version=999&show=else&q=", "?v=0&t=0&p=0", "?v=nan&t=inf"):
        assert page(lead, nonsense).context["not_compared"] == [], nonsense
        assert order(page(lead, nonsense)) == [["cat-a", "cat-b", "cat-c"], ["dog-a", "dog-b"]], nonsense


def test_the_page_asks_the_database_as_often_for_many_prompts(lead, project):
    def queries():
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page(lead)
        return len(seen)

    page(lead)
    few = queries()
    for number in range(40):
        for _ in range(2):
            say(make_video(project, f"prompt {number}"), make_scorer_version("technical"), (3, 2, 3))
    assert queries() == few
    assert len(page(lead).context["groups"]) == 5


def test_what_is_kept_is_left_when_a_rating_comes(lead, project):
    assert page(lead).context["figures"].hit.value == 0.5
    for video in project.videos.filter(name="cat-a"):
        for _ in range(9):
            make_rating(video, make_user(), (5, 5, 5))
    seen = page(lead)
    assert (seen.context["figures"].hit.value, order(seen)[0][0]) == (1.0, "cat-a")
    assert page(lead, "?v=0&t=1&p=0").context["figures"].hit.value == 0.5


def test_picks_are_taken_away_as_csv_and_jsonl(lead):
    lines = [json.loads(line) for line in page(lead, "", "best-of-picks", "jsonl").getvalue().splitlines()]
    assert lines[0] == {
        "prompt": "a =cat", "pick": "cat-a", "pick_t2v_model": "unknown", "expected": 3.4, "visual_expected": 4.0,
        "t2v_expected": 3.0, "phy_expected": 3.2, "confidence": 0.6, "candidates": 3, "runner_up": "cat-b",
        "runner_up_expected": 3.0333, "humans_best": ["cat-b"], "humans_best_score": 4.1667,
        "pick_human_score": 2.0, "pick_is_humans_best": False,
    }  # fmt: skip
    table = page(lead, "?v=0&t=1&p=0", "best-of-picks", "csv").getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(table, newline="")))
    assert [(row["prompt"], row["pick"], row["pick_is_humans_best"]) for row in rows] == [
        ("a =cat", "cat-b", "True"),
        ("a dog", "dog-a", "True"),
    ]
    assert page(lead, "", "best-of-picks", "exe").status_code == 404


def test_no_cell_is_a_formula_and_rows_stay_rows():
    texts = ["=1+1", "@SUM(A1)", "-2", "\t=1", " +1", "two\nlines", 'a "quote", a comma', "\ud800\0", "plain"]
    rows = list(
        csv.reader(
            io.StringIO(b"".join(csv_lines(["a", "b"], [[text, -1.5] for text in texts])).decode(), newline="")
        )
    )
    assert len(rows) == 1 + len(texts)
    assert [row[0] for row in rows[1:]] == [
        "'=1+1",
        "'@SUM(A1)",
        "'-2",
        "'\t=1",
        "' +1",
        *texts[5:7],
        "��",
        "plain",
    ]
    assert {row[1] for row in rows[1:]} == {"-1.5"}


def test_pairs_by_the_scorer_say_that_they_are_the_models(lead):
    pairs = [json.loads(line) for line in page(lead, "?margin=1", "best-of-pairs").getvalue().splitlines()]
    assert [(pair["chosen"], pair["rejected"], pair["margin"]) for pair in pairs] == [
        ("videos/cat-a.mp4", "videos/cat-c.mp4", 2.4),
        ("videos/cat-b.mp4", "videos/cat-c.mp4", 2.0333),
        ("videos/dog-a.mp4", "videos/dog-b.mp4", 1.0),
    ]
    assert {(pair["source"], pair["scorer"]) for pair in pairs} == {("model", "technical 00000000")}


def test_the_command_writes_both_files_and_says_the_figures(project, tmp_path):
    out = StringIO()
    files = {"output": tmp_path / "picks.csv", "pairs": tmp_path / "pairs.jsonl"}
    for _ in range(2):  # safe to run twice
        call_command("best_of", project="study", scorer="technical", stdout=out, **files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.jsonl", "picks.csv"]
    assert "2 prompts, 4 videos: the pick is the humans' best in 50.0%; random 50.0%" in out.getvalue()
    assert "pick 3.000, random 3.292, best 4.083" in out.getvalue()
    with pytest.raises(CommandError, match="technical:00000000"):
        call_command("best_of", project="study", scorer="nobody", **files)
    with pytest.raises(CommandError, match=r"\.csv or \.jsonl"):
        call_command("best_of", project="study", scorer="technical", output=tmp_path / "picks.exe")
