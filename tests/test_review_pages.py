"""The pages of the review: the queue, a case, its three forms, and who gets them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import CheckMark, Draft, Membership, Rating, Review, ReviewCase, Verdict, Video
from annotation.review.cases import look_at
from annotation.review.urls import urlpatterns
from annotation.room.settle import settle
from annotation.scale import DIMENSION_KEYS
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project(overlap=2, audit_percent=0, suggester=make_scorer_version())


@pytest.fixture
def ada(project):
    return make_member(project, username="ada")


@pytest.fixture
def bob(project):
    return make_member(project, username="bob")


@pytest.fixture
def reviewer(client, project):
    user = make_member(project, "reviewer", username="rev")
    client.force_login(user)
    return user


def make_case(project, ada, bob, prompt="a hand waves", **fields):
    """A video on which ada and bob differ by 4."""
    video = make_video(project, prompt)
    make_rating(video, ada, (1, 3, 3), **fields)
    make_rating(video, bob, (5, 3, 3))
    settle([video])
    look_at([video])
    return video


def case_url(video, name="review-case"):
    return reverse(name, args=[video.project.slug, video.public_id])


def sent(client, video, **fields):
    """What the form of the page sends back."""
    seen = client.get(case_url(video)).context["case_page"]
    return {"seen": seen.seen_text, "newest": seen.seen.newest} | fields


def fixed(score=2):
    return dict.fromkeys(DIMENSION_KEYS, score)


# --- Who gets them ---------------------------------------------------------------------------------
def test_raters_strangers_and_members_of_other_projects_get_nothing(client, project, ada, bob):
    video = make_case(project, ada, bob)
    addresses = {"review": reverse("review", args=[project.slug])}
    addresses |= {name: case_url(video, name) for name in ("review-case", "review-accept", "review-return")}
    addresses["review-fix"] = case_url(video, "review-fix")
    assert set(addresses) == {pattern.name for pattern in urlpatterns}
    other = make_project()
    for user in (make_member(other, "lead"), ada):
        client.force_login(user)
        for name, url in addresses.items():
            is_form = name not in ("review", "review-case")
            assert (client.post(url) if is_form else client.get(url)).status_code == 404, name
    foreign = Membership.objects.get(project=other).user
    client.force_login(foreign)
    across = reverse("review-accept", args=[other.slug, video.public_id])
    assert client.post(across, {"seen": "", "newest": 0}).status_code == 404
    client.logout()
    assert all(client.get(url).status_code in (302, 405) for url in addresses.values())
    assert not Review.objects.exists()


# --- The queue -------------------------------------------------------------------------------------
def test_the_queue_says_why_shows_the_scores_side_by_side_and_filters_by_reason(
    client, project, ada, bob, reviewer
):
    first = make_case(project, ada, bob, "a hand waves")
    make_suggestion(first, project.suggester, (3, 3, 3))
    make_case(project, ada, bob, "a cat <b>sleeps</b>", flagged=True)
    answer = client.get(reverse("review", args=[project.slug]))
    page = answer.content.decode()
    for words in (
        "a hand waves",
        "a cat &lt;b&gt;sleeps",
        "Raters differ by 2 or more",
        "Flagged by a rater",
        "model 3",
        "less than a minute",
    ):
        assert words in page
    assert next(case.video for case, _ in answer.context["lines"]) == first, "the oldest first"
    flagged = client.get(reverse("review", args=[project.slug]) + "?reason=flagged")
    assert [case.video.prompt.text for case, _ in flagged.context["lines"]] == ["a cat <b>sleeps</b>"]
    for odd in ("state", "video__project", "__class__", "opened_at"):
        assert len(client.get(reverse("review", args=[project.slug]), {"reason": odd}).context["lines"]) == 2
    none = client.get(reverse("review", args=[project.slug]) + "?reason=audit").content.decode()
    assert "No case waits for this reason any more" in none


def test_an_empty_queue_says_what_would_come(client, project, reviewer):
    assert "Nothing waits for you." in client.get(reverse("review", args=[project.slug])).content.decode()


def test_ones_own_work_is_not_offered_and_refused_with_words(client, project, ada, bob, reviewer):
    make_case(project, ada, reviewer, "rated by the reviewer")
    page = client.get(reverse("review", args=[project.slug])).content.decode()
    assert "rated by the reviewer" not in page.split("</nav>")[-1].split("Nothing waits")[0]
    assert "1 more case is a video that you rated" in page
    video = ReviewCase.objects.get().video
    make_member(project, "lead")
    assert "Accept these ratings" not in client.get(case_url(video)).content.decode()
    answer = client.post(case_url(video, "review-accept"), sent(client, video, words="Mine is right."))
    assert answer.status_code == 403
    assert "somebody else decides about it" in answer.content.decode()
    assert "Mine is right." in answer.content.decode()
    assert not Review.objects.exists()


def test_the_queue_costs_the_same_queries_for_10_and_1000_cases(client, project, ada, bob, reviewer):
    address = reverse("review", args=[project.slug])
    counts = []
    for n in (10, 1000):
        _many(project, ada, bob, n)
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        counts.append(len(queries))
        assert answer.context["counts"].offered == n
    assert counts[0] == counts[1] <= 13


def _many(project, ada, bob, n):
    there = Video.objects.filter(project=project).count()
    like = make_video(project)
    new = [
        Video(
            project=project, prompt=like.prompt, t2v_model=like.t2v_model, name=f"v{k}", media_state="ready",
            sha256=f"a{k:063d}", original="videos/none.mp4",
        )
        for k in range(there + 1, n)
    ]  # fmt: skip
    videos = [like, *Video.objects.bulk_create(new)]
    for rater, score in ((ada, 1), (bob, 5)):
        Rating.objects.bulk_create(
            Rating(video=video, rater=rater, arm="blind", **dict.fromkeys(DIMENSION_KEYS, score))
            for video in videos
        )
    look_at(videos)


def test_a_case_costs_the_same_queries_for_2_raters_and_12(client, project, ada, bob, reviewer):
    video = make_case(project, ada, bob)
    counts = []
    for more in (0, 10):
        for _ in range(more):
            CheckMark.objects.create(
                rating=make_rating(video, make_member(project)), dimension=DIMENSION_KEYS[0], found="empty"
            )
        client.get(case_url(video))
        with CaptureQueriesContext(connection) as queries:
            client.get(case_url(video))
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- A case ----------------------------------------------------------------------------------------
def test_a_case_shows_all_ratings_with_marks_versions_and_the_suggestion(client, project, ada, bob, reviewer):
    video = make_case(project, ada, bob, flagged=True)
    make_suggestion(video, project.suggester, (3, 3, 4), rationale="The hand is <i>steady</i>.")
    old = Rating.objects.get(rater=bob)
    Rating.objects.filter(pk=old.pk).update(live=False, visual_quality_reason="What bob said first.")
    live = make_rating(
        video, bob, (5, 3, 3), version=2, stage="edit", revises=old, arm="prefill", visual_quality_shown=4,
        change_reason="I looked again.", visual_quality_reason="A finger melts [1.38s f11].",
    )  # fmt: skip
    CheckMark.objects.create(rating=live, dimension="text_alignment", found="at_odds")
    look_at([video])
    page = client.get(case_url(video)).content.decode()
    for words in (
        "Raters differ by 2 or more", "ada", "bob", "A finger melts [1.38s f11].", 'data-seconds="1.380"',
        "shown 4, changed", "words and score at odds", "flagged for a reviewer", "Other versions (1)",
        "What bob said first.", "I looked again.", "The hand is &lt;i&gt;steady&lt;/i&gt;.", "No other case waits",
    ):  # fmt: skip
        assert words in page, words


def test_a_decision_leads_to_the_next_case_of_the_same_filter_and_after_the_last_to_the_queue(
    client, project, ada, bob, reviewer
):
    cases = [make_case(project, ada, bob, flagged=True) for _ in range(3)]
    unflagged = make_case(project, ada, bob)
    middle = client.post(case_url(cases[1], "review-accept"), sent(client, cases[1], reason="flagged"))
    assert middle.url == case_url(cases[2]) + "?reason=flagged"
    last = client.post(case_url(cases[2], "review-accept"), sent(client, cases[2], reason="flagged"))
    assert last.url == case_url(cases[0]) + "?reason=flagged", "what was passed over comes again"
    done = client.post(case_url(cases[0], "review-accept"), sent(client, cases[0], reason="flagged"))
    assert done.url == reverse("review", args=[project.slug])
    assert ReviewCase.objects.open().get().video == unflagged
    assert "accepted." in client.get(done.url).content.decode()


def test_a_return_needs_a_rating_and_a_reason_and_words_for_another_one(client, project, ada, bob, reviewer):
    video = make_case(project, ada, bob)
    rating = Rating.objects.get(rater=bob)
    url = case_url(video, "review-return")
    for fields, words in (
        ({"rating": rating.pk}, "Say why it goes back."),
        ({"preset": "vague", "words": "This is kept."}, "Choose whose rating goes back."),
        ({"rating": rating.pk, "preset": "other", "words": "  "}, "Say the reason in your own words."),
    ):
        answer = client.post(url, sent(client, video, **fields))
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert fields.get("words", "") in answer.content.decode()
    client.post(url, sent(client, video, rating=rating.pk, preset="other", words="Look at 1.4 s."))
    review = Review.objects.get()
    assert (review.rating, review.preset, review.words) == (rating, "other", "Look at 1.4 s.")
    assert Draft.objects.get().returned == review
    queue = client.get(reverse("review", args=[project.slug])).content.decode()
    assert "Out with raters" in queue
    assert "Another reason" in queue


def test_a_fix_needs_three_scores_and_words_and_stands_on_the_videos_page(client, project, ada, bob, reviewer):
    video = make_case(project, ada, bob)
    url = case_url(video, "review-fix")
    lacking = client.post(url, sent(client, video, visual_quality=2, words=""))
    assert lacking.status_code == 422
    for words in ("Say why these are the scores.", "Give a score for text-to-video alignment."):
        assert words in lacking.content.decode()
    assert client.post(url, sent(client, video, **fixed(6), words="Odd.")).status_code == 422
    assert client.post(url, sent(client, video, **fixed(), words="Six fingers.")).status_code == 302
    assert Verdict.objects.get().scores == fixed()
    page = client.get(reverse("video", args=[project.slug, video.public_id])).content.decode()
    for words in ("Set by a reviewer", "Six fingers.", "rev"):
        assert words in page


@pytest.mark.parametrize("meanwhile", ["a rating", "a decision", "an edit"])
def test_a_page_of_the_past_answers_409_shows_what_is_now_and_keeps_the_words(
    client, project, ada, bob, reviewer, meanwhile
):
    video = make_case(project, ada, bob)
    page = sent(client, video, words="My own words.")
    if meanwhile == "a rating":
        make_rating(video, make_member(project, username="eve"))
    elif meanwhile == "a decision":
        Review.objects.create(video=video, reviewer=make_member(project, "lead", "lea"), decision="accept")
    else:
        old = Rating.objects.get(rater=ada)
        Rating.objects.filter(pk=old.pk).update(live=False)
        make_rating(video, ada, (4, 3, 3), version=2, stage="edit", revises=old)
        page |= {"rating": old.pk, "preset": "vague"}
    before = Review.objects.count()
    action = "review-return" if meanwhile == "an edit" else "review-accept"
    answer = client.post(case_url(video, action), page)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert Review.objects.count() == before
    assert "My own words." in text
    assert {"a rating": "eve", "a decision": "lea", "an edit": "version 2"}[meanwhile] in text
    again = sent(client, video) | {"words": "My own words."}
    assert client.post(case_url(video, "review-accept"), again).status_code == 302, "the page now shows what is"


def test_who_opens_the_address_of_a_form_by_itself_is_led_to_its_page_and_told(
    client, project, ada, bob, reviewer
):
    video = make_case(project, ada, bob)
    browser = {"Accept": "text/html,*/*"}
    answer = client.get(case_url(video, "review-accept"), headers=browser, follow=True)
    assert answer.redirect_chain == [(case_url(video, "review-case"), 302)]
    assert "do it once more" in answer.content.decode()
    example = reverse("example-change", args=[project.slug, 1])
    client.force_login(make_member(project, "lead"))
    answer = client.get(example, headers=browser, follow=True)
    assert answer.request["PATH_INFO"] == reverse("guidelines", args=[project.slug])
    assert answer.content.decode().count("do it once more") == 1
    assert client.get(example).status_code == 405, "to programs"
    assert client.post(reverse("livez"), headers=browser).status_code == 405


@pytest.mark.parametrize(
    "odd", [{"seen": "x"}, {"seen": "²"}, {"newest": "-1"}, {"newest": ""}, {"seen": "9" * 30}]
)
def test_a_page_that_does_not_say_what_it_showed_decides_nothing(client, project, ada, bob, reviewer, odd):
    video = make_case(project, ada, bob)
    assert client.post(case_url(video, "review-accept"), sent(client, video) | odd).status_code in (409, 422)
    assert not Review.objects.exists()
