"""Every page of the site in a real browser: access for everybody, on a screen and on a phone, in dark and light."""

import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests import error_pages
from tests.browser import check_access
from tests.error_pages import ERRORS
from tests.every_page import ELSEWHERE, FILES, PAGES, PARTS, POSTS, SHUT, furnish

TOKENS = Path(__file__).parent.parent / "annotation/static/annotation/tokens.css"
WORDS_ON = ["background", "room", "panel", "raised"]
# What a page must be whatever is on it; each line gives a sentence where it is not.
CHECKS = """() => [
  document.documentElement.lang ? '' : 'no language',
  document.title.replace('Screening Room', '').replace(/[ ·]/g, '') ? '' : 'no title of its own',
  document.querySelectorAll('h1, article.screening').length ? '' : 'no heading',
  document.getAnimations().some((each) => each.playState === 'running') ? 'something moves' : '',
].filter(Boolean)"""
# What is folded is looked at, too; frames that a model saw are fetched when unfolded, and have tests of their own.
UNFOLD = "document.querySelectorAll('details:not(.seen)').forEach((each) => (each.open = true))"
WIDTH = "document.documentElement.scrollWidth"
# The colours of the focus ring and of the page under it; null where no ring is seen.
FOCUS = """() => {
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(document.activeElement);
  const seen = document.activeElement !== document.body && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
  return seen ? [outlineColor, getComputedStyle(document.body).backgroundColor] : null;
}"""


def addresses() -> dict[str, str]:
    """The site's addresses by name, allauth's too."""

    def under(patterns):
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from under(pattern.url_patterns)
            elif isinstance(pattern, URLPattern):
                yield pattern.name, str(pattern.pattern)

    return dict(under(get_resolver("config.urls").url_patterns))


def look_at(page, address: str, status: int, *, is_first: bool) -> list[str]:
    """What is wrong with the page at this address; axe runs in the first of a page's states, dark and light."""
    answer = page.goto(address)
    problems = [f"status {answer.status} instead of {status}"] if answer.status != status else []
    page.evaluate(UNFOLD)
    problems += page.evaluate(CHECKS)
    problems += _access(page) if is_first else []
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    problems += _access(page, "color-contrast") if is_first and status == 200 else []
    page.keyboard.press("Tab")
    focus = page.evaluate(FOCUS)
    if not focus or contrast(*map(_hex, focus)) < 3:
        problems.append(f"the focus is not seen after the first Tab: {focus}")
    page.set_viewport_size({"width": 390, "height": 844})
    if (width := page.evaluate(WIDTH)) > 390:
        problems.append(f"{width} pixels wide on a phone of 390")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    return [f"{address}: {problem}" for problem in problems]


def _hex(colour: str) -> str:
    """ "rgb(240, 181, 74)" as "#f0b54a"."""
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def _access(page, *rules: str) -> list[str]:
    try:
        check_access(page, *rules)
    except AssertionError as found:
        return [str(found)]
    return []


def test_every_address_is_on_a_list():
    """A new page gets a row in `tests/every_page.py`: who opens it, and in which states."""
    listed = [*PAGES, *PARTS, *FILES, *POSTS, *SHUT, *ELSEWHERE]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(addresses())


@pytest.mark.django_db
def test_what_takes_only_forms_and_what_is_shut_answer_no_get(client):
    place = furnish()
    client.force_login(place.people["lead"])
    video = place.videos["rated"].public_id
    for route, rest in POSTS.items():
        args = [place.project.slug, *(video if part == "video" else part for part in rest)]
        assert client.get(reverse(route, args=args)).status_code == 405, route
    for route in SHUT:
        assert client.get(reverse(route)).status_code in (302, 404), route


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_every_page_is_for_everybody(browse, settings):
    settings.ROOT_URLCONF = error_pages.__name__
    cache.clear()
    browse.expect("responded with a status of 4", "responded with a status of 500")
    place = furnish()
    visits = [
        (visit.who, visit.address(route, place), visit.status, not nth)
        for route in PAGES
        for nth, visit in enumerate(PAGES[route])
    ]
    visits += [("lead", f"/error/{asked}/", status, True) for asked, status in ERRORS.items()]
    problems = []
    for who, user in place.people.items():
        page = browse(user, color_scheme="dark", reduced_motion="reduce")
        for _, address, status, is_first in (visit for visit in visits if visit[0] == who):
            problems += look_at(page, address, status, is_first=is_first)
        page.close()
    assert not problems, "\n".join(problems)


# --- Colours --------------------------------------------------------------------------------------------------
def tokens() -> dict[str, dict[str, str]]:
    """The colours of the dark and the light look."""
    dark_text, _, light_text = TOKENS.read_text().partition("@media")
    dark = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark_text))
    return {"dark": dark, "light": dark | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light_text))}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2, 1 to 21."""

    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("look", ["dark", "light"])
def test_words_and_marks_stand_out_from_every_ground(look):
    colours = tokens()[look]
    for ground in WORDS_ON:
        for words in ("text", "muted", "accent-text", "good", "bad"):
            assert contrast(colours[words], colours[ground]) >= 4.5, f"{words} on {ground}"
        assert contrast(colours["accent-line"], colours[ground]) >= 3, f"accent-line on {ground}"
    assert contrast(colours["accent-ink"], colours["accent"]) >= 4.5
    assert contrast(colours["chosen-ink"], colours["chosen"]) >= 4.5
