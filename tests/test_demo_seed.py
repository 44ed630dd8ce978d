"""The demo's seed: the real import, scorer, queue and submit, on a few of its clips."""

import dataclasses
import itertools

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Arm, CheckMark, Membership, Project, Rating, ReviewCase, Suggestion, User, Verdict
from annotation.room.arms import draw
from annotation.room.next import next_draft
from datasets_app.demo import clips, rate
from datasets_app.demo import seed as seeding
from datasets_app.demo.cast import CLIPS, PROMPTS
from datasets_app.demo.guide import EXAMPLES
from datasets_app.demo.opinions import RATERS, opinion
from datasets_app.demo.people import make_people_and_project
from datasets_app.demo.seed import seed
from scoring.evaluation.bootstrap import MIN_PROMPTS
from scoring.scorers.videoscore2.stand_in import CHECKPOINT
from tests.make import make_scorer_version, make_video

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING_SHOWN = {"visual_quality": None, "text_alignment": None, "physical_consistency": None}


@pytest.fixture
def small_cast(monkeypatch):
    """Four clips of one prompt, one of them an example; two ratings by each simulated rater, one by rater-2."""
    raters = tuple(dataclasses.replace(rater, rates=2) for rater in RATERS)
    monkeypatch.setattr(clips, "CLIPS", CLIPS[:4])
    monkeypatch.setattr(seeding, "RATERS", raters)
    monkeypatch.setattr(rate, "RATERS", raters)


def test_the_seed_fills_every_part_and_a_second_one_changes_nothing(small_cast, tmp_path, monkeypatch):
    careless = [dataclasses.replace(rater, terse=0.5) for rater in rate.RATERS]
    monkeypatch.setattr(rate, "RATERS", careless)
    for _ in range(2):
        seed(tmp_path, "technical", say=lambda sentence: None)
        project = Project.objects.get()
        assert project.videos.watchable().count() == 4
        assert Suggestion.objects.count() == 4
        assert Rating.objects.counted().count() == 5
        assert Verdict.objects.exists()
        assert [example.video.name for example in project.guideline_examples.all()] == ["ball_moderate"]
    call_command("verify_invariants")
    draft = next_draft(Membership.objects.get(user__username="rater-2"))
    assert (draft.stage, draft.returned.reviewer.username, draft.returned.preset) == ("return", "lead", "vague")
    assert ReviewCase.objects.get(state="returned").video == draft.video
    assert ReviewCase.objects.filter(state="open", checked=True).exists()
    assert CheckMark.objects.filter(found="empty").exists()


def test_the_seed_with_a_stand_in_says_so_and_raters_are_shown_what_it_answers(small_cast, tmp_path, settings):
    settings.VIDEOSCORE2_CHECKPOINT, settings.VIDEOSCORE2_DTYPE = str(CHECKPOINT), "float32"
    said = []
    project = seed(tmp_path, "videoscore2", say=said.append)
    assert "Asking videoscore2, a stand-in, for suggestions ..." in said
    assert str(project.suggester).endswith("(stand-in)")
    assert Suggestion.objects.filter(scorer_version=project.suggester, saw__isnull=False).count() == 4


def test_a_seed_that_was_stopped_between_ratings_goes_on(small_cast, tmp_path, monkeypatch):
    class Stopped(Exception):
        pass

    def stop(*args, **kwargs):
        raise Stopped

    with monkeypatch.context() as stopping:
        stopping.setattr(rate, "_move_back", stop)
        with pytest.raises(Stopped):
            seed(tmp_path, "technical", say=lambda sentence: None)
    assert Rating.objects.count() == 1
    seed(tmp_path, "technical", say=lambda sentence: None)
    assert Rating.objects.counted().count() == 5


def test_simulated_raters_are_shown_only_what_their_arm_allows(small_cast, tmp_path, monkeypatch):
    arms = itertools.cycle(Arm)
    monkeypatch.setattr("annotation.room.queue.draw_arm", lambda *who: next(arms))
    seed(tmp_path, "technical", say=lambda sentence: None)
    shown = {Arm.PREFILL: {"first"}, Arm.REVEAL: {"reveal"}, Arm.BLIND: set()}
    assert set(Rating.objects.values_list("arm", flat=True)) == set(Arm)
    for rating in Rating.objects.all():
        assert (rating.suggestion is not None) == (rating.stage in shown[Arm(rating.arm)])
        assert rating.seconds > 20 or rating.stage == "reveal"


def test_in_a_new_database_every_prompt_gets_an_unswayed_rating_so_that_figures_have_intervals():
    project = make_people_and_project(make_scorer_version())
    first = User.objects.order_by("pk").values_list("username", flat=True)
    rater = [*first].index("simulated-1") + 1
    rated = [(pk, clip) for pk, clip in enumerate(CLIPS, start=1) if clip.name not in EXAMPLES]
    assert RATERS[0].rates == len(rated)
    unswayed = {
        clip.prompt.name for pk, clip in rated if 100 * draw(project.seed, rater, pk) >= project.prefill_percent
    }
    assert len(unswayed) == len(PROMPTS) >= MIN_PROMPTS


def test_a_clip_of_an_older_cast_is_left_to_people():
    project = make_people_and_project(make_scorer_version())
    make_video(project, name="zeppelin_modern")
    rate.rate_all(project)
    assert not Rating.objects.exists()


def test_a_rater_names_the_drawn_fault_and_when_it_shows():
    clip = next(clip for clip in CLIPS if clip.name == "ball_moderate")
    answers = opinion(RATERS[0], clip, NOTHING_SHOWN)
    assert answers.reasons["physical_consistency"] == "Falls straight through the ground [2.67s f32]."
    assert answers.scores["physical_consistency"] <= 2


def test_the_seed_is_refused_in_production(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("seed_demo")
