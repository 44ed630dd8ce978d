"""Hostile texts in every stored text, on every page in a real browser: nothing runs, and all of it is shown as text."""

import re
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.urls import reverse

from annotation.models import Scorer, ScorerVersion
from datasets_app.models import Release, Trial
from tests.every_page import DONE, PAGES, PARTS, Place, furnish
from tests.make import make_suggestion
from tests.payloads import PAYLOADS, Planted, plant

# What no page of ours ever has; each line says what it found.
FOUND = """() => {
  const strange = 'x-hostile, iframe, object, embed, base, meta[http-equiv], [onerror], [onload], [onfocus], [onclick]';
  const elements = [...document.querySelectorAll(strange)].map((one) => one.outerHTML.slice(0, 120));
  const scripts = [...document.scripts].filter((one) => !one.nonce && !one.src).map((one) => one.outerHTML.slice(0, 120));
  const links = [...document.querySelectorAll('a[href]')].map((one) => one.href);
  const away = links.filter((href) => !/^https?:/.test(href));
  return [...elements, ...scripts, ...away, ...(window.violations ?? []), ...(window.dialogs ?? [])];
}"""
WATCH = """
window.violations = []; window.dialogs = [];
addEventListener('securitypolicyviolation', (event) => violations.push(`CSP: ${event.violatedDirective} ${event.sample}`));
for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => dialogs.push(`${name} was called`);
"""
# Everything that a page says: its text, and each value and attribute.
SAID = """() => {
  for (const each of document.querySelectorAll('details')) each.open = true;
  const said = [document.documentElement.textContent];
  for (const one of document.querySelectorAll('*')) {
    for (const { value } of one.attributes) if (value.includes('й')) said.push(value);
    if ('value' in one && typeof one.value === 'string' && one.value.includes('й')) said.push(one.value);
  }
  return said;
}"""

# Words of the address that come back in a form.
SOUGHT = (
    ("lead", "project-videos", "text"),
    ("lead", "guidelines", "find"),
    ("lead", "best-of", "q"),
    ("rater", "rate-mine", "words"),
)
NOT_SHOWN = {"User.first_name", "User.last_name", "Trial.pixel_format"}


def flat(text: str) -> str:
    """Without what HTML does not keep: blanks, and line ends."""
    return re.sub(r"\s+", " ", text)


def hostile_place() -> tuple[Place, Planted]:
    place = furnish()
    odd = ScorerVersion.objects.create(scorer=Scorer.objects.create(name=PAYLOADS[1]), settings_sha256="3" * 64)
    make_suggestion(place.videos["rated"], odd, rationale="Чужой.")
    planted = plant()
    for trial in Trial.objects.filter(state="done"):
        trial.answer |= {"rationale": planted.text("Trial.answer"), "raw_text": planted.text("Trial.answer")}
        trial.save()
    card = Release.objects.get(number=DONE).folder / "README.md"
    card.write_text(
        card.read_text() + "\n\n".join(f"{text}\n\n# {text}\n\n| {text} | й |\n|---|---|\n" for text in PAYLOADS)
    )
    place.project.refresh_from_db()
    return place, planted


def addresses_to_open(place: Place) -> list[tuple[str, str]]:
    """Who opens which address: every page and part that is not an error or of an empty project."""
    found = [
        (visit.who, visit.address(route, place))
        for route, visits in (PAGES | PARTS).items()
        for visit in visits
        if visit.status == 200
    ]
    found = [(who, address) for who, address in found if "/p/empty/" not in address]
    found.append(("lead", reverse("video", args=[place.project.slug, place.videos["next"].public_id])))
    text = quote(PAYLOADS[2])
    for who, route, word in SOUGHT:
        found.append((who, f"{reverse(route, args=[place.project.slug])}?{word}={text}"))
    return sorted(found)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_no_stored_text_runs_on_any_page_and_each_is_shown_whole(browse):
    cache.clear()
    browse.expect("responded with a status of 404")  # frames of a clip that was said to be in a hostile format
    place, planted = hostile_place()
    page = browse()
    page.add_init_script(WATCH)
    problems, shown, here = [], set(), None
    for who, address in addresses_to_open(place):
        if who != here:
            here = who
            page.context.clear_cookies()
            if place.people[who] is not None:
                browse.log_in(page.context, place.people[who])
        page.goto(address)
        wrong, whole = told_whole(planted, page.evaluate(SAID))
        problems += [f"{who} at {address}: {what}" for what in [*page.evaluate(FOUND), *wrong]]
        shown |= {planted.columns[mark] for mark in whole}
    problems += [f"{column} is on no page whole" for column in set(planted.columns.values()) - shown - NOT_SHOWN]
    assert not problems, "\n".join(problems)


def told_whole(planted: Planted, said: list[str]) -> tuple[list[str], set[str]]:
    """Marks whose text is changed where it stands, and those that stand there whole."""
    wrong, whole = [], set()
    for text in map(flat, said):
        for found in re.finditer(r"й\d+й", text):
            stored = flat(planted.texts[found[0]])
            here = text[found.start() : found.start() + len(stored)]
            if here == stored:
                whole.add(found[0])
            elif not stored.startswith(here.partition("…")[0]):
                wrong.append(f"{planted.columns[found[0]]} stands there as {here!r} instead of {stored!r}")
    return wrong, whole
