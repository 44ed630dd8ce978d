"""The one vocabulary of scores: three dimensions, five steps. Imports no models.

Source of keys, labels and wording: VideoFeedback2 and VideoScore2 (arXiv 2509.22799). What people see is
translated; what files hold (`in_words`, `heading`, `output_name`, keys) is not.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Score(IntEnum):
    """A step of the scale, in the words of VideoFeedback2's annotators."""

    VERY_POOR = 1
    RELATIVELY_POOR = 2
    MEDIUM = 3
    RELATIVELY_GOOD = 4
    VERY_GOOD = 5

    @property
    def in_words(self) -> str:
        """As files name it: "Relatively good"."""
        return self.name.replace("_", " ").capitalize()

    @property
    def label(self) -> "StrPromise":
        return LABELS[self]

    @property
    def short_label(self) -> "StrPromise":
        """Where there is little room."""
        return SHORT_LABELS.get(self, LABELS[self])


LABELS = {
    Score.VERY_POOR: _("Very poor"),
    Score.RELATIVELY_POOR: _("Relatively poor"),
    Score.MEDIUM: _("Medium"),
    Score.RELATIVELY_GOOD: _("Relatively good"),
    Score.VERY_GOOD: _("Very good"),
}
SHORT_LABELS = {Score.RELATIVELY_POOR: _("Rel. poor"), Score.RELATIVELY_GOOD: _("Rel. good")}


@dataclass(frozen=True, eq=False)
class Dimension:
    """One of the three things that a person or a model scores."""

    key: str  # column and JSON key
    label: "StrPromise"  # shown to people
    short_label: "StrPromise"  # where there is little room
    gist: "StrPromise"  # what it covers, in a few words
    covers: "StrPromise"  # what it covers, in full
    heading: str  # stands over its reasons in a composed rationale
    output_name: str  # its name in VideoScore2's answers and in training files
    record_key: str  # prefix of its keys in VideoFeedback2 records


VISUAL_QUALITY = Dimension(
    key="visual_quality",
    label=_("Visual quality"),
    heading="Visual quality",
    short_label=_("Visual"),
    gist=_("clarity, smoothness, artifacts"),
    covers=_(
        "Resolution, clarity, local blur, smoothness, stability of brightness and contrast, distortion, "
        "abrupt changes."
    ),
    output_name="visual quality",
    record_key="visual",
)
TEXT_ALIGNMENT = Dimension(
    key="text_alignment",
    label=_("Text-to-video alignment"),
    heading="Text-to-video alignment",
    short_label=_("Alignment"),
    gist=_("subjects, actions, details of the prompt"),
    covers=_(
        "Are the prompt's subjects, actions, background, quantity, colour, weather, style and camera motion "
        "there, fully and accurately?"
    ),
    output_name="text-to-video alignment",
    record_key="t2v",
)
PHYSICAL_CONSISTENCY = Dimension(
    key="physical_consistency",
    label=_("Physical / common-sense consistency"),
    heading="Physical / common-sense consistency",
    short_label=_("Physical"),
    gist=_("possible in the real world"),
    covers=_(
        "Violations of common sense or of physical laws; anything strange or unnatural: morphing, vanishing, "
        "wrong gravity, extra limbs."
    ),
    output_name="physical/common-sense consistency",
    record_key="phy",
)
DIMENSIONS = (VISUAL_QUALITY, TEXT_ALIGNMENT, PHYSICAL_CONSISTENCY)
DIMENSION_KEYS = tuple(dimension.key for dimension in DIMENSIONS)
MIN_SCORE, MAX_SCORE = min(Score), max(Score)
