"""An answer as JSON: what `score_video --json` prints and the single-video page shows. The keys are a contract."""

from dataclasses import asdict
from typing import Any

from scoring.protocol import Answer, Opinion


def as_json(answer: Answer) -> dict[str, Any]:
    """The whole answer; a dimension is null where the scorer abstained, seconds by step under `timings`.

    `saw` (frames, seconds, width, height) is there only if the scorer did not see every frame.
    """
    shown: dict[str, Any] = {
        "status": answer.status,
        "dimensions": {key: opinion and _numbers(opinion) for key, opinion in answer.opinions.items()},
        "rationale": answer.rationale,
        "raw_text": answer.raw_text,
        "frames": answer.frames,
        "timings": {step: round(seconds, 4) for step, seconds in answer.timings.items()},
    }
    return shown | ({"saw": asdict(answer.saw)} if answer.saw else {})


def _numbers(opinion: Opinion) -> dict[str, Any]:
    chances = opinion.probabilities
    return {
        "hard_score": opinion.hard_score,
        "soft_score": chances and chances.soft_score,
        "expected_score": chances and chances.expected_score,
        "confidence": chances and chances.confidence,
        "probabilities": chances and {str(score): p for score, p in enumerate(chances.of, start=1)},
    }
