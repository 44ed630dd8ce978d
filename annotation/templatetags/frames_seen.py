"""What a scorer saw, for the pages that show its suggestions."""

from django import template

from annotation.frames_seen import FramesSeen, frames_of
from annotation.models import Suggestion

register = template.Library()


@register.filter
def frames_seen(suggestion: Suggestion) -> FramesSeen | None:
    """For `datasets/frames_seen.html`."""
    return frames_of(suggestion)
