"""The rating room over HTTP: who gets in, and what each answer says."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Draft, Membership, Rating, Role, ScorerVersion, Seat, Skip, Stage, Video
from annotation.room.progress import Progress
from annotation.room.seats import make_seats
from annotation.room.submit import draft_from
from tests.make import (
    make_member,
    make_project,
    make_prompt,
    make_rating,
    make_scorer_version,
    make_suggestion,
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
        ("post", "-leave"),
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
    assert (screening.video, response.context["total"]) == (video, 1)
    assert response.context["progress"] == Progress(done=0, today=0, cap=None)
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


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        ({"paused": True}, "Your work here is paused"),
        ({"daily_cap": 1}, "You rated 1 videos today, and 1 is the most for one day."),
        ({}, "Nothing to rate right now"),
    ],
)
def test_the_empty_room_says_why_it_is_empty(client, project, rater, allowed, words):
    make_rating(make_video(project), rater)
    if allowed:
        make_video(project)
    Membership.objects.filter(user=rater).update(**allowed)
    page = client.get(address(""))
    assert page.context["screening"] is None
    assert words in page.content.decode()


def test_the_bar_says_how_many_today_and_of_how_many(client, project, rater):
    make_rating(make_video(project), rater)
    make_video(project)
    assert ">1 today</span>" in client.get(address("")).content.decode()
    Membership.objects.filter(user=rater).update(daily_cap=40)
    page = client.get(address("")).content.decode()
    assert ">1 / 40 today</span>" in page
    assert ">1 / 2</span>" in page


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
        "today": 1,
        "cap": None,
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
        "today": 0,
        "cap": None,
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


def test_an_edit_can_be_given_up_and_nothing_else(client, project, rater):
    rating = make_rating(make_video(project), rater)
    draft_from(rating, stage=Stage.EDIT, revises=rating)
    for _ in range(2):
        assert client.post(address("-leave", rating.video), headers=JSON).json()["done"] == 1
    assert not Draft.objects.exists()
    assert Rating.objects.get().live
    other = make_video(project)
    open_page(client)
    assert client.post(address("-leave", other)).url == address("")
    assert Draft.objects.get().video == other


def test_a_save_from_before_a_later_stage_overwrites_nothing(client, project, rater):
    """Both drafts count their revisions from 0; the key tells one from the other."""
    video = make_video(project)
    old = open_page(client)
    client.post(address("-submit", video), sent(old), headers=JSON)
    rating = Rating.objects.get()
    draft_from(rating, stage=Stage.EDIT, revises=rating)
    stale = client.post(address("-draft", video), sent(old, answers(reasons=("from the old tab", "", ""))))
    assert (stale.status_code, stale.json()["stage"]) == (409, Stage.EDIT)
    assert Draft.objects.get().visual_quality_reason == "sharp"


# --- What the page says of the model; what no answer may say is in test_room_bytes.py -------------------------


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
        arms = {"prefill_percent": 0, "blind_percent": 100}  # else the lot says whether a suggestion is looked for
        project = make_project(f"study-{size}", suggester=make_scorer_version(), audit_percent=0, **arms)
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
