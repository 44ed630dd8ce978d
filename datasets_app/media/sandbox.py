"""A limited child process that opens videos for us: decoders meet hostile files, and must not meet anything else.

The child limits its own memory, CPU time, written bytes and open files, has an empty environment and a session
of its own; here its answers are waited for by the wall clock. It serves many files, and a new one is started
when it died or had to be stopped.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any, Self

from django.conf import settings

from datasets_app.media import limits
from datasets_app.media.sniff import Refused

COMMAND = (sys.executable, "-E", "-s", "-m", "datasets_app.media.decoder")
ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8"}


class DecoderFailed(Exception):
    """The child died, took too long over a file or had no room to write; the message is a sentence for people."""


class Sandbox:
    """Asks the child; use it as a context manager, which ends the child."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def ask(self, what: str, *, seconds: int, **arguments: Any) -> dict[str, Any]:
        """The child's answer to a question, in at most `seconds` of wall clock (and so many of CPU a thread).

        Raises `Refused` where the file is at fault, `DecoderFailed` where the child did not answer.
        """
        question = json.dumps({"ask": what, "seconds": seconds, "arguments": arguments}) + "\n"
        try:
            answer = self._exchange(question.encode(), seconds)
        except TimeoutError:
            self.stop()
            raise DecoderFailed(f"The video took longer than {seconds} seconds to decode.") from None
        except (OSError, EOFError, ValueError):
            raise DecoderFailed(f"The decoder {self._end()} while it read the video.") from None
        except BaseException:
            self.stop()  # a late answer must not meet the next question
            raise
        if "refused" in answer:
            raise Refused(str(answer["refused"])[:500])
        if "failed" in answer:
            raise DecoderFailed(f"The files could not be written: {answer['failed']}.")
        return answer["answer"]

    def _exchange(self, question: bytes, seconds: int) -> dict[str, Any]:
        child = self._running()
        assert child.stdin is not None
        child.stdin.write(question)
        child.stdin.flush()
        answer = json.loads(_read_line(child, seconds))
        if not isinstance(answer, dict) or not (
            answer.keys() & {"refused", "failed"} or isinstance(answer.get("answer"), dict)
        ):
            raise ValueError("not an answer")
        return answer

    def _end(self) -> str:
        """How the child ended, in a few words; it is gone afterwards."""
        child = self._child
        assert child is not None
        try:
            code = child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            code = 0
        self.stop()
        if code == -signal.SIGXCPU:
            return "ran out of CPU time"
        return f"was stopped by signal {-code}" if code < 0 else "broke off"

    def stop(self) -> None:
        """End the child and whatever it may have started."""
        if self._child is None:
            return
        child, self._child = self._child, None
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        with child:
            child.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.stop()
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                COMMAND,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=settings.BASE_DIR,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        return self._child


def _read_line(child: subprocess.Popen[bytes], seconds: float) -> bytes:
    """One line of the child's answers. Raises `TimeoutError`, `EOFError`, or `ValueError` for an endless one."""
    assert child.stdout is not None
    deadline = time.monotonic() + seconds
    line = bytearray()
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([child.stdout], [], [], left)[0]:
            raise TimeoutError
        chunk = os.read(child.stdout.fileno(), 65536)
        if not chunk:
            raise EOFError
        line += chunk
        if len(line) > limits.DECODER_ANSWER_BYTES:
            raise ValueError
    return bytes(line)
