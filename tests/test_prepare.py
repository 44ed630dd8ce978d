"""Posters, thumbnails and renditions, and who may make them."""

import uuid
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from django.utils import timezone
from PIL import Image

from annotation.models import MediaState, Video
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Folder
from datasets_app.intake.read_manifest import Row
from datasets_app.media import prepare
from datasets_app.media.prepare import (
    claim,
    fail,
    finish,
    make_files,
    prepare_video,
    prepare_waiting,
    retry_failed,
    sweep,
)
from datasets_app.media.sandbox import DecoderFailed, Sandbox
from datasets_app.tasks import prepare_media_task
from scoring.models import Job
from tests.make import draw_clip, make_project, make_scorer_version
from tests.test_probe import draw_at

pytestmark = pytest.mark.django_db


def import_clip(project, path: Path, name: str = "") -> Video:
    row = Row(line=1, video=path.name, prompt="a ball", name=name or path.stem)
    summary = ingest(project, [(1, row)], Folder(path.parent))
    assert summary.new == 1, summary.refused
    return Video.objects.get(project=project, name=row.name)


def prepared(project, path: Path) -> Video:
    video = import_clip(project, path)
    assert prepare_waiting(project, for_seconds=60) == 1
    video.refresh_from_db()
    assert video.media_state == MediaState.READY, video.media_reason
    return video


def pictures(path: str) -> list[tuple[float, np.ndarray]]:
    """Time and picture of every frame."""
    with av.open(path) as container:
        return [(frame.time, frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]


def test_a_video_gets_a_poster_and_ten_tiles(tmp_path):
    video = prepared(make_project(), draw_clip(tmp_path / "clip.mp4", frames=21))
    assert Image.open(video.poster.path).size == (64, 48)
    assert video.thumbnail_count == 10
    assert Image.open(video.thumbnails.path).size == (640, 48)
    assert {path.name for path in Path(video.poster.path).parent.iterdir()} == {
        "original.mp4", "poster.jpg", "thumbnails.jpg", "rendition.mp4",
    }  # fmt: skip


def test_few_frames_give_few_tiles(tmp_path):
    assert prepared(make_project(), draw_clip(tmp_path / "clip.mp4", frames=3)).thumbnail_count == 3


def test_a_late_index_is_moved_to_the_front_without_touching_a_picture(tmp_path):
    path = draw_clip(tmp_path / "clip.mp4", frames=24)
    video = prepared(make_project(), path)
    assert Path(video.original.path).read_bytes() == path.read_bytes()
    data = Path(video.rendition.path).read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    for (time, picture), (copied_time, copied) in zip(
        pictures(str(path)), pictures(video.rendition.path), strict=True
    ):
        assert copied_time == pytest.approx(time)
        assert np.array_equal(copied, picture)


def test_matroska_is_copied_with_every_frame_though_it_has_no_decode_times(tmp_path):
    path = tmp_path / "reordered.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"bf": "2", "b-adapt": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(12):
            picture = np.full((48, 64, 3), 15 * index + 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert next(container.demux(video=0)).dts is None  # what this is about
    video = prepared(make_project(), path)
    source, copy = pictures(str(path)), pictures(video.rendition.path)
    assert [time for time, _ in copy] == pytest.approx([index / 10 for index in range(12)])
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(source, copy, strict=True))


def test_what_browsers_play_is_left_alone(tmp_path):
    assert not prepared(make_project(), draw_clip(tmp_path / "clip.webm", codec="libvpx-vp9")).rendition
    project = make_project()
    first = prepared(project, draw_clip(tmp_path / "late.mp4"))
    front = tmp_path / "front.mp4"
    front.write_bytes(Path(first.rendition.path).read_bytes())
    assert not prepared(project, front).rendition


@pytest.mark.parametrize(("codec", "suffix"), [("mpeg4", ".mp4"), ("libx265", ".mp4"), ("gif", ".gif")])
def test_what_browsers_do_not_play_becomes_h264_frame_by_frame(tmp_path, codec, suffix):
    path = (
        draw_clip(tmp_path / f"clip{suffix}", frames=13, fps=10, codec=codec)
        if codec != "gif"
        else draw_gif(tmp_path)
    )
    video = prepared(make_project(), path)
    with av.open(video.rendition.path) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
    source, copy = pictures(str(path)), pictures(video.rendition.path)
    assert [time for time, _ in copy] == pytest.approx([index / 10 for index in range(13)])
    for (_, picture), (_, copied) in zip(source, copy, strict=True):
        assert np.abs(picture.astype(int) - copied.astype(int)).mean() < 4


def draw_gif(folder: Path) -> Path:
    steps = [Image.new("RGB", (64, 48), (20 + 15 * index, 60, 60)) for index in range(13)]
    steps[0].save(folder / "clip.gif", save_all=True, append_images=steps[1:], duration=100)
    return folder / "clip.gif"


def test_odd_dimensions_and_444_lose_at_most_a_row_and_a_column(tmp_path):
    path = tmp_path / "odd.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 65, 49, "yuv444p"
        for index in range(4):
            picture = np.full((49, 65, 3), 40 * index + 40, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    video = prepared(make_project(), path)
    assert (video.width, video.height) == (65, 49)
    copy = pictures(video.rendition.path)
    assert copy[0][1].shape == (48, 64)
    assert len(copy) == 4
    assert [round(picture.mean() / 40) for _, picture in copy] == [1, 2, 3, 4]


@pytest.mark.parametrize("rotation", [90, 180, -90])
def test_a_turned_video_is_shown_upright_in_poster_and_rendition(tmp_path, rotation):
    """A red mark in the coded frame's upper left corner: both must put it where the file's rotation does."""
    turned = prepared(make_project(), draw_at(tmp_path / "turned.mp4", [0, 40, 80], rotation=rotation))
    poster = np.asarray(Image.open(turned.poster.path)).astype(int)
    assert poster.shape[:2] == (turned.height, turned.width)
    red = poster[..., 0] - poster[..., 1] > 80
    corner = {90: (-1, 0), 180: (-1, -1), -90: (0, -1)}[rotation]
    assert red[corner]
    assert not red[(0, 0)]


def test_each_frame_of_a_varying_rate_keeps_its_time(tmp_path):
    times = [0, 100, 200, 400, 600, 800]
    with av.open(str(tmp_path / "vfr.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for time in times:
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            frame.pts, frame.time_base = time // 100, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    video = prepared(make_project(), tmp_path / "vfr.mkv")
    assert [time for time, _ in pictures(video.rendition.path)] == pytest.approx([time / 1000 for time in times])


def test_sound_comes_along(tmp_path):
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        picture, sound = container.add_stream("mpeg4", rate=10), container.add_stream("aac", rate=8000)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 90, np.uint8), format="rgb24")
            container.mux(picture.encode(frame))
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.float32), format="fltp", layout="mono")
            samples.sample_rate = 8000
            container.mux(sound.encode(samples))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))
    video = prepared(make_project(), path)
    with av.open(video.rendition.path) as container:
        assert [stream.codec_context.name for stream in container.streams.audio] == ["aac"]
        assert sum(1 for _ in container.decode(video=0)) == 10


def test_a_ready_video_is_put_to_the_projects_scorer(tmp_path):
    project = make_project(suggester=make_scorer_version("technical"))
    video = prepared(project, draw_clip(tmp_path / "clip.mp4"))
    assert Job.objects.get().video == video
    imported = make_project(suggester=make_scorer_version("imported"))
    prepared(imported, draw_clip(tmp_path / "clip.mp4"))
    assert Job.objects.count() == 1


def test_a_worker_that_lost_its_lease_changes_nothing(tmp_path):
    project = make_project()
    import_clip(project, draw_clip(tmp_path / "clip.mp4"))
    stale = claim(project)
    assert claim(project) is None  # held
    Video.objects.update(media_leased_until=timezone.now() - timedelta(seconds=1))
    fresh = claim(project)
    assert fresh.media_lease != stale.media_lease
    with Sandbox() as sandbox:
        made = make_files(stale, sandbox)
        assert not finish(stale, made)
        fail(stale, "late", is_final=True)
        assert Video.objects.get().media_state == MediaState.WAITING
        assert prepare_video(fresh, sandbox)
    assert Video.objects.get().media_state == MediaState.READY


def test_three_attempts_then_it_has_failed_and_says_why(tmp_path, monkeypatch):
    project = make_project()
    import_clip(project, draw_clip(tmp_path / "clip.mp4"))

    def die(*_, **__):
        raise DecoderFailed("The decoder was stopped by signal 9 while it read the video.")

    with monkeypatch.context() as patch:
        patch.setattr(Sandbox, "ask", die)
        assert prepare_waiting(project, for_seconds=60) == 0
    video = Video.objects.get()
    assert (video.media_state, video.media_attempts) == (MediaState.FAILED, 3)
    assert "signal 9" in video.media_reason
    assert retry_failed(project) == 1
    assert prepare_waiting(project, for_seconds=60) == 1
    assert Video.objects.get().media_reason == ""


def test_a_full_disk_leaves_no_partial_file(tmp_path, monkeypatch):
    project = make_project()
    video = import_clip(project, draw_clip(tmp_path / "clip.mp4"))

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(prepare.os, "fsync", full)
        assert prepare_waiting(project, for_seconds=60) == 0
    video.refresh_from_db()
    assert video.media_state == MediaState.FAILED
    assert "No space left" in video.media_reason
    assert [path.name for path in Path(video.original.path).parent.iterdir()] == ["original.mp4"]


def test_the_sweeper_rings_for_what_waits_and_ends_what_lost_three_workers(
    tmp_path, monkeypatch, django_capture_on_commit_callbacks
):
    project = make_project()
    import_clip(project, draw_clip(tmp_path / "clip.mp4"))
    rung = []
    monkeypatch.setattr(prepare, "ring_prepare", rung.append)
    sweep()
    assert rung == [project.pk]
    past = timezone.now() - timedelta(seconds=1)
    Video.objects.update(media_attempts=3, media_lease=uuid.uuid4(), media_leased_until=past)
    folder = Path(Video.objects.get().original.path).parent
    (folder / "attempt-3").mkdir()  # of a worker that was killed
    (folder / "attempt-3" / "poster.jpg").write_bytes(b"half")
    sweep()
    assert Video.objects.get().media_state == MediaState.FAILED
    assert [path.name for path in folder.iterdir()] == ["original.mp4"]
    assert rung == [project.pk]


def test_the_task_prepares_what_waits(tmp_path):
    project = make_project()
    import_clip(project, draw_clip(tmp_path / "clip.mp4"))
    prepare_media_task(project.pk)
    assert Video.objects.get().media_state == MediaState.READY
