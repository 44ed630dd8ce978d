"""The rating room in a real browser: on the keyboard alone, at two sizes, and when things go wrong."""

import pytest

from annotation.models import Arm, Draft, Rating, Seat, Skip, Video
from tests.browser import check_access, make_clip, wait_for
from tests.make import make_member, make_project, make_scorer_version, make_suggestion
from tests.room import (
    chosen,
    explain,
    open_room,
    press,
    reason,
    shown,
    submit,
    wait_for_video,
    wait_until_saved,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CANARY = "xylophone-canary"


@pytest.fixture
def blind(db):
    """A project whose raters see nothing of the model."""
    return make_project("blind-study", prefill_percent=0, blind_percent=100)


@pytest.fixture
def prefill(db):
    """A project whose raters are shown suggestions (all but the blind 5 %)."""
    return make_project("prefill-study", prefill_percent=95, blind_percent=5, suggester=make_scorer_version())


def test_two_raters_rate_by_keyboard_alone_and_never_share_a_seat(browse, blind):
    for number in range(6):
        make_clip(blind, f"prompt {number % 2}")
    raters = [make_member(blind), make_member(blind)]
    pages = [open_room(browse, rater, blind) for rater in raters]
    for page in pages:
        page.evaluate("window.sameDocument = true")
    for turn in range(3):
        assert shown(pages[0]) != shown(pages[1])
        for page in pages:
            press(page, "t")
            page.keyboard.type(f"seen 3 times in turn {turn}")
            press(page, "Escape")
            submit(page, "4", "3", "5")
    for page in pages:
        page.get_by_role("heading", name="Nothing to rate right now").wait_for()
        assert page.evaluate("window.sameDocument"), "the page was reloaded between videos"
    ratings = Rating.objects.live()
    assert ratings.count() == 6
    assert ratings.values("video").distinct().count() == 6
    assert set(ratings.values_list("rater", "visual_quality", "text_alignment", "physical_consistency")) == {
        (rater.pk, 4, 3, 5) for rater in raters
    }
    assert Seat.objects.filter(filled_at__isnull=False).count() == 6
    assert set(ratings.values_list("visual_quality_reason", flat=True)) == {
        f"seen 3 times in turn {turn}" for turn in range(3)
    }


def test_reload_in_mid_sentence_restores_every_character(browse, blind):
    browse.expect("ERR_FAILED")
    make_clip(blind)
    page = open_room(browse, make_member(blind), blind)
    page.route("**/draft/", lambda route: route.abort())  # nothing reaches the server
    press(page, "4", "t")
    page.keyboard.type("The hand melts into the table, 半分")
    page.reload()
    wait_for_video(page)
    assert reason(page, "text_alignment").input_value() == "The hand melts into the table, 半分"
    assert chosen(page) == ["4"]


def test_a_save_of_the_old_page_that_lands_after_a_reload_is_no_conflict(browse, blind):
    browse.expect("ERR_FAILED", "409")
    make_clip(blind)
    page = open_room(browse, make_member(blind), blind)
    page.route("**/draft/", lambda route: route.abort())  # on its way, and there only after the reload
    press(page, "4", "t")
    page.keyboard.type("half a sent")
    page.reload()
    wait_for_video(page)
    Draft.objects.update(revision=1, visual_quality=4, text_alignment_reason="half a sent")
    page.unroute("**/draft/")
    submit(page, "2", "3")
    rating = Rating.objects.get()
    assert (rating.scores, rating.text_alignment_reason) == (
        {"visual_quality": 4, "text_alignment": 2, "physical_consistency": 3},
        "half a sent",
    )


def test_closing_the_tab_saves_to_the_server(browse, blind):
    make_clip(blind)
    rater = make_member(blind)
    page = open_room(browse, rater, blind)
    press(page, "t")
    page.keyboard.type("closed at once")
    page.close(run_before_unload=False)
    other = open_room(browse, rater, blind)
    assert reason(other).input_value() == "closed at once"


def test_offline_keeps_the_words_here_and_saves_when_the_network_is_back(browse, blind):
    browse.expect("ERR_INTERNET_DISCONNECTED")
    make_clip(blind)
    page = open_room(browse, make_member(blind), blind)
    page.context.set_offline(True)
    press(page, "t")
    page.keyboard.type("written offline")
    page.get_by_text("Not saved yet, kept on this computer").wait_for()
    assert Draft.objects.get().visual_quality_reason == ""
    page.context.set_offline(False)
    wait_until_saved(page)
    assert Draft.objects.get().visual_quality_reason == "written offline"


def test_a_submit_without_network_goes_out_later(browse, blind):
    browse.expect("ERR_INTERNET_DISCONNECTED")
    make_clip(blind)
    page = open_room(browse, make_member(blind), blind)
    page.context.set_offline(True)
    explain(page)
    press(page, "2", "2", "2", "Control+Enter")
    page.get_by_text("No connection. Your rating is kept on this computer").wait_for()
    assert not Rating.objects.exists()
    page.context.set_offline(False)
    page.get_by_role("heading", name="Nothing to rate right now").wait_for()
    assert Rating.objects.live().count() == 1


def test_an_ended_session_keeps_the_words_and_goes_on_after_login(browse, blind):
    browse.expect("401")
    make_clip(blind)
    rater = make_member(blind)
    page = open_room(browse, rater, blind)
    page.context.clear_cookies(name="sessionid")
    press(page, "t")
    page.keyboard.type("before the end")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.wait_for()
    check_access(page)
    assert dialog.get_by_role("link", name="Log in").get_attribute("target") == "_blank"
    dialog.get_by_role("button", name="go on").click()
    dialog.get_by_text("You are not logged in yet.").wait_for()
    browse.log_in(page.context, rater)
    dialog.get_by_role("button", name="go on").click()
    wait_until_saved(page)
    assert reason(page).input_value() == "before the end"
    assert Draft.objects.get().visual_quality_reason == "before the end"


def test_a_stale_tab_shows_both_texts_and_overwrites_nothing(browse, blind):
    browse.expect("409")
    make_clip(blind)
    rater = make_member(blind)
    stale = open_room(browse, rater, blind)
    fresh = open_room(browse, rater, blind)
    press(fresh, "t")
    fresh.keyboard.type("from the other tab")
    wait_until_saved(fresh)
    press(stale, "5", "t")
    stale.keyboard.type("from this tab")
    dialog = stale.get_by_role("dialog", name="This video was changed somewhere else")
    dialog.wait_for()
    assert Draft.objects.get().visual_quality_reason == "from the other tab"
    assert dialog.get_by_text("no score · from the other tab").is_visible()
    assert dialog.get_by_text("no score · from this tab").is_visible()
    check_access(stale)
    dialog.get_by_role("group", name="Visual quality").get_by_label("On the server").check()
    dialog.get_by_role("button", name="Keep the chosen ones").click()
    wait_until_saved(stale)
    draft = Draft.objects.get()
    assert (draft.visual_quality, draft.visual_quality_reason) == (None, "from the other tab")
    assert draft.text_alignment_reason == "from this tab"


def test_a_tab_whose_video_was_submitted_elsewhere_shows_its_words_and_goes_on(browse, blind):
    browse.expect("409")
    make_clip(blind)
    rater = make_member(blind)
    stale = open_room(browse, rater, blind)
    fresh = open_room(browse, rater, blind)
    submit(fresh, "1", "1", "1")
    press(stale, "t")
    stale.keyboard.type("too late, but not lost")
    dialog = stale.get_by_role("dialog", name="This video was changed somewhere else")
    dialog.get_by_text("too late, but not lost").wait_for()
    check_access(stale)
    dialog.get_by_role("button", name="Next video").click()
    stale.get_by_role("heading", name="Nothing to rate right now").wait_for()
    assert not Rating.objects.filter(visual_quality_reason__contains="too late").exists()


@pytest.mark.parametrize("videos", [1, 2])
def test_a_submit_can_be_taken_back(browse, blind, videos):
    for _ in range(videos):
        make_clip(blind, "a ball")
    page = open_room(browse, make_member(blind), blind)
    first = shown(page)
    press(page, "t")
    page.keyboard.type("too hasty")
    press(page, "Escape")
    submit(page, "1", "1", "1")
    page.get_by_role("button", name="Take back").wait_for()
    with page.expect_navigation():
        press(page, "Control+z")
    wait_for_video(page)
    assert shown(page) == first
    assert reason(page).input_value() == "too hasty"
    assert chosen(page) == ["1", "1", "1"]
    assert not Rating.objects.live().exists()
    submit(page, "2")
    assert Rating.objects.live().get().visual_quality == 2


def test_a_suggestion_counts_only_once_decided(browse, prefill):
    video = make_clip(prefill)
    make_suggestion(video, scores=(4, 4, None), rationale=f"The picture is steady ({CANARY}).")
    rater = make_member(prefill)
    Draft.objects.create(video=video, rater=rater, arm=Arm.PREFILL)
    Seat.objects.filter(video=video).update(holder=rater, leased_until="2999-01-01T00:00Z")
    page = open_room(browse, rater, prefill)
    cards = page.locator("main .card[data-dimension]")
    assert chosen(page) == []
    assert cards.nth(0).get_by_text("from model: 4").is_visible()
    assert cards.nth(2).get_by_text("from model").count() == 0
    press(page, "Control+Enter")
    page.get_by_text("Still to decide: Visual, Alignment, Physical").wait_for()
    press(page, "k", "5")
    assert cards.nth(0).get_by_text("kept").is_visible()
    assert cards.nth(1).get_by_text("changed").is_visible()
    assert all(reason(page, key).input_value() == "" for key in ("visual_quality", "text_alignment"))
    press(page, "k")
    assert chosen(page) == ["4", "5"], "there is nothing to keep where the scorer abstained"
    page.get_by_text("The model's reasoning").click()
    assert page.get_by_text(CANARY).is_visible()
    press(page, "3")
    submit(page)
    rating = Rating.objects.get()
    assert list(rating.scores.values()) == [4, 5, 3]
    assert list(rating.shown.values()) == [4, 4, None]


def test_the_blind_arm_receives_nothing_of_the_model(browse, blind):
    blind.suggester = make_scorer_version()
    blind.save()
    for number in range(3):
        make_suggestion(make_clip(blind, "a ball"), blind.suggester, rationale=f"{CANARY} {number}")
    page = browse(make_member(blind))
    bodies: list[str] = []
    page.on("requestfinished", lambda request: "/p/" in request.url and bodies.append(request.response().text()))
    page.goto(f"/p/{blind.slug}/rate/")
    wait_for_video(page)
    page.locator("#next article").wait_for(state="attached")
    submit(page, "1", "2", "3")
    page.locator("#next article").wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    assert len(bodies) >= 4  # the page, two openings with what comes next, a submit
    assert not [body for body in bodies if CANARY in body or "suggested" in body or "from model" in body]


def test_skipping_needs_a_reason(browse, blind):
    for _ in range(3):
        make_clip(blind, "a ball")
    page = open_room(browse, make_member(blind), blind)
    browse.expect("422")
    submit(page, "1", "2", "3")
    skipped = shown(page)
    page.get_by_role("button", name="Skip…").first.click()
    dialog = page.get_by_role("dialog", name="Skip this video")
    press(page, "Control+Enter")
    dialog.get_by_text("Say why you skip this video.").wait_for()
    page.keyboard.type("It is black from start to end.")
    press(page, "Control+Enter")
    wait_for(page, "before => document.querySelector('main article').dataset.video !== before", skipped)
    assert str(Skip.objects.get().video.public_id) == skipped
    assert Skip.objects.get().reason == "It is black from start to end."
    assert page.locator("#take-back").is_hidden(), "beside “Skipped.” it would take the rating before it back"


def test_frames_speeds_and_time_marks(browse, blind):
    make_clip(blind, frames=16, fps=8)
    page = open_room(browse, make_member(blind), blind, reduced_motion="reduce")
    wait_for(page, "document.querySelector('main video').readyState >= 2")
    assert page.locator("main video").evaluate("video => video.paused")
    press(page, *["."] * 11)
    assert page.locator("main .frame").text_content() == "f 11 / 16"
    assert page.locator("main .time").text_content() == "00:01.38"
    press(page, ",", "m")
    assert reason(page).input_value().strip() == "[1.25s f10]"
    press(page, "t")
    page.keyboard.type(" here and 3 ")
    press(page, "Alt+,", "Alt+,", "Alt+m")
    assert reason(page).input_value().strip() == "[1.25s f10] here and 3 [1.00s f8]"
    assert chosen(page) == []
    press(page, "Escape")
    page.get_by_role("button", name="1.25 s f10").click()
    assert page.locator("main .frame").text_content() == "f 10 / 16"
    press(page, "ArrowLeft")
    assert page.locator("main .frame").text_content() == "f 2 / 16"
    press(page, "Shift+Period", "l")
    assert page.locator("main video").evaluate("video => [video.playbackRate, video.loop]") == [1.5, False]
    press(page, "Space")
    wait_for(page, "!document.querySelector('main video').paused")
    page.get_by_role("button", name="Go to 1.50 s").click()
    assert page.locator("main .tiles button.now").get_attribute("aria-label") == "Go to 1.50 s"


def test_keys_keep_out_of_text_and_of_input_methods(browse, blind):
    make_clip(blind)
    page = open_room(browse, make_member(blind), blind)
    press(page, "t")
    page.keyboard.type("1k3 f l?")
    assert reason(page).input_value() == "1k3 f l?"
    assert page.locator("dialog[open]").count() == 0
    press(page, "Escape")
    page.evaluate("""() => document.activeElement.dispatchEvent(
        new KeyboardEvent('keydown', { code: 'Digit4', key: 'Process', isComposing: true, bubbles: true }))""")
    assert chosen(page) == []
    press(page, "f")
    assert page.locator("main [name=flagged]").is_checked()
    press(page, "Shift+Slash")
    assert page.get_by_role("dialog", name="All keys").is_visible()
    press(page, "5", "Escape", "g")
    assert page.get_by_role("dialog", name="Guidelines").is_visible()
    assert chosen(page) == []


def test_arrows_in_a_scale_and_tab_stay_native(browse, blind):
    make_clip(blind)
    page = open_room(browse, make_member(blind), blind)
    page.locator("main [name=visual_quality]").nth(1).focus()
    press(page, "ArrowRight")
    assert chosen(page) == ["3"]
    press(page, "Tab")
    assert reason(page).evaluate("area => area === document.activeElement")


PLACES = """[...document.querySelectorAll("main video, main fieldset, main textarea, main button")].map((element) => {
  const { x, y, width, height } = element.getBoundingClientRect();
  return [element.name || element.id || element.tagName, x, y, width, height];
})"""


def test_fits_1280x720_without_scrolling_or_shifting(browse, prefill):
    prefill.name = "A project with a long name, as projects have"
    prefill.save()
    make_suggestion(make_clip(prefill, "A prompt that goes on. " * 40, size=(160, 120)))
    page = browse(make_member(prefill))
    page.add_init_script("""window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(
        entry => { if (!entry.hadRecentInput) window.shift += entry.value; window.shifted = entry.sources.map(s => s.node?.outerHTML ?? s.node?.parentNode.outerHTML); })).observe({ type: 'layout-shift', buffered: true })""")
    page.goto(f"/p/{prefill.slug}/rate/")
    wait_for_video(page)
    wait_for(page, "document.querySelector('main video').readyState >= 3")
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [1280, 720]
    assert page.get_by_role("button", name="Submit, next video").bounding_box()["y"] < 700
    assert page.evaluate("window.shift") < 0.001, page.evaluate("window.shifted")
    places = page.evaluate(PLACES)
    press(page, "Control+Enter")
    page.get_by_text("Still to decide: Visual, Alignment, Physical").wait_for()
    assert page.evaluate(PLACES) == places, "what is said about a submit moves nothing"
    assert page.locator("header.top").bounding_box()["height"] == 44
    lines = page.locator("main .foot .model").evaluate_all(
        "feet => feet.map(foot => foot.getClientRects().length)"
    )
    assert set(lines) == {1}
    check_access(page)
    press(page, "?")
    check_access(page)
    press(page, "Escape", "1", "2", "3")
    check_access(page)


def test_on_a_phone_the_video_and_the_action_stay_in_sight(browse, blind):
    make_clip(blind, "a ball rolls", size=(160, 120))
    page = open_room(browse, make_member(blind), blind, width=390, height=844, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.evaluate("scrollTo(0, 500)")
    assert page.evaluate("scrollY") > 50
    video = page.locator("main video").bounding_box()
    action = page.get_by_role("button", name="Submit, next video").bounding_box()
    assert 0 <= video["y"] < 120
    assert action["y"] + action["height"] <= 844
    check_access(page)
    for key, value in (("visual_quality", 1), ("text_alignment", 2), ("physical_consistency", 3)):
        page.locator(f"main [data-dimension={key}] .step").nth(value - 1).tap()
    explain(page)
    page.get_by_role("button", name="Submit, next video").tap()
    page.get_by_role("heading", name="Nothing to rate right now").wait_for()
    assert list(Rating.objects.get().scores.values()) == [1, 2, 3]


def test_a_video_that_does_not_play_leaves_a_way_on(browse, blind, settings):
    video = make_clip(blind)
    (settings.MEDIA_ROOT / video.folder / "original.mp4").write_bytes(b"this is no video")
    page = open_room(browse, make_member(blind), blind)
    page.get_by_text("This video does not play here.").wait_for()
    check_access(page)
    page.locator(".broken").get_by_role("button", name="Skip…").click()
    assert page.get_by_role("dialog", name="Skip this video").is_visible()


def test_the_waiting_page_goes_on_by_itself(browse, blind):
    video = make_clip(blind, media_state="waiting")
    page = browse(make_member(blind))
    page.goto(f"/p/{blind.slug}/rate/")
    page.get_by_role("heading", name="The first videos are being prepared").wait_for()
    check_access(page)
    Video.objects.filter(pk=video.pk).update(media_state="ready")
    wait_for_video(page)


def test_works_without_scripts(browse, blind):
    browse.expect("422")
    make_clip(blind, "a ball"), make_clip(blind, "a ball")
    page = browse(make_member(blind), java_script_enabled=False)
    page.goto(f"/p/{blind.slug}/rate/")
    page.get_by_role("link", name="Skip…").click()
    page.get_by_label("Why can it not be rated?").fill("too dark")
    page.get_by_role("button", name="Skip, next video").click()
    page.wait_for_load_state()
    assert Skip.objects.get().reason == "too dark"
    for key, value in (("visual_quality", 5), ("text_alignment", 4), ("physical_consistency", 3)):
        page.locator(f"[name={key}]").nth(value - 1).check()
    page.locator("[name=visual_quality_reason]").fill("plain form")
    page.get_by_role("button", name="Submit, next video").click()
    page.get_by_text("Say in a few words what you saw").first.wait_for()
    page.get_by_role("button", name="Submit, next video").click()
    page.get_by_role("heading", name="Nothing to rate right now").wait_for()
    rating = Rating.objects.get()
    assert list(rating.scores.values()) == [5, 4, 3]
    assert rating.visual_quality_reason == "plain form"
