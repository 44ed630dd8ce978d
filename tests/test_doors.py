"""Every address of the site, for everybody, by every method: the answer, and that whoever is refused changed nothing.

The table is `DOORS` in `tests/doors.py`; an address without a row fails here.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from itertools import product

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from annotation.models import EditedRationale, Project, ScorerVersion
from annotation.scale import DIMENSION_KEYS
from config.headers import POLICY
from datasets_app.models import Release
from datasets_app.releases.export_options import Options
from tests.doors import DOORS, PEOPLE, Door, furnish_with_doors
from tests.make import make_rating, make_suggestion, make_video
from tests.test_every_page import addresses

ODD_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS")
# Statements that change something. Whose session a request is of is no one's work.
WRITES = re.compile(r'\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"(?!django_session)', re.IGNORECASE)
METHODS = ("GET", "HEAD", "POST", *ODD_METHODS)
ASKED = Options(["sft"]).as_json()
ASKS_FOR_LOGIN = (302, 401)
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": POLICY,
}


class Visitor:
    """Somebody's browser without a browser. Each visit starts with the same cookies and leaves nothing behind."""

    def __init__(self, user) -> None:
        self.client = Client(raise_request_exception=False)
        if user is not None:
            self.client.force_login(user)
        self.cookies = self.client.cookies.output(header="")

    def __call__(self, method: str, address: str, body=None):
        """The answer, with the changes that it made as `changed`."""
        self.client.cookies = SimpleCookie(self.cookies)
        if method not in ("GET", "POST"):
            return self._ask(method, address, body)
        with transaction.atomic():
            answer = self._ask(method, address, body)
            transaction.set_rollback(True)
        return answer

    def _ask(self, method: str, address: str, body):
        with noting_writes() as changed:
            call = self.client.post if method == "POST" else self.client.generic
            answer = call(address, body or {}) if method == "POST" else call(method, address)
            answer.whole = b"".join(answer.streaming_content) if answer.streaming else answer.content
        answer.changed = changed
        return answer


@contextmanager
def noting_writes() -> Iterator[list[str]]:
    """Statements that changed a row."""
    changed: list[str] = []

    def note(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if WRITES.match(sql) and context["cursor"].rowcount != 0:
            changed.append(sql)
        return result

    with connection.execute_wrapper(note):
        yield changed


@pytest.fixture
def place(db):
    cache.clear()
    return furnish_with_doors()


@pytest.fixture
def quiet():
    """Without Django's line in the log for each refusal: they cost more than the answers."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def visitors(place):
    return {who: Visitor(place.people[who]) for who in PEOPLE}


def expected(door: Door, who: str, method: str) -> set[int]:
    """The statuses that are right: one, but for what django-allauth does with other methods than GET."""
    lets_in = {"GET": door.get, "HEAD": door.get if door.head else None, "POST": door.post}.get(method)
    if door.theirs and method != "GET":
        return {200, 302, 400, 403, 404, 405, 409, 429}
    if lets_in and who in lets_in:
        return {lets_in[who]}
    if door.theirs:
        return {302, 404}
    if who == "nobody" and door.nobody in ASKS_FOR_LOGIN:
        return {door.nobody}
    if lets_in is None:
        return {405}
    return {door.nobody if who == "nobody" else door.shut}


def problems_of(door: Door, who: str, method: str, answer) -> Iterator[str]:
    right = expected(door, who, method)
    status = answer.status_code
    if status not in right:
        yield f"{status} instead of {sorted(right)}"
    to_login = status == 302 and answer.url.startswith(reverse("account_login"))
    if who == "nobody" and status == 302 and not to_login and not door.theirs:
        yield f"sent to {answer.url} instead of the login page"
    for header, value in ALWAYS.items():
        if answer.headers.get(header) != value:
            yield f"{header} is {answer.headers.get(header)}"
    policy = answer.headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or ("unsafe" in policy and "sandbox" not in policy):
        yield f"its content security policy is {policy!r}"
    if answer.changed and not may_change(door, who, method, status):
        yield f"changed something: {answer.changed[0][:80]}"


def may_change(door: Door, who: str, method: str, status: int) -> bool:
    if door.theirs:
        return who != "nobody"
    if method == "POST":
        return door.stores and who in (door.post or ()) and status < 400
    return method == "GET" and door.leases and who in (door.get or ())


def test_every_address_has_a_door():
    assert set(DOORS) == set(addresses())


def test_everybody_gets_what_the_table_says_and_whoever_is_refused_changes_nothing(place, visitors, quiet):
    """Methods that no page has are asked by whom nothing is open to and by whom most is; with `long`, by everybody."""
    asked = [*product(PEOPLE, ("GET", "HEAD", "POST")), *product(("nobody", "lead"), ODD_METHODS)]
    hold_to_the_table(place, visitors, asked)


@pytest.mark.long
def test_everybody_gets_what_the_table_says_by_every_method(place, visitors, quiet):
    hold_to_the_table(place, visitors, [*product(PEOPLE, METHODS)])


def hold_to_the_table(place, visitors, asked: list[tuple[str, str]]) -> None:
    """Ask every address by these (person, method), one after the other."""
    wrong = []
    for name, door in DOORS.items():
        address = reverse(name, args=door.args(place))
        stored = False
        for who, method in asked:
            body = door.body(place) if method == "POST" and not door.theirs else None
            answer = visitors[who](method, address, body)
            wrong += [f"{who} {method} {name}: {problem}" for problem in problems_of(door, who, method, answer)]
            stored |= method == "POST" and bool(answer.changed)
        if door.post is not None and door.stores and not stored:
            wrong.append(f"POST {name}: nobody stored anything; does the row send what the form needs?")
    print(f"\n{len(DOORS)} addresses, {len(asked)} times each by somebody: {len(DOORS) * len(asked)} answers")
    assert not wrong, "\n".join(wrong)


# --- What belongs to another project --------------------------------------------------------------------------
def test_an_address_with_another_projects_things_is_not_there(place, visitors, quiet):
    """A lead writes the number or id of another project's thing behind the slug of their own."""
    patterns, wrong, asked = addresses(), [], 0
    for name, door in DOORS.items():
        names_things = patterns[name].startswith("p/<slug:slug>/") and (
            "<int:" in patterns[name] or "<uuid:" in patterns[name]
        )
        if not names_things or door.shared:
            continue
        address = reverse(name, args=["elsewhere", *door.args(place)[1:]])
        for method in ("GET", "HEAD", "POST"):
            answer = visitors["stranger"](method, address, door.body(place) if method == "POST" else None)
            asked += 1
            right = {404, 405, door.post["lead"]} if door.forgives else {404, 405}
            if answer.status_code not in right or answer.changed:
                wrong.append(f"{method} {name}: {answer.status_code}, {answer.changed[:1]}")
    print(f"\n{asked} answers about things of another project")
    assert asked > 100
    assert not wrong, "\n".join(wrong)


CANARY = "чужое-слово"


@pytest.fixture
def foreign(place):
    """What the stranger's project holds, by name; each text of it has the canary."""
    project, person = Project.objects.get(slug="elsewhere"), place.people["stranger"]
    project.name = CANARY
    project.save()
    video = make_video(project, f"{CANARY} prompt", f"{CANARY} model", name=f"{CANARY} video")
    version = ScorerVersion.objects.create(scorer=place.version.scorer, settings_sha256="2" * 64)
    rating = make_rating(video, person)
    said = make_suggestion(video, version, rationale=CANARY)
    scores = dict.fromkeys(DIMENSION_KEYS, 3)
    edit = EditedRationale.objects.create(video=video, suggestion=said, text=CANARY, editor=person, **scores)
    Release.objects.create(project=project, number=77, state="done", created_by=person, settings=ASKED)
    return {
        "video": video.public_id,
        "version": version.pk,
        "rating": rating.pk,
        "said": f"suggestion-{said.pk}",
        "edit": edit.pk,
        "model": video.t2v_model_id,
        "chosen model": f"t2v-model-{video.t2v_model_id}",
        "member": project.memberships.get().pk,
        "release": 77,
        "person": person.username,
    }


# Field of a form, whose value belongs to another project: the answer, and nothing is stored.
FIELDS = {
    ("example-add", "video"): ("video", 404),
    ("seat-give", "member"): ("member", 302),
    ("review-return", "rating"): ("rating", 409),
    ("rationale-accept", "origin"): ("said", 422),
    ("suggestions-suggester", "version"): ("version", 302),
    ("suggestions-start", "videos"): ("chosen model", 302),
    ("reconcile", "version"): ("version", 302),
    ("loop-trained-on", "release"): ("release", 302),
    ("project-releases", "reconcile"): ("version", 422),
    ("import-annotations", "rater"): ("person", 422),
}
# Filter of a page, whose value belongs to another project: not there, or as if it were left open.
FILTERS = {
    ("rate", "video"): ("video", 404),
    ("rate-next", "after"): ("video", 404),
    ("rate-mine", "before"): ("rating", 200),
    ("guidelines", "video"): ("video", 404),
    ("guidelines", "find"): ("person", 200),
    ("project-videos", "t2v_model"): ("model", 200),
    ("project-evaluation", "version"): ("version", 200),
    ("project-evaluation", "against"): ("version", 200),
    ("evaluation-worst", "t2v_model"): ("model", 200),
    ("best-of", "version"): ("version", 200),
    ("rationales", "accepted"): ("edit", 200),
    ("project-releases", "again"): ("release", 404),
}


def test_a_form_with_another_projects_thing_stores_nothing(place, visitors, foreign, quiet):
    for (name, field), (what, status) in FIELDS.items():
        door = DOORS[name]
        answer = visitors["lead"](
            "POST", reverse(name, args=door.args(place)), {**door.body(place), field: foreign[what]}
        )
        assert (answer.status_code, answer.changed) == (status, []), f"{name}, {field}"
        assert CANARY not in answer.whole.decode(), f"{name}, {field}"


def test_a_filter_with_another_projects_thing_shows_nothing_of_it(place, visitors, foreign, quiet):
    for (name, field), (what, status) in FILTERS.items():
        address = reverse(name, args=DOORS[name].args(place))
        answer = visitors["lead"]("GET", f"{address}?{field}={foreign[what]}")
        assert answer.status_code == status, f"{name}, {field}"
        assert CANARY not in answer.whole.decode(), f"{name}, {field}"


def test_the_list_of_ones_own_ratings_tells_nothing_of_anothers_time(place, visitors, foreign):
    """Which page follows would tell when somebody else's rating was made."""
    address = reverse("rate-mine", args=["study"])
    usual = visitors["rater"]("GET", address).context["page"].entries
    asked = visitors["rater"]("GET", f"{address}?before={foreign['rating']}").context["page"].entries
    assert [entry.rating for entry in asked] == [entry.rating for entry in usual] != []
