"""The demo's seed: the real import, scorer, queue and submit, on a few of its clips."""

import dataclasses

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Arm, Project, Rating, Suggestion, Verdict
from datasets_app.demo import clips, rate
from datasets_app.demo import seed as seeding
from datasets_app.demo.cast import CLIPS
from datasets_app.demo.opinions import RATERS, opinion
from datasets_app.demo.seed import seed
from scoring.scorers.videoscore2.stand_in import CHECKPOINT

pytestmark = pytest.mark.django_db(transaction=True)
NOTHING_SHOWN = {"visual_quality": None, "text_alignment": None, "physical_consistency": None}


@pytest.fixture
def small_cast(monkeypatch):
    """Four clips of one prompt, three ratings by each simulated rater."""
    raters = tuple(dataclasses.replace(rater, rates=3) for rater in RATERS)
    monkeypatch.setattr(clips, "CLIPS", CLIPS[:4])
    monkeypatch.setattr(seeding, "RATERS", raters)
    monkeypatch.setattr(rate, "RATERS", raters)


def test_the_seed_fills_every_part_and_a_second_one_changes_nothing(small_cast, tmp_path):
    for _ in range(2):
        seed(tmp_path, "technical", say=lambda sentence: None)
        project = Project.objects.get()
        assert project.videos.watchable().count() == 4
        assert Suggestion.objects.count() == 4
        assert Rating.objects.counted().count() == 6
        assert Verdict.objects.exists()
    call_command("verify_invariants")


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
    assert Rating.objects.counted().count() == 6


def test_simulated_raters_are_shown_only_what_their_arm_allows(small_cast, tmp_path):
    seed(tmp_path, "technical", say=lambda sentence: None)
    for rating in Rating.objects.all():
        assert (rating.suggestion is not None) == (rating.arm == Arm.PREFILL)
        assert rating.seconds > 20


def test_a_rater_names_the_drawn_fault_and_when_it_shows():
    clip = next(clip for clip in CLIPS if clip.name == "ball_moderate")
    answers = opinion(RATERS[0], clip, NOTHING_SHOWN)
    assert answers.reasons["physical_consistency"] == "Falls straight through the ground [2.67s f32]."
    assert answers.scores["physical_consistency"] <= 2


def test_the_seed_is_refused_in_production(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("seed_demo")
