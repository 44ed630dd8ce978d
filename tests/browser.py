"""A real browser against a live server, and real clips to look at.

Ask for the `browse` fixture: `page = browse(rater)` opens a browser of that person's own (its own cookies and
storage). A console error or an exception in any page fails the test, unless `browse.expect("409")` said that a
message holding these words may come.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.signals import request_finished, request_started
from django.test import Client
from PIL import Image, ImageDraw

from annotation.models import Project, Video
from tests.environment import chromium
from tests.make import draw_clip, make_video

FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
TILES = 10


class Browse:
    """Opens pages for people and remembers what went wrong in them."""

    def __init__(self, browser: Any, url: str, traffic: "Traffic") -> None:
        self.browser, self.url, self.traffic = browser, url, traffic
        self.problems: list[str] = []
        self.expected: list[str] = []
        self.contexts: list[Any] = []

    def __call__(self, user: Any = None, *, width: int = 1280, height: int = 720, **options: Any) -> Any:
        """A page in a fresh browser context, logged in as `user`; `options` go to `new_context`."""
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, base_url=self.url, **options
        )
        context.set_default_timeout(10_000)
        self.contexts.append(context)
        context.on("page", self._watch)
        if user is not None:
            self.log_in(context, user)
        return context.new_page()

    def log_in(self, context: Any, user: Any) -> None:
        """Give this browser a session of `user`, as the login page would."""
        client = Client()
        backend = settings.AUTHENTICATION_BACKENDS[0]
        client.force_login(get_user_model().objects.get(pk=user.pk), backend=backend)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": self.url}])

    def expect(self, *words: str) -> None:
        """Console messages that hold one of these words are part of the test."""
        self.expected.extend(words)

    def _watch(self, page: Any) -> None:
        page.on("console", lambda message: message.type == "error" and self._note(message.text))
        page.on("pageerror", lambda error: self._note(str(error)))

    def _note(self, text: str) -> None:
        self.problems.append(text)

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.traffic.wait_for_rest()
        unexpected = [text for text in self.problems if not any(word in text for word in self.expected)]
        assert not unexpected, f"the browser's console said: {unexpected}"


class Traffic:
    """Requests that the live server is working on. A page that closes sends its last words: the database must not
    be emptied under them."""

    def __init__(self) -> None:
        self.open = 0
        self.lock = threading.Lock()
        request_started.connect(self._started)
        request_finished.connect(self._finished)

    def _started(self, **_: Any) -> None:
        with self.lock:
            self.open += 1

    def _finished(self, **_: Any) -> None:
        with self.lock:
            self.open -= 1

    def wait_for_rest(self, seconds: float = 10) -> None:
        """Return once nothing was open for a tenth of a second."""
        deadline = time.monotonic() + seconds
        quiet = 0
        while quiet < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
            quiet = 0 if self.open > 0 else quiet + 1


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One headless Chromium for the whole run."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as tool:
        started = tool.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def browse(browser: Any, live_server: Any) -> Iterator[Browse]:
    """Opens pages of the live server; see the module's text."""
    traffic = Traffic()
    opener = Browse(browser, live_server.url, traffic)
    yield opener
    opener.close()


def make_clip(
    project: Project, prompt: str | None = None, *, frames: int = 16, fps: int = 8, size=(64, 48), **fields: Any
) -> Video:
    """A ready video with real files: an H.264 clip, its poster and its strip of thumbnails. `size` in pixels."""
    video = make_video(
        project,
        prompt,
        **{
            "fps": float(fps),
            "frames": frames,
            "seconds": frames / fps,
            "width": size[0],
            "height": size[1],
            "container": "mp4",
            "codec": "h264",
            "thumbnail_count": TILES,
        }
        | fields,
    )
    folder = Path(settings.MEDIA_ROOT) / video.folder
    draw_clip(folder / "original.mp4", frames=frames, fps=fps, size=size)
    draw_picture(folder / "poster.jpg", size, 0.0)
    draw_strip(folder / "thumbnails.jpg", (96, round(96 * size[1] / size[0])))
    video.original = f"{video.folder}/original.mp4"
    video.poster = f"{video.folder}/poster.jpg"
    video.thumbnails = f"{video.folder}/thumbnails.jpg"
    video.bytes = (folder / "original.mp4").stat().st_size
    video.save()
    return video


def draw_picture(path: Path, size: tuple[int, int], moment: float) -> None:
    """The clip's look at `moment` (0 to 1): a bright square on grey."""
    _tile(size, moment).save(path, quality=85)


def draw_strip(path: Path, size: tuple[int, int]) -> None:
    """A strip of `TILES` equal tiles, left to right in time."""
    strip = Image.new("RGB", (size[0] * TILES, size[1]))
    for index in range(TILES):
        strip.paste(_tile(size, index / (TILES - 1)), (size[0] * index, 0))
    strip.save(path, quality=80)


def _tile(size: tuple[int, int], moment: float) -> Image.Image:
    width, height = size
    picture = Image.new("RGB", size, (90, 90, 90))
    left, half = int((width - 8) * moment), height // 2
    ImageDraw.Draw(picture).rectangle((left, half - 4, left + 8, half + 4), fill=(230, 180, 60))
    return picture


# What a page that waits in vain shows: where the keys are, which dialogs are open, what the bar says.
STATE = """() => ({
  focus: document.activeElement?.outerHTML.slice(0, 200),
  dialogs: [...document.querySelectorAll("dialog[open]")].map((dialog) => dialog.innerText.slice(0, 500)),
  said: [...document.querySelectorAll("[role=status], [role=alert]")].map((line) => line.innerText),
  loaded: document.readyState,
  hidden: document.hidden,
})"""


def wait_for(page: Any, expression: str, argument: Any = None, seconds: float = 10) -> None:
    """Wait until this JavaScript is true. (Playwright's `wait_for_function` needs what our CSP forbids.)"""
    deadline = time.monotonic() + seconds
    while not _evaluate(page, expression, argument):
        assert time.monotonic() < deadline, (
            f"not true after {seconds} s: {expression}\n{_evaluate(page, STATE, None)}"
        )
        page.wait_for_timeout(20)


def check_access(page: Any, *rules: str) -> None:
    """No finding of axe-core that is serious or critical on the page as it stands, by these rules (else by all)."""
    axe = pytest.importorskip("axe_core_python.base", reason="axe-core-python is not installed")
    if page.evaluate("typeof window.axe") == "undefined":  # reading it takes longer than a run
        page.evaluate(axe.AXE_SCRIPT)
    # Without `preload`: no rule that is on by default reads the stylesheets it would fetch again.
    options = {"resultTypes": ["violations"], "preload": False} | ({"runOnly": list(rules)} if rules else {})
    found = page.evaluate("(options) => axe.run(document, options)", options)["violations"]
    bad = [
        (finding["id"], [(node["html"][:160], node["failureSummary"]) for node in finding["nodes"][:3]])
        for finding in found
        if finding["impact"] in ("serious", "critical")
    ]
    assert not bad, f"axe-core found on {page.url}: {bad}"


def _evaluate(page: Any, expression: str, argument: Any) -> Any:
    """False while the page is being replaced by another."""
    try:
        return page.evaluate(expression, argument)
    except Exception as error:
        if "context was destroyed" in str(error) or "navigat" in str(error):
            return False
        raise
