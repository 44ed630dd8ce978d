"""What a trial's page says, from its row."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.frames_seen import FramesSeen, read_saw
from annotation.scale import DIMENSIONS, Dimension
from datasets_app.media.decoder.playable import EIGHT_BIT_420
from datasets_app.media.probe import BROWSER_CODECS
from datasets_app.trials.models import Trial
from scoring.models import Heartbeat

PLAYABLE_CONTAINERS = ("mp4", "mov", "webm")
STEPS = {"sample": _("looking"), "ask": _("answering"), "read": _("reading")}
PATIENCE = timedelta(seconds=10)  # after that a page that still waits says what it waits for
LOADING = _("A worker is loading the scorer, which may take minutes.")
BUSY = _("A worker of this scorer was seen a moment ago. Busy with a run, it turns to this clip within minutes.")
NOBODY = _("No worker of this scorer has been seen lately. On a machine that can run it, start one:")


@dataclass(frozen=True)
class Line:
    """One dimension of the answer; `numbers` as in the answer's JSON, empty where the scorer gave none."""

    dimension: Dimension
    score: int | None
    numbers: dict[str, Any] = field(default_factory=dict)

    @property
    def probabilities(self) -> list[float]:
        """Of the scores 1 to 5."""
        return list((self.numbers.get("probabilities") or {}).values())


def lines_of(trial: Trial) -> list[Line]:
    """The scores, in the order of the scale; empty without an answer."""
    said = (trial.answer or {}).get("dimensions") or {}
    found = [(dimension, said.get(dimension.key) or {}) for dimension in DIMENSIONS] if said else []
    return [Line(dimension, numbers.get("hard_score"), numbers) for dimension, numbers in found]


def timings_of(trial: Trial) -> list[tuple[str | Promise, float]]:
    """What the scorer did and how long it took (s), in its order; steps of its own last."""
    taken = dict((trial.answer or {}).get("timings") or {})
    ours = [(words, taken.pop(step)) for step, words in STEPS.items() if step in taken]
    return [*ours, *taken.items()]


def seen_in(trial: Trial) -> FramesSeen | None:
    """The frames that the scorer looked at, where it says so."""
    saw = (trial.answer or {}).get("saw")
    return read_saw(saw, trial.fps, "trial-frames", [trial.project.slug, trial.public_id])


def plays_in_browsers(trial: Trial) -> bool:
    """Whether the clip plays as it is: a trial gets no copy."""
    is_plain = trial.codec in BROWSER_CODECS and trial.pixel_format in EIGHT_BIT_420
    return is_plain and trial.container in PLAYABLE_CONTAINERS


def waits_for(trial: Trial) -> str | Promise:
    """Why nothing has happened yet, where there is something to say."""
    beats = Heartbeat.objects.filter(scorer_version__scorer=trial.scorer_version.scorer_id)
    if beats.loading().filter(scorer_version=trial.scorer_version_id).exists():
        return LOADING
    if timezone.now() - trial.asked_at < PATIENCE:
        return ""
    return BUSY if beats.alive().exists() else NOBODY


def seconds_since_start(trial: Trial) -> int:
    """How long a worker has been at it."""
    return max(round((timezone.now() - trial.started_at).total_seconds()), 0) if trial.started_at else 0
