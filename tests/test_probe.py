"""What a probe says about a video."""

from dataclasses import asdict
from fractions import Fraction

import av
import numpy as np
import pytest

from datasets_app.media.decoder.measure import Facts
from datasets_app.media.decoder.playable import read_atom, starts_with_index
from datasets_app.media.probe import Probe, probe, read_facts
from datasets_app.media.sandbox import Sandbox
from datasets_app.media.sniff import Refused, sniff
from tests.make import draw_clip


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as sandbox:
        yield sandbox


def probe_file(sandbox, path) -> Probe:
    with path.open("rb") as file:
        return probe(sandbox, str(path), sniff(file))


def draw_at(path, times, *, size=(64, 48), rotation=0, time_base=Fraction(1, 1000)):
    """A clip whose frames come at these milliseconds; frame k is a grey of its own."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = time_base
        if rotation:
            stream.set_display_rotation(rotation)
        for index, time in enumerate(times):
            picture = np.full((size[1], size[0], 3), 20 + index * 10 % 200, np.uint8)
            picture[: size[1] // 4, : size[0] // 4] = (255, 0, 0)  # marks the upper left corner
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = time, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_frames_are_counted_and_the_rate_comes_from_their_times(sandbox, tmp_path):
    found = probe_file(sandbox, draw_clip(tmp_path / "clip.mp4", frames=21, fps=8))
    assert (found.facts.codec, found.facts.pixel_format) == ("h264", "yuv420p")
    assert (found.facts.width, found.facts.height) == (64, 48)
    assert (found.facts.frames, found.facts.fps, found.facts.seconds) == (21, 8.0, 2.625)
    assert found.warnings == []


@pytest.mark.parametrize("fps", [1, 10, 24, 30])
def test_rounded_times_are_still_a_constant_rate(sandbox, tmp_path, fps):
    found = probe_file(sandbox, draw_clip(tmp_path / "clip.mkv", frames=9, fps=fps))
    assert found.facts.fps == fps
    assert not found.facts.variable_rate


def test_a_varying_rate_is_told(sandbox, tmp_path):
    found = probe_file(sandbox, draw_at(tmp_path / "vfr.mp4", [0, 100, 200, 400, 600, 800]))
    assert found.facts.variable_rate
    assert found.facts.frames == 6
    assert "The frame rate varies" in found.warnings[0]


@pytest.mark.parametrize(("rotation", "shown"), [(0, (64, 48)), (90, (48, 64)), (180, (64, 48)), (-90, (48, 64))])
def test_dimensions_are_those_that_are_shown(sandbox, tmp_path, rotation, shown):
    found = probe_file(sandbox, draw_at(tmp_path / "turned.mp4", [0, 40, 80], rotation=rotation))
    assert (found.facts.width, found.facts.height) == shown


def test_what_may_surprise_is_said_in_sentences(sandbox, tmp_path):
    one = probe_file(sandbox, draw_clip(tmp_path / "one.mp4", frames=1))
    assert "The video has one frame: there is no motion to rate." in one.warnings
    tiny = probe_file(sandbox, draw_clip(tmp_path / "tiny.mp4", size=(16, 16)))
    assert "The video is tiny: 16x16 pixels." in tiny.warnings
    old = probe_file(sandbox, draw_clip(tmp_path / "old.mp4", codec="mpeg4"))
    assert "Browsers do not play MPEG-4 part 2: raters get an H.264 copy, scorers the original." in old.warnings


def test_a_damaged_file_is_taken_with_a_warning_and_its_own_frame_count(sandbox, tmp_path):
    path = draw_clip(tmp_path / "clip.mp4", frames=30, size=(320, 240))
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    for place in range(start + 1200, min(start + 2600, len(data) - 2000)):
        data[place] = place * 37 % 256
    path.write_bytes(data)
    found = probe_file(sandbox, path)
    assert found.facts.frames == 30
    assert found.facts.fps == 8.0
    assert "damaged" in found.warnings[0]


def test_what_is_too_long_or_too_large_is_refused(sandbox, tmp_path):
    with pytest.raises(Refused, match="lasts 700 seconds; at most 600"):
        probe_file(sandbox, draw_at(tmp_path / "long.mp4", [0, 350_000, 699_960]))
    with pytest.raises(Refused, match="Frames of 4096x2160 pixels are too large"):
        probe_file(sandbox, draw_clip(tmp_path / "large.mp4", frames=1, size=(4096, 2160)))


def test_sound_alone_is_no_video(sandbox, tmp_path):
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(Refused, match="no video stream"):
        probe_file(sandbox, path)


def test_a_child_that_answers_nonsense_is_not_believed():
    good = asdict(Facts("h264", "yuv420p", 64, 48, 8.0, 16, 2.0, False, False, 0, 0))
    read_facts(good)
    for wrong in ({"frames": "many"}, {"width": 10**9}, {"fps": float("nan")}, {"frames": 0}, {"codec": "x" * 99}):
        with pytest.raises(Refused, match="no sense"):
            read_facts(good | wrong)
    with pytest.raises(Refused):
        read_facts({key: value for key, value in good.items() if key != "frames"})


def test_where_the_index_of_an_mp4_lies(tmp_path):
    late = draw_clip(tmp_path / "late.mp4")
    assert not starts_with_index(str(late))
    (tmp_path / "endless").write_bytes(b"\0\0\0\0free" * 3)
    assert not starts_with_index(str(tmp_path / "endless"))
    with (tmp_path / "endless").open("rb") as file:
        assert read_atom(file) == (b"", 0)
