"""What no answer may say: the bytes that a rater gets, over the whole life of a rating, in each arm.

Everything that is planted carries a canary. Every address that a rater can open is walked, so that a new page is
looked at without being named here.
"""

from itertools import product

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter, UUIDConverter

from annotation.models import Arm, Distribution, Draft, Rating, Review, Seat, Skip, Stage
from annotation.room.submit import draft_from
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_user, make_video
from tests.rating import JSON, answers, sent

pytestmark = pytest.mark.django_db

NEVER = [
    b"CANARY-RAW",
    b"CANARY-SCORER",
    b"CANARY-NEXT",  # of the next video, whose arm is blind
    b"CANARY-OTHER",
    b"0.7319",  # a probability
    b"canary-rater",
    b"canary-reviewer",
]
MODEL = [b"CANARY-RATIONALE", "✦".encode(), b"suggested", b"/seen/", b"1.06 s"]
SLUGS = {"kind": "poster", "size": "wide", "name": "pace"}


class Place:
    """A rater in one arm, with a video in hand and another preloaded, among people whose work is planted."""

    def __init__(self, arm: str, *, late: bool = False) -> None:
        self.project = make_project(slug="study", overlap=3, suggester=make_scorer_version("CANARY-SCORER"))
        self.rater, self.reviewer = (
            make_member(self.project),
            make_member(self.project, "reviewer", "canary-reviewer"),
        )
        self.client = Client()
        self.client.force_login(self.rater)
        self.video, self.next = make_video(self.project), make_video(self.project)
        for video, drawn in ((self.video, arm), (self.next, Arm.BLIND)):
            Draft.objects.create(video=video, rater=self.rater, arm=drawn)
            seat = video.seats.get(number=1)
            Seat.objects.filter(pk=seat.pk).update(holder=self.rater, leased_until="2999-01-01T00:00Z")
        if late:
            self.client.get(reverse("rate", args=["study"]))
        self.suggestion = self._plant(self.video, "CANARY-RATIONALE")
        self._plant(self.next, "CANARY-NEXT")

    def _plant(self, video, rationale):
        saw = {"frames": [0, 9], "seconds": [0.0, 1.0625], "width": 56, "height": 42}
        suggestion = make_suggestion(
            video, self.project.suggester, (5, 5, 5), rationale=rationale, raw_text="CANARY-RAW", saw=saw
        )
        Distribution.objects.create(
            suggestion=suggestion, dimension="visual_quality", soft_score=0.7319, expected_score=4.7319,
            confidence=0.7319, p1=0, p2=0, p3=0, p4=0.2681, p5=0.7319,
        )  # fmt: skip
        other = make_user(f"canary-rater-{video.pk}")
        said = answers(reasons=("CANARY-OTHER-REASON",) * 3).columns | {"change_reason": "CANARY-OTHER-CHANGE"}
        rating = Rating.objects.create(
            video=video, rater=other, arm="blind", rationale="CANARY-OTHER-FILE", **said
        )
        self.other_rating = rating
        sent_back = {"decision": "return", "rating": rating, "preset": "other", "words": "CANARY-OTHER-RETURN"}
        Review.objects.create(video=video, reviewer=self.reviewer, **sent_back)
        Draft.objects.create(
            video=video, rater=make_user(), arm="prefill", visual_quality_reason="CANARY-OTHER-DRAFT"
        )
        Skip.objects.create(video=video, rater=make_user(), reason="CANARY-OTHER-SKIP")
        return suggestion

    @property
    def draft(self):
        return Draft.objects.get(video=self.video, rater=self.rater)

    def post(self, name, *, script=True, **fields):
        url = reverse(f"rate-{name}", args=["study", self.video.public_id])
        return self.client.post(url, fields, headers=JSON if script else {})

    def submit(self, given=None, *, script=True, **more):
        return self.post("submit", script=script, **sent(self.draft, given, **more))

    def walk(self):
        """Every address of ours, with whatever fits into it."""
        for route, converters in addresses(get_resolver()):
            choices = [self._values(name, converter) for name, converter in converters.items()]
            for values in product(*choices):
                arguments = dict(zip(converters, values, strict=True))
                yield self.client.get(reverse(route, kwargs=arguments))
        yield self.client.get(reverse("rate", args=["study"]), {"video": self.video.public_id})
        yield self.client.get(reverse("rate-next", args=["study"]), {"after": self.video.public_id})

    def _values(self, name, converter):
        if isinstance(converter, UUIDConverter):
            return [self.video.public_id]
        if isinstance(converter, IntConverter):
            own = Rating.objects.filter(rater=self.rater).values_list("pk", flat=True)
            return {self.suggestion.pk, self.other_rating.pk, *own[:1]}
        return [SLUGS.get(name, "study")]


def addresses(resolver):
    """`(name, converters)` of every address below; those of the login's package hold nothing of a project."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver) and str(pattern.pattern) != "accounts/":
            yield from addresses(pattern)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name, pattern.pattern.converters


def look(responses, forbidden):
    """No answer holds one of these, in its headers or its bytes. Gives what they said together."""
    said = b""
    for response in responses:
        body = b"".join(response.streaming_content) if response.streaming else response.content
        found = [word for word in forbidden if word in body + response.serialize_headers()]
        assert not found, (found, response.request["PATH_INFO"], response.status_code)
        said += body
    return said


def before_the_submit(place):
    """Everything there is to ask before the first version is stored, the answers that go wrong included."""
    yield from place.walk()
    yield place.client.get(reverse("rate-next", args=["study"]))
    yield place.post("open", plays=1)
    yield place.post("draft", **sent(place.draft))
    stale = sent(place.draft) | {"revision": 0}
    for script in (True, False):
        yield place.post("submit", script=script, **stale | {"visual_quality_reason": "on an old draft"})
        yield place.submit(answers((4, None, 2)), script=script)
        yield place.submit(answers(reasons=("", "", "")), script=script)
        yield place.post("skip", script=script)
        yield place.post("take-back", script=script)
        yield place.post("leave", script=script)
    yield place.post("draft", **stale | {"visual_quality_reason": "on an old draft"})
    yield place.post("draft")


def after_the_submit(place):
    """Taken back and given again, edited and left, returned by a reviewer and answered, each looked at again."""
    yield place.post("take-back")
    if not Rating.objects.live().filter(rater=place.rater).exists():
        yield place.submit()
    elif Draft.objects.filter(video=place.video, rater=place.rater).exists():
        yield place.client.get(reverse("rate", args=["study"]))
        yield place.submit(warned="on")
    rating = Rating.objects.live().get(rater=place.rater)
    edit = reverse("rate-mine-edit", args=["study", rating.pk])
    yield place.client.post(edit)
    yield place.client.get(reverse("rate", args=["study"]), {"video": place.video.public_id})
    yield place.post("leave")
    review = Review.objects.create(
        video=place.video,
        reviewer=place.reviewer,
        decision="return",
        rating=rating,
        preset="missed",
        words="Look.",
    )
    draft_from(rating, stage=Stage.RETURN, revises=rating, returned=review)
    yield from place.walk()
    yield place.submit(answers((1, 1, 1)))
    yield place.submit(answers((1, 1, 1)), script=False)
    yield place.submit(answers((1, 1, 1)), change_reason="I had missed the hand.", warned="on")
    yield place.client.get(reverse("rate-mine", args=["study"]))


@pytest.mark.parametrize("late", [False, True], ids=["blind", "the suggestion came after opening"])
def test_a_rater_who_may_not_see_the_suggestion_never_receives_a_byte_of_it(late):
    place = Place(Arm.PREFILL if late else Arm.BLIND, late=late)
    look(before_the_submit(place), NEVER + MODEL)
    look([place.submit()], NEVER + MODEL)
    look(after_the_submit(place), NEVER + MODEL)
    assert {tuple(rating.shown.values()) for rating in Rating.objects.filter(rater=place.rater)} == {(None,) * 3}


def test_the_reveal_sends_nothing_before_the_first_version_is_stored():
    place = Place(Arm.REVEAL)
    look(before_the_submit(place), NEVER + MODEL)
    commit = look([place.submit()], NEVER)
    assert b"CANARY-RATIONALE" in commit
    assert b"CANARY-RATIONALE" in look(after_the_submit(place), NEVER)


def test_the_prefill_arm_gets_the_suggestion_of_its_own_video_and_nothing_of_other_people():
    place = Place(Arm.PREFILL)
    said = look(before_the_submit(place), NEVER)
    assert b"CANARY-RATIONALE" in said
    assert b"What the model saw: 2 frames" in said
    look([place.submit()], NEVER)
    look(after_the_submit(place), NEVER)
