"""The left of the rating room in a real browser: true frames, A–B loop, native pixels, scrubbing, what was played."""

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from annotation.models import Draft, Rating, Video
from tests.browser import check_access, make_clip, wait_for
from tests.drawn import write_clip
from tests.make import make_member, make_project
from tests.numbered import READ, even_times, make_numbered

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

COUNT_SHIFTS = """window.shifted = []; new PerformanceObserver((list) => list.getEntries().forEach((entry) =>
  entry.sources.forEach(({ node }) => window.shifted.push((node?.nodeType === 1 ? node : node?.parentElement)?.outerHTML))
)).observe({ type: "layout-shift", buffered: true })"""
RECORD = f"""() => {{
  window.painted = [];
  const video = document.querySelector("main video");
  const next = () => video.requestVideoFrameCallback(() => {{ window.painted.push(({READ})()); next(); }});
  next();
}}"""


@pytest.fixture
def project(db):
    return make_project("study", prefill_percent=0, blind_percent=100)


def open_room(browse, user, project, **options):
    page = browse(user, **options)
    page.add_init_script(COUNT_SHIFTS)
    page.goto(f"/p/{project.slug}/rate/")
    wait_for_video(page)
    return page


def wait_for_video(page):
    wait_for(
        page,
        "document.activeElement.matches('main .card') && document.querySelector('main video').readyState >= 3",
    )


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def to_next(page) -> None:
    before = shown(page)
    rate(page)
    press(page, "Control+Enter")
    wait_for(page, "before => document.querySelector('main article')?.dataset.video !== before", before)
    wait_for_video(page)


def rate(page) -> None:
    """Scores and words that the check finds nothing in."""
    for number, area in enumerate(page.locator("main .card textarea").all()):
        area.fill(f"seen as it is, {shown(page)} {number}")
    press(page, "Escape", "ArrowUp", "ArrowUp", "3", "3", "3")


def shown(page) -> str:
    return page.locator("main article").get_attribute("data-video")


def said(page) -> int:
    return int(page.locator("main .frame").text_content().split()[1])


def stands_at(page, frame: int) -> None:
    """The clock says this frame, and the picture shows it."""
    assert said(page) == frame
    wait_for(page, f"frame => ({READ})() === frame", frame, seconds=3)
    assert said(page) == frame


def strip_point(page, frame: int, frames: int) -> tuple[float, float]:
    box = page.locator("main .strip").bounding_box()
    return box["x"] + box["width"] * (frame + 0.5) / frames, box["y"] + box["height"] / 2


def pressed(page) -> list[str]:
    return page.locator("main .ab [aria-pressed=true]").evaluate_all("all => all.map(each => each.dataset.do)")


CLIPS = {
    "23.976 a second, pictures late": (even_times(40, Fraction(24000, 1001), late=3), {}),
    "8 a second, a rendition": (even_times(16, 8), {"codec": "mpeg4"}),
    "30 a second, times in milliseconds": (even_times(45, 30), {"container": "webm", "codec": "libvpx"}),
}


def test_every_way_leads_to_the_very_frame_that_is_said(browse, project):
    for prompt, (times, options) in CLIPS.items():
        make_numbered(project, prompt, times, **options)
    page = open_room(browse, make_member(project), project, reduced_motion="reduce")
    page.set_default_timeout(3000)
    for turn in range(len(CLIPS)):
        prompt = page.locator("main .prompt").text_content()
        times, _ = CLIPS[prompt]
        frames, step = len(times), times[1] - times[0]
        stands_at(page, 0)
        press(page, *["."] * 11)
        stands_at(page, 11)
        press(page, ",", "m")
        stands_at(page, 10)
        assert page.locator("main textarea").first.input_value() == f"[{float(10 * step):.2f}s f10]"
        page.mouse.click(*strip_point(page, frames - 1, frames))
        stands_at(page, frames - 1)
        press(page, ".", ".")  # a browser ends a video that is sent to its end, and it must not play on
        page.wait_for_timeout(300)
        stands_at(page, frames - 1)
        assert not page.locator("main .stage.playing").count(), prompt
        page.locator("main .tiles button").nth(4).evaluate("tile => tile.click()")
        stands_at(page, 9 * frames // 20)
        page.locator("main .marks button").first.click()
        stands_at(page, 10)
        press(page, "[", ",", ",", ",", "]")  # B before A: they change places
        page.evaluate(RECORD)
        press(page, "Space")
        wait_for(page, "window.painted.length > 12")
        press(page, "Space")
        painted = page.evaluate("window.painted")  # a busy machine leaves frames out, or turns back a little late
        assert set(painted) <= set(range(7, 14)), prompt
        assert sum(frame > 10 for frame in painted) < len(painted) / 2, prompt
        assert any(later < earlier for earlier, later in pairwise(painted)), prompt
        if turn + 1 < len(CLIPS):
            to_next(page)
            assert pressed(page) == [], "a new video starts without A and B"


def test_a_rate_that_varies_is_said_and_the_time_is_true(browse, project):
    steps = [0, 1, 2, 3, 8, 9, 10, 16, 17, 18, 19, 20]
    make_numbered(project, "varies", [Fraction(step, 20) for step in steps])
    page = open_room(browse, make_member(project), project, reduced_motion="reduce")
    assert page.get_by_text("fps varies").is_visible()
    assert page.locator("main .rate").count() == 0
    times = [step / 20 for step in steps]
    for _ in range(4):
        press(page, ".")
        wait_for(
            page,
            "times => times.includes(Number(document.querySelector('main .time').textContent.slice(3)))",
            times,
        )
    assert "≈" in page.locator("main .frame").text_content()


def test_the_ab_loop_is_seen_said_and_cleared(browse, project):
    make_clip(project, frames=16, fps=8)
    page = open_room(browse, make_member(project), project, reduced_motion="reduce")
    status = page.locator("main .said")
    page.locator("main .strip .edge.a").wait_for(state="hidden")
    press(page, ".", ".", "[")
    assert status.text_content() == "A at frame 2"
    press(page, ".", ".", "]")
    assert status.text_content() == "A at frame 2, B at frame 4"
    assert pressed(page) == ["set-a", "set-b"]
    strip = page.locator("main .strip").bounding_box()
    a, b = (page.locator(f"main .edge.{side}").bounding_box() for side in "ab")
    assert a["x"] + a["width"] == pytest.approx(strip["x"] + strip["width"] * 2 / 16, abs=1)
    assert b["x"] == pytest.approx(strip["x"] + strip["width"] * 5 / 16, abs=1)
    check_access(page)
    press(page, "]")
    assert (pressed(page), status.text_content()) == (["set-a"], "B cleared")
    press(page, "t", "[", "]", "Escape")
    assert page.locator("main textarea").first.input_value() == "[]", "keys are letters while typing"
    assert pressed(page) == ["set-a"], "Esc leaves the text first"
    press(page, "Escape")
    assert (pressed(page), status.text_content()) == ([], "A–B loop cleared")
    page.get_by_role("button", name="A: the loop begins").click()
    page.get_by_role("button", name="Clear the A–B loop").click()
    assert pressed(page) == []


def test_dragging_along_the_strip_scrubs_and_nothing_moves(browse, project):
    for _ in range(2):
        make_numbered(project, "a ball", even_times(40, 20))
    page = open_room(browse, make_member(project), project)
    page.mouse.move(*strip_point(page, 5, 40))
    assert page.locator("main .where").is_visible()
    assert page.locator("main .where").text_content() == "0.25 s f5"
    page.mouse.down()
    stands_at(page, 5)
    for frame in (6, 11, 30):
        page.mouse.move(*strip_point(page, frame, 40))
        stands_at(page, frame)
    page.mouse.move(*strip_point(page, 60, 40))
    page.mouse.up()
    stands_at(page, 39)
    page.mouse.move(*strip_point(page, 3, 40))
    assert said(page) == 39, "no button is held"
    press(page, "Shift+Period", "l")
    page.locator("#next video").wait_for(state="attached")
    wait_for(page, "document.querySelector('#next video').readyState >= 3")
    page.evaluate("""() => {
      window.words = 0;
      const note = () => { window.words += !document.querySelector("main .loading")?.hidden; requestAnimationFrame(note); };
      note();
    }""")
    to_next(page)
    page.wait_for_timeout(500)
    assert page.evaluate("window.words") == 0, "a preloaded video needs no word of loading"
    shifted = [html for html in page.evaluate("window.shifted") if html and "digit" not in html]
    assert not shifted  # the tick beside a digit that was chosen is no loading
    state = "document.querySelector('main video').playbackRate"
    assert page.evaluate(state) == 1.5
    page.reload()
    wait_for_video(page)
    assert page.evaluate(state) == 1.5, "a choice stays"
    assert page.get_by_role("button", name="Loop off").get_attribute("aria-pressed") == "false"


def test_everything_fits_and_one_to_one_shows_native_pixels(browse, project):
    make_clip(project, "A prompt of several words, as they are", frames=2, fps=24, size=(1920, 1080))
    Video.objects.update(frames=120)
    rater = make_member(project)
    for width, height, scale in ((1280, 720, 1), (870, 720, 1.5), (390, 844, 3)):
        size = {"width": width, "height": height, "device_scale_factor": scale}
        page = open_room(browse, rater, project, **size, has_touch=width < 500, reduced_motion="reduce")
        check_fit(page, width, height)
        check_native(page, scale)
        check_access(page)
        page.close()


def check_fit(page, width, height):
    """Every control in sight and large enough, its key on it; nothing to scroll for."""
    is_phone = width < 500
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert is_phone or page.evaluate("document.documentElement.scrollHeight") == height
    for button in page.locator("main .stage :is(.transport, .above) button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 20, button
        assert 0 <= box["x"] <= width - box["width"], button
    keys = page.locator("main .stage kbd:visible").all_text_contents()
    assert keys == ([] if is_phone else ["Z", "Space", ",", ".", "⇧,", "⇧.", "[", "]", "L"])
    if is_phone:
        assert page.locator("main .card").first.bounding_box()["y"] < 400, "the cards stay in sight"
        assert page.locator("main .strip").bounding_box()["height"] >= 24


def check_native(page, scale):
    """Z shows one pixel of the video on one of the screen, about the pointer; drags move it; Z fits it in again."""
    video = page.locator("main video")
    fit, screen = video.bounding_box(), page.locator("main .screen").bounding_box()
    at = (screen["x"] + screen["width"] * 0.4, screen["y"] + screen["height"] / 2)
    page.mouse.move(*at)
    press(page, "z")
    box = video.bounding_box()
    assert (box["width"] * scale, box["height"] * scale) == pytest.approx((1920, 1080), abs=0.05)
    assert box["x"] * scale == pytest.approx(round(box["x"] * scale), abs=0.05), "on whole pixels of the screen"
    shown_height = fit["width"] * 9 / 16
    before = (
        (at[0] - fit["x"]) / fit["width"],
        (at[1] - fit["y"] - (fit["height"] - shown_height) / 2) / shown_height,
    )
    after = (at[0] - box["x"]) / box["width"], (at[1] - box["y"]) / box["height"]
    assert after == pytest.approx(before, abs=0.005), "the same pixel stays under the pointer"
    page.mouse.down()
    page.mouse.move(at[0] - 30, at[1] - 20, steps=3)
    page.mouse.up()
    moved = video.bounding_box()
    assert (moved["x"], moved["y"]) == pytest.approx((box["x"] - 30, box["y"] - 20), abs=1)
    assert video.evaluate("video => video.paused"), "a drag is no click"
    press(page, "z")
    assert video.bounding_box() == fit


def test_a_full_play_is_asked_for_counted_and_kept(browse, project):
    project.requires_full_play = True
    project.save()
    make_clip(project, frames=8, fps=8)
    page = open_room(browse, make_member(project), project, reduced_motion="reduce")
    asked = page.locator("main .full-play").get_by_text("Watch it once in full at 1×")
    assert asked.is_visible()
    press(page, "Shift+Period", "Shift+Period", "Space")
    page.evaluate("""() => { window.ends = 0;
      document.querySelector("main video").addEventListener("ended", () => window.ends++) }""")
    wait_for(page, "window.ends >= 2")
    press(page, "Space")
    rate(page)
    press(page, "Control+Enter")
    page.locator("#toast").get_by_text("Watch it once in full at 1×").wait_for()
    assert asked.is_visible(), "twice at 2x is not once in full"
    assert not Rating.objects.exists()
    assert page.evaluate(
        "(video => [video.paused, video.playbackRate])(document.querySelector('main video'))"
    ) == [
        False,
        1,
    ], "what is missing plays now"
    page.get_by_text("Watched once in full ✓").wait_for()
    page.goto("about:blank")
    wait_for_draft(page)
    page.goto(f"/p/{project.slug}/rate/")
    wait_for_video(page)
    assert page.get_by_text("Watched once in full ✓").is_visible()
    press(page, "Control+Enter")
    page.get_by_role("heading", name="Nothing to rate right now").wait_for()
    rating = Rating.objects.get()
    assert (rating.watched, rating.plays, rating.stalls) == (1.0, 1, 0)


def test_a_wait_for_the_network_is_a_stall_and_a_loop_is_none(browse, project, settings):
    video = make_clip(project, frames=24, fps=24)
    path = draw_noise(settings.MEDIA_ROOT / video.folder / "original.mp4", frames=24)
    Video.objects.update(bytes=path.stat().st_size)
    page = browse(make_member(project))
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    slow = {"offline": False, "latency": 0, "uploadThroughput": -1, "downloadThroughput": path.stat().st_size / 3}
    wire.send("Network.emulateNetworkConditions", slow)
    page.goto(f"/p/{project.slug}/rate/")
    page.evaluate("""() => { window.ends = 0;
      document.querySelector("main video").addEventListener("ended", () => window.ends++) }""")
    wait_for(page, "window.ends >= 3", seconds=20)
    page.goto("about:blank")
    wait_for_draft(page)
    draft = Draft.objects.get()
    assert 1 <= draft.stalls <= 4
    assert (draft.watched, draft.plays) == (1.0, 3)


def draw_noise(path: Path, frames: int) -> Path:
    """A clip that is large for its length."""
    random = np.random.default_rng(1)
    return write_clip(path, [random.integers(0, 255, (240, 320, 3), np.uint8) for _ in range(frames)], fps=24)


def wait_for_draft(page):
    for _ in range(200):
        if (Draft.objects.get().plays or 0) >= 1:
            return
        page.wait_for_timeout(20)
    raise AssertionError("the page's last words did not arrive")
