"""Arms are drawn by a seed, in the shares that the lead set, and stay as they were drawn."""

import pytest

from annotation.models import Arm, Draft, Project, User, Video
from annotation.room.arms import draw_arm
from annotation.room.queue import lease_next
from tests.make import make_member, make_project, make_video


def arms(project, raters=20, videos=500):
    return [
        draw_arm(project, User(pk=rater), Video(pk=video))
        for rater in range(1, raters + 1)
        for video in range(1, videos + 1)
    ]


@pytest.mark.parametrize("blind", [0, 5, 10, 50, 100])
def test_shares_are_met(blind):
    project = Project(seed=3, prefill_percent=100 - blind, blind_percent=blind)
    drawn = arms(project)
    assert sum(arm == Arm.BLIND for arm in drawn) / len(drawn) == pytest.approx(
        blind / 100, abs=0.012 if 0 < blind < 100 else 0
    )


def test_the_draw_is_pinned():
    project = Project(seed=7, prefill_percent=50, blind_percent=50)
    letters = "".join(draw_arm(project, User(pk=1), Video(pk=video))[0] for video in range(1, 25))
    assert letters == "pbpppbpbbppbpbpppbbppbbp"


def test_another_seed_or_rater_draws_differently():
    one = Project(seed=1, prefill_percent=50, blind_percent=50)
    two = Project(seed=2, prefill_percent=50, blind_percent=50)
    assert arms(one, raters=1) != arms(two, raters=1)
    assert arms(one, raters=2)[:500] != arms(one, raters=2)[500:]


@pytest.mark.django_db
def test_the_arm_is_frozen_at_the_first_lease():
    project = make_project(prefill_percent=0, blind_percent=100)
    rater = make_member(project)
    make_video(project)
    lease_next(project, rater)
    project.prefill_percent, project.blind_percent = 95, 5
    project.save()
    lease_next(project, rater)
    assert Draft.objects.get().arm == Arm.BLIND
