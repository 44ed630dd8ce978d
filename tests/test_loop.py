"""The loop: what a version was trained on, figures on held-out videos, and promotion to suggester."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from annotation.models import AuditEntry, Role, Scorer, ScorerVersion, Video
from datasets_app.loop.seen import seen_in_training
from datasets_app.models import Release, TrainedOn
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import Options
from datasets_app.releases.splits import Splits
from datasets_app.takedown.video import take_down
from scoring.evaluation.run import run_evaluation
from scoring.models import Evaluation
from scoring.registry import settings_of
from tests.make import make_member, make_project, make_rating, make_suggestion, make_user, make_video

pytestmark = pytest.mark.django_db

SPLIT = {"train": 0.5, "test": 0.5}


def make_version(letter):
    scorer = Scorer.objects.get_or_create(name="videoscore2")[0]
    return ScorerVersion.objects.create(
        scorer=scorer, settings_sha256=letter * 64, settings=settings_of("videoscore2"), checkpoint=f"/w/{letter}"
    )


def make_release(project, number=1, **settings):
    return Release.objects.create(
        project=project, number=number, state="done", settings={"formats": ["sft"], "videos": "none", **settings}
    )


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    cache.clear()
    monkeypatch.setattr("scoring.evaluation.run.REPEATS", 100)


@pytest.fixture
def project():
    return make_project("study")


@pytest.fixture
def lead(client, project):
    client.force_login(make_member(project, Role.LEAD))
    return client


@pytest.fixture
def versions(project):
    """`old` is the suggester and always off by one; `new` is right on trained prompts alone, and never elsewhere."""
    old, new = make_version("a"), make_version("b")
    project.suggester = old
    project.save()
    splits = Splits(SPLIT, 0)
    for number in range(40):
        video = make_video(project, f"prompt {number}", name=f"v{number:02}")
        make_rating(video, make_user(), (3, 3, 3))
        make_suggestion(video, old, (4, 4, 4))
        trained = splits.of(video.prompt.text) == "train"
        make_suggestion(video, new, (3, 3, 3) if trained else (5, 5, 5))
    return old, new


def build(release):
    """Its files, of all rated videos."""
    options = Options(**release.settings, policy="median")
    export_dataset(release.project, options, release.folder)
    return release


def row(client, version, query=""):
    seen = client.get(reverse("project-loop", args=["study"]) + query)
    assert seen.status_code == 200
    return next(row for row in seen.context["rows"] if row.version == version)


def state(client, version, release):
    return client.post(reverse("loop-trained-on", args=["study", version.pk]), {"release": release})


@pytest.mark.parametrize("role", [Role.RATER, Role.REVIEWER, None])
def test_only_leads_find_it(client, project, role):
    client.force_login(make_member(project if role else make_project(), role or Role.LEAD))
    assert client.get(reverse("project-loop", args=["study"])).status_code == 404
    assert state(client, make_version("a"), "1").status_code == 404
    assert not TrainedOn.objects.exists()


def test_a_version_is_judged_on_videos_that_it_did_not_learn_from(lead, project, versions):
    old, new = versions
    everything = row(lead, new)
    assert everything.standing.accuracy == pytest.approx(everything.standing.gap.value)
    assert everything.standing.accuracy > 0.3
    assert everything.standing.gap.dimensions == 3
    assert everything.next == "state"

    build(make_release(project, split=SPLIT, formats=["records"]))
    assert state(lead, new, "1").status_code == 302
    held_out = row(lead, new)
    assert (held_out.standing.accuracy, held_out.standing.gap.value) == (0.0, 0.0)
    assert held_out.standing.videos + held_out.standing.seen == 40
    assert 10 < held_out.standing.seen < 30
    assert row(lead, new, "?all=1").standing == type(everything.standing)(
        **{**vars(everything.standing), "seen": held_out.standing.seen}
    )
    assert row(lead, old).standing.videos == 40  # nobody said that the suggester was trained on it


def test_a_version_has_seen_the_files_and_prompts_that_its_release_holds_and_no_others(project, settings):
    learned = make_video(project, "A cat.", sha256="c" * 64)
    unrated = make_video(project, "a dog")
    make_rating(learned, make_user(), (3, 3, 3))
    release = build(make_release(project, formats=["records"]))
    again, copy = make_video(project, "a  CAT"), make_video(project, "a house", sha256="c" * 64)
    assert seen_in_training(release, project).tolist() == [learned.pk, again.pk, copy.pk]
    elsewhere = make_project("elsewhere")
    same_words = make_video(elsewhere, "A cat")
    make_video(elsewhere, "a dog")
    assert seen_in_training(release, elsewhere).tolist() == [same_words.pk]

    held_out = build(make_release(project, number=2, formats=["bench"]))
    assert seen_in_training(held_out, project).tolist() == []  # nobody trains on it

    settings.RELEASES_ROOT = "/nowhere"  # what it held cannot be read: all that was there by then
    Video.objects.filter(pk__in=[again.pk, copy.pk]).update(created_at=timezone.now() + timedelta(hours=1))
    Video.objects.filter(pk=copy.pk).update(sha256="d" * 64)
    assert seen_in_training(release, project).tolist() == [learned.pk, unrated.pk, again.pk]


def test_a_prompt_that_was_trained_on_stays_seen_when_its_video_is_taken_down(project, settings):
    learned, other = make_video(project, "A cat."), make_video(project, "a dog")
    make_rating(learned, make_user(), (3, 3, 3))
    release = build(make_release(project, formats=["records"]))
    sibling, copy = make_video(project, "A cat."), make_video(project, "a house", sha256=learned.sha256)
    take_down(other)
    make_video(project, "a dog")
    take_down(learned)
    imported_again = make_video(project, "a  CAT")
    seen = seen_in_training(release, project).tolist()
    assert seen == [sibling.pk, copy.pk, imported_again.pk]
    assert "cat" not in str(AuditEntry.objects.filter(kind="video_deleted").values()).lower()

    settings.RELEASES_ROOT = "/nowhere"
    Video.objects.update(created_at=timezone.now() + timedelta(hours=1))
    everything_but_the_house = Video.objects.exclude(pk=copy.pk).order_by("pk").values_list("pk", flat=True)
    assert seen_in_training(release, project).tolist() == list(everything_but_the_house)


def test_figures_say_how_many_videos_were_trained_on_and_leave_them_out_when_asked(lead, project, versions):
    old, new = versions
    release = build(make_release(project, formats=["records"], split=SPLIT))
    TrainedOn.objects.create(scorer_version=new, release=release)
    seen = len(seen_in_training(release, project))
    address = f"{reverse('project-evaluation', args=['study'])}?version={new.pk}&against={old.pk}"
    page = lead.get(address)
    assert (page.context["trained_on"], page.context["unseen"]) == ([(new, seen)], 40 - seen)
    assert f"{seen} of these 40 videos were in the training data of" in page.content.decode()
    only = lead.get(f"{address}&held_out=1")
    assert only.context["found"].videos == 40 - seen
    assert only.context["found"].sides[0].figures["mean"]["accuracy"] == 0
    assert f"{seen} videos: trained on" in " ".join(only.content.decode().split())
    worst = lead.get(f"{reverse('evaluation-worst', args=['study'])}?version={new.pk}&held_out=1")
    assert worst.context["compared"] == 40 - seen

    asked = {"version": new.pk, "against": "", "held_out": "1"}
    lead.post(reverse("evaluation-start", args=["study"]), asked)
    evaluation = Evaluation.objects.get()
    run_evaluation(evaluation.pk)
    evaluation.refresh_from_db()
    assert evaluation.results["videos"] == 40 - seen
    alone = f"{reverse('project-evaluation', args=['study'])}?version={new.pk}"
    assert lead.get(alone).context["evaluation"] is None
    assert lead.get(f"{alone}&held_out=1").context["current"]
    TrainedOn.objects.all().delete()
    assert not lead.get(f"{alone}&held_out=1").context["current"]  # what was seen has changed


def test_the_command_says_both_numbers_and_leaves_videos_out_when_asked(project, versions):
    _, new = versions
    TrainedOn.objects.create(
        scorer_version=new, release=build(make_release(project, formats=["records"], split=SPLIT))
    )
    seen = len(seen_in_training(Release.objects.get(), project))

    def said(*more):
        out = StringIO()
        call_command("evaluate_scorer", *more, project="study", scorer="videoscore2:b", stdout=out)
        return out.getvalue()

    assert (
        f"40 videos; truth: ratings of people who had not seen the model\nrests on: 40 blind\n{seen} of" in said()
    )
    assert f"{40 - seen} videos;" in said("--held-out")
    assert json.loads(said("--held-out", "--json"))["trained_on"] == [0]
    assert json.loads(said("--json"))["trained_on"] == [seen]


def test_of_many_answers_the_figures_follow_the_page_one_version_after_another(lead, versions, monkeypatch):
    old, new = versions
    monkeypatch.setattr("scoring.evaluation.keep.AT_ONCE", 79)
    address = reverse("loop-version", args=["study", new.pk])
    first = row(lead, new)
    assert (first.standing, first.counting) == (None, True)
    page = lead.get(reverse("project-loop", args=["study"]) + "?all=1")
    assert f'hx-get="{address}?all=1"' in page.content.decode()
    part = lead.get(address)
    assert part.context["row"].standing.gap.videos == 40
    assert "hx-get" not in part.content.decode()
    assert row(lead, new, "?now").standing == part.context["row"].standing
    assert not row(lead, old).counting  # all are kept by now
    assert lead.get(reverse("loop-version", args=["study", 0])).status_code == 404


def test_only_finished_releases_of_this_project_can_be_stated_and_a_statement_can_be_taken_back(lead, project):
    version, other = make_version("a"), make_project("other")
    theirs = make_release(other, number=5)
    Release.objects.create(project=project, number=2, state="building", settings={"formats": ["sft"]})
    for number in ("5", "2", "x"):
        state(lead, version, number)
    assert not TrainedOn.objects.exists()
    first, third = make_release(project), make_release(project, number=3)
    for number, release in (("1", first), ("3", third)):
        state(lead, version, number)
        assert TrainedOn.objects.get().release == release
    state(lead, version, "")
    assert not TrainedOn.objects.exists()
    TrainedOn.objects.create(scorer_version=version, release=theirs)
    for number in ("1", ""):
        state(lead, version, number)
    assert TrainedOn.objects.get().release == theirs
    assert (row(lead, version).elsewhere, row(lead, version).trained_on) == (True, None)


def test_promotion_from_here_makes_the_suggester_and_comes_back(lead, project, versions):
    _, new = versions
    answer = lead.post(reverse("suggestions-suggester", args=["study"]), {"version": new.pk, "back": "loop"})
    assert answer.url == reverse("project-loop", args=["study"])
    project.refresh_from_db()
    assert project.suggester == new
    assert row(lead, new).is_suggester
    away = lead.post(reverse("suggestions-suggester", args=["study"]), {"version": "", "back": "//evil.example"})
    assert away.url == reverse("project-suggestions", args=["study"])
