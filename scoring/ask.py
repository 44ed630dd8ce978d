"""Asking a scorer about a micro-batch: sample, ask, read, each video on its own where it can be."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from annotation.scale import DIMENSION_KEYS
from scoring.protocol import Answer, Question, Scorer, UnreadableAnswer, VideoFault

Outcome = Answer | VideoFault


@dataclass(frozen=True)
class Look:
    """What a scorer saw of one video, or why it could not; `seconds` is the time that took."""

    question: Question
    sample: Any
    fault: VideoFault | None
    seconds: float


def score_batch(
    scorer: Scorer[Any, Any], questions: Sequence[Question], *, alive: Callable[[], None] = lambda: None
) -> list[Outcome]:
    """An answer or a fault for each question, in order. `alive` is called between the steps.

    A video that cannot be sampled fails alone; an unreadable answer stays an answer, without scores.
    Raises what the scorer raises for the whole batch.
    """
    looks = []
    for question in questions:
        looks.append(_look(scorer, question))
        alive()
    whole = [look for look in looks if look.fault is None]
    started = time.monotonic()
    raws = iter(scorer.ask([look.question for look in whole], [look.sample for look in whole]) if whole else [])
    asking = (time.monotonic() - started) / max(len(whole), 1)
    alive()
    return [look.fault or _read(scorer, next(raws), {"sample": look.seconds, "ask": asking}) for look in looks]


def _look(scorer: Scorer[Any, Any], question: Question) -> Look:
    started = time.monotonic()
    sample, fault = None, None
    try:
        sample = scorer.sample(question)
    except VideoFault as error:
        fault = error
    return Look(question, sample, fault, time.monotonic() - started)


def _read(scorer: Scorer[Any, Any], raw: Any, timings: dict[str, float]) -> Answer:
    started = time.monotonic()
    try:
        answer = scorer.read(raw)
    except UnreadableAnswer as unreadable:
        nothing = dict.fromkeys(DIMENSION_KEYS)
        answer = Answer(nothing, rationale="", raw_text=unreadable.raw_text, frames=0, readable=False)
    return replace(answer, timings={**answer.timings, **timings, "read": time.monotonic() - started})
