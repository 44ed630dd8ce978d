"""What the model saw, on the rating screen, a video's page and a trial's page, in a real browser."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now

from annotation.models import Draft, Role
from datasets_app.models import Trial
from datasets_app.trials import ask
from datasets_app.trials.keep import start_trial
from scoring.as_json import as_json
from scoring.versions import current_version
from tests.browser import check_access, make_clip, wait_for
from tests.make import draw_clip, make_member, make_project, make_scorer_version, make_suggestion
from tests.test_frames_seen import SAW
from tests.test_rating_screen import open_room
from tests.test_trials import answer_that_saw

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def project(db):
    return make_project("study", prefill_percent=95, blind_percent=5, suggester=make_scorer_version())


@pytest.fixture
def video(project):
    video = make_clip(project, frames=16, fps=8)
    make_suggestion(video, project.suggester, saw=SAW)
    return video


def listen(page) -> list[str]:
    """The addresses of pictures that the page asks for from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/seen/" in request.url else None)
    return asked


def arm(video, rater, arm) -> None:
    Draft.objects.create(video=video, rater=rater, arm=arm)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (390, 844)])
def test_the_fold_fetches_nothing_before_it_opens_and_its_tiles_seek(browse, project, video, width, height):
    rater = make_member(project)
    arm(video, rater, "prefill")
    page = browse(rater, width=width, height=height)
    asked = listen(page)
    page.goto("/p/study/rate/")
    wait_for(page, "document.querySelector('main .card.current') && document.activeElement.matches('.card')")
    page.wait_for_load_state("networkidle")
    assert asked == []
    fold = page.locator("main details.seen")
    assert "What the model saw: 4 frames" in fold.locator("summary").inner_text()
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    cards = (
        "JSON.stringify([...document.querySelectorAll('main .card')].map(card => card.getBoundingClientRect()))"
    )
    before = page.evaluate(cards)
    wait_for(
        page,
        "document.querySelector('main .seen img').complete && document.querySelector('main .seen img').naturalWidth",
    )
    assert page.evaluate(cards) == before  # the pictures move nothing
    assert len(asked) == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait_for(page, "document.querySelector('main .clock .frame').textContent.startsWith('f 10 ')")
    assert "invisible to the model" in fold.inner_text()
    check_access(page)


def test_a_blind_rater_has_no_fold_and_asks_for_nothing(browse, project, video):
    rater = make_member(project)
    arm(video, rater, "blind")
    page = browse(rater)
    asked = listen(page)
    open_room(browse, rater, project)
    page.goto("/p/study/rate/")
    page.wait_for_load_state("networkidle")
    assert page.locator("details.seen").count() == 0
    assert "model" not in page.locator("main article").inner_text().lower()
    assert asked == []


def test_on_a_videos_page_a_tile_shows_the_picture_in_the_models_size(browse, project, video):
    page = browse(make_member(project, Role.LEAD))
    asked = listen(page)
    page.goto(f"/p/study/videos/{video.public_id}/")
    page.wait_for_load_state("networkidle")
    assert asked == []
    page.locator("details.seen summary").click()
    page.locator(".seen button").nth(1).click()
    wait_for(page, "document.querySelector('.seen-picture img')?.naturalWidth === 56")
    assert page.evaluate("document.querySelector('video.player').currentTime") == pytest.approx(5.5 / 8, abs=0.01)
    check_access(page)


def test_a_trials_page_follows_the_answer_and_then_rests(browse, project, tmp_path):
    lead = make_member(project, Role.LEAD)
    upload = SimpleUploadedFile("clip.mp4", draw_clip(tmp_path / "clip.mp4").read_bytes())
    trial = start_trial(
        project=project, user=lead, clip=upload, prompt="a ball", scorer_version=current_version("technical")
    )
    page = browse(lead)
    page.goto(f"/p/study/try/{trial.public_id}/")
    page.locator("#state", has_text="Waiting for a worker").wait_for()
    check_access(page)
    ask.take(trial)
    Trial.objects.update(text_so_far="<think>It is a ball")
    page.locator("#answer", has_text="<think>It is a ball").wait_for()
    check_access(page)
    answer = as_json(answer_that_saw(rationale="It is a ball."))
    Trial.objects.update(
        state="done", answer=answer, lease=None, leased_until=None, finished_at=Now(), text_so_far=""
    )
    page.locator("#thinking").wait_for()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    wait_for(page, "document.querySelector('.seen img').naturalWidth")
    page.wait_for_timeout(1500)
    assert not [url for url in asked if url.endswith(f"{trial.public_id}/")]
    page.locator(".seen button").nth(2).click()
    wait_for(page, "document.querySelector('.seen-picture img')?.naturalWidth === 56")
    check_access(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390
