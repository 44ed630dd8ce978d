"""`rl`: records for Video-R1's trainer, which joins `path[1:]` to its data folder, and notes on how to train."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotation.models import Project
from datasets_app.models import ReleaseFormat
from datasets_app.releases.card_loading import VIDEO_R1, video_r1
from datasets_app.releases.export_options import Options
from datasets_app.releases.line_writer import LineWriter
from datasets_app.releases.put_video import video_path
from datasets_app.releases.release_manifest import FileFacts, hash_file
from datasets_app.releases.select_rows import Row
from datasets_app.releases.staged_folder import write_synced
from datasets_app.releases.training_texts import problem, solution


class RlWriter(LineWriter):
    """The questions, and beside them what a person needs to know to train on them."""

    def __init__(self, project: Project, folder: Path, options: Options) -> None:
        super().__init__(ReleaseFormat.RL, folder, options, record)
        self.notes, self.text = folder / VIDEO_R1, video_r1(options)

    def finish(self) -> Iterator[tuple[FileFacts, str, int]]:
        yield from super().finish()
        write_synced(self.notes, self.text.encode())
        yield FileFacts(VIDEO_R1, *hash_file(self.notes)), "", 0


def record(row: Row) -> dict[str, Any]:
    """A question with the scores as its solution."""
    return {
        "problem_id": row.name,
        "problem": problem(row.prompt),
        "data_type": "video",
        "problem_type": "video eval",
        "options": [],
        "solution": solution(row.scores),
        "path": f"./{video_path(row)}",
        "data_source": "",
    }
