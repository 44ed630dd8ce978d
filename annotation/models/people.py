"""People, what they may do in a project, and how they are invited."""

import hashlib
import secrets
from typing import ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from annotation.models.project import Project


class PeopleManager(UserManager["User"]):
    """Addresses are kept in small letters: django-allauth looks them up so."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()


class User(AbstractUser):
    """A person. An account without an email and password carries imported ratings and cannot log in."""

    email = models.EmailField(blank=True)

    objects: ClassVar[PeopleManager] = PeopleManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique", condition=~Q(email=""))]

    def __str__(self) -> str:
        return self.username


class Role(models.TextChoices):
    RATER = "rater", "Rater"
    REVIEWER = "reviewer", "Reviewer"
    LEAD = "lead", "Lead"


class Membership(models.Model):
    """A person's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_membership_per_project_and_user", fields=["project", "user"]),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
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
