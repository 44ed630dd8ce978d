"""Real AI-generated clips, and the odd files that come with them."""

import json
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse

from annotation.models import MediaState, Video
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Folder
from datasets_app.intake.read_manifest import Row
from datasets_app.media.prepare import prepare_waiting
from tests.make import make_member, make_project
from tests.realdata import real_rows

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.realdata,
    pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real clips is not beside the checkout"),
]

# What becomes of each odd file: the word of its refusal, or its container, frames and a word of its warnings.
REFUSED = {
    "audio_only.m4a": "sound file",
    "audio_only.mp3": "sound file",
    "audio_only_renamed.mp4": "sound file",
    "html_renamed.mp4": "markup",
    "m3u8_http_renamed.mp4": "playlist",
    "mjpeg.avi": "AVI",
    "random_bytes.mp4": "no kind of video",
    "seven_bytes.mp4": "no kind of video",
    "svg_renamed.mp4": "SVG",
    "text_renamed.mp4": "text",
    "truncated_no_moov.mp4": "cannot be opened",
    "uhd_4096x2160.mp4": "too large",
    "very_long_22min.mp4": "1324 seconds",
    "zero_bytes.mp4": "empty file",
}
TAKEN = {
    "corrupt_mdat.mp4": ("mp4", 33, "damaged"),
    "fps1.mp4": ("mp4", 3, None),
    "gif_renamed.mp4": ("gif", 33, "GIF"),
    "h264_yuv444p.mp4": ("mp4", 33, "4:4:4"),
    "hevc.mp4": ("mp4", 33, "HEVC"),
    "metadata_xss.mp4": ("mp4", 49, None),
    "mkv_h264.mkv": ("matroska", 33, None),
    "mov_h264.mov": ("mov", 33, None),
    "mpeg4_part2.mp4": ("mp4", 33, "MPEG-4 part 2"),
    "no_extension": ("mp4", 33, None),
    "odd_dimensions_241x239.mp4": ("mp4", 33, "241x239"),
    "one_frame.mp4": ("mp4", 1, "no motion"),
    "portrait_270x480.mp4": ("mp4", 49, None),
    "real_fetv_2_cogvideo.gif": ("gif", 33, "GIF"),
    "silent_audio_track.mp4": ("mp4", 33, None),
    "tiny_16x16.mp4": ("mp4", 8, "tiny"),
    "two_frames.mp4": ("mp4", 2, None),
    "vfr.mp4": ("mp4", 31, "varies"),
    "vp8.webm": ("webm", 33, None),
    "vp9.webm": ("webm", 33, None),
    "webm_renamed.mp4": ("webm", 33, None),
    "duplicate_of_fetv_2_cogvideo.mp4": ("mp4", 33, None),
    "uppercase_ext.MP4": ("mp4", 33, None),
}


@pytest.fixture
def project():
    return make_project("real")


def test_all_clips_are_imported_and_ready_and_a_second_run_finds_them(project):
    manifest = DATA / "manifest.jsonl"
    out = StringIO()
    started = time.monotonic()
    call_command("import_videos", str(manifest), "--project", "real", "--prepare", stdout=out)
    assert "56 new, 0 already there, 0 refused" in out.getvalue()
    assert time.monotonic() - started < 120
    assert project.videos.filter(media_state=MediaState.READY).count() == 56
    assert project.videos.filter(t2v_model__name="unknown").count() == 12
    for line in manifest.read_text().splitlines():
        record = json.loads(line)
        video = project.videos.get(name=record["video_name"])
        meta = record["meta"]
        assert (video.width, video.height, video.frames) == (meta["width"], meta["height"], meta["frames"])
        assert video.fps == pytest.approx(meta["fps"], rel=0.001)
        assert Path(video.original.path).read_bytes() == (DATA / record["video"]).read_bytes()
        assert video.poster
        assert video.thumbnail_count == 10
        data = Path(video.original.path).read_bytes()
        assert bool(video.rendition) == (data.index(b"moov") > data.index(b"mdat"))
    out = StringIO()
    call_command("import_videos", str(manifest), "--project", "real", stdout=out)
    assert "0 new, 56 already there, 0 refused" in out.getvalue()


def test_every_odd_file_is_handled_as_its_manifest_expects(project):
    names = [json.loads(line)["file"] for line in (DATA / "odd/manifest.jsonl").read_text().splitlines()]
    assert set(names) == set(REFUSED) | set(TAKEN)
    rows = [
        (number, Row(line=number, video=name, prompt=name, name=name))
        for number, name in enumerate(names, start=1)
    ]
    started = time.monotonic()
    summary = ingest(project, rows, Folder(DATA / "odd"))
    prepare_waiting(project, for_seconds=120)
    assert time.monotonic() - started < 60
    refused = {names[refusal.line - 1]: refusal.reason for refusal in summary.refused}
    assert set(refused) == set(REFUSED)
    assert all(word in refused[name] for name, word in REFUSED.items())
    for name, (container, frames, warning) in TAKEN.items():
        video = project.videos.get(name=name)
        assert video.media_state == MediaState.READY, (name, video.media_reason)
        assert (video.container, video.frames) == (container, frames), name
        assert (warning in " ".join(video.warnings)) if warning else video.warnings == [], (name, video.warnings)


def test_the_same_bytes_and_prompt_are_one_video(project):
    rows = [
        (1, Row(line=1, video="clips/fetv_2_cogvideo.mp4", prompt="p", name="a")),
        (2, Row(line=2, video="odd/duplicate_of_fetv_2_cogvideo.mp4", prompt="p", name="b")),
    ]
    summary = ingest(project, rows, Folder(DATA))
    assert (summary.new, summary.already_there) == (1, 1)


PLAY_AND_SEEK = """async (url) => {
  const video = document.createElement("video");
  video.muted = true;
  video.src = url;
  document.body.append(video);
  const once = (name) => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener("error", () => reject(new Error(`${video.error.code} ${video.error.message}`)));
    setTimeout(() => reject(new Error(`no ${name}`)), 8000);
  });
  await once("loadeddata");
  const middle = video.duration / 2;
  const sought = once("seeked");
  const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  video.currentTime = middle;
  await sought;
  await Promise.race([shown, new Promise((resolve) => setTimeout(resolve, 2000))]);
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  const at = video.currentTime;
  const playing = once("timeupdate");
  await video.play();
  await playing;
  const answer = { at, middle, duration: video.duration, width: video.videoWidth, height: video.videoHeight,
                   lit: pixels.some((value, place) => place % 4 !== 3 && value > 16) };
  video.remove();
  return answer;
}"""


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_every_clip_plays_and_seeks_in_chromium(browse):
    """A part of the clips, and every odd file that can be watched; `ALL_REAL_CLIPS=1` plays them all."""
    project = make_project("real")
    rater = make_member(project)
    clips = [row["video"] for row in real_rows(of=5)]
    odd = ("hevc.mp4", "mpeg4_part2.mp4", "real_fetv_2_cogvideo.gif", "mkv_h264.mkv", "mov_h264.mov", "vfr.mp4",
                "h264_yuv444p.mp4", "odd_dimensions_241x239.mp4", "corrupt_mdat.mp4", "vp8.webm", "vp9.webm")  # fmt: skip
    playable = clips + [f"odd/{name}" for name in odd]
    rows = [(1, Row(line=1, video=name, prompt=name, name=name)) for name in playable]
    ingest(project, rows, Folder(DATA))
    prepare_waiting(project, for_seconds=300)
    browse.expect("404")  # the page's icon
    page = browse(rater)
    page.goto("/livez")
    failures = []
    for video in Video.objects.order_by("pk"):
        try:
            seen = page.evaluate(PLAY_AND_SEEK, reverse("media", args=[video.public_id, "play"]))
        except Exception as error:
            failures.append(f"{video.name}: {error}")
            continue
        is_even = (video.width // 2 * 2, video.height // 2 * 2)
        is_right = (
            abs(seen["at"] - seen["middle"]) < 0.05
            and seen["lit"]
            and (seen["width"], seen["height"]) in ((video.width, video.height), is_even)
            and abs(seen["duration"] - video.seconds) < max(1.5 / video.fps, 0.1)
        )
        if not is_right:
            failures.append(f"{video.name}: {seen}, {video.seconds} s")
    assert Video.objects.count() == len(playable)
    assert failures == []
