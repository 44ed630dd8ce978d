"""Decoders run in a limited process of their own, and hostile files do no harm."""

import io
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from datasets_app.media import limits
from datasets_app.media.probe import probe
from datasets_app.media.sandbox import DecoderFailed, Sandbox
from datasets_app.media.sniff import GIF, MP4, Refused, sniff
from tests import hostile
from tests.make import draw_clip


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def clip(tmp_path) -> Path:
    return draw_clip(tmp_path / "clip.mp4")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (hostile.HLS, "playlist"),
        (b"\xef\xbb\xbf\n" + hostile.HLS, "playlist"),
        (hostile.CONCAT, "playlist"),
        (hostile.DASH, "DASH"),
        (hostile.SDP, "SDP"),
        (b"RIFF\x00\x10\x00\x00AVI LIST", "AVI"),
        (b"RIFF\x00\x10\x00\x00WAVEfmt ", "sound"),
        (b"ID3\x04" + bytes(40), "sound"),
        (b"\0\0\0\x1cftypM4A " + bytes(40), "sound"),
        (b"PK\x03\x04" + bytes(40), "archive"),
        (b"\x1f\x8b\x08" + bytes(40), "archive"),
        (b"<!doctype html><script>alert(1)</script>", "markup"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"", "empty"),
        (b"\0\0\0\x1cfty", "no kind of video"),
        (b"just words", "text"),
    ],
)
def test_what_is_no_video_is_refused_by_name_before_a_decoder_sees_it(content, word):
    with pytest.raises(Refused, match=word):
        sniff(io.BytesIO(content))


def test_the_child_has_limits_an_empty_environment_and_a_session_of_its_own(sandbox, clip, monkeypatch):
    monkeypatch.setenv("A_SECRET", "canary")
    with Sandbox() as own:
        probe(own, str(clip), MP4)
        child = psutil.Process(own._child.pid)
        table = Path(f"/proc/{child.pid}/limits").read_text()
        assert str(limits.DECODER_MEMORY_BYTES) in table
        assert str(limits.DECODER_FILE_BYTES) in table
        assert "Max core file size        0" in table
        assert "Max cpu time              unlimited" not in table
        assert "A_SECRET" not in child.environ()
        assert not [
            name for name in child.environ() if name.startswith(("DJANGO", "DATABASE", "SECRET", "PYTHON"))
        ]
        assert os.getsid(child.pid) == child.pid
    assert not psutil.pid_exists(child.pid)


def test_one_child_serves_many_files_and_a_killed_one_is_replaced(sandbox, clip):
    probe(sandbox, str(clip), MP4)
    first = sandbox._child.pid
    probe(sandbox, str(clip), MP4)
    assert sandbox._child.pid == first
    os.kill(first, signal.SIGSTOP)
    killer = threading.Timer(0.2, os.kill, (first, signal.SIGKILL))
    killer.start()
    with pytest.raises(DecoderFailed, match="stopped by signal 9"):
        probe(sandbox, str(clip), MP4)
    assert probe(sandbox, str(clip), MP4).facts.frames == 16
    assert sandbox._child.pid != first


def test_a_child_that_does_not_answer_is_ended_by_the_wall_clock(sandbox, clip):
    probe(sandbox, str(clip), MP4)
    stuck = sandbox._child.pid
    os.kill(stuck, signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(DecoderFailed, match="longer than 1 seconds"):
        sandbox.ask("probe", seconds=1, path=str(clip), demuxer="mov")
    assert time.monotonic() - started < 5
    assert not psutil.pid_exists(stuck)


def test_a_child_that_spins_is_ended_by_its_cpu_limit(tmp_path):
    code = "from datasets_app.media.decoder.__main__ import allow_cpu, set_limits\nset_limits(); allow_cpu(0)\nwhile True: pass"
    child = subprocess.run([os.sys.executable, "-c", code], timeout=30)
    assert child.returncode == -signal.SIGXCPU


@pytest.mark.parametrize("content", [hostile.HLS, hostile.CONCAT, hostile.DASH, hostile.SDP])
@pytest.mark.parametrize("container", [MP4, GIF])
def test_a_playlist_that_got_past_the_sniffing_is_still_not_opened(sandbox, tmp_path, content, container):
    path = tmp_path / "playlist.mp4"
    path.write_bytes(content)
    with pytest.raises(Refused, match="cannot be opened"):
        probe(sandbox, str(path), container)


def test_a_track_in_another_file_is_not_opened(sandbox, clip, tmp_path):
    target = tmp_path / "secret.mp4"
    target.write_bytes(clip.read_bytes())
    crafted = tmp_path / "crafted.mp4"
    crafted.write_bytes(hostile.with_external_track(clip.read_bytes(), target))
    os.utime(target, ns=(0, target.stat().st_mtime_ns))
    with pytest.raises(Refused):
        probe(sandbox, str(crafted), MP4)
    assert target.stat().st_atime_ns == 0  # never read


def test_huge_dimensions_in_a_header_cost_nothing(sandbox, clip, tmp_path):
    crafted = tmp_path / "huge.mp4"
    crafted.write_bytes(hostile.with_dimensions(clip.read_bytes(), 65535, 65535))
    started = time.monotonic()
    try:
        facts = probe(sandbox, str(crafted), MP4).facts
    except Refused:
        pass
    else:  # the picture's own header counts, not the container's
        assert (facts.width, facts.height) == (64, 48)
    assert time.monotonic() - started < 5
    assert probe(sandbox, str(clip), MP4).facts.frames == 16


def test_a_gif_bomb_is_refused(sandbox, tmp_path):
    bomb = tmp_path / "bomb.gif"
    bomb.write_bytes(b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\0\0\0\0\xff\xff\xff\xff\0\x02\x02L\x01\0;")
    with pytest.raises(Refused):
        probe(sandbox, str(bomb), GIF)


def test_random_damage_never_takes_the_importer_down(sandbox, clip, tmp_path):
    import random

    good = clip.read_bytes()
    dice = random.Random(5)
    for number in range(40):
        bad = bytearray(good)
        for _ in range(dice.randrange(1, 60)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        path = tmp_path / f"bad-{number}.mp4"
        path.write_bytes(bytes(bad[: dice.randrange(16, len(bad))] if number % 4 == 0 else bad))
        with suppress(Refused, DecoderFailed):
            assert probe(sandbox, str(path), MP4).facts.frames > 0
    assert probe(sandbox, str(clip), MP4).facts.frames == 16


@pytest.mark.parametrize(("name", "codec"), [("poster.jpg", "libx264"), ("rendition.mp4", "mpeg4")])
def test_a_full_disk_is_said_in_words_and_the_child_goes_on(sandbox, tmp_path, name, codec):
    path = draw_clip(tmp_path / "clip.mp4", codec=codec)
    full, roomy = tmp_path / "full", tmp_path / "roomy"
    full.mkdir()
    roomy.mkdir()
    (full / name).symlink_to("/dev/full")
    asked = {"path": str(path), "demuxer": "mov,mp4,m4a,3gp,3g2,mj2", "container": "mp4", "frames": 16}
    with pytest.raises(DecoderFailed, match=r"^The files could not be written: No space left on device\.$"):
        sandbox.ask("prepare", seconds=30, folder=str(full), **asked)
    child = sandbox._child
    assert sandbox.ask("prepare", seconds=30, folder=str(roomy), **asked)["tiles"]
    assert sandbox._child is child
