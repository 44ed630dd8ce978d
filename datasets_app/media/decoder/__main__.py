"""The child process: limit itself, then answer questions, one JSON line each, until its input ends.

Asked `{"ask": "probe" | "prepare" | "draw_seen", "seconds": most, "arguments": {...}}`; answers
`{"answer": {...}}`, or `{"refused": "a sentence"}` where the file is at fault, or `{"failed": "a few words"}`
where the disk is full.
"""

import errno
import json
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

from datasets_app.media import limits


def set_limits() -> None:
    """Memory, written bytes, open files and core dumps; CPU time is set for each question."""
    for kind, most in (
        (resource.RLIMIT_AS, limits.DECODER_MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, limits.DECODER_FILE_BYTES),
        (resource.RLIMIT_NOFILE, limits.DECODER_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, allowed))
    os.nice(5)


def allow_cpu(seconds: int) -> None:
    """So many more seconds of CPU; past them the kernel ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


def main() -> None:
    set_limits()
    # Answers go out by a descriptor of their own: whatever a library prints lands elsewhere.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # Loaded under the limits.
    from datasets_app.media.decoder.measure import Unusable, probe  # noqa: PLC0415
    from datasets_app.media.decoder.render import prepare  # noqa: PLC0415
    from datasets_app.media.decoder.seen import draw_seen  # noqa: PLC0415

    asks: dict[str, Callable[..., dict[str, Any]]] = {"probe": probe, "prepare": prepare, "draw_seen": draw_seen}
    for line in sys.stdin:
        question: dict[str, Any] = json.loads(line)
        allow_cpu(question["seconds"] * limits.ENCODER_THREADS)
        answer: dict[str, Any]
        try:
            answer = {"answer": asks[question["ask"]](**question["arguments"])}
        except Unusable as error:
            answer = {"refused": str(error)}
        except MemoryError:
            answer = {"refused": "This video needs more memory than a video may take."}
        except Exception as error:  # FFmpeg's own errors carry the system's number, too
            if (number := getattr(error, "errno", None)) not in (errno.ENOSPC, errno.EDQUOT):
                raise
            answer = {"failed": os.strerror(number)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
