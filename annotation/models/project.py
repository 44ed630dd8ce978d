"""A project: one study with its overlap, arms, order and guidelines."""

import secrets
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from annotation.models.people import User

MIN_BLIND_PERCENT = 5
MAX_OVERLAP = 20


class Arm(models.TextChoices):
    """What the rater saw of the model before deciding."""

    PREFILL = "prefill", _("Pre-filled")
    REVEAL = "reveal", _("Revealed after")
    BLIND = "blind", _("Blind")


class Order(models.TextChoices):
    """How the queue ranks prompts."""

    UNCERTAINTY = "uncertainty", _("Least certain suggestion first")
    DISAGREEMENT = "disagreement", _("Most disagreement first")
    RANDOM = "random", _("Random")


def new_seed() -> int:
    """A seed for a project's draws; fits a 32-bit column."""
    return secrets.randbelow(2**31)


class ProjectQuerySet(models.QuerySet["Project"]):
    def standing(self) -> "ProjectQuerySet":
        """Projects that nobody has asked to delete: those have lost their address, while their rows go."""
        return self.exclude(slug__regex=r"^deleted-[0-9a-f]{32}$")

    def visible_to(self, user: "User | AnonymousUser") -> "ProjectQuerySet":
        """Projects that this person is a member of."""
        return self.filter(memberships__user=user.pk) if user.pk else self.none()

    def led_by(self, user: "User | AnonymousUser") -> "ProjectQuerySet":
        """Projects whose settings this person may change."""
        return self.filter(memberships__user=user.pk, memberships__role="lead") if user.pk else self.none()


class Project(models.Model):
    """One study. Arm shares are whole percents that add up to 100."""

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    overlap = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MAX_OVERLAP)]
    )
    prefill_percent = models.PositiveSmallIntegerField(default=90, validators=[MaxValueValidator(100)])
    reveal_percent = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    blind_percent = models.PositiveSmallIntegerField(default=10, validators=[MaxValueValidator(100)])
    order = models.CharField(max_length=12, choices=Order.choices, default=Order.RANDOM)
    guidelines = models.TextField(blank=True)
    requires_full_play = models.BooleanField(default=False)  # submit only after one full play at 1x
    audit_percent = models.PositiveSmallIntegerField(default=5, validators=[MaxValueValidator(100)])
    seed = models.PositiveIntegerField(default=new_seed)
    lease_minutes = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(24 * 60)]
    )
    # The version whose suggestions raters may be shown; empty = nobody is shown any.
    suggester = models.ForeignKey(
        "annotation.ScorerVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Since when all its seats and verdicts are to follow a changed overlap; empty = they do.
    overlap_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Since when all its review cases are to be looked at again; empty = nothing to do.
    cases_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="project_overlap_within_limits", condition=Q(overlap__gte=1, overlap__lte=MAX_OVERLAP)
            ),
            models.CheckConstraint(
                name="project_arm_shares_add_up",
                condition=Q(prefill_percent=100 - F("reveal_percent") - F("blind_percent")),
            ),
            models.CheckConstraint(
                name="project_keeps_a_blind_share",
                condition=Q(prefill_percent=0) | Q(blind_percent__gte=MIN_BLIND_PERCENT),
            ),
            models.CheckConstraint(name="project_order_known", condition=Q(order__in=Order.values)),
            models.CheckConstraint(name="project_audit_is_a_share", condition=Q(audit_percent__lte=100)),
            models.CheckConstraint(name="project_lease_positive", condition=Q(lease_minutes__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name
