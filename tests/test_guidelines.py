"""Guidelines: text from Markdown, example videos that leave the queue and come back, and who reads what."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.guidelines.examples import examples_of, move, put, remove
from annotation.guidelines.render import render_markdown
from annotation.models import Draft, GuidelineExample, Rating, Role, Seat
from annotation.projects.set_up import change_settings
from annotation.room.queue import lease_next, lease_on
from annotation.room.seats import make_seats
from annotation.room.submit import submit, take_back
from datasets_app.invariants.check import miscounted_videos
from tests.browser import check_access, make_clip, wait_for
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video
from tests.rating import answers, in_threads

pytestmark = pytest.mark.django_db
NO_SCORES = {"visual_quality": None, "text_alignment": None, "physical_consistency": None}


@pytest.fixture
def project():
    return make_project(slug="study", overlap=2, prefill_percent=0, blind_percent=100)


@pytest.fixture
def lead(project, client):
    lead = make_member(project, Role.LEAD)
    client.force_login(lead)
    return lead


def address(name="guidelines", *more):
    return reverse(name, args=["study", *more])


def add(client, video, **fields):
    return client.post(address("example-add"), {"video": video.public_id, "words": "A hand melts.", **fields})


def hand_in(rater, video) -> Rating:
    draft = Draft.objects.get(video=video, rater=rater)
    return submit(
        video=video, rater=rater, answers=answers(), revision=draft.revision, submit_key=draft.submit_key
    )


# --- The text -------------------------------------------------------------------------------------------


def test_markdown_becomes_a_handful_of_elements_and_nothing_else_is_html():
    text = """# Scores
**Five** means *flawless*.
- one
- `two`

3. third

> quoted

| a | b |
|---|---|
| 1 | 2 |

[rules](https://example.org/?a=1&b=2)"""
    assert render_markdown(text) == (
        "<h3>Scores</h3><p><strong>Five</strong> means <em>flawless</em>.</p>"
        "<ul><li>one</li><li><code>two</code></li></ul>"
        '<ol start="3"><li>third</li></ol><blockquote><p>quoted</p></blockquote>'
        "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
        '<p><a href="https://example.org/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">rules</a></p>'
    )
    assert render_markdown("one\ntwo") == "<p>one<br>two</p>"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[x](javascript:alert(1))",
        "![x](http://elsewhere.example/x.png)",
        '[x](https://e.org/"onclick="alert(1))',
        "```\n</pre><script>alert(1)</script>\n```",
        "{} {0} %s",
    ],
)
def test_no_text_brings_elements_of_its_own(text):
    html = render_markdown(text)
    assert not [bad for bad in ("<script", "<img", 'href="javascript', '"onclick') if bad in html]


def test_the_lead_edits_the_text_and_sees_it_as_raters_do(client, project, lead):
    assert client.post(address(), {"guidelines": "**Five** is rare."}).url == address()
    page = client.get(address()).content.decode()
    assert "<strong>Five</strong> is rare." in page
    refused = client.post(address(), {"guidelines": "x" * 50_001})
    assert refused.status_code == 422
    project.refresh_from_db()
    assert project.guidelines == "**Five** is rare."


# --- Examples and the queue -----------------------------------------------------------------------------


def test_an_example_leaves_the_queue_and_comes_back_when_the_mark_goes(client, project, lead):
    video = make_video(project, "a red ball")
    rater = make_member(project)
    assert add(client, video, visual_quality=5).url == address()
    example = GuidelineExample.objects.get()
    assert (example.scores, example.words) == (NO_SCORES | {"visual_quality": 5}, "A hand melts.")
    assert not video.seats.exists()
    assert lease_next(project, rater) is None
    project.overlap = 3
    change_settings(project, ["overlap"])
    assert not video.seats.exists()
    assert client.post(address("example-remove", example.pk)).url == address()
    assert video.seats.count() == 3
    assert lease_next(project, rater).video == video


def test_what_somebody_had_in_hand_is_kept_as_an_extra_rating(project):
    video = make_video(project)
    done, busy, other = (make_member(project) for _ in range(3))
    for rater in (done, busy):
        lease_next(project, rater)
    first = hand_in(done, video)
    put(video, words="A hand melts.", scores=NO_SCORES)
    assert list(video.seats.values_list("holder", flat=True)) == [done.pk]
    assert lease_on(video, busy) is None
    assert hand_in(busy, video).extra
    assert not Rating.objects.get(pk=first.pk).extra
    take_back(video=video, rater=done)
    assert not video.seats.exists()
    assert lease_next(project, other) is None
    assert not list(miscounted_videos())


def test_a_seat_made_elsewhere_does_not_bring_an_example_back(project):
    video = make_video(project)
    put(video, words="A hand melts.", scores=NO_SCORES)
    make_seats(project, [video])
    assert not video.seats.exists()
    make_rating(make_video(project), make_member(project))
    make_seats(project)
    assert not video.seats.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_lease_at_the_moment_of_marking_leaves_no_seat_behind():
    for _ in range(5):
        project = make_project(overlap=4)
        video = make_video(project)
        raters = [make_member(project) for _ in range(4)]

        def act(rater, project=project, video=video):
            return lease_next(project, rater) if rater else put(video, words="x", scores=NO_SCORES)

        results = in_threads(act, [*raters, None])
        assert not [result for result in results if isinstance(result, Exception)], results
        assert not Seat.objects.filter(video=video).exists()


def test_marking_twice_is_one_example_with_the_last_words(client, project, lead):
    video = make_video(project)
    add(client, video)
    add(client, video, words="The hand again.")
    assert GuidelineExample.objects.get().words == "The hand again."


def test_examples_are_ordered_by_buttons_and_stay_at_the_ends(project):
    one, two, three = (put(make_video(project), words=word, scores=NO_SCORES) for word in ("one", "two", "three"))
    order = lambda: [example.words for example in examples_of(project)]  # noqa: E731
    move(three, -1)
    assert order() == ["one", "three", "two"]
    move(one, -1)
    move(two, 1)
    assert order() == ["one", "three", "two"]
    remove(three)
    move(one, 1)
    assert order() == ["two", "one"]


# --- The lead's page ------------------------------------------------------------------------------------


def test_the_page_finds_videos_by_words_and_says_who_rated_them(client, project, lead):
    ball, cube = make_video(project, "a red ball"), make_video(project, "a blue cube")
    make_video(project, "a red ball waits", media_state="waiting")
    make_rating(ball, make_member(project))
    found = client.get(address(), {"find": "RED ball"})
    assert found.context["found"] == [ball]
    chosen = client.get(address(), {"video": ball.public_id})
    assert chosen.context["chosen"] == ball
    add(client, ball)
    assert client.get(address(), {"find": "red ball"}).context["found"] == []
    assert "1 person has rated it already" in client.get(address()).content.decode()
    assert client.get(address(), {"video": "nonsense"}).status_code == 404
    assert add(client, make_video(make_project())).status_code == 404
    assert cube.seats.count() == 2


def test_an_example_without_words_is_refused_where_it_stands(client, project, lead):
    video = make_video(project)
    refused = add(client, video, words=" ", text_alignment=2)
    assert refused.status_code == 422
    assert "Say in a few words what this video is an example of." in refused.content.decode()
    assert refused.context["chosen"] == video
    add(client, video)
    example = GuidelineExample.objects.get()
    refused = client.post(address("example-change", example.pk), {"words": "", "visual_quality": 9})
    assert (refused.status_code, refused.context["changed"]) == (422, example.pk)
    client.post(address("example-change", example.pk), {"words": "The left hand.", "visual_quality": 2})
    example.refresh_from_db()
    assert (example.words, example.visual_quality) == ("The left hand.", 2)


def test_the_page_takes_as_many_queries_for_one_example_as_for_many(client, project, lead):
    counts = []
    for wanted in (1, 12):
        while GuidelineExample.objects.count() < wanted:
            put(make_video(project), words="A hand melts.", scores=NO_SCORES)
        for url in (address(), address("guidelines-read")):
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            counts.append(len(queries))
    assert counts[:2] == counts[2:]


# --- Who gets what --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [*Role.values, "stranger", "anonymous"])
def test_members_read_and_only_the_lead_changes(client, project, role):
    example = put(make_video(project), words="A hand melts.", scores=NO_SCORES)
    people = {"stranger": make_member(make_project()), "anonymous": None}
    person = people[role] if role in people else make_member(project, role)
    if person:
        client.force_login(person)
    refusal = 302 if role == "anonymous" else 404
    assert client.get(address("guidelines-read")).status_code == {"stranger": 404, "anonymous": 401}.get(role, 200)
    assert client.get(address()).status_code == (200 if role == "lead" else refusal)
    for name in ("example-change", "example-move", "example-remove"):
        answer = client.post(address(name, example.pk), {"words": "Taken over.", "to": "up"})
        assert answer.status_code == (302 if role == "lead" else refusal)
    assert add(client, make_video(project)).status_code == (302 if role == "lead" else refusal)
    assert client.post(address(), {"guidelines": "Taken over."}).status_code == (
        302 if role == "lead" else refusal
    )
    assert GuidelineExample.objects.filter(pk=example.pk, words="A hand melts.").exists() == (role != "lead")


def test_what_raters_read_holds_no_byte_of_a_suggestion_or_a_rating(client):
    project = make_project(slug="study", suggester=make_scorer_version("canary-scorer"))
    video = make_video(project, "a red ball")
    make_suggestion(video, project.suggester, scores=(5, 5, 5), rationale="CANARY-RATIONALE")
    make_rating(video, make_member(project, username="canary-rater"), visual_quality_reason="CANARY-REASON")
    put(video, words="A hand melts.", scores=NO_SCORES | {"physical_consistency": 2})
    client.force_login(make_member(project))
    text = client.get(address("guidelines-read")).content.decode()
    assert "A hand melts." in text
    assert "<li>Physical <b>2</b></li>" in text
    assert not [word for word in ("CANARY", "canary", "suggest", "model") if word in text]


# --- In the room ----------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_room_fetches_the_guide_when_it_is_opened_and_says_when_it_cannot(browse, project):
    browse.expect("ERR_FAILED")
    make_clip(project, "a ball")
    shown = make_clip(project, "a hand holds a cup")
    put(shown, words="The hand melts.", scores=NO_SCORES | {"visual_quality": 2})
    project.guidelines = "**Five** is rare."
    project.save()
    page = browse(make_member(project))
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "guidelines/read" in request.url else None)
    page.goto(f"/p/{project.slug}/rate/")
    wait_for(page, "document.activeElement.matches('main .card.current')")
    assert asked == []
    page.route("**/guidelines/read/*", lambda route: route.abort())
    page.keyboard.press("g")
    dialog = page.get_by_role("dialog", name="Guidelines")
    dialog.get_by_text("The guidelines could not be fetched.").wait_for()
    check_access(page)
    page.unroute("**/guidelines/read/*")
    dialog.get_by_role("button", name="Try again").click()
    dialog.get_by_text("The hand melts.").wait_for()
    assert dialog.locator("strong").text_content() == "Five"
    check_access(page)
    video = dialog.locator("video")
    assert video.evaluate("video => [video.paused, video.buffered.length]") == [True, 0]
    video.evaluate("video => video.play()")
    wait_for(page, "document.querySelector('#guidelines video').currentTime > 0")
    page.keyboard.press("Escape")
    wait_for(page, "document.querySelector('#guidelines video').paused")
    wait_for(page, "document.activeElement.matches('main .card.current')")
    page.keyboard.press("g")
    assert dialog.get_by_text("The hand melts.").is_visible()
    assert len(asked) == 2
