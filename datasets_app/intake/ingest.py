"""Import a manifest's videos: look at files outside of transactions, then land many in one short one.

Safe to repeat and to kill: a video is known by its file's hash, its prompt and its T2V model. What is there
already is left as it is, but that an empty tier or prompt source is filled in from a row that has one.
"""

import time
from collections.abc import Callable, Iterable

from annotation.models import Project
from datasets_app.intake.land import Summary, land
from datasets_app.intake.locate import Source
from datasets_app.intake.look import Looked, Lookers
from datasets_app.intake.read_manifest import BadRow, Row
from datasets_app.intake.staging import Copies, clear_leftovers

BATCH_ROWS = 500
BATCH_SECONDS = 20.0  # a batch lands with the first row past them
OVERTIME_SECONDS = 120.0  # in which what was copied in time is still probed and landed


def ingest(
    project: Project,
    rows: Iterable[tuple[int, Row | BadRow]],
    source: Source,
    *,
    landed: Callable[[Summary], None] = lambda summary: None,
    for_seconds: float = float("inf"),
) -> Summary:
    """Import the rows (of `read_manifest.read_lines`) whose videos `source` finds; one bad row stops no other.

    `landed` is called with each batch's own summary, inside the transaction that stores the batch; what it raises
    undoes the batch and ends the import. After `for_seconds` no further row is taken; what was taken lands, which
    takes some minutes at the most (`limits.FETCH_SECONDS`, `OVERTIME_SECONDS`), and the summary is not `complete`.
    Raises `OSError` when the disk is full: what landed before stays.
    """
    clear_leftovers()
    total = Summary()
    with Copies() as copies, Lookers(project, source, copies) as lookers:
        batch: list[Looked] = []
        until, next_landing = time.monotonic() + for_seconds, time.monotonic() + BATCH_SECONDS
        for looked in lookers.look_at(iter(rows), until=until):
            batch.append(looked)
            is_over = time.monotonic() > until + OVERTIME_SECONDS
            if is_over or len(batch) == BATCH_ROWS or time.monotonic() > next_landing:
                total.add(land(project, batch, copies, landed))
                batch, next_landing = [], time.monotonic() + BATCH_SECONDS
            if is_over:
                return total
        if batch:
            total.add(land(project, batch, copies, landed))
        total.complete = lookers.came_to_end
    return total
