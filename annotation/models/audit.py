"""Who did what to projects, people, verdicts and releases: written once, never changed."""

from typing import Any, NoReturn

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from annotation.models.people import User
from annotation.models.project import Project


class AuditKind(models.TextChoices):
    """What can be done; the filter of the log's page offers just these."""

    PROJECT_CREATED = "project_created", _("Project created")
    SETTINGS_CHANGED = "settings_changed", _("Settings changed")
    GUIDELINES_CHANGED = "guidelines_changed", _("Guidelines changed")
    PROJECT_DELETED = "project_deleted", _("Project deleted")
    MEMBER_INVITED = "member_invited", _("Invitation made")
    INVITATION_REVOKED = "invitation_revoked", _("Invitation revoked")
    MEMBER_JOINED = "member_joined", _("Joined")
    ROLE_CHANGED = "role_changed", _("Role changed")
    MEMBER_REMOVED = "member_removed", _("Removed from the project")
    MEMBER_PAUSED = "member_paused", _("Paused")
    MEMBER_WENT_ON = "member_went_on", _("Pause ended")
    CAP_CHANGED = "cap_changed", _("Daily cap changed")
    RATING_RETURNED = "rating_returned", _("Rating returned")
    VERDICT_ACCEPTED = "verdict_accepted", _("Ratings accepted")
    VERDICT_FIXED = "verdict_fixed", _("Verdict fixed")
    RECONCILED = "reconciled", _("Scores reconciled")
    SUGGESTER_CHANGED = "suggester_changed", _("Suggester changed")
    RELEASE_BUILT = "release_built", _("Release built")
    RELEASE_DELETED = "release_deleted", _("Release deleted")
    EXPORTED = "exported", _("Exported by command")
    VIDEO_DELETED = "video_deleted", _("Video taken down")
    LOGGED_IN = "logged_in", _("Logged in")
    LOGIN_REFUSED = "login_refused", _("Too many wrong logins")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    FACTOR_ADDED = "factor_added", _("Second factor set up")
    FACTOR_REMOVED = "factor_removed", _("Second factor removed")
    CODES_MADE = "codes_made", _("Recovery codes made")
    LINKED = "linked", _("Linked to the organisation’s login")
    USER_RETIRED = "user_retired", _("Account retired")


# What no project's own page ever shows: what happens to accounts, and its end.
NOT_OF_A_PROJECT = (
    AuditKind.PROJECT_DELETED,
    AuditKind.LOGGED_IN,
    AuditKind.LOGIN_REFUSED,
    AuditKind.PASSWORD_CHANGED,
    AuditKind.FACTOR_ADDED,
    AuditKind.FACTOR_REMOVED,
    AuditKind.CODES_MADE,
    AuditKind.LINKED,
    AuditKind.USER_RETIRED,
)


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """The log only grows: what was written stays. PostgreSQL refuses a change, too, by a trigger."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("entries of the audit log are never changed")

    def delete(self) -> NoReturn:
        raise TypeError("entries of the audit log are never deleted")


class AuditEntry(models.Model):
    """One thing that somebody did. `actor` null: nobody who is logged in; then `shell_user` may say who.

    Rows are kept as they are when the project or a person goes: nothing in the database points from here.
    """

    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=20, choices=AuditKind.choices)
    project = models.ForeignKey(
        Project,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,  # `audit_of_project` begins with it
        related_name="+",
    )
    project_slug = models.CharField(max_length=80, blank=True)  # as it was then
    actor = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    shell_user = models.CharField(max_length=100, blank=True)  # of a command: the machine's name for its user
    person = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )  # to whom it was done
    subject = models.CharField(
        max_length=300, blank=True
    )  # what it was done to: a video's name, a release's number
    details = models.JSONField(default=dict, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [models.CheckConstraint(name="audit_kind_known", condition=Q(kind__in=AuditKind.values))]
        indexes = [models.Index(name="audit_of_project", fields=["project", "-id"])]

    def __str__(self) -> str:
        return f"{self.kind} of {self.subject or self.project_slug or self.person_id}"
