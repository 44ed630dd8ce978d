"""The doors of the site: for every address who may read there, who may act there, and what others are told.

`DOORS` is the one table that `tests/test_doors.py` holds every address, person and method to. A new address needs one
row:

    "project-notes": Door(get=STAFF, post=LEAD, sent={"text": "Новое"})

reads: reviewers and leads get 200 for GET and HEAD; leads get 302 for a POST with this body, which must store
something; raters, leads of another project and superusers without a role here get 404, and nobody gets the login
page; PUT, PATCH, DELETE and OPTIONS are 405. Where an answer differs, the row says so: `{"lead": 422}` instead of
`LEAD`, `shut=403` instead of 404, `nobody=401` instead of the login page.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from annotation.models import Draft, GuidelineExample, Invitation, Rating, Role, ScorerVersion, Seat, User
from tests.every_page import DONE, Place, furnish
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_video

# nobody: not logged in; stranger: leads another project; admin: a superuser without a role in this project.
PEOPLE = ("nobody", "stranger", "rater", "reviewer", "lead", "admin")
LOGIN = 302  # to the login page

Answers = Mapping[str, int]
Args = Callable[[Place], list[Any]]
Sent = Mapping[str, Any] | Callable[[Place], Mapping[str, Any]]


def answers(status: int, *people: str) -> Answers:
    return dict.fromkeys(people, status)


EVERYBODY = answers(200, *PEOPLE)
PERSONS = answers(200, *PEOPLE[1:])
MEMBERS = answers(200, "rater", "reviewer", "lead")
STAFF = answers(200, "reviewer", "lead")
LEAD = answers(200, "lead")
DONE_BY_LEAD = answers(302, "lead")
DONE_BY_MEMBERS = answers(302, "rater", "reviewer", "lead")
DONE_BY_STAFF = answers(302, "reviewer", "lead")


@dataclass(frozen=True)
class Door:
    """Who gets which status for GET and POST; whoever is not named finds it shut."""

    get: Answers | None = None  # None: no method of this address
    post: Answers | None = None
    args: Args = lambda place: [place.project.slug]
    query: str = ""
    sent: Sent = field(default_factory=dict)
    shut: int = 404
    nobody: int = LOGIN
    head: bool = True  # HEAD is answered as GET is
    stores: bool = True  # a POST that is let in stores something
    leases: bool = False  # a GET that is let in may store something
    shared: bool = False  # what the address names belongs to no project
    forgives: bool = False  # what is not there any more is answered as if it were done just now
    theirs: bool = False  # django-allauth's own page, about one's own account: what else it does is its affair

    def body(self, place: Place) -> Mapping[str, Any]:
        return self.sent(place) if callable(self.sent) else self.sent


def _bare(place: Place) -> list[Any]:
    return []


def _of(*parts: str | int | Callable[[Place], Any]) -> Args:
    """Arguments: the project's slug, then these."""
    return lambda place: [place.project.slug, *(part(place) if callable(part) else part for part in parts)]


def _video(name: str) -> Callable[[Place], Any]:
    return lambda place: place.videos[name].public_id


def _trial(state: str) -> Callable[[Place], Any]:
    return lambda place: place.trials[state].public_id


def _import(state: str) -> Callable[[Place], Any]:
    return lambda place: place.imports[state].public_id


def _member(who: str) -> Callable[[Place], int]:
    return lambda place: place.project.memberships.get(user=place.people[who]).pk


def _example(place: Place) -> int:
    return GuidelineExample.objects.get(video=place.videos["example"]).pk


def _invitation(place: Place) -> int:
    return Invitation.objects.unaccepted(place.project)[0].pk


def _version(place: Place) -> int:
    return place.version.pk


def _said(name: str) -> Callable[[Place], int]:
    return lambda place: place.videos[name].suggestions.get(scorer_version=place.version, sample=0).pk


def _checkpoint(place: Place) -> int:
    """A version of a scorer that learns; versions belong to no project."""
    return ScorerVersion.objects.get(scorer__name="videoscore2").pk


def _edit(place: Place) -> int:
    return place.videos["rated"].edited_rationales.get(live=True).pk


def _rating(place: Place) -> int:
    return Rating.objects.live().get(video=place.videos["rated"], rater=place.people["rater"]).pk


SETTINGS = {
    "name": "Иначе", "overlap": 2, "prefill_percent": 80, "reveal_percent": 0, "blind_percent": 20,
    "order": "random", "lease_minutes": 31, "audit_percent": 5,
}  # fmt: skip
RELEASE = {
    "formats": "records", "policy": "settled", "min_ratings": 1, "seed": 0, "margin": 1, "videos": "none",
    "on_leak": "refuse",
}  # fmt: skip
MAKERS = answers(200, "stranger", "lead", "admin")  # whoever leads a project, and superusers
SENT_ON = answers(302, "rater", "reviewer", "lead")  # they are in the project already
WHO_HOLDS_IT = answers(409, "reviewer", "lead") | {"rater": 302}  # the video is in one rater's hand
OLD = 77777  # a version that answered, too
KEYS = ("score", "cmt_raw")
SCORES = {"visual_quality": 2, "text_alignment": 2, "physical_consistency": 2}


def _answers_sent(place: Place) -> dict[str, Any]:
    draft = Draft.objects.get(video=place.videos["loose"], rater=place.people["rater"])
    reasons = {f"{key}_reason": f"Видно у края: {key}." for key in SCORES}
    return {**SCORES, **reasons, "revision": draft.revision, "submit_key": draft.submit_key, "warned": "on"}


def _decision(name: str, **more: Any) -> Callable[[Place], dict[str, Any]]:
    def sent(place: Place) -> dict[str, Any]:
        live = Rating.objects.live().filter(video=place.videos[name]).values_list("pk", flat=True)
        newest = place.videos[name].reviews.order_by("-pk").values_list("pk", flat=True).first()
        rating = {"rating": max(live)} if "preset" in more else {}
        return {"seen": " ".join(map(str, live)), "newest": newest or 0, **rating, **more}

    return sent


def _accepted(place: Place) -> dict[str, Any]:
    return {
        "text": "Мигает у края.", "origin": f"suggestion-{_said('rated')(place)}", "live": _edit(place),
        "scores": " ".join(str(getattr(place.videos["rated"].verdict, key)) for key in SCORES), "let_stand": "on",
    }  # fmt: skip


def _clip_sent(place: Place) -> dict[str, Any]:
    clip = Path(place.videos["rated"].original.path).read_bytes()
    return {"clip": SimpleUploadedFile("клип.mp4", clip), "prompt": "Пёс", "version": place.version.pk}


def _manifest(place: Place) -> dict[str, Any]:
    return {"manifest": SimpleUploadedFile("список.jsonl", b'{"video": "a.mp4", "prompt": "b"}\n')}


def _annotations(place: Place) -> dict[str, Any]:
    line = {
        "video_name": "000001_a",
        "video_url": "https://example.org/batch_1/model_x/000001_a.mp4",
        "prompt": "а",
    }
    line |= {f"{key}_{what}": 3 if what == "score" else "да" for key in ("visual", "t2v", "phy") for what in KEYS}
    return {"file": SimpleUploadedFile("записи.jsonl", json.dumps(line | {"thinking": "Да."}).encode())}


def _theirs(get: Answers, args: Args = _bare) -> Door:
    """A page of django-allauth."""
    return Door(get=get, args=args, theirs=True)


def _page(who: Answers, *parts: Any, **more: Any) -> Door:
    return Door(get=who, args=_of(*parts), **more)


def _form(who: Answers, *parts: Any, **more: Any) -> Door:
    return Door(post=who, args=_of(*parts), **more)


def _room(who: Answers, name: str, **more: Any) -> Door:
    """What the rating room's scripts ask for about a video."""
    return Door(post=who, args=_of(_video(name)), **more)


DOORS: dict[str, Door] = {
    # --- Accounts: django-allauth's pages, and what our settings keep shut ---
    "account_login": _theirs(EVERYBODY),
    "account_logout": _theirs(PERSONS),
    "account_inactive": _theirs(EVERYBODY),
    # Only one person of these has a password.
    "account_reauthenticate": _theirs(answers(403, *PEOPLE[1:]) | {"rater": 200}),
    "account_change_password": _theirs(answers(302, *PEOPLE[1:]) | {"rater": 200}),
    "account_set_password": Door(get=PERSONS | {"rater": 302}, args=_bare),
    "account_reset_password": _theirs(EVERYBODY),
    "account_reset_password_done": _theirs(EVERYBODY),
    "account_reset_password_from_key": _theirs(EVERYBODY, lambda place: ["abc", "no-such-key"]),
    "account_reset_password_from_key_done": _theirs(EVERYBODY),
    # Nobody of these has a second factor; who has a password is asked for it first.
    "mfa_index": _theirs(PERSONS),
    "mfa_authenticate": _theirs(answers(302, *PEOPLE)),
    "mfa_reauthenticate": _theirs(answers(403, *PEOPLE[1:]) | {"rater": 302}),
    "mfa_activate_totp": _theirs(PERSONS | {"rater": 302}),
    "mfa_deactivate_totp": _theirs({}),
    "mfa_view_recovery_codes": _theirs({}),
    "mfa_generate_recovery_codes": _theirs(PERSONS | {"rater": 302}),
    "mfa_download_recovery_codes": _theirs({}),
    "openid_connect_login": _theirs({}),  # without its setting
    "openid_connect_callback": _theirs({}),
    "socialaccount_login_cancelled": _theirs(EVERYBODY),
    # --- Projects and their people ---
    "livez": Door(get=EVERYBODY, args=_bare, nobody=404),
    "readyz": Door(get=EVERYBODY, args=_bare, nobody=404),
    "metrics": Door(get=answers(404, *PEOPLE), args=_bare, nobody=404),  # without its setting
    "projects": Door(get=PERSONS, args=_bare),
    "project-create": Door(
        get=MAKERS, post=answers(302, *MAKERS), args=_bare, shut=403, sent=SETTINGS | {"slug": "inache"}
    ),
    "project": Door(get=STAFF | {"rater": 302}),
    "project-chart": _page(STAFF, "wide", "scores"),
    "project-settings": Door(get=LEAD, post=DONE_BY_LEAD, sent=SETTINGS),
    "project-members": _page(LEAD),
    "project-invite": _form(LEAD, sent={"role": "rater"}),
    "member-role": _form(DONE_BY_LEAD, _member("blind"), sent={"role": "reviewer"}),
    "member-remove": _form(DONE_BY_LEAD, _member("blind")),
    "member-pause": _form(DONE_BY_LEAD, _member("blind")),
    "member-go-on": _form(DONE_BY_LEAD, _member("paused")),
    "member-free": _form(DONE_BY_LEAD, _member("rater")),
    "member-cap": _form(DONE_BY_LEAD, _member("blind"), sent={"daily_cap": 5}),
    "seat-free": _form(DONE_BY_LEAD, _video("loose"), 1),
    "seat-give": _form(DONE_BY_LEAD, _video("next"), 1, sent=lambda place: {"member": _member("lead")(place)}),
    "invitation-revoke": _form(DONE_BY_LEAD, _invitation),
    "invitation": Door(
        get=EVERYBODY | SENT_ON,
        post=answers(302, *PEOPLE) | {"nobody": 422},
        args=lambda place: [place.links["open"]],
        nobody=404,
    ),
    "project-videos": _page(STAFF),
    "video": _page(STAFF, _video("rated")),
    # --- What was done, and what goes for good ---
    "project-audit": _page(LEAD),
    "project-audit-csv": _page(LEAD, head=False),
    "audit": Door(get=answers(200, "admin"), args=_bare),
    "audit-csv": Door(get=answers(200, "admin"), args=_bare, head=False),
    "video-delete": Door(
        get=LEAD,
        post=DONE_BY_LEAD,
        args=_of(_video("rated")),
        sent=lambda place: {"name": place.videos["rated"].name},
    ),
    "release-delete": Door(get=LEAD, post=DONE_BY_LEAD, args=_of(DONE), sent={"name": str(DONE)}),
    "project-delete": Door(
        get=LEAD | {"admin": 200},
        post=DONE_BY_LEAD | {"admin": 302},
        sent=lambda place: {"name": place.project.slug},
    ),
    "project-deletion": Door(
        get=answers(200, "lead", "admin"), args=lambda place: [place.deletions["waiting"].public_id]
    ),
    "project-deletions": Door(
        get=answers(200, "lead", "admin") | answers(204, "stranger", "rater", "reviewer"), args=_bare
    ),
    # --- Guidelines ---
    "guidelines": Door(get=LEAD, post=DONE_BY_LEAD, sent={"guidelines": "Иначе."}),
    "guidelines-read": _page(MEMBERS, nobody=401, head=False),
    "example-add": _form(DONE_BY_LEAD, sent=lambda place: {"video": _video("next")(place), "words": "Так."}),
    "example-change": _form(DONE_BY_LEAD, _example, sent={"words": "Иначе."}),
    "example-move": _form(DONE_BY_LEAD, _example, sent={"to": "up"}),
    "example-remove": _form(DONE_BY_LEAD, _example),
    # --- The rating room ---
    "rate": _page(MEMBERS, head=False, leases=True),
    "rate-next": _page(MEMBERS, nobody=401, head=False, leases=True),
    "rate-open": _room({"rater": 200}, "loose", nobody=401),
    "rate-draft": _room(WHO_HOLDS_IT | {"rater": 200}, "loose", nobody=401, sent=_answers_sent),
    "rate-submit": _room(WHO_HOLDS_IT, "loose", sent=_answers_sent),
    "rate-skip": _room(DONE_BY_MEMBERS, "loose", sent={"reason": "Не играет."}),
    "rate-take-back": _room(DONE_BY_MEMBERS, "fresh"),
    "rate-leave": _room(DONE_BY_MEMBERS, "edited"),
    "rate-mine": _page(MEMBERS),
    "rate-mine-edit": _form(answers(302, "rater"), _rating),
    # --- Review ---
    "review": _page(STAFF),
    "review-case": _page(STAFF, _video("rated")),
    "review-accept": _form(DONE_BY_STAFF, _video("rated"), sent=_decision("rated", words="Да.")),
    "review-return": _form(
        DONE_BY_STAFF, _video("rated"), sent=_decision("rated", preset="vague", words="Когда?")
    ),
    "review-fix": _form(DONE_BY_STAFF, _video("rated"), sent=_decision("rated", words="Так.", **SCORES)),
    # --- Suggestions, evaluation, best of N ---
    "project-suggestions": _page(LEAD, head=False),
    "suggestions-progress": _page(LEAD, head=False),
    "suggestions-start": _form(
        DONE_BY_LEAD, sent=lambda place: {"version": place.version.pk, "samples": 1, "videos": "all"}
    ),
    "suggestions-suggester": _form(DONE_BY_LEAD, sent={"version": ""}),
    "suggestions-retry": _form(DONE_BY_LEAD, _version),
    "suggestions-cancel": _form(DONE_BY_LEAD, _version),
    "project-evaluation": _page(LEAD),
    "evaluation-figures": _page(LEAD),
    "evaluation-start": _form(DONE_BY_LEAD),
    "evaluation-progress": _page(LEAD, lambda place: place.evaluations["done"].pk),
    "evaluation-worst": _page(LEAD),
    "evaluation-chart": _page(LEAD, _version, "wide", "reliability"),
    "best-of": _page(LEAD),
    "best-of-picks": _page(LEAD, "csv", head=False),
    "best-of-pairs": _page(LEAD, head=False),
    # --- Videos in: media, imports, trials ---
    "media": Door(get=MEMBERS, args=lambda place: [_video("rated")(place), "play"], nobody=404),
    "frames-seen": Door(get=STAFF, args=lambda place: [_video("open")(place), _said("open")(place)], nobody=404),
    "frames-seen-one": Door(
        get=STAFF, args=lambda place: [_video("open")(place), _said("open")(place), 0], nobody=404
    ),
    "project-import": Door(get=LEAD, post=DONE_BY_LEAD, sent=_manifest),
    "project-import-run": _page(LEAD, _import("failed"), head=False),
    "project-import-refused": _page(LEAD, _import("done"), head=False),
    "project-import-retry": _form(DONE_BY_LEAD, _import("failed")),
    "project-media-retry": _form(DONE_BY_LEAD),
    "project-trials": Door(get=LEAD, post=DONE_BY_LEAD, sent=_clip_sent),
    "trial": _page(LEAD, _trial("done"), head=False),
    "trial-again": _form(DONE_BY_LEAD, _trial("failed")),
    "trial-delete": _form(DONE_BY_LEAD, _trial("failed"), forgives=True),
    "trial-clip": _page(LEAD, _trial("done"), nobody=404),
    "trial-frames": _page(LEAD, _trial("done"), nobody=404),
    "trial-frames-one": _page(LEAD, _trial("done"), 0, nobody=404),
    # --- Data out: rationales, releases, the loop ---
    "rationales": _page(STAFF),
    "rationale": _page(STAFF, _video("rated")),
    "rationale-accept": _form(DONE_BY_STAFF, _video("rated"), sent=_accepted),
    "rationale-take-back": _form(LEAD | {"reviewer": 409}, _video("rated"), _edit),
    "reconcile": _form(DONE_BY_LEAD, sent={"version": OLD}),
    "project-releases": Door(get=LEAD, post=DONE_BY_LEAD, sent=RELEASE),
    "release-preview": _form(LEAD, sent=RELEASE, stores=False),
    "release-choices": _form(LEAD, "t2v_models", sent=RELEASE, stores=False),
    "release-shares": _page(LEAD, "wide", ".".join(["1-2-3-4-5"] * 3)),
    "release": _page(LEAD, DONE),
    "release-row": _page(LEAD, DONE),
    "release-download": _page(LEAD, DONE, head=False),
    "release-manifest": _page(LEAD, DONE),
    "release-plot": _page(LEAD, DONE, "scores.svg"),
    "release-verify": _form(LEAD, DONE, stores=False),
    "import-annotations": _form(LEAD, sent=_annotations),
    "project-loop": _page(LEAD),
    "loop-version": _page(LEAD, _version),
    "loop-trained-on": _form(DONE_BY_LEAD, _checkpoint, sent={"release": DONE}, shared=True),
}


def furnish_with_doors() -> Place:
    """The place of `furnish`, with what every form of `DOORS` needs, a stranger who leads, and a superuser."""
    place = furnish()
    elsewhere = make_project("elsewhere", name="Чужое")
    place.people["stranger"] = make_member(elsewhere, Role.LEAD, "Чужая")
    place.people["admin"] = User.objects.create_superuser("Админ")
    loose = place.videos["loose"] = make_video(place.project, "Ничьё")
    Draft.objects.create(video=loose, rater=place.people["rater"], arm="blind")
    held = {"holder": place.people["rater"], "leased_until": timezone.now() + timedelta(hours=1)}
    Seat.objects.filter(video=loose, number=1).update(**held)
    fresh = place.videos["fresh"] = make_video(place.project, "Свежее")
    rating = make_rating(fresh, place.people["rater"])
    later = timezone.now() + timedelta(minutes=5)  # so that it can still be taken back
    Rating.objects.filter(pk=rating.pk).update(submitted_at=later)
    edited = place.videos["edited"] = make_video(place.project, "Правлю")
    rating = make_rating(edited, place.people["rater"])
    Draft.objects.create(video=edited, rater=place.people["rater"], arm="blind", stage="edit", revises=rating)
    make_scorer_version("videoscore2")
    return place
