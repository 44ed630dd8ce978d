"""The one vocabulary of scores: three dimensions, five steps. Imports no models.

Source of keys, labels and wording: VideoFeedback2 and VideoScore2 (arXiv 2509.22799).
"""

from dataclasses import dataclass
from enum import IntEnum


class Score(IntEnum):
    """A step of the scale, in the words of VideoFeedback2's annotators."""

    VERY_POOR = 1
    RELATIVELY_POOR = 2
    MEDIUM = 3
    RELATIVELY_GOOD = 4
    VERY_GOOD = 5

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").capitalize()

    @property
    def short_label(self) -> str:
        return self.label.replace("Relatively", "Rel.")


@dataclass(frozen=True)
class Dimension:
    """One of the three things that a person or a model scores."""

    key: str  # column and JSON key
    label: str  # shown to people
    short_label: str  # where there is little room
    gist: str  # what it covers, in a few words
    covers: str  # what it covers, in full
    output_name: str  # its name in VideoScore2's answers and in training files
    record_key: str  # prefix of its keys in VideoFeedback2 records


VISUAL_QUALITY = Dimension(
    key="visual_quality",
    label="Visual quality",
    short_label="Visual",
    gist="clarity, smoothness, artifacts",
    covers="Resolution, clarity, local blur, smoothness, stability of brightness and contrast, distortion, "
    "abrupt changes.",
    output_name="visual quality",
    record_key="visual",
)
TEXT_ALIGNMENT = Dimension(
    key="text_alignment",
    label="Text-to-video alignment",
    short_label="Alignment",
    gist="subjects, actions, details of the prompt",
    covers="Are the prompt's subjects, actions, background, quantity, colour, weather, style and camera motion "
    "there, fully and accurately?",
    output_name="text-to-video alignment",
    record_key="t2v",
)
PHYSICAL_CONSISTENCY = Dimension(
    key="physical_consistency",
    label="Physical / common-sense consistency",
    short_label="Physical",
    gist="possible in the real world",
    covers="Violations of common sense or of physical laws; anything strange or unnatural: morphing, vanishing, "
    "wrong gravity, extra limbs.",
    output_name="physical/common-sense consistency",
    record_key="phy",
)
DIMENSIONS = (VISUAL_QUALITY, TEXT_ALIGNMENT, PHYSICAL_CONSISTENCY)
DIMENSION_KEYS = tuple(dimension.key for dimension in DIMENSIONS)
MIN_SCORE, MAX_SCORE = min(Score), max(Score)
