"""What people and models say about a video: the tables of the core."""

from annotation.models.people import Invitation, Membership, Role, User
from annotation.models.project import Arm, Order, Project
from annotation.models.rating import Draft, Purpose, Rating, Seat, Skip, Verdict, VerdictPolicy
from annotation.models.suggestion import Distribution, Scorer, ScorerVersion, Suggestion
from annotation.models.video import MediaState, Prompt, T2VModel, Video

__all__ = [
    "Arm",
    "Distribution",
    "Draft",
    "Invitation",
    "MediaState",
    "Membership",
    "Order",
    "Project",
    "Prompt",
    "Purpose",
    "Rating",
    "Role",
    "Scorer",
    "ScorerVersion",
    "Seat",
    "Skip",
    "Suggestion",
    "T2VModel",
    "User",
    "Verdict",
    "VerdictPolicy",
    "Video",
]
