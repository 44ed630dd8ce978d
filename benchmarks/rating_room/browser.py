"""A rater in headless Chromium: from the key that submits to the first painted frame of the next video."""

import random
import shutil
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from annotation.scale import DIMENSION_KEYS
from benchmarks.rating_room.load import FAIR, PLACES, THINGS
from tests.make import draw_clip

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
CLIPS = 8
SIZE, FPS, FRAMES = (720, 480), 24, 96  # as the project says of its videos

# Milliseconds from the key press to the moment the next video's first frame is expected on the screen.
WATCH = """() => {
  const main = document.getElementById("main");
  document.addEventListener("keydown", (event) => {
    if (event.code === "Enter" && event.ctrlKey) window.pressed = event.timeStamp;
  }, true);
  new MutationObserver(() => {
    const video = main.querySelector("article.screening video");
    if (!video || video === window.watched) return;
    window.watched = video;
    video.requestVideoFrameCallback((now, frame) => {
      window.painted = Math.max(now, frame.expectedDisplayTime) - window.pressed;
    });
  }).observe(main, { childList: true, subtree: true });
  window.watched = main.querySelector("article.screening video");
}"""
PRELOADED = """() => document.querySelector("#next article video")?.readyState >= 3
  && document.querySelector("main article video").readyState >= 3"""


def draw_clips(folder: Path) -> list[str]:
    """Draw `CLIPS` clips with their posters and strips; their names in this folder, without suffix."""
    for n in range(CLIPS):
        draw_clip(folder / f"clip-{n}.mp4", frames=FRAMES, fps=FPS, size=SIZE)
        Image.new("RGB", SIZE, (90, 90, 90)).save(folder / f"clip-{n}.jpg")
        Image.new("RGB", (960, 64), (90, 90, 90)).save(folder / f"clip-{n}-strip.jpg")
    return [f"clip-{n}" for n in range(CLIPS)]


def submit_to_first_frame(port: int, slug: str, session: str, cycles: int) -> list[float]:
    """Milliseconds of each of `cycles` submits, the next video preloaded."""
    with sync_playwright() as tool:
        browser = tool.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, CHROMIUMS))), args=FLAGS
        )
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        url = f"http://127.0.0.1:{port}"
        context.add_cookies([{"name": "sessionid", "value": session, "url": url}])
        page = context.new_page()
        page.goto(f"{url}/p/{slug}/rate/")
        page.evaluate(WATCH)
        times = [_rate(page) for _ in range(cycles)]
        browser.close()
    return times


def _rate(page: Page) -> float:
    """Rate the video on the screen by its keys; milliseconds to the next one's first frame."""
    _wait(page, PRELOADED)
    for _ in DIMENSION_KEYS:
        page.keyboard.press(str(random.randint(2, 4)))
    for key in DIMENSION_KEYS:
        says = f"The {random.choice(THINGS)} {random.choice(FAIR)} {random.choice(PLACES)} {random.random():.6f}."
        page.locator(f"main textarea[name={key}_reason]").fill(says)
    page.evaluate("() => { window.painted = null; }")
    for _ in range(3):  # again where the check warned, or where the model was revealed
        page.keyboard.press("Control+Enter")
        if (painted := _wait(page, "() => window.painted", seconds=3)) is not None:
            return painted
        change = page.locator("main [name=change_reason]")
        if change.count() and change.first.is_visible():
            change.first.fill("I looked at it again.")
    raise RuntimeError("no next video came after a submit")


def _wait(page: Page, expression: str, seconds: float = 20) -> float | None:
    """The value of this JavaScript once it is there; None after so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := page.evaluate(expression):
            return value
        page.wait_for_timeout(10)
    return None
