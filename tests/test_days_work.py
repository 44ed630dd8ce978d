"""A day's work of two raters, each in a browser of their own, on the keyboard alone.

On the way the network is cut twice, a session ends, and a tab is closed in mid-sentence. What each rater typed and
what the server acknowledged must be in the database at the end, equal, once. `DAY_VIDEOS=200` plays a whole day;
the test suite plays a short one.
"""

import json
import os
import random

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command

from annotation.models import Draft, Rating, Seat, Stage
from annotation.scale import DIMENSION_KEYS
from tests.browser import make_clip, wait_for
from tests.make import make_member, make_project, make_scorer_version, make_suggestion

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VIDEOS = int(os.environ.get("DAY_VIDEOS", "8"))
PASSWORD = "a-long-day-of-work"
WORDS = (
    "hand cup rim table shadow leaf dog wheel smoke glass river bird sleeve finger door cloud snow cat boat lamp "
    "melts flickers bends vanishes doubles shakes jumps drifts blurs merges stretches turns stays fits matches "
    "slowly twice near behind above early late clearly barely around through suddenly partly again"
)


class Rater:
    """One person at a keyboard: what they typed is kept by video, what the server acknowledged by submit key."""

    def __init__(self, browse, project, seed: int) -> None:
        self.browse, self.project = browse, project
        self.user = make_member(project, password=PASSWORD)
        self.context = None
        self.chance = random.Random(seed)
        self.typed: dict[str, dict] = {}
        self.acknowledged: list[dict] = []
        self.open()

    def open(self) -> None:
        """Open the room: in a new browser the first time, in a new tab of it afterwards."""
        self.page = self.context.new_page() if self.context else self.browse(self.user)
        self.context = self.page.context
        self.replies = []
        self.page.on("response", lambda reply: reply.url.endswith("/submit/") and self.replies.append(reply))
        self.page.goto(f"/p/{self.project.slug}/rate/")
        self.wait_for_video()

    def wait_for_video(self) -> None:
        wait_for(
            self.page, "document.querySelector('main .card.current') && document.activeElement.matches('.card')"
        )

    @property
    def article(self):
        return self.page.locator("main article.screening")

    @property
    def video(self) -> str:
        return self.article.get_attribute("data-video")

    @property
    def at_rest(self) -> bool:
        return self.page.locator("main article.screening").count() == 0

    def end_session(self) -> None:
        """Let the server forget this browser, as if the session had run out."""
        keys = [cookie["value"] for cookie in self.context.cookies() if cookie["name"] == "sessionid"]
        assert Session.objects.filter(pk__in=keys).delete()[0] == 1

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def sentence(self) -> str:
        return " ".join(self.chance.sample(WORDS.split(), 7))

    def answer(self, *, pause=lambda: None) -> None:
        """Give three scores and three reasons; `pause()` is what happens in the middle of the second."""
        said = {}
        for place, key in enumerate(DIMENSION_KEYS):
            score, words = str(self.chance.randint(2, 4)), self.sentence()
            self.press("t")
            self.page.keyboard.type(words[:20])
            if place == 1:
                self.said = said | {f"{key}_reason": words[:20]}
                pause()
            self.page.keyboard.type(words[20:])
            self.press("Escape", score)
            said |= {key: int(score), f"{key}_reason": words}
        self.typed[self.video] = said

    def submit(self) -> None:
        """Ctrl+Enter until the next video is there; a revealed suggestion is looked at and one's own kept."""
        before = self.video
        self.press("Control+Enter")
        self.wait_until_gone(before)

    def wait_until_gone(self, video: str) -> None:
        """Wait for what comes after this video."""
        gone = "video => document.querySelector('main article.screening')?.dataset.video !== video"
        revealed = (
            f"{gone.split('=>')[0]}=> ({gone.split('=>')[1]}) || document.querySelector('[data-stage=reveal]')"
        )
        wait_for(self.page, revealed, video, seconds=30)
        if self.page.locator("main [data-stage=reveal]").count():
            self.press("Control+Enter")
            wait_for(self.page, gone, video, seconds=30)
        self.read_replies()

    def read_replies(self) -> None:
        self.acknowledged += [reply.json() for reply in self.replies if reply.status == 200]
        self.replies.clear()


def without_network(rater: Rater) -> None:
    """The cable is pulled in mid-sentence, the submit waits, the cable is back."""
    video = rater.video
    rater.answer(pause=lambda: rater.context.set_offline(True))
    rater.press("Control+Enter")
    rater.page.locator("#toast").get_by_text("No connection").wait_for()
    assert rater.video == video
    rater.context.set_offline(False)
    rater.wait_until_gone(video)


def session_ended(rater: Rater) -> None:
    """The session ends in mid-sentence; the rater logs in where they are."""
    video = rater.video
    rater.answer(pause=rater.end_session)
    rater.press("Control+Enter")
    rater.page.locator("#session[open]").wait_for()
    wait_for(rater.page, "document.activeElement.matches('#session [type=password]')")
    rater.page.keyboard.type(PASSWORD)
    rater.press("Enter")
    rater.wait_until_gone(video)


def tab_closed(rater: Rater) -> None:
    """The tab is closed in mid-sentence, before anything was saved; a new one has every character."""
    video = rater.video
    rater.press("t")
    words = rater.sentence()
    rater.page.keyboard.type(words)
    rater.page.close()
    rater.open()
    assert rater.video == video
    assert rater.page.locator("main textarea").first.input_value() == words
    rater.press("t", "Control+a", "Delete", "Escape")
    rater.answer()
    rater.submit()


def test_a_days_work_of_two_raters_loses_nothing(browse, tmp_path):
    browse.expect("ERR_INTERNET_DISCONNECTED", "401", "403", "422")
    version = make_scorer_version()
    project = make_project(
        "day", suggester=version, prefill_percent=60, reveal_percent=20, blind_percent=20, audit_percent=0
    )
    for number in range(VIDEOS):
        make_suggestion(make_clip(project, f"prompt {number // 5}"), version, scores=(3, 4, 2))
    raters = [Rater(browse, project, seed) for seed in (1, 2)]
    troubles = {1: (0, without_network), 2: (1, session_ended), 3: (0, tab_closed), 4: (1, without_network)}

    for turn in range(VIDEOS):
        for place, rater in enumerate(raters):
            if rater.at_rest:
                continue
            who, trouble = troubles.get(turn, (None, None))
            if who == place:
                trouble(rater)
                continue
            rater.answer()
            rater.submit()

    assert all(rater.at_rest for rater in raters)
    for rater in raters:
        rater.page.get_by_role("heading", name="Nothing to rate right now").wait_for()
        live = {str(rating.video.public_id): rating for rating in Rating.objects.live().filter(rater=rater.user)}
        assert {video: stored(rating) for video, rating in live.items()} == rater.typed
        first = {key["submit_key"] for key in rater.acknowledged}
        assert first == {
            str(key) for key in Rating.objects.filter(rater=rater.user).values_list("submit_key", flat=True)
        }
    assert Rating.objects.live().count() == VIDEOS == Seat.objects.filter(filled_at__isnull=False).count()
    assert (
        Rating.objects.filter(stage=Stage.REVEAL).count() == Rating.objects.firsts().filter(arm="reveal").count()
    )
    assert not Draft.objects.exists()
    acks = tmp_path / "acks.jsonl"
    acks.write_text("".join(json.dumps(line) + "\n" for rater in raters for line in rater.acknowledged))
    call_command("verify_invariants", acks=acks)


def stored(rating: Rating) -> dict:
    """Scores and reasons of a rating as a rater typed them."""
    return rating.scores | {f"{key}_reason": text for key, text in rating.reasons.items()}
