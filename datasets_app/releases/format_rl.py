"""`rl`: records for Video-R1's trainer, which joins `path[1:]` to its data folder."""

from typing import Any

from datasets_app.releases.select_rows import Row
from datasets_app.releases.training_texts import problem, solution


def record(row: Row, video: str) -> dict[str, Any]:
    """A question with the scores as its solution; `video` is the path in the release's folder."""
    return {
        "problem_id": row.name,
        "problem": problem(row.prompt),
        "data_type": "video",
        "problem_type": "video eval",
        "options": [],
        "solution": solution(row.scores),
        "path": f"./{video}",
        "data_source": "",
    }
