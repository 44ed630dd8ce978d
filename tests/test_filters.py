"""What may stand behind the question mark of an address: the list of each page, and nothing else reaches a query."""

import re
from contextlib import contextmanager

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.http import QueryDict
from django.urls import reverse

from tests.doors import DOORS
from tests.test_doors import place, quiet, visitors

__all__ = ["place", "quiet", "visitors"]

OF_EVALUATION = {"version", "against", "ratings", "held_out"}
OF_BEST_OF = {"version", "q", "show", "v", "t", "p"}
# Address: what it reads of the query. A page that reads anything else fails here. (`rater`: whose page it is.)
ALLOWED = {
    "rate": {"rater", "video"},
    "rate-next": {"rater", "after"},
    "rate-mine": {"words", "today", "waiting", "before"},
    "guidelines": {"find", "video"},
    "guidelines-read": {"rater"},
    "review": {"reason", "page"},
    "review-case": {"reason"},
    "project-videos": {"text", "state", "t2v_model", "show", "page"},
    "project-suggestions": {"version", "samples"},
    "project-evaluation": OF_EVALUATION | {"now"},
    "evaluation-figures": OF_EVALUATION,
    "evaluation-chart": OF_EVALUATION,
    "evaluation-worst": OF_EVALUATION | {"dimension", "t2v_model", "page"},
    "best-of": OF_BEST_OF | {"page"},
    "best-of-picks": OF_BEST_OF,
    "best-of-pairs": OF_BEST_OF | {"margin"},
    "project-loop": {"all", "now"},
    "loop-version": {"all"},
    "rationales": {"standing", "page", "accepted"},
    "rationale": {"accepted", "text"},
    "project-releases": {"again"},
    "project-audit": {"person", "kind", "page"},
    "project-audit-csv": {"person", "kind"},
    "audit": {"person", "kind", "page"},
    "audit-csv": {"person", "kind"},
}
# An ORM's words, and what list pages of other products take.
LOOKUPS = (
    "rater__password__startswith=p&user__password__regex=.&project__memberships__user__password__gt=a&pk__in=1&id=1"
    "&order_by=-rater__password&ordering=password&order=password&sort=rater__email&fields=password&filter=password"
    "&project=2&slug=elsewhere&user=1&limit=1&offset=1&include=ratings"
)
NASTY = {
    "NUL": "%00",
    "many digits": "9" * 5000,
    "beyond the database's numbers": "9" * 19,
    "below": "-1",
    "other digits": "%D9%A3",
    "SQL": "'%20OR%20''='",
    "a pattern": "%25_%5C",
    "no number": "nan",
    "no end": "inf",
    "no text": "%ff%ed%a0%80",
    "a lookup": "rater__password",
    "long": "%D0%B6" * 3000,
    "markup": "%3Cx-hostile%3E%22%27",
}

WORST = ("NUL", "many digits", "no text", "markup")


class Watched(QueryDict):
    """A query that notes which of its words are read; its copies, made for the links of a page, do not."""

    read: set[str] | None = None

    def _note(self, key):
        if self.read is not None:
            self.read.add(key)

    def __getitem__(self, key):
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self._note(key)
        return super().__contains__(key)

    def get(self, key, default=None):
        self._note(key)
        return super().get(key, default)

    def getlist(self, key, default=None):
        self._note(key)
        return super().getlist(key, default)


@pytest.fixture
def read(monkeypatch):
    """The words of the query that were read since it was last cleared."""
    words: set[str] = set()

    def watched(request):
        query = Watched(request.META.get("QUERY_STRING", ""), encoding=request._encoding)
        query.read = words
        return query

    monkeypatch.setattr(WSGIRequest, "GET", property(watched))
    return words


@contextmanager
def statements():
    """SQL as it is written, without the values."""
    found: list[str] = []

    def note(execute, sql, params, many, context):
        found.append(re.sub(r'"s\d+_x\d+"', "savepoint", sql))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def own_doors():
    return [(name, door) for name, door in DOORS.items() if door.get is not None and not door.theirs]


def who_opens(door) -> str:
    return "lead" if "lead" in door.get else "admin"


def test_a_page_reads_the_words_of_its_list_and_no_lookup_reaches_a_query(place, visitors, quiet, read):
    wrong = []
    for name, door in own_doors():
        address = reverse(name, args=door.args(place))
        who = who_opens(door)
        with statements() as usual:
            visitors[who]("GET", address)
        read.clear()
        with statements() as asked:
            answer = visitors[who]("GET", f"{address}?{LOOKUPS}")
        if answer.status_code != door.get[who]:
            wrong.append(f"{name}: {answer.status_code}")
        if more := set(asked) - set(usual):
            wrong.append(f"{name}: another statement, {sorted(more)[0][:200]}")
        if unknown := read - ALLOWED.get(name, set()):
            wrong.append(f"{name}: reads {unknown}, which its list in ALLOWED does not have")
    assert not wrong, "\n".join(wrong)


def ask_with(words_of, nasty, place, visitors) -> None:
    """Ask every page with a list for each of these values in these words of it; none may fail."""
    wrong = []
    for name, words in ALLOWED.items():
        address = reverse(name, args=DOORS[name].args(place))
        for what, value in nasty.items():
            for together in words_of(sorted(words - {"rater"})):
                query = "&".join(f"{word}={value}" for word in together)
                answer = visitors[who_opens(DOORS[name])]("GET", f"{address}?{query}")
                if answer.status_code not in (200, 302, 404):
                    wrong.append(f"{name}: {answer.status_code} for {what} in {together}")
                if b"<x-hostile" in answer.whole:
                    wrong.append(f"{name}: markup of the address in {together} stands on the page")
    assert not wrong, "\n".join(wrong)


def test_nonsense_in_all_filters_at_once_is_answered(place, visitors, quiet):
    ask_with(lambda words: [words], {name: NASTY[name] for name in WORST}, place, visitors)


@pytest.mark.long
def test_nonsense_in_each_filter_alone_is_answered(place, visitors, quiet):
    ask_with(lambda words: [[word] for word in words], NASTY, place, visitors)
