"""A rater's own ratings: what the list says, what it never says, and the way back into a rating."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.models import Decision, Draft, Rating, Review, Role, Seat, Stage, Video
from annotation.review.cases import is_decided
from annotation.room import history
from annotation.room.queue import lease_next
from annotation.room.submit import draft_from, submit, take_back
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video
from tests.rating import JSON, answers, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project(slug="study", suggester=make_scorer_version("canary-scorer"), overlap=2)


@pytest.fixture
def rater(project, client):
    rater = make_member(project)
    client.force_login(rater)
    return rater


@pytest.fixture
def video(project):
    return make_video(project, "a red ball rolls")


def rated(rater, video, given=None) -> Rating:
    """Rate the video as the room does."""
    lease_next(video.project, rater)
    return hand_in(rater, video, given)


def hand_in(rater, video, given=None) -> Rating:
    draft = Draft.objects.get(video=video, rater=rater)
    return submit(
        video=video,
        rater=rater,
        answers=given or answers(),
        revision=draft.revision,
        submit_key=draft.submit_key,
    )


def decide(rating, decision=Decision.ACCEPT) -> Review:
    reviewer = make_member(rating.video.project, Role.REVIEWER)
    review = Review.objects.create(video=rating.video, reviewer=reviewer, decision=decision)
    review.ratings.add(rating)
    return review


def send_back(rating) -> Draft:
    review = Review.objects.create(
        video=rating.video,
        reviewer=make_member(rating.video.project, Role.REVIEWER),
        decision=Decision.RETURN,
        rating=rating,
        preset="missed",
        words="Look at the hands at 2 s.",
    )
    return draft_from(rating, stage=Stage.RETURN, revises=rating, returned=review)


def entries(client, **query):
    return client.get(reverse("rate-mine", args=["study"]), query).context["page"].entries


def edit(client, rating):
    return client.post(reverse("rate-mine-edit", args=["study", rating.pk]))


# --- The list -----------------------------------------------------------------------------------------


def test_an_empty_list_offers_the_first_video(client, rater):
    page = client.get(reverse("rate-mine", args=["study"])).content.decode()
    assert "You have rated nothing in this project yet." in page
    assert reverse("rate", args=["study"]) in page


def test_own_ratings_stand_newest_first_with_scores_words_and_versions(client, project, rater, video):
    first = rated(rater, video, answers((4, 3, 2), ("sharp", "", "it falls up")))
    make_rating(video, make_member(project))
    make_rating(make_video(make_project()), rater)
    second = make_rating(make_video(project), rater)
    assert [entry.rating for entry in entries(client)] == [second, first]
    page = client.get(reverse("rate-mine", args=["study"])).content.decode()
    assert "a red ball rolls" in page
    assert "it falls up" in page
    assert "1 version" in page


def test_the_list_is_read_by_key_in_as_many_queries_however_long_it_is(client, project, rater):
    counts = {}
    for wanted in (1, 50):
        while Rating.objects.count() < wanted:
            make_rating(make_video(project), rater)
        with CaptureQueriesContext(connection) as queries:
            first = client.get(reverse("rate-mine", args=["study"]))
        counts[wanted] = len(queries)
    assert counts[1] == counts[50] <= 12
    assert not [query for query in queries if "OFFSET" in query["sql"]]
    seen, older = list(first.context["page"].entries), first.context["page"].older
    make_rating(make_video(project), rater)  # what comes meanwhile shifts no page
    while older:
        page = client.get(reverse("rate-mine", args=["study"]), {"before": older}).context["page"]
        seen, older = seen + page.entries, page.older
    assert [entry.rating.pk for entry in seen] == sorted((entry.rating.pk for entry in seen), reverse=True)
    assert len({entry.rating.pk for entry in seen}) == len(seen) == 50
    assert client.get(reverse("rate-mine", args=["study"]), {"before": "9" * 30}).status_code == 200


def test_filters_by_day_by_words_and_by_what_waits(client, project, rater, video):
    today = rated(rater, video, answers(reasons=("flicker on the left", "", "")))
    old = make_rating(make_video(project, "a blue cube"), rater)
    Rating.objects.filter(pk=old.pk).update(submitted_at=timezone.now() - timedelta(days=2))
    assert [entry.rating for entry in entries(client, today="on")] == [today]
    assert [entry.rating for entry in entries(client, words="BLUE")] == [old]
    assert [entry.rating for entry in entries(client, words="flicker")] == [today]
    assert entries(client, words="a\0b", waiting="on") == []
    edit(client, old)
    assert [entry.rating for entry in entries(client, waiting="on")] == [old]
    assert (
        "No rating of yours matches."
        in client.get(reverse("rate-mine", args=["study"]), {"words": "x"}).content.decode()
    )


def test_every_version_says_what_changed_and_why(client, rater, video):
    rating = rated(rater, video, answers((4, 3, 2), ("sharp", "all there", "fine")))
    edit(client, rating)
    changed = answers((2, 3, 2), ("blurred after all", "all there", "fine"))
    hand_in(rater, video, type(changed)(**vars(changed) | {"change_reason": "I saw it again."}))
    (entry,) = entries(client)
    new, old = entry.versions
    assert [(line.score, line.before, line.reworded) for line in new.lines] == [
        (2, 4, True),
        (3, None, False),
        (2, None, False),
    ]
    assert [(line.before, line.reworded) for line in old.lines] == [(None, False)] * 3
    page = client.get(reverse("rate-mine", args=["study"])).content.decode()
    assert "I saw it again." in page
    assert "2 versions" in page
    take_back(video=video, rater=rater)
    (entry,) = entries(client)
    assert (entry.rating, entry.live.lines) == (rating, old.lines)


@pytest.mark.parametrize("arm", ["blind", "prefill", "reveal"])
def test_the_list_says_nothing_of_the_model_nor_of_others(client, project, rater, video, arm):
    suggestion = make_suggestion(video, project.suggester, scores=(5, 5, 5), rationale="CANARY-RATIONALE")
    rating = make_rating(video, rater, arm=arm, suggestion=suggestion, visual_quality_shown=5)
    other = make_member(project, username="canary-rater")
    make_rating(video, other, scores=(1, 1, 1), visual_quality_reason="CANARY-REASON")
    for act in (lambda: None, lambda: send_back(rating), lambda: decide(rating)):
        act()
        page = client.get(reverse("rate-mine", args=["study"])).content.decode()
        assert not [word for word in ("CANARY", "canary", "model", "suggest", "differ", "shown") if word in page]


# --- What may be done with a rating ---------------------------------------------------------------------


def test_one_click_opens_the_rating_with_its_answers_and_an_edit_keeps_seat_extra_and_arm(client, rater, video):
    rating = rated(rater, video, answers((4, 3, 2), ("sharp", "all there", "it falls up")))
    seats = list(Seat.objects.order_by("pk").values())
    answer = edit(client, rating)
    assert answer.url == f"{reverse('rate', args=['study'])}?video={video.public_id}"
    screening = client.get(answer.url).context["screening"]
    assert [card.reason for card in screening.cards] == ["sharp", "all there", "it falls up"]
    draft = Draft.objects.get()
    assert (draft.stage, draft.revises, draft.arm) == (Stage.EDIT, rating, rating.arm)
    assert edit(client, rating).url == answer.url
    assert Draft.objects.get() == draft
    url = reverse("rate-submit", args=["study", video.public_id])
    lower = answers((1, 3, 2), ("sharp", "all there", "it falls up"))
    refused = client.post(url, sent(draft, lower, warned="on"), headers=JSON)
    assert list(refused.json()["errors"]) == ["change_reason"]
    taken = client.post(url, sent(draft, lower, warned="on", change_reason="seen again"), headers=JSON)
    assert taken.status_code == 200
    new = Rating.objects.live().get()
    assert (new.version, new.stage, new.extra, new.arm) == (2, Stage.EDIT, rating.extra, rating.arm)
    assert list(Seat.objects.order_by("pk").values()) == seats


def test_a_returned_rating_says_why_and_leads_to_it(client, rater, video):
    send_back(rated(rater, video))
    (entry,) = entries(client)
    assert entry.returned.words == "Look at the hands at 2 s."
    page = client.get(reverse("rate-mine", args=["study"])).content.decode()
    assert "Something in the video was missed" in page
    assert "Look at the hands at 2 s." in page
    assert f"{reverse('rate', args=['study'])}?video={video.public_id}" in page
    assert edit(client, entry.rating).status_code == 302
    assert Draft.objects.get().stage == Stage.RETURN


def refuse_decided(rating):
    decide(rating)
    return history.REVIEWED


def refuse_replaced(rating):
    Rating.objects.filter(pk=rating.pk).update(live=False)
    return history.REPLACED


def refuse_imported(rating):
    Rating.objects.filter(pk=rating.pk).update(imported=True)
    return history.IMPORTED


def refuse_unplayable(rating):
    Video.objects.update(media_state="missing", original="")
    return history.NOT_PLAYABLE


@pytest.mark.parametrize("refuse", [refuse_decided, refuse_replaced, refuse_imported, refuse_unplayable])
def test_what_may_not_be_edited_is_refused_in_words(client, rater, video, refuse):
    rating = rated(rater, video)
    words = str(refuse(rating))
    page = client.post(reverse("rate-mine-edit", args=["study", rating.pk]), follow=True)
    assert words in page.content.decode()
    assert not Draft.objects.exists()
    if rating.__class__.objects.get(pk=rating.pk).live:
        (entry,) = entries(client)
        assert entry.closed == words
        assert is_decided(rating) == (refuse is refuse_decided)


def test_a_rating_of_somebody_else_or_elsewhere_is_not_there(client, project, rater, video):
    for rating in (make_rating(video, make_member(project)), make_rating(make_video(make_project()), rater)):
        assert edit(client, rating).status_code == 404
    assert not Draft.objects.exists()


def test_an_edit_that_a_reviewer_overtakes_gets_both_texts_and_loses_neither(client, rater, video):
    rating = rated(rater, video, answers(reasons=("stored", "", "")))
    edit(client, rating)
    decide(rating)
    draft = Draft.objects.get()
    url = reverse("rate-submit", args=["study", video.public_id])
    fields = sent(draft, answers(reasons=("edited", "", "")), warned="on")
    answer = client.post(url, fields, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (409, str(history.REVIEWED))
    assert answer.json()["draft"]["visual_quality_reason"] == "stored"
    page = client.post(url, fields)
    assert page.status_code == 409
    assert page.context["sent"]["visual_quality_reason"] == "edited"
    assert Rating.objects.live().get() == rating
    assert Draft.objects.get() == draft
    assert entries(client)[0].closed == str(history.REVIEWED)
    assert entries(client, waiting="on") == []  # there is nothing that they could do


@pytest.mark.parametrize("role", [*Role.values, "stranger", "anonymous"])
def test_who_gets_the_list(client, project, role):
    if role != "anonymous":
        client.force_login(
            make_member(
                make_project() if role == "stranger" else project, Role.RATER if role == "stranger" else role
            )
        )
    status = client.get(reverse("rate-mine", args=["study"])).status_code
    assert status == {"stranger": 404, "anonymous": 302}.get(role, 200)
