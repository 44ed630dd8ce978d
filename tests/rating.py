"""What the tests of the rating room share: answers as a browser sends them, and threads that start at once."""

import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

from annotation.room.forms import Answers
from annotation.scale import DIMENSION_KEYS

JSON = {"accept": "application/json"}


def answers(scores=(4, 3, 2), reasons=("sharp", "all there", "a ball falls up"), flagged=False) -> Answers:
    return Answers(
        scores=dict(zip(DIMENSION_KEYS, scores, strict=True)),
        reasons=dict(zip(DIMENSION_KEYS, reasons, strict=True)),
        flagged=flagged,
    )


def sent(draft, given: Answers | None = None, **more) -> dict[str, Any]:
    """The fields of a form that answers this draft."""
    given = given or answers()
    fields = {"revision": draft.revision, "submit_key": str(draft.submit_key)}
    fields |= {key: score for key, score in given.scores.items() if score is not None}
    fields |= {f"{key}_reason": text for key, text in given.reasons.items()}
    return fields | ({"flagged": "on"} if given.flagged else {}) | more


def in_threads(call: Callable[[Any], Any], people: list[Any]) -> list[Any]:
    """Call with each person at once, each on a connection of its own; results and exceptions, in their order."""
    barrier = threading.Barrier(len(people))
    results: list[Any] = [None] * len(people)

    def run(place: int, person: Any) -> None:
        try:
            barrier.wait()
            results[place] = call(person)
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results
