"""Whether a scorer can be trusted with its checkpoint on this machine: checks, each with what to do if it fails.

Made for the day on which real weights arrive. A scorer may add checks of its own (`Entry.verify`): a function of
the checkpoint, the settings and the questions that yields `Check`s and ends with `check_answers`.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.ask import Outcome, score_batch
from scoring.protocol import Answer, OutdatedVersion, Question, Scorer, ScorerUnavailable, VideoFault
from scoring.registry import NoCheckpoint, load, own_checks
from scoring.versions import current_settings

SEE = "See docs/scoring.md."
LEAST_READABLE = 0.95  # of the answers; the published outputs of VideoScore2 reach 0.99


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str  # in a few words
    todo: str = ""  # what to do, where it failed


def verify(name: str, checkpoint: str, questions: Sequence[Question]) -> Iterator[Check]:
    """Each check as soon as it is made; ends early where nothing further can be tried. Raises `UnknownScorer`."""
    try:
        settings, checkpoint = current_settings(name, checkpoint)
    except NoCheckpoint as error:
        yield Check("checkpoint", False, str(error), SEE)
        return
    yield Check("checkpoint", True, _identity(settings))
    try:
        if own := own_checks(name):
            yield from own(checkpoint, settings, questions)
            return
        scorer = load(name, settings, checkpoint)
    except (OutdatedVersion, ScorerUnavailable) as error:
        yield Check("loading", False, str(error), SEE)
        return
    yield from check_answers(scorer, questions)


def check_answers(scorer: Scorer[Any, Any], questions: Sequence[Question]) -> Iterator[Check]:
    """Ask about all questions in batches of the scorer's size: readable answers, and the time they take."""
    outcomes: list[Outcome] = []
    started = time.monotonic()
    for first in range(0, len(questions), scorer.batch_size):
        try:
            outcomes += score_batch(scorer, questions[first : first + scorer.batch_size])
        except ScorerUnavailable as error:
            yield Check("answers", False, str(error), SEE)
            return
    seconds = time.monotonic() - started
    yield _videos(outcomes)
    if answers := [outcome for outcome in outcomes if isinstance(outcome, Answer)]:
        yield _parse_rate(answers)
        yield Check("speed", True, f"{seconds / len(questions):.2f} s a video, in batches of {scorer.batch_size}")


def _identity(settings: dict[str, Any]) -> str:
    """What tells this checkpoint from others, cut to what fits a line."""
    found = [f"{key} {str(settings[key])[:48]}" for key in ("weights", "served_model", "dtype") if key in settings]
    found += ["a stand-in: it has the form, not the judgement"] if settings.get("stand_in") else []
    return ", ".join(found) or "none is needed"


def _videos(outcomes: Sequence[Outcome]) -> Check:
    faults = [str(outcome) for outcome in outcomes if isinstance(outcome, VideoFault)]
    found = f"{len(outcomes) - len(faults)} of {len(outcomes)} could be asked about"
    return Check(
        "videos",
        not faults,
        "; ".join([found, *sorted(set(faults))[:3]]),
        "Play the files named; give clips that are sound." if faults else "",
    )


def _parse_rate(answers: Sequence[Answer]) -> Check:
    counts = {
        form: sum(answer.form == form for answer in answers) for form in ("complete", "repaired", "unreadable")
    }
    readable = 1 - counts["unreadable"] / len(answers)
    return Check(
        "parse rate",
        readable >= LEAST_READABLE,
        f"{readable:.0%} readable: " + ", ".join(f"{count} {form}" for form, count in counts.items()),
        "Read one with `manage.py score_video FILE --prompt TEXT --scorer NAME`: another model, a wrong chat "
        "template or answers cut off by max_new_tokens look like this.",
    )
