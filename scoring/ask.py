"""Asking a scorer about a micro-batch: sample, ask, read, each video on its own where it can be."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from annotation.scale import DIMENSION_KEYS
from scoring.protocol import Answer, Heard, Question, Scorer, UnreadableAnswer, VideoFault

Outcome = Answer | VideoFault


@dataclass(frozen=True)
class Look:
    """What a scorer saw of one video, or why it could not; `seconds` is the time that took."""

    question: Question
    sample: Any
    fault: VideoFault | None
    seconds: float


def score_batch(
    scorer: Scorer[Any, Any], questions: Sequence[Question], *, heard: Heard | None = None
) -> list[Outcome]:
    """An answer or a fault for each question, in order: `look` at each, then `answer` together."""
    return answer(scorer, [look(scorer, question) for question in questions], heard=heard)


def look(scorer: Scorer[Any, Any], question: Question) -> Look:
    """What the scorer sees of one video. A video that cannot be sampled fails alone."""
    started = time.monotonic()
    sample, fault = None, None
    try:
        sample = scorer.sample(question)
    except VideoFault as error:
        fault = error
    return Look(question, sample, fault, time.monotonic() - started)


def answer(scorer: Scorer[Any, Any], looks: Sequence[Look], *, heard: Heard | None = None) -> list[Outcome]:
    """Ask about what was seen. An unreadable answer stays an answer, without scores.

    `heard` gets the positions of `looks`. Raises what the scorer raises for the whole batch.
    """
    whole = [position for position, look in enumerate(looks) if look.fault is None]
    started = time.monotonic()
    raws: Sequence[Any] = []
    if whole:
        questions, samples = [looks[at].question for at in whole], [looks[at].sample for at in whole]
        raws = scorer.ask(questions, samples, heard and (lambda nth, text: heard(whole[nth], text)))
    asking = (time.monotonic() - started) / max(len(whole), 1)
    answered = dict(zip(whole, raws, strict=True))
    return [
        look.fault or _read(scorer, answered[position], {"sample": look.seconds, "ask": asking})
        for position, look in enumerate(looks)
    ]


def _read(scorer: Scorer[Any, Any], raw: Any, timings: dict[str, float]) -> Outcome:
    if isinstance(raw, VideoFault):
        return raw
    started = time.monotonic()
    try:
        found = scorer.read(raw)
    except UnreadableAnswer as unreadable:
        found = Answer(
            dict.fromkeys(DIMENSION_KEYS),
            rationale="",
            raw_text=unreadable.raw_text,
            frames=len(unreadable.saw.frames) if unreadable.saw else 0,
            saw=unreadable.saw,
            form="unreadable",
        )
    return replace(found, timings={**found.timings, **timings, "read": time.monotonic() - started})
