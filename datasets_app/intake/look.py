"""Look at the files of many rows at once: copy and hash them, then let limited processes probe what is new.

Two steps, because a file is known by its hash, and what a project has already is not decoded again.
"""

import os
import queue
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import NamedTuple, Self

from annotation.models import Project, Prompt, Video
from datasets_app.intake.locate import Source
from datasets_app.intake.read_manifest import BadRow, Row, is_address, name_video
from datasets_app.intake.staging import Copies
from datasets_app.media.probe import Probe, probe
from datasets_app.media.sandbox import DecoderFailed, Sandbox
from datasets_app.media.sniff import CONTAINERS, Refused, sniff
from datasets_app.models import Remedy

LOOKERS = min(os.cpu_count() or 1, 4)  # files looked at side by side, each by a decoder of its own
CHUNK_ROWS = 250
CHUNK_BYTES = 256 * 1024**2  # of copies, past which a chunk takes no further row
CHUNK_SECONDS = 10.0  # the same for time; what is being copied then is waited for: a fetch takes minutes

Numbered = tuple[int, Row | BadRow]  # a line and what it holds
Key = tuple[str, str, str]  # hash of a file, hash of its prompt, name of its T2V model


class Refusal(NamedTuple):
    """A line that is not taken: why, what people know its row by, and what may help."""

    line: int
    reason: str
    named: str
    remedy: Remedy


@dataclass
class Looked:
    """What was found behind a line: a video that is not stored yet, None where it is, or why there is none."""

    line: int
    row: Row | None = None
    video: Video | None = None
    path: str = ""  # of the copy
    refusal: Refusal | None = None


class Lookers:
    """Threads that look at files, and the decoders that they ask; a context manager that ends both."""

    def __init__(self, project: Project, source: Source, copies: Copies) -> None:
        self.project, self.source, self.copies = project, source, copies
        self.came_to_end = False
        self._decoders: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
        self._put_back: list[Numbered] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for _ in range(LOOKERS):
                self._decoders.put(stack.enter_context(Sandbox()))
            self._copiers = stack.enter_context(ThreadPoolExecutor(LOOKERS))
            self._probers = stack.enter_context(ThreadPoolExecutor(LOOKERS))  # no probe waits behind a slow fetch
            self._reader = stack.enter_context(ThreadPoolExecutor(1))
            self._ending = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for pool in (self._reader, self._copiers, self._probers):
            pool.shutdown(wait=False, cancel_futures=True)
        self._ending.close()  # waits for what is in hand: a probe, or a fetch

    def look_at(self, rows: Iterator[Numbered], *, until: float = float("inf")) -> Iterator[Looked]:
        """The rows in their order. While one chunk of them is taken, the next is probed and one more copied.

        After `until` (of the monotonic clock) no further chunk is begun; `came_to_end` says whether all rows were
        taken. Raises `OSError` where a copy cannot be written.
        """
        probed: list[Future[Looked]] = []
        copied = self._reader.submit(self._copy_some, rows, until)
        while not self.came_to_end:
            if not wait([copied], CHUNK_SECONDS).done:  # slow addresses keep nothing back that was fetched
                yield from (each.result() for each in probed)
                probed = []
            chunk = copied.result()
            is_over = time.monotonic() > until
            if chunk and not is_over:
                copied = self._reader.submit(self._copy_some, rows, until)
            known = self._known(chunk)
            probing = [self._probers.submit(self._probe, looked, known) for looked in chunk]
            yield from (each.result() for each in probed)
            probed = probing
            self.came_to_end = not chunk
            if is_over:
                break
        yield from (each.result() for each in probed)

    def _copy_some(self, rows: Iterator[Numbered], until: float) -> list[Looked]:
        """Copies for the next rows, as many as fit into a chunk; none where the rows have come to their end."""
        deadline = min(time.monotonic() + CHUNK_SECONDS, until)
        waiting: list[tuple[Numbered, Future[Looked]]] = []
        taken: list[Looked] = []
        bytes_taken = 0
        back = iter(self._put_back)
        for row in islice(chain(back, rows), CHUNK_ROWS):
            waiting.append((row, self._copiers.submit(self._copy, *row)))
            if len(waiting) > 2 * LOOKERS and wait([waiting[0][1]], _left(deadline)).done:
                taken.append(waiting.pop(0)[1].result())
                bytes_taken += taken[-1].video.bytes if taken[-1].video else 0
            if bytes_taken > CHUNK_BYTES or time.monotonic() > deadline:
                break
        wait([each for _, each in waiting], _left(deadline))
        self._put_back = [*_withdraw(waiting), *back]
        return taken + [each.result() for _, each in waiting]

    def _copy(self, line: int, row: Row | BadRow) -> Looked:
        if isinstance(row, BadRow):
            return Looked(line, refusal=Refusal(line, str(row), row.named, Remedy.ROW))
        video = Video(project=self.project, name=row.name, metadata=row.metadata)
        video.source_url = row.video if is_address(row.video) else ""
        try:
            with closing(self.source.open(row.video)) as file:
                container = sniff(file)
                video.container = container.name
                video.original.name = f"{video.folder}/original{container.suffix}"
                return Looked(line, row, video, self.copies.copy(file, video))
        except Refused as error:
            self.copies.discard(video)
            return self._refuse(row, error)

    def _known(self, chunk: list[Looked]) -> set[Key]:
        """Which files, for which prompts and T2V models, the project has already; one query."""
        hashes = {looked.video.sha256 for looked in chunk if looked.video}
        videos = self.project.videos.filter(sha256__in=hashes)
        return set(videos.values_list("sha256", "prompt__text_sha256", "t2v_model__name"))

    def _probe(self, looked: Looked, known: set[Key]) -> Looked:
        if looked.row is None or looked.video is None:
            return looked
        if (looked.video.sha256, Prompt.hash_text(looked.row.prompt), looked.row.t2v_model) in known:
            self.copies.discard(looked.video)
            return Looked(looked.line, looked.row)
        decoder = self._decoders.get()
        try:
            learn(looked.video, probe(decoder, looked.path, CONTAINERS[looked.video.container]))
        except (Refused, DecoderFailed) as error:
            self.copies.discard(looked.video)
            return self._refuse(looked.row, error)
        finally:
            self._decoders.put(decoder)
        return looked

    def _refuse(self, row: Row, error: Exception) -> Looked:
        is_final = isinstance(error, Refused) and self.source.is_fixed(row.video)
        remedy = Remedy.FILE if is_final else Remedy.AGAIN
        return Looked(row.line, refusal=Refusal(row.line, str(error), name_video(row.video), remedy))


def _left(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _withdraw(waiting: list[tuple[Numbered, Future[Looked]]]) -> list[Numbered]:
    """Take rows whose copying has not begun off the end of the list, all but its first; they are the answer."""
    withdrawn: list[Numbered] = []
    while len(waiting) > 1 and waiting[-1][1].cancel():
        withdrawn.insert(0, waiting.pop()[0])
    return withdrawn


def learn(video: Video, found: Probe) -> None:
    """Write down what the probe measured."""
    facts = found.facts
    video.codec, video.pixel_format = facts.codec, facts.pixel_format
    video.width, video.height = facts.width, facts.height
    video.fps, video.frames, video.seconds = facts.fps, facts.frames, facts.seconds
    video.warnings = found.warnings
