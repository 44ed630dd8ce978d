"""What is being deleted: folders whose rows are gone, and projects that are on their way out."""

import uuid

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from annotation.models import Project, User


class DoomedFolder(models.Model):
    """A folder whose rows were deleted in the transaction that stored this: it goes next, whatever is killed."""

    path = models.CharField(max_length=300, unique=True)  # below the data folder's `media` or `releases`
    doomed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(name="doomed_folder_has_a_path", condition=~Q(path=""))]

    def __str__(self) -> str:
        return self.path


class ProjectDeletionQuerySet(models.QuerySet["ProjectDeletion"]):
    def waiting(self) -> "ProjectDeletionQuerySet":
        """Deletions that a worker still has to go on with."""
        return self.filter(finished_at=None)

    def shown_to(self, user: User | AnonymousUser) -> "ProjectDeletionQuerySet":
        """Deletions that this person asked for; all of them for superusers."""
        return self.all() if user.is_superuser else self.filter(asked_by=user.pk)


class ProjectDeletion(models.Model):
    """A project that somebody asked to delete. It has no members from that moment on; its rows go bit by bit."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, null=True, on_delete=models.SET_NULL, related_name="+")  # null once gone
    project_number = models.BigIntegerField()  # its primary key, by which its releases' folder is called
    slug = models.CharField(max_length=80)  # as it was; the address is free again
    name = models.CharField(max_length=200)
    videos = models.PositiveIntegerField()  # when it was asked
    done = models.PositiveIntegerField(default=0)  # videos that are gone
    asked_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")  # null: a command
    asked_at = models.DateTimeField(db_default=Now())
    rung_at = models.DateTimeField(db_default=Now())  # when its doorbell was last rung, or a bit of it went
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectDeletionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"deletion of {self.slug}"
