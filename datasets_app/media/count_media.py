"""How many of a project's videos can be watched."""

from dataclasses import dataclass

from django.db.models import Count

from annotation.models import MediaState, Project, Video
from datasets_app.models import nobody_works

FAILED_SHOWN = 20


@dataclass(frozen=True)
class MediaCounts:
    """Videos by the state of their files."""

    ready: int
    waiting: int
    missing: int
    failed: int
    failures: list[Video]  # the first of those that failed

    @property
    def total(self) -> int:
        """Videos that have a file."""
        return self.ready + self.waiting + self.failed

    @property
    def stalled(self) -> bool:
        """Whether some wait for a worker, and there is none."""
        return bool(self.waiting) and nobody_works()


def count_media(project: Project) -> MediaCounts:
    """Two queries, however many videos there are."""
    rows = project.videos.values_list("media_state").annotate(Count("pk")).order_by()
    counts = dict(rows)
    failed = project.videos.filter(media_state=MediaState.FAILED).order_by("pk")
    return MediaCounts(
        ready=counts.get(MediaState.READY, 0),
        waiting=counts.get(MediaState.WAITING, 0),
        missing=counts.get(MediaState.MISSING, 0),
        failed=counts.get(MediaState.FAILED, 0),
        failures=list(failed[:FAILED_SHOWN]) if counts.get(MediaState.FAILED) else [],
    )
