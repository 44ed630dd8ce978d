"""What people and models say about a video: the tables of the core."""

from annotation.models.audit import AuditEntry, AuditKind
from annotation.models.guidelines import GuidelineExample
from annotation.models.people import Invitation, Membership, Role, User
from annotation.models.project import Arm, Order, Project
from annotation.models.rating import (
    Check,
    CheckMark,
    Draft,
    Purpose,
    Rating,
    Seat,
    Skip,
    Stage,
    TimeMark,
    Verdict,
    VerdictPolicy,
)
from annotation.models.rationale import Adjustment, AdjustmentOutcome, AdjustmentRule, EditedRationale
from annotation.models.review import CaseReason, CaseState, Decision, ReturnReason, Review, ReviewCase
from annotation.models.suggestion import Distribution, Scorer, ScorerVersion, Suggestion
from annotation.models.video import MediaState, Prompt, T2VModel, Video

__all__ = [
    "Adjustment",
    "AdjustmentOutcome",
    "AdjustmentRule",
    "Arm",
    "AuditEntry",
    "AuditKind",
    "CaseReason",
    "CaseState",
    "Check",
    "CheckMark",
    "Decision",
    "Distribution",
    "Draft",
    "EditedRationale",
    "GuidelineExample",
    "Invitation",
    "MediaState",
    "Membership",
    "Order",
    "Project",
    "Prompt",
    "Purpose",
    "Rating",
    "ReturnReason",
    "Review",
    "ReviewCase",
    "Role",
    "Scorer",
    "ScorerVersion",
    "Seat",
    "Skip",
    "Stage",
    "Suggestion",
    "T2VModel",
    "TimeMark",
    "User",
    "Verdict",
    "VerdictPolicy",
    "Video",
]
