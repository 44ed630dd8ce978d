"""From one video to the next, and from one tab to another: nothing waits, nothing is lost, nothing is doubled."""

import pytest

from annotation.models import Draft, Rating, Stage
from tests.browser import make_clip, wait_for
from tests.make import make_member, make_project, make_scorer_version, make_suggestion
from tests.room import chosen, explain, open_room, press, reason, shown, submit, wait_for_video, wait_until_saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# When the next video's first frame is painted, and what was asked of the server until then.
WATCH_SWITCH = """() => {
    const next = document.querySelector('#next video');
    next.requestVideoFrameCallback(() => window.firstFrame = performance.now());
    performance.clearResourceTimings();
    addEventListener('keydown', event => { if (event.code === 'Enter') window.pressed ??= performance.now(); }, true);
}"""
ASKED_BETWEEN = """() => performance.getEntriesByType('resource')
    .filter(({ startTime, responseEnd }) => startTime > window.pressed && responseEnd < window.firstFrame)
    .map(({ name }) => new URL(name).pathname.split('/').at(-2))"""


@pytest.fixture
def blind(db):
    return make_project("blind-study", prefill_percent=0, blind_percent=100)


def wait_for_another(page, before):
    wait_for(page, "before => document.querySelector('main article')?.dataset.video !== before", before)


def test_the_next_video_is_there_at_once_and_takes_the_keys_pressed_on_the_way(browse, blind):
    browse.expect("ERR_FAILED")
    for _ in range(5):
        make_clip(blind, "a ball")
    page = open_room(browse, make_member(blind), blind)
    wait_for(page, "document.querySelector('#next video')?.readyState >= 2")
    first, second = shown(page), page.locator("#next article").get_attribute("data-video")
    page.evaluate(WATCH_SWITCH)
    held = []
    page.route(
        f"**/{second}/open/", lambda route: held.append(route)
    )  # what comes after the next one never arrives
    page.route(f"**/{first}/submit/", lambda route: held.append(route))  # the server takes its time
    explain(page)
    press(page, "1", "2", "3", "t", "Control+Enter", "Control+Enter", "4", "t", "o", "k", " ", "5")
    assert shown(page) == first
    submits = [route for route in held if "submit" in route.request.url]
    assert len(submits) == 1
    submits[0].continue_()
    wait_for(page, "window.firstFrame")
    assert not {"next", "open"} & set(page.evaluate(ASKED_BETWEEN))
    assert shown(page) == second
    assert chosen(page) == ["4"]
    assert reason(page, "text_alignment").input_value() == "ok 5"
    assert page.evaluate("document.activeElement.name") == "text_alignment_reason"
    stored = Rating.objects.get()
    assert list(stored.scores.values()) == [1, 2, 3]
    assert "ok" not in "".join(stored.reasons.values())
    (asked,) = [route for route in held if "open" in route.request.url]
    # The video after that was asked for at once, and the reply to a submit may be lost after the commit.
    page.unroute(f"**/{second}/open/")
    asked.continue_()
    page.locator("#next article").wait_for(state="attached")

    def lose(route):
        route.fetch()
        route.abort()

    page.route(f"**/{second}/submit/", lose, times=1)
    page.keyboard.type(" balls on the table")
    press(page, "Escape")
    explain(page)
    press(page, "2", "2", "Control+Enter")
    page.get_by_text("No connection. Your rating is kept on this computer").wait_for()
    assert Rating.objects.count() == 2
    press(page, "Control+Enter")
    wait_for_another(page, second)
    assert Rating.objects.count() == 2
    assert page.evaluate("document.activeElement === document.querySelector('main .card')")


@pytest.mark.parametrize("is_taken_early", [False, True])
def test_the_next_video_plays_when_this_one_was_slow_to_load(browse, blind, is_taken_early):
    for _ in range(2):
        make_clip(blind, "a ball")
    page = browse(make_member(blind))
    held = []
    page.route("**/play/", lambda route: held.append(route), times=1)
    with page.expect_response("**/open/"):  # tells what comes next, while the first video is on its way
        page.goto(f"/p/{blind.slug}/rate/", wait_until="commit")
    wait_for_video(page)
    page.wait_for_timeout(300)
    if not is_taken_early:
        held[0].continue_()
        wait_for(page, "document.querySelector('#next video')?.readyState >= 2")
    submit(page, "1", "2", "3")
    wait_for(page, "document.querySelector('main video').readyState >= 2")
    assert page.get_by_text("This video does not play here.").is_hidden()


def test_another_tab_on_another_stage_overwrites_nothing(browse, db):
    browse.expect("409")
    project = make_project(
        "reveal-study", suggester=make_scorer_version(), prefill_percent=0, reveal_percent=100, blind_percent=0
    )
    make_suggestion(make_clip(project, "a ball"), scores=(5, 5, 1))
    rater = make_member(project)
    stale, fresh = open_room(browse, rater, project), open_room(browse, rater, project)
    explain(fresh)
    press(fresh, "4", "3", "2", "Control+Enter")
    fresh.get_by_text("Your scores are stored.").first.wait_for()
    # The first tab does not know yet. Its words are on an older draft of the same number.
    press(stale, "t")
    stale.keyboard.type("from the tab that knows nothing")
    dialog = stale.get_by_role("dialog", name="This video was changed somewhere else")
    dialog.get_by_text("from the tab that knows nothing").wait_for()
    assert "from the tab" not in Draft.objects.get().visual_quality_reason
    dialog.get_by_role("button", name="Next video").click()
    stale.get_by_text("This is what the model says").wait_for()
    wait_for_video(stale)
    assert chosen(stale) == ["4", "3", "2"]
    # Now both show the reveal, and both change it: both reasons for the change are shown.
    press(fresh, "5")
    fresh.get_by_label("Why do you change it?").fill("because of the rim")
    wait_until_saved(fresh)
    press(stale, "1")
    stale.get_by_label("Why do you change it?").fill("because of the hand")
    dialog.get_by_text("because of the rim").wait_for()
    assert dialog.get_by_text("because of the hand").is_visible()
    assert Draft.objects.get().change_reason == "because of the rim"
    dialog.get_by_role("group", name="Reason for the change").get_by_label("On the server").check()
    dialog.get_by_role("button", name="Keep the chosen ones").click()
    wait_until_saved(stale)
    assert (Draft.objects.get().change_reason, Draft.objects.get().visual_quality) == ("because of the rim", 1)
    press(stale, "Control+Enter")
    stale.get_by_role("heading", name="Nothing to rate right now").wait_for()
    assert Rating.objects.live().get().stage == Stage.REVEAL
