"""Which arm a rater gets for a video: a seeded draw from the shares that the lead set."""

import hashlib

from annotation.models import Arm, Project, User, Video


def draw_arm(project: Project, rater: User, video: Video) -> Arm:
    """The arm of this rater for this video. The same seed, rater, video and shares always draw the same."""
    percent = draw(project.seed, rater.pk, video.pk) * 100
    if percent < project.prefill_percent:
        return Arm.PREFILL
    return Arm.REVEAL if percent < project.prefill_percent + project.reveal_percent else Arm.BLIND


def draw(seed: int, rater_pk: int, video_pk: int) -> float:
    """A number in [0, 1) that depends on nothing but the three."""
    digest = hashlib.sha256(f"{seed}/{rater_pk}/{video_pk}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
