"""Deleting a release: its files go; its row stays as a note, so that its number is not given again."""

from django.db import transaction

from annotation.audit import record
from annotation.models import AuditKind, Project, User
from datasets_app.models import Release, ReleaseState
from datasets_app.takedown.doomed import RELEASES, doom


class BeingBuilt(Exception):
    """Refused: a worker is at it."""


@transaction.atomic
def delete_release(release: Release, *, by: User | None = None) -> None:
    """Raises `BeingBuilt` while it is queued or built. Deleting it again changes nothing."""
    Project.objects.select_for_update(no_key=True).get(pk=release.project_id)  # as whoever asks for a release
    now = Release.objects.select_for_update().get(pk=release.pk)
    if now.open:
        raise BeingBuilt
    if now.state == ReleaseState.DELETED:
        return
    doom(RELEASES, [f"{now.project_id}/{now.folder.name}"])
    Release.objects.filter(pk=now.pk).update(state=ReleaseState.DELETED)
    record(
        AuditKind.RELEASE_DELETED,
        by=by,
        project=release.project,
        subject=str(release.number),
        manifest_sha256=now.manifest_sha256,
    )
