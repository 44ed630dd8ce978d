"""What the demo's lead does: example videos for the guidelines, and one rating sent back to its rater."""

from annotation.guidelines.examples import put
from annotation.models import Membership, Project, Rating, ReturnReason, Review, Role
from annotation.review.decide import Seen, send_back
from annotation.scale import DIMENSION_KEYS
from datasets_app.demo.opinions import BEGINNER

EXAMPLES = {
    "ball_moderate": (
        (4, 5, 1),
        "The ball falls straight through the floor: that is physics, so it costs nothing in visual quality.",
    ),
    "cabin_moderate": (
        (2, 4, 4),
        "Blur over the whole picture. The cabin, the snow and the window are there, so alignment stays high.",
    ),
}


def put_examples(project: Project) -> None:
    """Before anybody rates: these clips stand in the guidelines and in no queue."""
    for video in project.videos.filter(name__in=EXAMPLES).select_related("project").order_by("pk"):
        scores, words = EXAMPLES[video.name]
        put(video, words=words, scores=dict(zip(DIMENSION_KEYS, scores, strict=True)))


def send_one_back(project: Project) -> None:
    """The first rating of a person's account is returned to them; once only."""
    rating = Rating.objects.live().filter(video__project=project, rater__username=BEGINNER.username).first()
    if rating is None or is_one_sent_back(project):
        return
    lead = Membership.objects.get(project=project, role=Role.LEAD)
    live = frozenset(Rating.objects.live().filter(video=rating.video_id).values_list("pk", flat=True))
    send_back(
        rating.video,
        lead,
        Seen(ratings=live, newest=0),
        rating=rating,
        preset=ReturnReason.VAGUE,
        words="When does it happen? M puts the time into the reason.",
    )


def is_one_sent_back(project: Project) -> bool:
    return Review.objects.filter(video__project=project, rating__rater__username=BEGINNER.username).exists()
