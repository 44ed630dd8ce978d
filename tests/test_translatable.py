"""All text of the interface goes through gettext: every page under a language that wraps each message in marks.

What stands outside the marks must be data (Cyrillic in `tests/every_page.py`), a number, a key, a name or code.
"""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import translation

from annotation.models import Invitation, Membership
from tests import error_pages
from tests.error_pages import ERRORS
from tests.every_page import DONE, PAGES, PARTS, furnish
from tests.rating import JSON

ROOT = Path(__file__).resolve().parent.parent
SPOKEN = {"title", "aria-label", "aria-description", "placeholder", "alt", "label"}
ADDRESSES = re.compile(r"-(url|user|video|id)$|^data-(do|copy|dimension|text-id|stage|theme|do)$")
SILENT = {"script", "style", "code", "kbd", "pre"}
# Not language: our name, formats and codecs, units, scorers and their versions, addresses, ids.
NAMES = re.compile(
    r"Screening|Room|\bH\.264\b|SHA-256|\bsft\b|\brl\b|\brecords\b|T2V|\btechnical [0-9a-f]{8}|\btechnical\b|\bvideoscore2(?:-served)?\b"
    r"|\b[0-9a-f]{8}\b|[0-9a-f-]{32,}|\bfps\b|\bmp4\b|\bh264\b|\byuv420p\b|\S+@\S+|https?://\S+|\bf \d+|\bf\d+\b"
    r"|\b(?:s|min|h|x)\b|\b[kMG]?B\b|python manage\.py \S.*$|\bCSV\b"
)
LETTERS = re.compile(r"[A-Za-z]{2,}[A-Za-z' ]*")


class Words(HTMLParser):
    """Collects what a reader or a screen reader is told, and the words that scripts will say."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.read = ""  # all text, in its order: a message may go across elements
        self.told: list[str] = []  # attributes

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "link", "input", "img", "br", "source", "rect", "path", "circle"):
            self.open.append(tag)
        given = dict(attrs)
        for name, value in attrs:
            is_button = name == "value" and given.get("type") in ("submit", "button")
            says = name in SPOKEN or (name.startswith("data-") and " " in (value or "")) or is_button
            if says and value and not ADDRESSES.search(name):
                self.told.append(value)
        if tag == "div" and given.get("id") == "words":
            self.told += [value for name, value in attrs if name.startswith("data-")]

    def handle_endtag(self, tag):
        while tag in self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if not SILENT & set(self.open):
            self.read += f" {data} "


def outside(text: str) -> str:
    """The text without marked messages, however nested, and without names."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = shorter
    return NAMES.sub(" ", re.sub(r"\s+", " ", text))


def untranslated(html: str) -> list[str]:
    """Sentences and words of a page that did not go through gettext."""
    words = Words()
    words.feed(html)
    return sorted({found for text in (words.read, *words.told) for found in LETTERS.findall(outside(text))})


@pytest.fixture
def _marked(monkeypatch, settings):
    """Each message of the interface comes out as ⟦message⟧, in German formats; no page keeps an older answer."""
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch")]
    messages = translation._trans
    messages.gettext  # noqa: B018 (loads the real functions, which are then replaced)
    for name, found in {
        "gettext": lambda message: message,
        "pgettext": lambda context, message: message,
        "ngettext": lambda one, many, n: one if n == 1 else many,
        "npgettext": lambda context, one, many, n: one if n == 1 else many,
    }.items():
        monkeypatch.setattr(messages, name, lambda *said, find=found: f"⟦{find(*said)}⟧" if said[0] else "")
    cache.clear()


def browser_of(user) -> Client:
    client = Client(headers={"accept-language": "de"}, raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


@pytest.mark.django_db
@pytest.mark.usefixtures("_marked")
def test_every_page_can_be_translated(settings):
    settings.ROOT_URLCONF = error_pages.__name__
    place = furnish()
    clients = {who: browser_of(user) for who, user in place.people.items()}
    visits = [
        (visit.who, visit.address(route, place))
        for lists in (PAGES, PARTS)
        for route in lists
        for visit in lists[route]
    ]
    visits += [("lead", f"/error/{asked}/") for asked in ERRORS]
    bare = {}
    for who, address in visits:
        answer = clients[who].get(address, follow=True)
        html = answer.content.decode()
        found = untranslated(html)
        if "<html" in html and '<html lang="de"' not in html:
            found.append("its language is not named")
        found += re.findall(r'\s(?:value|max|width|height|data-[\w-]+|x|y)="\d+,\d+"', html)  # for machines
        if found:
            bare[address] = found
    assert not bare, "\n".join(f"{address}: {found}" for address, found in bare.items())


# A release as its form asks for it.
ASKED = {
    "formats": "sft", "policy": "settled", "min_ratings": 1, "margin": 1, "seed": 0, "videos": "link",
    "on_leak": "refuse",
}  # fmt: skip
# Who sends what where, and gets sentences back: refused forms first, then what is done.
SENT = [
    ("nobody", "account_login", {}),
    ("nobody", "account_login", {"login": "кто", "password": "not-this-one"}),
    ("nobody", "account_reset_password", {"email": "кто"}),
    ("rater", "account_change_password", {"oldpassword": "x", "password1": "1", "password2": "2"}),
    ("nobody", "invitation", {}),
    ("nobody", "invitation", {"username": "Вера", "email": "кто", "password": "1234"}),
    ("lead", "project-create", {"slug": "study", "prefill_percent": 99, "blind_percent": 2, "overlap": 0}),
    ("lead", "project-create", {"name": "…", "prefill_percent": 99, "blind_percent": 1, "overlap": "x"}),
    ("lead", "project-settings", {}),
    ("lead", "project-invite", {"role": "кто", "email": "кто"}),
    ("lead", "project-invite", {"role": "rater"}),
    ("lead", "project-import", {}),
    ("lead", "project-trials", {}),
    ("lead", "project-releases", {"formats": "x", "split": "train=2", "seed": "x"}),
    ("lead", "project-releases", {**ASKED, "split": "train=0.9,test=0.1", "preview": "1"}),
    ("lead", "release-verify", {}),
    ("lead", "import-annotations", {}),
    ("lead", "example-add", {}),
    ("lead", "guidelines", {}),
    ("reviewer", "review-accept", {}),
    ("reviewer", "review-return", {}),
    ("reviewer", "review-fix", {}),
    ("lead", "member-cap", {"daily_cap": "x"}),
    ("lead", "member-pause", {}),
    ("lead", "member-go-on", {}),
    ("lead", "member-free", {}),
    ("lead", "seat-free", {}),
    ("lead", "seat-give", {}),
    ("rater", "rate-mine-edit", {}),
    ("rater", "rate-submit", {}),
    ("rater", "rate-skip", {}),
    ("rater", "rate-take-back", {}),
    ("lead", "suggestions-start", {"version": "0"}),
    ("lead", "suggestions-start", {"videos": "all"}),
    ("lead", "suggestions-suggester", {"version": "0"}),
    ("lead", "suggestions-suggester", {}),
    ("lead", "suggestions-retry", {}),
    ("lead", "suggestions-cancel", {}),
    ("lead", "project-media-retry", {}),
    ("lead", "member-role", {"role": "кто"}),
    ("lead", "member-role", {"role": "reviewer"}),
    ("lead", "member-remove", {}),
    ("lead", "invitation-revoke", {}),
    ("lead", "trial-again", {}),
    ("lead", "trial-delete", {}),
    ("rater", "account_logout", {}),
]


def sentences(answer) -> list[str]:
    """What a JSON answer says to people: all texts under its errors and warnings."""

    def under(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                yield from under(each)

    return [text for key in ("error", "errors", "warnings") for text in under(answer.json().get(key))]


@pytest.mark.django_db
@pytest.mark.usefixtures("_marked")
def test_every_answer_to_a_form_can_be_translated():
    place = furnish()
    slug, rater = place.project.slug, place.people["rater"]
    args = {
        "invitation": [place.links["open"]],
        "invitation-revoke": [slug, Invitation.objects.filter(accepted_at=None).latest("pk").pk],
        "rate-mine-edit": [slug, rater.ratings.get().pk],
        "suggestions-retry": [slug, place.version.pk],
        "suggestions-cancel": [slug, place.version.pk],
        "trial-again": [slug, place.trials["failed"].public_id],
        "trial-delete": [slug, place.trials["done"].public_id],
    }
    args |= {"release-verify": [slug, DONE]}
    args |= {route: [slug, place.videos["open"].public_id] for route in ("rate-submit", "rate-skip")}
    args |= {route: [slug, place.videos["open"].public_id, 1] for route in ("seat-free", "seat-give")}
    member = Membership.objects.get(user=place.people["blind"]).pk
    args |= {f"member-{act}": [slug, member] for act in ("role", "remove", "cap", "pause", "go-on", "free")}
    rated = place.videos["rated"].public_id
    args |= {f"review-{act}": [slug, rated] for act in ("accept", "return", "fix")} | {
        "rate-take-back": [slug, rated]
    }
    clients = {who: browser_of(user) for who, user in place.people.items()}
    bare, said = {}, ""
    for who, route, fields in SENT:
        is_open = route.startswith("account") or route == "project-create"
        address = reverse(route, args=[] if is_open else args.get(route, [slug]))
        answer = clients[who].post(address, fields, follow=True)
        html = answer.content.decode()
        said += html
        if found := untranslated(html):
            bare[f"{route} {fields}"] = found
        if route in ("rate-submit", "rate-skip", "rate-take-back"):
            answer = clients[who].post(address, fields, headers=JSON)
            if found := [text for text in sentences(answer) if LETTERS.search(outside(text))]:
                bare[f"{route} {fields} as JSON"] = found
    assert not bare, "\n".join(f"{sent}: {found}" for sent, found in bare.items())
    assert len(re.findall(r'class="errorlist', said)) > 20
    assert len(re.findall(r'<li class="(?:success|error|info)', said)) > 8


# --- What no request of these tests meets ------------------------------------------------------------------------
NOT_TEXT = re.compile(
    r"{% comment %}.*?{% endcomment %}|{#.*?#}|{% block (?:page_class|html_attributes) %}.*?{% endblock %}"
    r"|{% blocktrans.*?endblocktrans(?:late)? %}|{%.*?%}|{{.*?}}",
    re.DOTALL,
)


def test_every_branch_of_every_template_can_be_translated():
    bare = {}
    for path in sorted((ROOT / "templates").rglob("*.html")):
        if found := untranslated(NOT_TEXT.sub(" ", path.read_text())):
            bare[str(path.relative_to(ROOT))] = found
    assert not bare, "\n".join(f"{path}: {found}" for path, found in bare.items())


SENTENCE = re.compile(r"[A-Z][a-z']+(?: [\w',-]+)+[.:…!?]?|[A-Z][a-z']+[.:…!?]|[\w',-]+(?: [\w',-]+){2,}[.:…!?]?")
NO_SENTENCE = re.compile(r"""//.*|/\*.*?\*/|\bon\(["'][a-z ]+["']|["'][a-z ]+["']\.split\(""")
QUOTED = re.compile(r"""(["'`])((?:(?!\1).)*)\1""")


def test_no_script_holds_a_sentence():
    """What modules say stands in the page, in attributes that templates translate."""
    held = {}
    for path in sorted(ROOT.glob("*/static/**/*.js")):
        code = NO_SENTENCE.sub("", path.read_text())
        if found := [text for _, text in QUOTED.findall(code) if SENTENCE.fullmatch(text)]:
            held[path.name] = found
    assert not held, held
