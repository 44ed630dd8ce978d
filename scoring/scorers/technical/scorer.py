"""`technical`: measures of every frame on the CPU. A heuristic: it flags and sorts, and knows no meaning."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2

from annotation.scale import PHYSICAL_CONSISTENCY, TEXT_ALIGNMENT, VISUAL_QUALITY
from scoring.protocol import Answer, Heard, OutdatedVersion, Question
from scoring.scorers.technical.faults import Fault, find_faults, moves
from scoring.scorers.technical.rationale import write_rationale
from scoring.scorers.technical.settings import REVISION
from scoring.scorers.technical.watch import Track, watch
from scoring.scorers.technical.weigh import weigh

FEWEST_FRAMES = 6  # with fewer, nothing can be said about movement


@dataclass(frozen=True)
class Findings:
    """What the measures say of one video."""

    track: Track
    faults: Mapping[str, Fault]


class TechnicalScorer:
    """Scores visual quality, physical consistency where something moves, and never text alignment."""

    batch_size = 1  # nothing is gained by more on a CPU, and less is lost with a worker

    def __init__(self, settings: Mapping[str, Any]) -> None:
        if settings.get("revision") != REVISION:
            raise OutdatedVersion("The measuring code has changed since this version. Start a new run.")
        cv2.setNumThreads(1)  # one core a worker process
        self._settings = settings

    def sample(self, question: Question) -> Track:
        """Every frame, measured. Raises `VideoFault`."""
        return watch(question.path, self._settings)

    def ask(self, questions: Sequence[Question], samples: Sequence[Track], heard: Heard | None) -> list[Findings]:
        """The faults of each video."""
        return [Findings(track, find_faults(track, self._settings["ramps"])) for track in samples]

    def read(self, raw: Findings) -> Answer:
        """Scores with probabilities, and a rationale that cites seconds."""
        visual, physical = (self._settings[d.key] for d in (VISUAL_QUALITY, PHYSICAL_CONSISTENCY))
        tells = raw.track.frames >= FEWEST_FRAMES and moves(raw.track)
        return Answer(
            opinions={
                VISUAL_QUALITY.key: weigh(raw.faults, visual),
                TEXT_ALIGNMENT.key: None,
                PHYSICAL_CONSISTENCY.key: weigh(raw.faults, physical) if tells else None,
            },
            rationale=write_rationale(
                raw.track,
                raw.faults,
                visual=tuple(visual["shares"]),
                physical=tuple(physical["shares"]) if tells else None,
            ),
            raw_text=_as_text(raw),
            frames=raw.track.frames,
        )


def _as_text(findings: Findings) -> str:
    """The findings as JSON: strength of each fault, and its spans in seconds."""
    return json.dumps(
        {
            kind: {"strength": round(fault.strength, 4), "seconds": fault.spans}
            for kind, fault in findings.faults.items()
        }
    )
