"""What has been done in the place of `tests/every_page.py`: its audit log, a built release, what is on its way out."""

from pathlib import Path
from typing import Any

from django.utils import timezone

from annotation.audit import record
from annotation.models import AuditKind
from annotation.projects.charts import bar_charts
from datasets_app.models import ProjectDeletion
from datasets_app.releases.release_manifest import FileFacts, hash_file, write_manifest


def put_what_was_done(place: Any) -> None:
    """Entries of the audit log of each look, and projects that are on their way out."""
    project, lead, rater = place.project, place.people["lead"], place.people["rater"]
    record(
        AuditKind.SETTINGS_CHANGED, by=lead, project=project, changes=[["overlap", 1, 2], ["order", "random", ""]]
    )
    record(AuditKind.ROLE_CHANGED, by=lead, project=project, person=rater, changes=[["role", "lead", "rater"]])
    record(AuditKind.VERDICT_FIXED, by=lead, project=project, subject="шар", scores=[1, 2, 3])
    record(AuditKind.LOGIN_REFUSED, by=None, person=rater, wrong_tries=10)
    for state, fields in {"waiting": {"done": 5}, "finished": {"finished_at": timezone.now()}}.items():
        place.deletions[state] = ProjectDeletion.objects.create(
            project_number=0, slug="осень", name="Осень", videos=10, asked_by=lead, **fields
        )


def put_release_folder(folder: Path) -> None:
    """What the page of a release reads: a card with a plot, and a manifest."""
    card = "---\nlicense: mit\n---\n# Проба\n\n![Оценки](plots/scores.svg)\n\n| а | б |\n|---|---|\n| 1 | 2 |\n"
    picture = bar_charts([("Вид", [1, 2, 3, 4, 5])], 440)
    for name, text in {"README.md": card, "plots/scores.svg": picture, "videos/шар.mp4": "0"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    paths = [path for path in folder.rglob("*") if path.is_file()]
    write_manifest(
        folder,
        {"project": "study"},
        [FileFacts(str(path.relative_to(folder)), *hash_file(path)) for path in paths],
    )
