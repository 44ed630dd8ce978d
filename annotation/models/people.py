"""People, what they may do in a project, and how they are invited."""

import hashlib
import secrets
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from annotation.models.project import Project


class PeopleManager(UserManager["User"]):
    """Addresses are kept in small letters: django-allauth looks them up so."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()


class User(AbstractUser):
    """A person. An account without an email and password carries imported ratings and cannot log in."""

    email = models.EmailField(blank=True)
    # Rises when this person's sessions are to end, with no password changed: part of what a session is checked by.
    session_epoch = models.PositiveIntegerField(default=0)

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique", condition=~Q(email=""))]

    def __str__(self) -> str:
        return self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's own, of the password; and of the epoch once there was one: an upgrade ends no session."""
        epoch = f":{self.session_epoch}" if self.session_epoch else ""
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        return salted_hmac(salt, self.password + epoch, secret=secret, algorithm="sha256").hexdigest()

    def end_sessions(self) -> None:
        """Whoever is logged in as this person has to log in again, at the very next request."""
        User.objects.filter(pk=self.pk).update(session_epoch=F("session_epoch") + 1)
        self.refresh_from_db(fields=["session_epoch"])


class Role(models.TextChoices):
    RATER = "rater", _("Rater")
    REVIEWER = "reviewer", _("Reviewer")
    LEAD = "lead", _("Lead")


class Membership(models.Model):
    """A person's role in a project. The queue gives nothing while `paused`, nor new videos above `daily_cap`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    paused = models.BooleanField(default=False)
    daily_cap = models.PositiveSmallIntegerField(null=True, blank=True)  # videos a day; null: no limit
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_membership_per_project_and_user", fields=["project", "user"]),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="membership_cap_positive", condition=Q(daily_cap__isnull=True) | Q(daily_cap__gte=1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} in {self.project}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unaccepted(self, project: Project) -> "InvitationQuerySet":
        """Links of a project that nobody has used, newest first, expired ones too."""
        return self.filter(project=project, accepted_at__isnull=True).order_by("-created_at")


class Invitation(models.Model):
    """A one-time link into a project. Only the token's hash is stored."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Role.choices)
    email = models.EmailField(blank=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(name="invitation_role_known", condition=Q(role__in=Role.values))]

    def __str__(self) -> str:
        return f"{self.role} in {self.project}"

    @staticmethod
    def new_token() -> str:
        """A link's secret: 32 random bytes, URL-safe."""
        return secrets.token_urlsafe(32)

    @staticmethod
    def hash_token(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()
