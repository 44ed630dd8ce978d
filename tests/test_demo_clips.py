"""The demo's clips: drawn by code, the same each time, with faults that can be seen."""

import hashlib
import itertools

import av
import numpy as np

from datasets_app.demo.cast import CLIPS, PROMPTS
from datasets_app.demo.clips import draw, write_clip


def by_name(name):
    return next(clip for clip in CLIPS if clip.name == name)


def brightness(frames):
    return np.array([frame.mean() for frame in frames])


def test_a_clip_is_written_with_the_same_bytes_each_time(tmp_path):
    clip = by_name("balloon_early")
    for name in ("one.mp4", "two.mp4"):
        write_clip(tmp_path / name, draw(clip), clip.prompt.fps)
    one, two = (hashlib.sha256((tmp_path / name).read_bytes()).digest() for name in ("one.mp4", "two.mp4"))
    assert one == two


def test_a_clip_has_the_length_and_rate_that_the_cast_says(tmp_path):
    clip = by_name("ball_modern")
    write_clip(tmp_path / "clip.mp4", draw(clip), clip.prompt.fps)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.frames, float(stream.average_rate)) == (clip.frames, clip.prompt.fps)
        assert stream.codec_context.name == "h264"


def test_flicker_changes_brightness_from_frame_to_frame_and_a_clean_clip_does_not():
    steady = np.abs(np.diff(brightness(draw(by_name("sailboat_modern"))))).max()
    flickering = np.abs(np.diff(brightness(draw(by_name("sailboat_early"))))).max()
    assert flickering > 20 * steady


def test_a_frozen_clip_repeats_frames():
    frames = draw(by_name("train_moderate"))
    repeats = sum(np.array_equal(one, other) for one, other in itertools.pairwise(frames))
    assert repeats > len(frames) * 0.25


def test_a_vanished_subject_leaves_the_empty_scene():
    last = draw(by_name("sailboat_moderate"))[-1]
    complete = draw(by_name("sailboat_modern"))[-1]
    assert np.abs(last.astype(int) - complete).max() > 100


def test_every_fault_costs_points_where_it_gives_a_reason():
    for prompt in PROMPTS:
        for faults in prompt.faults:
            for fault in faults or ():
                assert set(fault.reasons) <= set(fault.costs)
