"""Import a manifest's videos: copy, hash and probe outside of transactions, then land a batch in one short one.

Safe to repeat and to kill: a video is known by its file's hash, its prompt and its T2V model. What is there
already is left as it is, but that an empty tier or prompt source is filled in from a row that has one.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from typing import BinaryIO

from annotation.models import Project, Prompt, Video
from datasets_app.intake.land import Arrival, Summary, land
from datasets_app.intake.locate import Source
from datasets_app.intake.read_manifest import BadRow, Row
from datasets_app.intake.staging import Batch, clear_leftovers, hash_file
from datasets_app.media.probe import probe
from datasets_app.media.sandbox import DecoderFailed, Sandbox
from datasets_app.media.sniff import Refused, sniff

BATCH_ROWS = 50
BATCH_SECONDS = 20.0  # a batch takes no further row past them


def ingest(
    project: Project,
    rows: Iterable[tuple[int, Row | BadRow]],
    source: Source,
    *,
    landed: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Import the rows (of `read_manifest.read_lines`) whose videos `source` finds; one bad row stops no other.

    `landed` is called with each batch's own summary, inside the transaction that stores the batch; what it raises
    undoes the batch and ends the import. Raises `OSError` when the disk is full: what landed before stays.
    """
    clear_leftovers()
    total = Summary()
    remaining = iter(rows)
    with Sandbox() as sandbox:
        while (part := _ingest_batch(project, remaining, source, sandbox, landed)).line:
            total.new += part.new
            total.already_there += part.already_there
            total.refused += part.refused
            total.line = part.line
    return total


def _ingest_batch(
    project: Project,
    rows: Iterator[tuple[int, Row | BadRow]],
    source: Source,
    sandbox: Sandbox,
    landed: Callable[[Summary], None],
) -> Summary:
    """Take some rows and land them; the summary's line is 0 where there were none left."""
    summary = Summary()
    arrivals: list[Arrival] = []
    deadline = time.monotonic() + BATCH_SECONDS
    with Batch() as copies:
        for line, row in islice(rows, BATCH_ROWS):
            summary.line = line
            try:
                if isinstance(row, BadRow):
                    raise row
                with closing(source.open(row.video)) as file:
                    arrivals.append(_receive(project, row, file, sandbox, copies))
            except (BadRow, Refused, DecoderFailed) as error:
                summary.refused.append((line, str(error)))
            if time.monotonic() > deadline:
                break
        if summary.line:
            land(project, arrivals, summary, copies, landed)
    return summary


def _receive(project: Project, row: Row, file: BinaryIO, sandbox: Sandbox, copies: Batch) -> Arrival:
    """Look at a row's file, and copy it unless its video is there. Raises `Refused` or `DecoderFailed`."""
    container = sniff(file)
    sha256 = hash_file(file)
    if known_video(project, row, sha256):
        return Arrival(row, sha256, None)
    video = Video(project=project, name=row.name, sha256=sha256, metadata=row.metadata)
    video.original.name = f"{video.folder}/original{container.suffix}"
    path = copies.copy(file, video, sha256)
    found = probe(sandbox, str(path), container)
    video.bytes = path.stat().st_size
    video.container = container.name
    video.codec, video.pixel_format = found.facts.codec, found.facts.pixel_format
    video.width, video.height = found.facts.width, found.facts.height
    video.fps, video.frames, video.seconds = found.facts.fps, found.facts.frames, found.facts.seconds
    video.warnings = found.warnings
    return Arrival(row, sha256, video)


def known_video(project: Project, row: Row, sha256: str) -> bool:
    """Whether the project has this file for this prompt and T2V model."""
    return project.videos.filter(
        sha256=sha256, prompt__text_sha256=Prompt.hash_text(row.prompt), t2v_model__name=row.t2v_model
    ).exists()
