"""The rating room over HTTP: who gets in, what each answer says, and what no answer may say."""

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Draft, Rating, Role, ScorerVersion, Seat, Skip, Video
from annotation.room.seats import make_seats
from tests.make import (
    make_member,
    make_project,
    make_prompt,
    make_scorer_version,
    make_suggestion,
    make_user,
    make_video,
)
from tests.rating import JSON, answers, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project(slug="study", suggester=make_scorer_version())


@pytest.fixture
def rater(project, client):
    rater = make_member(project)
    client.force_login(rater)
    return rater


def address(name: str, video: Video | None = None) -> str:
    return reverse(f"rate{name}", args=["study", video.public_id] if video else ["study"])


def open_page(client) -> Draft:
    """Open the room; the draft of the video that it shows."""
    return client.get(address("")).context["screening"].draft


# --- Who gets in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role.values)
def test_every_member_may_rate(client, project, role):
    make_video(project)
    client.force_login(make_member(project, role))
    assert client.get(address("")).context["screening"] is not None


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("get", ""),
        ("get", "-next"),
        ("post", "-open"),
        ("post", "-draft"),
        ("post", "-submit"),
        ("post", "-skip"),
        ("post", "-take-back"),
    ],
)
def test_strangers_get_404_and_ended_sessions_a_way_back(client, project, rater, method, name):
    video = make_video(project)
    draft = open_page(client)
    url = address(name, video if method == "post" else None)
    stranger, nobody = Client(), Client()
    stranger.force_login(make_member(make_project()))
    assert getattr(stranger, method)(url, sent(draft)).status_code == 404
    ended = getattr(nobody, method)(url, sent(draft), headers=JSON)
    assert (ended.status_code, ended.json()) == (401, {"login_url": reverse("account_login")})
    plain = getattr(nobody, method)(url, sent(draft))
    assert plain.status_code == (401 if name in ("-next", "-open", "-draft") else 302)
    assert not Rating.objects.exists()


@pytest.mark.parametrize("name", ["-open", "-draft", "-submit", "-take-back"])
def test_a_video_that_is_not_in_hand_cannot_be_worked_on(client, project, rater, name):
    mine, other = make_video(project), make_video(project)
    draft = open_page(client)
    other = other if draft.video == mine else mine
    foreign = make_video(make_project())
    assert client.post(address(name, foreign), sent(draft), headers=JSON).status_code == 404
    assert client.post(address(name, other), sent(draft), headers=JSON).status_code in (404, 409)
    assert Draft.objects.count() == 1
    assert not Rating.objects.exists()


# --- The page -----------------------------------------------------------------------------------------


def test_the_page_shows_the_next_video_and_starts_its_clock(client, project, rater):
    video = make_video(project, prompt="a cat knits a scarf")
    response = client.get(address(""))
    assert "a cat knits a scarf" in response.content.decode()
    screening = response.context["screening"]
    assert (screening.video, screening.done, screening.total, screening.today) == (video, 0, 1, 0)
    assert [card.dimension.key for card in screening.cards] == [
        "visual_quality",
        "text_alignment",
        "physical_consistency",
    ]
    assert Draft.objects.get().opened_at is not None


def test_the_empty_room_says_whether_videos_are_on_their_way(client, project, rater):
    empty = client.get(address(""))
    assert (empty.status_code, empty.context["screening"], empty.context["waiting"]) == (200, None, 0)
    assert "lead imports them." in empty.content.decode()
    make_video(project, media_state="failed")
    assert "Nothing to rate right now" in client.get(address("")).content.decode()
    make_video(project, media_state="waiting")
    assert client.get(address("")).context["waiting"] == 1
    assert client.get(address("-next")).status_code == 204


def test_the_next_part_is_preloaded_without_starting_its_clock(client, project, rater):
    prompt = make_prompt(project)
    for _ in range(2):
        make_video(project, prompt)
    draft = open_page(client)
    response = client.get(address("-next"), {"after": draft.video.public_id})
    following = response.context["screening"].video
    assert following != draft.video
    assert "<html" not in response.content.decode()
    assert Draft.objects.get(video=following).opened_at is None
    opened = client.post(address("-open", following))
    assert opened.json()["leased_until"] is not None
    assert Draft.objects.get(video=following).opened_at is not None
    assert client.get(address("-next"), {"after": "no-id"}).status_code == 404


def test_opening_says_when_the_seat_is_lost(client, project, rater):
    video = make_video(project)
    open_page(client)
    Seat.objects.update(holder=make_member(project))
    assert client.post(address("-open", video)).json() == {"leased_until": None}


def test_a_video_that_is_done_leads_to_the_next_one(client, project, rater):
    video = make_video(project)
    client.post(address("-submit", video), sent(open_page(client)), headers=JSON)
    assert client.get(address(""), {"video": video.public_id}).url == address("")


# --- Drafts and submit ----------------------------------------------------------------------------------


def test_a_draft_comes_back_on_reload_character_by_character(client, project, rater):
    video = make_video(project)
    text = "  zwei Bälle \r\n[1.38s f11] 视频<script> ' & \u2028 😀 "
    draft = open_page(client)
    saved = client.post(
        address("-draft", video), {"revision": draft.revision, "visual_quality_reason": text, "flagged": "on"}
    )
    assert saved.json()["revision"] == 1
    card = client.get(address("")).context["screening"].cards[0]
    assert card.reason == text.replace("\r\n", "\n")
    assert Draft.objects.get().flagged


def test_a_stale_draft_gets_409_with_the_servers_copy(client, project, rater):
    video = make_video(project)
    draft = open_page(client)
    client.post(address("-draft", video), sent(draft, answers(reasons=("first", "", ""))))
    conflict = client.post(address("-draft", video), sent(draft, answers(reasons=("second", "", ""))))
    assert conflict.status_code == 409
    body = conflict.json()
    assert (body["revision"], body["draft"]["visual_quality_reason"], body["draft"]["visual_quality"]) == (
        1,
        "first",
        4,
    )
    assert body["error"]


@pytest.mark.parametrize(
    "bad",
    [
        {"visual_quality": 6},
        {"visual_quality": "good"},
        {"revision": -1},
        {"visual_quality_reason": "a\0b"},
        {"visual_quality_reason": "x" * 20_001},
    ],
)
def test_a_bad_draft_is_refused_by_field(client, project, rater, bad):
    video = make_video(project)
    response = client.post(address("-draft", video), sent(open_page(client), **bad))
    assert response.status_code == 422
    assert list(response.json()["errors"]) == list(bad)


def test_a_submit_answers_with_what_is_stored(client, project, rater):
    video = make_video(project)
    make_video(project)
    draft = open_page(client)
    given = answers(flagged=True)
    response = client.post(address("-submit", draft.video), sent(draft, given), headers=JSON)
    rating = Rating.objects.get()
    assert response.status_code == 200
    assert response.json() == {
        "rating": rating.pk,
        "submit_key": str(draft.submit_key),
        **given.columns,
        "done": 1,
        "total": 2,
        "today": 1,
    }
    repeated = client.post(address("-submit", draft.video), sent(draft, given), headers=JSON)
    assert repeated.json() == response.json()
    assert video.project == project


def test_an_undecided_dimension_is_named(client, project, rater):
    video = make_video(project)
    draft = open_page(client)
    response = client.post(address("-submit", video), sent(draft, answers((4, None, 2))), headers=JSON)
    assert response.status_code == 422
    assert response.json()["errors"] == {"text_alignment": ["Give a score for text-to-video alignment."]}


def test_without_scripts_the_room_works_by_forms_and_keeps_what_was_sent(client, project, rater):
    video = make_video(project)
    draft = open_page(client)
    incomplete = client.post(address("-submit", video), sent(draft, answers((4, None, 2))))
    assert incomplete.status_code == 422
    assert incomplete.context["screening"].cards[0].reason == "sharp"
    draft = Draft.objects.get()
    assert client.post(address("-submit", video), sent(draft)).url == address("")
    assert client.post(address("-take-back", video)).url == f"{address('')}?video={video.public_id}"
    assert (
        client.get(address(""), {"video": video.public_id}).context["screening"].cards[2].reason
        == "a ball falls up"
    )


def test_a_stale_submit_gets_409_with_both_texts(client, project, rater):
    video = make_video(project)
    draft = open_page(client)
    client.post(address("-draft", video), sent(draft, answers(reasons=("first", "", ""))))
    stale = sent(draft, answers(reasons=("second", "", "")))
    assert (
        client.post(address("-submit", video), stale, headers=JSON).json()["draft"]["visual_quality_reason"]
        == "first"
    )
    page = client.post(address("-submit", video), stale)
    assert page.status_code == 409
    assert (page.context["screening"].cards[0].reason, page.context["sent"]["visual_quality_reason"]) == (
        "first",
        "second",
    )


def test_a_skip_needs_a_reason(client, project, rater):
    video = make_video(project)
    open_page(client)
    for reason in ("", "   "):
        assert client.post(address("-skip", video), {"reason": reason}, headers=JSON).status_code == 422
    assert client.post(address("-skip", video), {"reason": "does not play"}, headers=JSON).json() == {
        "done": 0,
        "total": 0,
        "today": 0,
    }
    assert Skip.objects.get().reason == "does not play"


def test_taking_back_over_http(client, project, rater):
    video = make_video(project)
    draft = open_page(client)
    client.post(address("-submit", video), sent(draft), headers=JSON)
    assert client.post(address("-take-back", video), headers=JSON).json() == {
        "url": f"{address('')}?video={video.public_id}"
    }
    assert client.post(address("-take-back", video), headers=JSON).status_code == 409


# --- What no answer may say -------------------------------------------------------------------------------

CANARIES = (
    "CANARY-RATIONALE",
    "CANARY-RAW",
    "CANARY-OTHER-REASON",
    "CANARY-DRAFT",
    "CANARY-IMPORTED",
    "canary-rater",
    "canary-scorer",
)


def plant(project, video):
    """A suggestion, another rater's rating and draft of the video, each with its canary."""
    make_suggestion(
        video,
        project.suggester,
        scores=(5, 5, 5),
        rationale="CANARY-RATIONALE",
        raw_text="CANARY-RAW",
        saw={"frames": [0, 9], "seconds": [0.0, 1.0625], "width": 56, "height": 42},
    )
    other = make_user("canary-rater")
    Rating.objects.create(
        video=video,
        rater=other,
        arm="blind",
        rationale="CANARY-IMPORTED",
        **answers(reasons=("CANARY-OTHER-REASON",) * 3).columns,
    )
    Draft.objects.create(video=video, rater=make_user(), arm="prefill", visual_quality_reason="CANARY-DRAFT")


def every_answer(client, video) -> list[bytes]:
    """The bytes and headers of each address of the room, the answers that go wrong included."""
    page = client.get(address(""))
    draft = page.context["screening"].draft
    responses = [
        page,
        client.get(address("-next")),
        client.get(address("-next"), {"after": uuid.uuid4()}),
        client.post(address("-open", video)),
        client.post(address("-draft", video), sent(draft)),
        client.post(address("-draft", video), sent(draft, answers((1, 1, 1)))),
        client.post(address("-draft", video), {}),
        client.post(address("-submit", video), sent(draft, answers((1, None, 1))), headers=JSON),
        client.post(address("-submit", video), sent(draft, answers((1, None, 1)))),
        client.post(address("-submit", video), sent(draft, answers((1, 1, 1))), headers=JSON),
        client.post(address("-submit", video), sent(draft, answers((1, 1, 1)))),
        client.post(address("-skip", video), {}, headers=JSON),
        client.post(address("-submit", video), sent(Draft.objects.get(pk=draft.pk)), headers=JSON),
        client.post(address("-take-back", video), headers=JSON),
        client.get(address(""), {"video": video.public_id}),
        client.post(address("-skip", video), {"reason": "seen"}, headers=JSON),
    ]
    return [response.serialize() for response in responses]


@pytest.mark.parametrize("late", [False, True], ids=["blind arm", "suggestion came after opening"])
def test_a_rater_who_may_not_see_the_suggestion_receives_no_byte_of_it(client, late):
    arms = {"prefill_percent": 95, "blind_percent": 5} if late else {"prefill_percent": 0, "blind_percent": 100}
    project = make_project(slug="study", overlap=2, suggester=make_scorer_version("canary-scorer"), seed=7, **arms)
    video = make_video(project)
    client.force_login(make_member(project))
    if late:
        open_page(client)
        Draft.objects.update(arm="prefill")
    plant(project, video)
    for answer in every_answer(client, video):
        assert not [canary for canary in CANARIES if canary.encode() in answer]
        assert b"model said" not in answer
        assert b"suggested" not in answer
        assert b"/seen/" not in answer
        assert b"1.06 s" not in answer
    assert set(Rating.objects.get(version=1, rater__username__startswith="person").shown.values()) == {None}


def test_the_prefill_arm_receives_the_suggestion_and_nothing_of_other_people(client):
    project = make_project(
        slug="study", overlap=2, suggester=make_scorer_version(), prefill_percent=95, blind_percent=5
    )
    video = make_video(project)
    rater = make_member(project)
    client.force_login(rater)
    plant(project, video)
    draft = Draft.objects.create(video=video, rater=rater, arm="prefill")
    answers_ = every_answer(client, video)
    assert b"CANARY-RATIONALE" in answers_[0]
    assert b"What the model saw: 2 frames" in answers_[0]
    for answer in answers_:
        assert not [canary for canary in CANARIES[1:] if canary.encode() in answer]
    assert draft.pk


def test_the_shown_reasoning_leaks_no_ground_truth(client, project, rater):
    video = make_video(project)
    make_suggestion(video, project.suggester, rationale="Steady.\n\nground-truth of Dim-1: 'Visual Quality':\n3")
    open_page(client)
    Draft.objects.update(arm="prefill", opened_at=None)
    assert client.get(address("")).context["screening"].rationale == "Steady."
    assert "to try the room" not in client.get(address("")).content.decode()


def test_a_stand_in_is_named_where_its_words_stand(client, project, rater):
    ScorerVersion.objects.filter(pk=project.suggester_id).update(settings={"stand_in": True})
    make_suggestion(make_video(project), project.suggester, rationale="Steady.")
    open_page(client)
    Draft.objects.update(arm="prefill", opened_at=None)
    assert "its words and scores mean nothing" in client.get(address("")).content.decode()
    Draft.objects.update(arm="blind", opened_at=None, suggestion=None)
    assert "stand-in" not in client.get(address("")).content.decode()


def test_an_abstained_dimension_is_simply_not_pre_filled(client, project, rater):
    video = make_video(project)
    make_suggestion(video, project.suggester, scores=(4, None, 3))
    open_page(client)
    Draft.objects.update(arm="prefill", opened_at=None)
    assert [card.shown for card in client.get(address("")).context["screening"].cards] == [4, None, 3]


# --- How much it costs --------------------------------------------------------------------------------------


@pytest.mark.portability
def test_next_and_submit_cost_the_same_queries_at_10_and_1000_videos(client):
    counts = {}
    for size in (10, 1000):
        project = make_project(slug=f"study-{size}", suggester=make_scorer_version())
        client.force_login(make_member(project))
        prompts = [make_prompt(project) for _ in range(size // 10)]
        model = make_video(project, prompts[0]).t2v_model
        Video.objects.bulk_create(
            Video(
                project=project,
                prompt=prompts[n % len(prompts)],
                t2v_model=model,
                name=f"v{n}",
                sha256=f"{n:x}",
                original="none",
                media_state="ready",
            )
            for n in range(size - 1)
        )
        make_seats(project)
        taken = []
        with CaptureQueriesContext(connection) as queries:
            draft = client.get(reverse("rate", args=[project.slug])).context["screening"].draft
        taken.append(len(queries))
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("rate-next", args=[project.slug]), {"after": draft.video.public_id})
        taken.append(len(queries))
        with CaptureQueriesContext(connection) as queries:
            url = reverse("rate-submit", args=[project.slug, draft.video.public_id])
            assert client.post(url, sent(draft), headers=JSON).status_code == 200
        taken.append(len(queries))
        counts[size] = taken
    assert counts[10] == counts[1000]
    assert max(counts[10]) <= 30
