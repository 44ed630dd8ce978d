"""The rating room as its tests use it: open it, press keys, say why, look at what is shown."""

import itertools
from typing import Any

from annotation.models import Video
from tests.browser import wait_for

_SEEN = ("ball", "table", "shadow", "hand", "corner", "wall", "light", "edge", "floor", "window", "cloth")
_numbers = itertools.count()

# Fills the reasons that are still empty, as typing would.
_EXPLAIN = """texts => document.querySelectorAll('main .card[data-dimension] textarea').forEach((area, index) => {
    if (area.value) return;
    area.value = texts[index];
    area.dispatchEvent(new Event('input', { bubbles: true }));
})"""


def open_room(browse: Any, user: Any, project: Any, **options: Any) -> Any:
    """A browser of this person's own with the room open and the keys where they belong."""
    page = browse(user, **options)
    page.goto(f"/p/{project.slug}/rate/")
    wait_for_video(page)
    return page


def wait_for_video(page: Any) -> None:
    wait_for(page, "document.querySelector('main .card.current') && document.activeElement.matches('.card')")


def shown(page: Any) -> str:
    """The public id of the video on the screen."""
    return page.locator("main article.screening").get_attribute("data-video")


def video_on(page: Any) -> Video:
    return Video.objects.get(public_id=shown(page))


def reason(page: Any, key: str = "visual_quality") -> Any:
    return page.locator(f"main textarea[name={key}_reason]")


def chosen(page: Any) -> list[str]:
    return page.locator("main .scale :checked").evaluate_all("radios => radios.map(radio => radio.value)")


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def explain(page: Any) -> None:
    """Give a reason, never the same twice, wherever there is none yet."""
    page.evaluate(_EXPLAIN, [_words(next(_numbers)) for _ in range(3)])


def submit(page: Any, *keys: str) -> None:
    """Press these and Ctrl+Enter, with reasons given, and wait for what comes next."""
    before = shown(page)
    explain(page)
    press(page, *keys, "Control+Enter")
    wait_for(page, "before => document.querySelector('main article')?.dataset.video !== before", before)


def wait_until_saved(page: Any) -> None:
    page.locator("#saved").get_by_text("Saved", exact=True).wait_for()


def _words(number: int) -> str:
    """A reason that says neither good nor bad, and is like no other."""
    places = [number // len(_SEEN) ** power % len(_SEEN) for power in range(3)]
    return " ".join(f"the {_SEEN[place]} {number}" for place in places)
