"""Every page of the site, who opens it, and a project with a bit of everything behind it.

All data is written in Cyrillic: Latin letters on a page are then words of the interface. A new address needs a row
in `PAGES`, or a place in `PARTS`, `FILES` or `POSTS`; `tests/test_every_page.py` says so.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from annotation.guidelines.examples import put
from annotation.models import (
    Distribution,
    Draft,
    EditedRationale,
    Invitation,
    Project,
    Review,
    Role,
    ScorerVersion,
    Skip,
    User,
    Video,
)
from annotation.projects.invite import invite
from annotation.review.cases import look_at
from annotation.room.settle import settle
from annotation.scale import DIMENSION_KEYS
from datasets_app.models import Import, ProjectDeletion, Release, Trial
from datasets_app.rationales.reconcile import reconcile
from datasets_app.releases.export_options import Options
from scoring.as_json import as_json
from scoring.evaluation.keep import fingerprint, loaded
from scoring.evaluation.results import all_intervals, results
from scoring.models import Evaluation, Heartbeat, Job
from scoring.versions import current_version
from tests.browser import make_clip
from tests.codes import make_secured
from tests.make import draw_clip, make_member, make_project, make_rating, make_suggestion, make_user, make_video
from tests.scripted import ANSWER
from tests.what_was_done import put_release_folder, put_what_was_done

SAW = {"frames": [0, 5, 10, 15], "seconds": [0.0, 0.62, 1.25, 1.88], "width": 56, "height": 42}
DONE, FAILED, QUEUED, BUILDING = 1, 2, 3, 4  # numbers of the releases


@dataclass
class Place:
    """One project in the middle of its work, an empty one, and a person of each role."""

    project: Project
    people: dict[str, User | None]
    videos: dict[str, Video] = field(default_factory=dict)
    trials: dict[str, Trial] = field(default_factory=dict)
    imports: dict[str, Import] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # tokens of invitations
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    deletions: dict[str, ProjectDeletion] = field(default_factory=dict)
    version: ScorerVersion | None = None


@dataclass(frozen=True)
class Visit:
    """One look at an address: by whom, with which arguments and query, and the status that is right."""

    who: str
    args: Callable[[Place], list[Any]] = lambda place: [place.project.slug]
    query: str = ""
    status: int = 200

    def address(self, route: str, place: Place) -> str:
        return reverse(route, args=self.args(place)) + self.query


def _nothing(place: Place) -> list[Any]:
    return []


def _video(name: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.project.slug, place.videos[name].public_id]


def _trial(state: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.project.slug, place.trials[state].public_id]


def _import(state: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.project.slug, place.imports[state].public_id]


def _evaluation(state: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.project.slug, place.evaluations[state].pk]


def _release(number: int) -> Callable[[Place], list[Any]]:
    return lambda place: [place.project.slug, number]


def _deletion(state: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.deletions[state].public_id]


def _link(state: str) -> Callable[[Place], list[Any]]:
    return lambda place: [place.links[state]]


def _reset_key(place: Place) -> list[Any]:
    user = place.people["rater"]
    return [user_pk_to_url_str(user), default_token_generator.make_token(user)]


def _empty(place: Place) -> list[Any]:
    return ["empty"]


PAGES: dict[str, list[Visit]] = {
    "account_login": [Visit("nobody", _nothing)],
    "account_logout": [Visit("rater", _nothing)],
    "account_inactive": [Visit("nobody", _nothing)],
    "account_reauthenticate": [Visit("rater", _nothing)],
    "account_change_password": [Visit("rater", _nothing)],
    "account_set_password": [Visit("stranger", _nothing)],  # without a password
    "account_reset_password": [Visit("nobody", _nothing)],
    "account_reset_password_done": [Visit("nobody", _nothing)],
    "account_reset_password_from_key": [
        Visit("nobody", _reset_key),
        Visit("nobody", lambda place: ["abc", "set-password-no"]),
    ],
    "account_reset_password_from_key_done": [Visit("nobody", _nothing)],
    "mfa_index": [Visit("rater", _nothing), Visit("secured", _nothing)],
    "mfa_activate_totp": [Visit("rater", _nothing), Visit("lead", _nothing, query="?needed=1")],
    "mfa_deactivate_totp": [Visit("secured", _nothing)],
    "mfa_reauthenticate": [Visit("secured", _nothing)],
    "mfa_view_recovery_codes": [Visit("secured", _nothing)],
    "mfa_generate_recovery_codes": [Visit("secured", _nothing)],
    "socialaccount_login_cancelled": [Visit("nobody", _nothing)],
    "projects": [Visit(who, _nothing) for who in ("stranger", "rater", "reviewer", "lead", "root")],
    "project-create": [Visit("lead", _nothing), Visit("rater", _nothing, status=403)],
    "project": [Visit("reviewer"), Visit("lead"), Visit("lead", _empty)],
    "project-settings": [Visit("lead")],
    "project-members": [Visit("lead")],
    "project-videos": [
        Visit("reviewer"),
        Visit("lead"),
        Visit("lead", query="?text=ничего"),
        Visit("lead", _empty),
    ],
    "project-audit": [Visit("lead"), Visit("lead", query="?kind=exported"), Visit("lead", _empty)],
    "audit": [Visit("root", _nothing), Visit("root", _nothing, query="?kind=exported")],
    "video-delete": [Visit("lead", _video(name)) for name in ("rated", "missing")],
    "release-delete": [Visit("lead", _release(DONE))],
    "project-delete": [Visit("lead"), Visit("root")],
    "project-deletion": [Visit("root", _deletion(state)) for state in ("waiting", "finished")],
    "video": [
        Visit("reviewer", _video("rated")),
        *[Visit("lead", _video(name)) for name in ("rated", "failed", "missing", "waiting")],
    ],
    "invitation": [
        Visit("nobody", _link("open")),
        Visit("stranger", _link("open")),
        Visit("nobody", _link("used"), status=410),
        Visit("nobody", _link("expired"), status=410),
        Visit("nobody", lambda place: ["unknown"], status=404),
    ],
    "guidelines": [Visit("lead"), Visit("lead", _empty)],
    "rate": [
        *[Visit(who) for who in ("rater", "blind", "revealed", "returned", "paused")],
        *[Visit(who, _empty) for who in ("lead", "idle")],
    ],
    "rate-mine": [Visit("rater"), Visit("returned"), Visit("idle", _empty)],
    "review": [Visit("reviewer"), Visit("lead", _empty)],
    "review-case": [Visit("reviewer", _video("rated")), Visit("lead", _video("open"))],
    "project-suggestions": [Visit("lead"), Visit("lead", _empty)],
    "project-evaluation": [
        *[
            Visit("lead", query=query)
            for query in ("", "?ratings=all", "?ratings=all&against=77777", "?against=77777")
        ],
        Visit("lead", _empty),
    ],
    "evaluation-worst": [
        *[Visit("lead", query=query) for query in ("", "?dimension=visual_quality&page=2", "?ratings=all")],
        Visit("lead", _empty),
    ],
    "best-of": [Visit("lead"), Visit("lead", query="?q=куб&v=2&show=wrong"), Visit("lead", _empty)],
    "project-import": [Visit("lead")],
    "project-import-run": [Visit("lead", _import(state)) for state in ("waiting", "done", "failed")],
    "project-loop": [Visit("lead"), Visit("lead", query="?all=1"), Visit("lead", _empty)],
    "project-releases": [Visit("lead"), Visit("lead", query=f"?again={DONE}"), Visit("lead", _empty)],
    "release": [Visit("lead", _release(number)) for number in (DONE, FAILED, BUILDING)],
    "project-trials": [Visit("lead"), Visit("lead", _empty)],
    "rationales": [Visit("reviewer"), Visit("lead"), Visit("lead", _empty)],
    "rationale": [Visit("lead", _video("rated"))],
    "trial": [Visit("lead", _trial(state)) for state in ("waiting", "running", "done", "failed")],
}
# Parts of pages, fetched by scripts.
PARTS: dict[str, list[Visit]] = {
    "guidelines-read": [Visit("rater"), Visit("idle", _empty)],
    "project-deletions": [Visit("root", _nothing)],
    "rate-next": [Visit("rater")],
    "suggestions-progress": [Visit("lead")],
    "evaluation-figures": [Visit("lead", query="?ratings=all")],
    "loop-version": [Visit("lead", lambda place: [place.project.slug, place.version.pk])],
    "evaluation-progress": [
        Visit("lead", _evaluation(state)) for state in ("queued", "running", "done", "failed")
    ],
    "release-row": [Visit("lead", _release(number)) for number in (DONE, FAILED, QUEUED, BUILDING)],
}
# Pictures, clips, downloads and plain text.
FILES = {
    "audit-csv",
    "evaluation-chart",
    "best-of-pairs",
    "best-of-picks",
    "frames-seen",
    "frames-seen-one",
    "livez",
    "media",
    "mfa_download_recovery_codes",
    "metrics",
    "project-audit-csv",
    "project-chart",
    "project-import-refused",
    "readyz",
    "release-download",
    "release-manifest",
    "release-plot",
    "release-shares",
    "trial-clip",
    "trial-frames",
    "trial-frames-one",
}
# Addresses that only take what a form or a script sends: a GET is answered 405.
POSTS: dict[str, list[Any]] = {
    "evaluation-start": [],
    "example-add": [],
    "example-change": [1],
    "example-move": [1],
    "example-remove": [1],
    "import-annotations": [],
    "invitation-revoke": [1],
    "loop-trained-on": [1],
    "member-cap": [1],
    "member-free": [1],
    "member-go-on": [1],
    "member-pause": [1],
    "member-remove": [1],
    "member-role": [1],
    "project-import-retry": ["video"],
    "project-invite": [],
    "project-media-retry": [],
    "rationale-accept": ["video"],
    "rationale-take-back": ["video", 1],
    "reconcile": [],
    "rate-draft": ["video"],
    "rate-leave": ["video"],
    "rate-mine-edit": [1],
    "rate-open": ["video"],
    "rate-skip": ["video"],
    "rate-submit": ["video"],
    "rate-take-back": ["video"],
    "release-choices": ["t2v_models"],
    "release-preview": [],
    "release-verify": [1],
    "review-accept": ["video"],
    "review-fix": ["video"],
    "review-return": ["video"],
    "seat-free": ["video", 1],
    "seat-give": ["video", 1],
    "suggestions-cancel": [1],
    "suggestions-retry": [1],
    "suggestions-start": [],
    "suggestions-suggester": [],
    "trial-again": ["video"],
    "trial-delete": ["video"],
}
# What this site's settings keep shut in django-allauth.
SHUT = {"openid_connect_callback", "openid_connect_login"}
# Looked at by tests of their own: a page in the middle of a login.
ELSEWHERE = {"mfa_authenticate"}


def furnish(slug: str = "study") -> Place:
    """Make the place: people, videos in every state, opinions, jobs, a trial, an import and a release of each kind."""
    version = current_version("technical")
    project = make_project(slug, name="Проба", overlap=2, guidelines="Смотри дважды.", suggester=version)
    people: dict[str, User | None] = {"nobody": None, "stranger": make_user("Глеб")}
    for who, role, name in [
        ("lead", Role.LEAD, "Анна"),
        ("reviewer", Role.REVIEWER, "Борис"),
        ("rater", Role.RATER, "Вера"),
        ("blind", Role.RATER, "Дина"),
        ("revealed", Role.RATER, "Ева"),
        ("returned", Role.RATER, "Зоя"),
        ("paused", Role.RATER, "Иван"),
    ]:
        people[who] = make_member(project, role, name, "only-for-tests" if who == "rater" else None)
    people["secured"] = make_secured("Лев")[0]
    people["root"] = User.objects.create_superuser("Ян")
    project.memberships.filter(user=people["paused"]).update(paused=True, daily_cap=20)
    empty = make_project("empty", name="Пусто")
    empty.memberships.create(user=people["lead"], role=Role.LEAD)
    people["idle"] = make_member(empty, Role.RATER, "Жан")
    place = Place(project, people, version=version)
    _put_videos(place)
    _put_opinions(place)
    _put_reviews(place)
    _put_work(place)
    _put_evaluations(place)
    _put_trials(place)
    _put_data(place)
    put_what_was_done(place)
    return place


def _put_videos(place: Place) -> None:
    project, videos = place.project, place.videos
    videos["rated"] = make_clip(project, "Длинно: " + "о" * 200, t2v_model="Модель", name="шар", codec="кодек")
    videos["open"] = make_clip(project, "Синий куб", t2v_model="Модель", name="куб")
    videos["next"] = make_clip(project, "Синий куб", t2v_model="Другая", name="ещё-куб")
    videos["example"] = make_clip(project, "Белый кот", t2v_model="Модель", name="кот")
    named = {
        "failed": {"media_reason": "Файл пуст."},
        "waiting": {},
        "missing": {"sha256": "", "original": ""},
    }
    for state, fields in named.items():
        videos[state] = make_video(
            project, "Синий куб", "Модель", name=f"без-{len(videos)}", media_state=state, container="коробка",
            **fields,
        )  # fmt: skip
    Video.objects.filter(pk=videos["waiting"].pk).update(created_at=timezone.now() - timedelta(hours=1))
    Video.objects.filter(pk=videos["rated"].pk).update(
        container="коробка", pixel_format="точки", warnings=["Внимание."], metadata={"ключ": "значение"}
    )


def _put_opinions(place: Place) -> None:
    rated = place.videos["rated"]
    for name in ("rated", "open", "next"):
        said = make_suggestion(
            place.videos[name], place.version, (5, 4, 3), rationale="Ровно.", saw=SAW, seconds=1.5
        )
        for key in DIMENSION_KEYS:
            Distribution.objects.create(
                suggestion=said, dimension=key, soft_score=2.8, expected_score=3.74, confidence=0.7, spread=0.25,
                p1=0.01, p2=0.04, p3=0.2, p4=0.7, p5=0.05,
            )  # fmt: skip
    old = ScorerVersion.objects.create(pk=77777, scorer=place.version.scorer, settings_sha256="1" * 64)
    ScorerVersion.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=1))
    make_suggestion(rated, old, rationale="Старо.")
    make_suggestion(rated, old, sample=1, rationale="Старее.")
    reasons = {f"{key}_reason": "Видно [1.38s f11]." for key in DIMENSION_KEYS}
    shown = {f"{key}_shown": 5 for key in DIMENSION_KEYS}
    for who, scores, more in [
        ("rater", (5, 4, 3), {"arm": "prefill", "shown_at": timezone.now(), **shown}),
        ("blind", (1, 2, 3), {"flagged": True, **reasons}),
    ]:
        make_rating(rated, place.people[who], scores, seconds=75.0, **more)
    settle([rated])
    _put_rationales(place)
    Skip.objects.create(
        video=place.videos["next"], rater=place.people["reviewer"], reason="Не играет: " + "о" * 300
    )
    Draft.objects.create(video=place.videos["open"], rater=place.people["rater"], arm="prefill")
    for name in ("open", "next"):
        Draft.objects.create(video=place.videos[name], rater=place.people["blind"], arm="blind")


def _put_rationales(place: Place) -> None:
    rated = place.videos["rated"]
    said = rated.suggestions.get(scorer_version=place.version)
    for text, live, scores in (("Ровно и скучно.", False, (5, 4, 3)), ("Мигает.", True, (1, 2, 3))):
        EditedRationale.objects.create(
            video=rated, suggestion=said, text=text, live=live, editor=place.people["lead"],
            **dict(zip(DIMENSION_KEYS, scores, strict=True)),
        )  # fmt: skip
    reconcile(place.project, place.version, by=place.people["lead"])


def _put_reviews(place: Place) -> None:
    """An example in the guidelines, a rating behind its reveal, one that came back, and cases for the reviewer."""
    put(place.videos["example"], words="**Так** и надо.", scores={"visual_quality": 5})
    reasons = {f"{key}_reason": "Видно [1.38s f11]." for key in DIMENSION_KEYS}
    video, said = place.videos["open"], place.videos["open"].suggestions.get()
    for who, arm in (("revealed", "reveal"), ("returned", "blind")):
        rating = make_rating(video, place.people[who], (4, 4, 4), arm=arm, seconds=40.0, **reasons)
        fields = {"video": video, "rater": rating.rater, "arm": arm, "revises": rating, **reasons, **rating.scores}
        if who == "returned":
            rating.check_marks.create(dimension="visual_quality", found="empty")
            review = Review.objects.create(
                video=video, reviewer=place.people["reviewer"], decision="return", rating=rating,
                preset="vague", words="Когда это видно?",
            )  # fmt: skip
            Draft.objects.create(stage="return", returned=review, **fields)
        else:
            shown = {f"{key}_shown": score for key, score in said.scores.items()}
            Draft.objects.create(stage="reveal", suggestion=said, **shown, **fields)
    look_at([place.videos["rated"], video])


def _put_work(place: Place) -> None:
    Job.objects.create(video=place.videos["waiting"], scorer_version=place.version)
    Job.objects.create(
        video=place.videos["failed"],
        scorer_version=place.version,
        state="failed",
        reason="Кадр не прочитан: " + "о" * 300,
    )
    Heartbeat.objects.create(
        worker="узел:7", scorer_version=place.version, device="ядро", batch_size=4,
        started_at=timezone.now(), seen_at=timezone.now(),
    )  # fmt: skip


def _put_evaluations(place: Place) -> None:
    """Intervals in each state: done ones of all ratings, so that they stand on that page."""
    project, version = place.project, place.version
    for state, fields in {
        "failed": {"reason": "Нет памяти."},
        "running": {"lease": uuid.uuid4(), "leased_until": timezone.now() + timedelta(hours=1), "done": 1, "total": 2},
        "queued": {},
        "done": {
            "fingerprint": fingerprint(project, [version], "all"), "seconds": 1.5, "finished_at": timezone.now(),
            "results": {"intervals": all_intervals(results(loaded(project, [version], "all")), repeats=9, seed=1)},
        },
    }.items():  # fmt: skip
        settings = {"ratings": "all" if state in ("done", "running") else "unbiased", "repeats": 9, "seed": 1}
        place.evaluations[state] = Evaluation.objects.create(
            project=project, scorer_version=version, state=state, settings=settings, **fields
        )


def _put_trials(place: Place) -> None:
    answer = as_json(replace(ANSWER, timings={"sample": 0.5, "ask": 1.25, "read": 0.01}, rationale="Мигает."))
    answer["saw"] = SAW
    for state in ("waiting", "running", "done", "failed"):
        trial = place.trials[state] = Trial(
            project=place.project, scorer_version=place.version, prompt="Пёс", name=f"клип-{state}"[:5], bytes=9000,
            container="mp4", codec="h264", pixel_format="yuv420p", width=64, height=48, fps=8, frames=16, seconds=2,
            state=state, created_by=place.people["lead"], started_at=timezone.now(),
            asked_at=timezone.now() - timedelta(minutes=5), warnings=["Внимание."],
        )  # fmt: skip
        if state == "running":
            trial.lease, trial.leased_until = trial.public_id, timezone.now() + timedelta(hours=1)
            trial.text_so_far = "Вижу"
        trial.answer = answer if state == "done" else None
        trial.reason = "Нет памяти." if state == "failed" else ""
        trial.original = f"{trial.folder}/original.mp4"
        draw_clip(Path(settings.MEDIA_ROOT) / trial.original.name)
        trial.save()


def _put_data(place: Place) -> None:
    project, lead = place.project, place.people["lead"]
    for state, fields in {
        "waiting": {"line_done": 5},
        "done": {"line_done": 10, "new": 1, "refused_count": 300},
        "failed": {"reason": "Диск полон."},
    }.items():
        place.imports[state] = Import.objects.create(
            project=project, manifest_name="список", lines=10, state=state, created_by=lead, **fields
        )
    place.imports["done"].refused.create(line=3, reason="Нет файла.")
    for state in ("done", "failed"):
        (Path(settings.MEDIA_ROOT) / place.imports[state].folder).mkdir(parents=True)
    counts = {
        "videos": 2, "records": {"sft": 1}, "splits": {"sft": 1}, "rationales": {"expert": 1},
        "left_out": {"sft": {"нет файла": 1}}, "stripped_lines": 1,
    }  # fmt: skip
    for number, state, fields in [
        (DONE, "done", {"counts": counts}),
        (FAILED, "failed", {"reason": "Диск полон."}),
        (QUEUED, "queued", {}),
        (BUILDING, "building", {"written": 1, "total": 2}),
    ]:
        Release.objects.create(
            project=project, number=number, state=state, created_by=lead,
            settings=Options(["sft"], no_cot=True).as_json(), **fields,
        )  # fmt: skip
    put_release_folder(Release.objects.get(project=project, number=DONE).folder)
    for state in ("open", "used", "expired"):
        invitation, link = invite(project, Role.RATER, email="кто@пример.рф", created_by=lead)
        place.links[state] = link.rstrip("/").rpartition("/")[2]
        now = timezone.now()
        change = {"used": {"accepted_at": now}, "expired": {"expires_at": now - timedelta(days=1)}}.get(state)
        if change:
            Invitation.objects.filter(pk=invitation.pk).update(**change)
