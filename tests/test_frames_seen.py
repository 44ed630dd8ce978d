"""What the model saw: the very frames, in its size, for those who may see its suggestion and nobody else."""

import uuid
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from annotation.frames_seen import MOST_SHOWN, read_saw
from annotation.models import Draft, Membership, Role
from annotation.room.drafts import send_suggestion
from datasets_app.media import frames_seen
from datasets_app.media.sandbox import DecoderFailed, Sandbox
from datasets_app.takedown.video import take_down
from tests.browser import make_clip
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_user, make_video
from tests.test_invariants import verify
from tests.test_probe import draw_at

pytestmark = pytest.mark.django_db

SAW = {"frames": [0, 5, 10, 15], "seconds": [0.0, 0.625, 1.25, 1.875], "width": 56, "height": 42}


@pytest.fixture
def project():
    return make_project("study", suggester=make_scorer_version())


@pytest.fixture
def suggestion(project):
    return make_suggestion(make_clip(project, frames=16, fps=8), project.suggester, saw=SAW)


def get(user, suggestion, nth=None, video=None):
    client = Client()
    if user:
        client.force_login(user)
    name, more = ("frames-seen", []) if nth is None else ("frames-seen-one", [nth])
    return client.get(reverse(name, args=[(video or suggestion.video).public_id, suggestion.pk, *more]))


def picture(response, tmp_path) -> np.ndarray:
    assert response.status_code == 200
    (tmp_path / "got.jpg").write_bytes(b"".join(response.streaming_content))
    return np.asarray(Image.open(tmp_path / "got.jpg")).astype(int)


def bright_column(picture: np.ndarray) -> float:
    """Where the bright square stands, as a share of the width."""
    columns = np.flatnonzero((picture[..., 0] - picture[..., 2]).max(axis=0) > 60)
    return columns.mean() / picture.shape[1]


def test_each_picture_is_that_frame_in_the_models_size(project, suggestion, tmp_path):
    lead = make_member(project, Role.LEAD)
    for nth, number in enumerate(SAW["frames"]):
        got = picture(get(lead, suggestion, nth), tmp_path)
        assert got.shape == (42, 56, 3)
        assert bright_column(got) == pytest.approx((56 * number / 15 + 4) / 64, abs=0.03)
    strip = picture(get(lead, suggestion), tmp_path)
    assert strip.shape == (42, 4 * 56, 3)
    assert bright_column(strip[:, 112:168]) == pytest.approx((56 * 10 / 15 + 4) / 64, abs=0.03)


def test_the_pictures_are_made_once_and_no_row_has_to_name_them(project, suggestion, settings, monkeypatch):
    lead = make_member(project, Role.LEAD)
    response = get(lead, suggestion)
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response["Content-Type"] == "image/jpeg"
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    monkeypatch.setattr(Sandbox, "ask", lambda *_, **__: pytest.fail("made again"))
    assert get(lead, suggestion, 3).status_code == 200
    assert verify() == {}
    kept = [path for path in (settings.MEDIA_ROOT / "seen").rglob("*") if path.is_file()]
    assert sorted(path.name for path in kept) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "strip.jpg"]
    assert suggestion.video.name not in str(kept[0])


@pytest.mark.parametrize("nth", [4, 99, 10**30])
def test_there_are_no_other_frames(project, suggestion, nth):
    assert get(make_member(project, Role.LEAD), suggestion, nth).status_code == 404


@pytest.mark.parametrize(
    "saw",
    [
        None,
        {},
        {"frames": [0], "seconds": [], "width": 56, "height": 42},
        {"frames": [-1], "seconds": [0.0], "width": 56, "height": 42},
        {"frames": [0], "seconds": ["inf"], "width": 56, "height": 42},
        {"frames": [16], "seconds": [2.0], "width": 56, "height": 42},
        {"frames": [10**9], "seconds": [2.0], "width": 56, "height": 42},
        {"frames": [0], "seconds": [0.0], "width": 100_000, "height": 100_000},
        {"frames": [0], "seconds": [0.0], "width": 0, "height": 42},
    ],
)
def test_what_no_scorer_can_have_seen_is_refused(project, suggestion, saw, settings):
    suggestion.saw = saw
    suggestion.save()
    for nth in (None, 0):
        assert get(make_member(project, Role.LEAD), suggestion, nth).status_code == 404
    left = [path for path in (settings.MEDIA_ROOT / "seen").rglob("*") if path.is_file() or "attempt" in path.name]
    assert left == []


def test_of_a_video_that_is_taken_down_meanwhile_no_picture_stays(
    project, suggestion, monkeypatch, settings, django_capture_on_commit_callbacks
):
    lead, ask = make_member(project, Role.LEAD), Sandbox.ask

    def ask_slowly(sandbox, *what, **how):
        answer = ask(sandbox, *what, **how)
        with django_capture_on_commit_callbacks(execute=True):
            take_down(suggestion.video)
        Path(how["folder"]).mkdir(parents=True)  # the decoder is not through
        (Path(how["folder"]) / "strip.jpg").write_bytes(b"picture")
        return answer

    monkeypatch.setattr(Sandbox, "ask", ask_slowly)
    assert get(lead, suggestion).status_code == 404
    assert [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()] == []


def test_many_frames_are_shown_evenly_and_counted():
    saw = {"frames": list(range(300)), "seconds": [n / 8 for n in range(300)], "width": 56, "height": 42}
    seen = read_saw(saw, 8.0, "frames-seen", [uuid.uuid4(), 1])
    assert (len(seen.frames), seen.total) == (MOST_SHOWN, 300)
    assert (seen.frames[0].number, seen.frames[-1].number) == (0, 299)


def test_a_decoder_that_fails_costs_no_more_than_the_pictures(project, suggestion, monkeypatch, settings):
    def fail(*_, **__):
        raise DecoderFailed("The video took longer than 60 seconds to decode.")

    lead = make_member(project, Role.LEAD)
    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "ask", fail)
        assert get(lead, suggestion)["Retry-After"]
        assert get(lead, suggestion).status_code == 503
    with monkeypatch.context() as patch:
        patch.setattr(frames_seen, "WAIT_SECONDS", 0.05)
        with frames_seen._one_at_a_time:
            assert get(lead, suggestion).status_code == 503
    assert get(lead, suggestion).status_code == 200


@pytest.mark.parametrize(("width", "height", "corner"), [(48, 28, (0, 0)), (28, 48, (-1, 0))])
def test_a_turned_video_is_drawn_as_the_scorer_saw_it(project, tmp_path, width, height, corner):
    """Scorers that do not mind a file's rotation saw the coded frame; their size says which of the two it was."""
    video = make_clip(project)
    draw_at(Path(video.original.path), [0, 40, 80], rotation=90)
    saw = {"frames": [1], "seconds": [0.04], "width": width, "height": height}
    got = picture(
        get(make_member(project, Role.LEAD), make_suggestion(video, project.suggester, saw=saw), 0), tmp_path
    )
    red = got[..., 0] - got[..., 1] > 60
    assert got.shape[:2] == (height, width)
    assert red[corner]
    assert red.sum() < red.size / 2


# --- Who may see them ---------------------------------------------------------------------------------


def status(user, suggestion) -> set[int]:
    return {get(user, suggestion).status_code, get(user, suggestion, 0).status_code}


def test_leads_and_reviewers_see_their_own_projects_frames(project, suggestion):
    assert status(make_member(project, Role.LEAD), suggestion) == {200}
    assert status(make_member(project, Role.REVIEWER), suggestion) == {200}
    for person in (None, make_user(), make_member(make_project(), Role.LEAD)):
        assert status(person, suggestion) == {404}
    other = make_video(make_project())
    assert get(make_member(other.project, Role.LEAD), suggestion, video=other).status_code == 404
    sibling = make_video(project)
    assert get(make_member(project, Role.LEAD), suggestion, video=sibling).status_code == 404


def test_a_rater_sees_them_only_while_the_suggestion_is_on_their_screen(project, suggestion):
    rater = make_member(project)
    assert status(rater, suggestion) == {404}
    draft = Draft.objects.create(video=suggestion.video, rater=rater, arm="prefill")
    assert status(rater, suggestion) == {404}  # nothing was sent yet
    send_suggestion(project, draft)
    assert status(rater, suggestion) == {200}
    other = make_suggestion(suggestion.video, make_scorer_version("other"), saw=SAW)
    assert status(rater, other) == {404}
    assert status(make_member(project), suggestion) == {404}
    Membership.objects.filter(user=rater).delete()
    assert status(rater, suggestion) == {404}


def test_a_blind_rater_never_does(project, suggestion):
    rater = make_member(project)
    draft = Draft.objects.create(video=suggestion.video, rater=rater, arm="blind", suggestion=suggestion)
    send_suggestion(project, draft)
    assert status(rater, suggestion) == {404}


def test_the_original_is_read_and_never_the_browsers_copy(project, suggestion, tmp_path):
    video = suggestion.video
    video.rendition = video.poster.name
    video.save()
    assert get(make_member(project, Role.LEAD), suggestion).status_code == 200
    Path(video.original.path).write_bytes(b"gone bad")
    suggestion.saw = SAW | {"width": 28}
    suggestion.save()
    assert get(make_member(project, Role.LEAD), suggestion).status_code == 404
