"""The builder of releases, what it counts beside it, the command it prints, and the page of each release."""

import importlib
import shlex

import pytest
from django.apps import apps
from django.urls import reverse

from annotation.models import ReviewCase, Role
from annotation.room.settle import settle
from datasets_app.management.commands.export_dataset import Command
from datasets_app.models import Release
from datasets_app.releases.build_release import build_release
from datasets_app.releases.choices import MOST_SHOWN
from datasets_app.releases.command_line import command_line
from datasets_app.releases.export_options import Options
from datasets_app.releases.forms import ReleaseForm
from datasets_app.releases.splits import parse_split
from tests.make import (
    make_member,
    make_project,
    make_prompt,
    make_rating,
    make_scorer_version,
    make_user,
    make_video,
)
from tests.test_releases_page import FORM, ask, rated_videos, words


@pytest.fixture
def project(db):
    return make_project("study")


@pytest.fixture
def sent(client, project):
    """Send a form of the project's pages as its lead: `sent(route, *args, **form)`; without a form, fetch it."""
    client.force_login(make_member(project, Role.LEAD))

    def send(route, *args, **form):
        address = reverse(route, args=[project.slug, *args])
        return client.post(address, FORM | form) if form else client.get(address)

    return send


@pytest.fixture
def built(project):
    """A release of three videos that was built."""
    rated_videos(project)
    release = ask(project)
    build_release(release.pk)
    release.refresh_from_db()
    return release


def test_the_printed_command_asks_for_just_the_same(project):
    everything = Options(
        ["sft", "preferences"], no_cot=True, rationale="expert", split={"train": 0.85, "dev": 0.15}, seed=4,
        policy="median", min_ratings=2, arms=["blind", "reveal"], reviewed_only=True,
        t2v_models=["Kling 1.6", "it's", "-v"], prompt_sources=["vidprom"], since="2026-01-02", until="2026-02-03",
        videos="copy", on_leak="list", margin=0.5, licence="odc-by", reconcile=make_scorer_version("judge").pk,
    )  # fmt: skip
    for options in (everything, Options(["records"])):
        words = shlex.split(command_line(project, options))
        assert words[:3] == ["python", "manage.py", "export_dataset"]
        asked = vars(Command().create_parser("manage.py", "export_dataset").parse_args(words[3:]))
        assert asked["project"] == "study"
        assert asked["reconcile"] == ("judge:000000000000" if options.reconcile else "")
        asked["reconcile"] = options.reconcile
        assert Options(**{name: asked[name] for name in options.as_json()}) == options


def test_a_licence_is_chosen_on_the_page_and_one_that_is_not_offered_is_refused(sent, project):
    rated_videos(project)
    sent("project-releases", licence="odbl")
    assert Release.objects.get().settings["licence"] == "odbl"
    sent("project-releases", licence="mine")
    assert Release.objects.count() == 1


def test_what_the_form_does_not_show_does_not_count(sent, project):
    rated_videos(project)
    sent("project-releases", no_cot="on", margin="3")
    assert Options(**Release.objects.get().settings) == Options(["records"])


def test_a_preview_answers_the_form_with_numbers_and_a_command(sent, project):
    videos = rated_videos(project, 2, t2v_model="Kling")
    for video in [make_video(project, t2v_model="Sora", sha256=videos[0].sha256)]:
        make_rating(video, make_user(), (5, 5, 5))
        settle([video])
    text = words(sent("release-preview", t2v_models=["Kling"]))
    assert "2 videos · prompts: 2 · ratings: 2" in text
    assert "--t2v-model Kling" in text
    assert "Sora" not in text
    text = words(sent("release-preview", split="a=0.5,b=0.5", min_ratings="2"))
    assert "It would be refused: there is nothing for records" in text
    assert "3 · Too few ratings that count" in text
    assert "Nothing can be counted yet" in words(sent("release-preview", split="a=0.5"))
    assert "Nothing can be counted yet" in words(sent("release-preview", prompt_sources=["nowhere"]))


def test_a_preview_says_how_many_videos_still_wait_for_a_reviewer(sent, project):
    videos = rated_videos(project, 4, t2v_model="Kling")
    states = zip(videos, ["open", "open", "returned", "closed"], strict=True)
    for video, state in states:
        ReviewCase.objects.update_or_create(video=video, defaults={"state": state, "audit": True})
    waiting = make_video(project)  # and is not taken
    ReviewCase.objects.create(video=waiting, audit=True)
    answer = sent("release-preview", formats=["records"])
    assert "2 of them wait for a reviewer" in words(answer)
    assert f'href="{reverse("review", args=[project.slug])}"' in answer.content.decode()
    assert "wait for a reviewer" not in words(sent("release-preview", reviewed_only="on"))
    ReviewCase.objects.update(state="closed")
    assert "wait for a reviewer" not in words(sent("release-preview", formats=["records"]))


def test_a_preview_says_where_bench_holds_what_is_trained_on(sent, project):
    rated_videos(project)
    said = "bench holds the videos of the other files"
    assert said in words(sent("release-preview", formats=["bench", "sft"]))
    assert said not in words(sent("release-preview", formats=["bench", "sft"], split="train=0.5,test=0.5"))
    assert said not in words(sent("release-preview", formats=["bench"]))
    assert said not in words(sent("release-preview", formats=["sft", "rl"]))
    page = words(sent("project-releases"))
    assert "Bench" in page
    assert not any(claim in page for claim in ("held out", "held-out"))


def test_of_thousands_of_sources_some_are_listed_and_the_others_found_by_name(sent, project):
    for number in range(MOST_SHOWN + 5):
        make_video(project, make_prompt(project, source=f"source {number:03}"))
    make_rating(make_video(project), make_user())
    settle(project.videos.all())
    text = words(sent("project-releases", preview="1", prompt_sources=["source 064"]))
    assert "source 064" in text
    assert "source 063" not in text
    assert "4 more: look for them by name" in text
    found = sent("release-choices", "prompt_sources", find_prompt_sources="CE 063", prompt_sources=["source 064"])
    assert '<input type="checkbox" name="prompt_sources" value="source 064" checked>' in found.content.decode()
    assert words(found) == "source 064 1 source 063 1"
    assert sent("release-choices", "names", find="x").status_code == 404


def test_a_form_can_start_as_an_earlier_release(client, sent, project):
    rated_videos(project)
    ask(project, formats=["rl"], split={"train": 0.9, "test": 0.1}, since="2026-01-02", arms=["blind"])
    text = client.get(reverse("project-releases", args=[project.slug]) + "?again=1").content.decode()
    assert 'value="rl" id="id_formats_2" checked' in text
    assert 'value="train=0.9,test=0.1"' in text
    assert 'value="2026-01-02"' in text
    assert '<details class="fold" open>' in text
    assert client.get(reverse("project-releases", args=[project.slug]) + "?again=9").status_code == 404


def test_what_was_built_stays_chosen_and_the_row_names_its_split(client, sent, project):
    rated_videos(project)
    answer = sent("project-releases", formats=["rl"], split="test=0.1,train=0.9", seed="4")
    text = client.get(answer.url).content.decode()
    assert 'value="rl" id="id_formats_2" checked' in text
    assert 'value="train=0.9,test=0.1"' in text
    assert "· split train 0.9 / test 0.1 · seed 4" in text


def test_a_leak_is_told_before_and_on_the_row(sent, project):
    for video in rated_videos(project, 12):
        project.videos.filter(pk=video.pk).update(sha256="a" * 64)
    form = {"split": "a=0.5,b=0.5", "on_leak": "refuse"}
    assert "It would be refused: the files of" in words(sent("release-preview", **form))
    sent("project-releases", **form)
    build_release(Release.objects.get().pk)
    assert "It could not be built:" in words(sent("release", 1))
    assert "leak" in Release.objects.get().reason.lower() or "split" in Release.objects.get().reason


def test_a_release_has_a_page_with_what_was_asked_and_what_came(sent, built):
    text = words(sent("release", 1))
    for said in ("records 3 nothing", "Records (JSONL)", built.manifest_sha256, "records.jsonl", "Dataset card"):
        assert said in text
    assert "Since release" not in text
    assert "license:" not in text  # the head is for the Hub


def test_a_second_release_says_what_changed(sent, project, built):
    first = project.videos.order_by("pk").first()
    first.verdict.delete()
    new = make_video(project, name="late")
    make_rating(new, make_user(), (1, 2, 3))
    settle([new])
    again = ask(project)
    build_release(again.pk)
    text = words(sent("release", 2))
    assert "Since release 1 +1 added −1 removed 0 with other scores" in text
    assert "Added late Removed v0" in text


def test_verifying_names_the_files_that_are_not_what_was_built(sent, built):
    assert "Everything is as it was built" in words(sent("release-verify", 1, verify="1"))
    (built.folder / "records.jsonl").write_text("other")
    (built.folder / "README.md").unlink()
    text = words(sent("release-verify", 1, verify="1"))
    assert "2 files are not what was built: records.jsonl has changed README.md is missing" in text
    manifest = built.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 0', '"seed": 1'))
    assert "manifest.json is not the one that was built" in words(sent("release-verify", 1, verify="1"))


def test_only_the_cards_own_plots_are_sent_and_they_run_nothing(sent, built):
    answer = sent("release-plot", 1, "scores.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    (built.folder / "plots" / "own.svg").write_text("<svg/>")
    for name in ("own.svg", "README.md", "..%2Frecords.jsonl"):
        assert sent("release-plot", 1, name).status_code == 404, name


@pytest.mark.parametrize("split", [{}, {"train": 0.5, "test": 0.5}])
def test_releases_from_before_they_held_several_formats_still_have_their_pages(split, sent, project):
    rated_videos(project)
    old = {"verdicts": 4, "records": 3, "rationales": {"expert": 3}, "left_out": {"no rationale": 1}}
    old |= {"splits": {"train": 2, "test": 1} if split else {"sft": 3}, "stripped_lines": 1}
    settings = {"formats": ["sft"], "no_cot": False, "rationale": "", "split": split, "seed": 0}
    Release.objects.create(project=project, number=1, state="done", settings=settings, counts=old)
    importlib.import_module("datasets_app.migrations.0004_counts_by_format").counts_by_format(apps, None)
    assert "4 videos ( sft 3)" in words(sent("project-releases"))
    shown = words(sent("release", 1))
    assert ("sft 3 test 1 train 2 1 ·" if split else "sft 3 1 · Nothing to reason from") in shown
    assert sent("release-row", 1).status_code == 200


def test_building_again_splits_at_the_same_places(project):
    thirds = Options(["sft"], split={"train": 2 / 3, "test": 1 / 3})
    again = ReleaseForm(project, like=thirds)["split"].value()
    assert parse_split(again) == thirds.split


@pytest.mark.parametrize("counts", ["1-2-3", "1-2-3-4-5.1-2-3-4-5", "a-2-3-4-5.1-2-3-4-5.1-2-3-4-5"])
def test_a_chart_of_nonsense_is_not_found(counts, sent):
    assert sent("release-shares", "side", counts).status_code == 404
    assert sent("release-shares", "side", "1-2-3-4-5.1-2-3-4-5.1-2-3-4-5").status_code == 200


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_count_follows_the_form_and_names_a_silent_server(browse, project, live_server):
    rated_videos(project)
    page = browse(make_member(project, Role.LEAD))
    page.goto(reverse("project-releases", args=[project.slug]))
    page.get_by_role("cell", name="sft", exact=True).wait_for()  # counted without being asked
    assert not page.get_by_label("Margin of a preference").is_visible()
    page.locator("#command").evaluate("(box) => (box.style.height = '150px')")  # pulled larger with the mouse
    page.get_by_label("Preference pairs").check()
    page.get_by_role("cell", name="preferences", exact=True).wait_for()
    assert page.get_by_label("Margin of a preference").is_visible()
    page.route("**/preview/", lambda route: route.abort())
    browse.expect("net::ERR_FAILED", "htmx:sendError", "htmx:afterRequest")
    page.get_by_label("Preference pairs").uncheck()
    page.get_by_text("The server does not answer").wait_for()
    page.unroute("**/preview/")
    page.get_by_label("Records (JSONL)").check()
    page.get_by_role("cell", name="records", exact=True).wait_for()
    assert not page.get_by_text("The server does not answer").is_visible()
