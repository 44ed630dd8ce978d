"""Guidelines by example: videos that show what a score looks like."""

from django.db import models
from django.db.models import Q

from annotation.models.project import Project
from annotation.models.scores import Scores, on_scale
from annotation.models.video import Video
from annotation.scale import DIMENSIONS


class GuidelineExample(Scores):
    """A video shown to every rater with a lead's scores (null: none given) and words; the queue leaves it out."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="guideline_examples")
    video = models.OneToOneField(Video, on_delete=models.CASCADE, related_name="guideline_example")
    position = models.PositiveSmallIntegerField()
    words = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "position", "pk"]
        constraints = [
            *[on_scale("guideline_example", dimension) for dimension in DIMENSIONS],
            models.CheckConstraint(name="guideline_example_says_something", condition=~Q(words="")),
        ]

    def __str__(self) -> str:
        return f"example {self.position} of {self.project}"
