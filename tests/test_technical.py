"""The `technical` scorer on drawn clips: each fault ranks below the clean clip, and is cited where it is."""

import json
import re
from pathlib import Path

import pytest

from annotation.scale import PHYSICAL_CONSISTENCY, TEXT_ALIGNMENT, VISUAL_QUALITY
from scoring.ask import score_batch
from scoring.protocol import Answer, OutdatedVersion, Question, VideoFault
from scoring.registry import load, settings_of
from tests import drawn

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
VISUAL_FAULTS = {
    "blur": drawn.blur,
    "noise": drawn.noise,
    "blocks": drawn.blockiness,
    "dark": drawn.dark,
    "flicker": drawn.flicker_at(*range(1, 24, 2)),
    "flash": drawn.flicker_at(7, 17),
    "freeze": drawn.freeze,
    "cuts": drawn.jump,
}
PHYSICAL_FAULTS = {
    "cuts": drawn.jump,
    "freeze": drawn.freeze,
    "jumps": drawn.vanish,
    "teleport": drawn.teleport,
}


@pytest.fixture(scope="module")
def scorer():
    return load("technical", settings_of("technical"))


@pytest.fixture(scope="module")
def clean(scorer, tmp_path_factory):
    path = drawn.write_clip(tmp_path_factory.mktemp("clean") / "clean.mp4", drawn.draw_pictures())
    return ask(scorer, path)


def ask(scorer, path: Path) -> Answer:
    (outcome,) = score_batch(scorer, [Question(path, "a ball rolls")])
    assert isinstance(outcome, Answer), outcome
    return outcome


def draw_with(scorer, tmp_path, fault) -> Answer:
    return ask(scorer, drawn.write_clip(tmp_path / "clip.mp4", fault(drawn.draw_pictures())))


def expected(answer: Answer, dimension) -> float:
    return answer.opinions[dimension.key].probabilities.expected_score


@pytest.mark.parametrize("kind", VISUAL_FAULTS)
def test_a_visual_fault_is_found_and_ranks_below_the_clean_clip(scorer, clean, tmp_path, kind):
    faulty = draw_with(scorer, tmp_path, VISUAL_FAULTS[kind])

    assert expected(faulty, VISUAL_QUALITY) < expected(clean, VISUAL_QUALITY) - 0.25
    assert json.loads(faulty.raw_text)[kind]["strength"] > 0.3 > json.loads(clean.raw_text)[kind]["strength"]


def test_a_lamp_that_goes_on_and_off_with_each_frame_flickers_throughout(scorer, tmp_path):
    faulty = json.loads(draw_with(scorer, tmp_path, VISUAL_FAULTS["flicker"]).raw_text)

    assert faulty["flicker"]["strength"] > 0.9
    assert faulty["flicker"]["seconds"] == [[pytest.approx(1 / 12), pytest.approx(22 / 12)]]


@pytest.mark.parametrize("kind", PHYSICAL_FAULTS)
def test_a_break_between_frames_ranks_below_the_clean_clip(scorer, clean, tmp_path, kind):
    faulty = draw_with(scorer, tmp_path, PHYSICAL_FAULTS[kind])

    assert expected(faulty, PHYSICAL_CONSISTENCY) < expected(clean, PHYSICAL_CONSISTENCY) - 0.25


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (drawn.flicker_at(7, 17), r"Brightness \w+ at 0\.6 s and at 1\.4 s"),
        (drawn.freeze, r"freezes from 0\.7 s to 1\.3 s"),
        (drawn.jump, r"The scene cuts at 1\.0 s"),
        (drawn.vanish, r"changes? suddenly at 1\.0 s"),
    ],
)
def test_the_rationale_cites_the_second(scorer, tmp_path, fault, words):
    assert re.search(words, draw_with(scorer, tmp_path, fault).rationale)


def test_it_abstains_on_text_alignment_and_says_so(clean):
    assert clean.opinions[TEXT_ALIGNMENT.key] is None
    assert clean.status == "partial"
    assert "Text-to-video alignment: not judged" in clean.rationale


def test_it_abstains_on_physics_where_nothing_moves(scorer, tmp_path):
    still = draw_with(scorer, tmp_path, lambda pictures: pictures[:1] * 12)

    assert still.opinions[PHYSICAL_CONSISTENCY.key] is None
    assert "consistency: not judged" in still.rationale


def test_one_and_two_frames_are_measured(scorer, tmp_path):
    for count in (1, 2):
        answer = draw_with(scorer, tmp_path, lambda pictures, count=count: pictures[:count])
        assert answer.frames == count
        assert answer.opinions[VISUAL_QUALITY.key] is not None


def test_its_numbers_follow_from_its_probabilities(clean):
    opinion = clean.opinions[VISUAL_QUALITY.key]
    p = opinion.probabilities.of

    assert sum(p) == pytest.approx(1, abs=1e-5)
    assert opinion.hard_score == p.index(max(p)) + 1
    assert opinion.probabilities.soft_score == pytest.approx(opinion.hard_score * max(p) / sum(p), abs=1e-4)
    assert opinion.probabilities.expected_score == pytest.approx(
        sum(score * share for score, share in enumerate(p, start=1)) / sum(p)
    )


def test_the_same_file_gets_the_same_answer(scorer, tmp_path):
    path = drawn.write_clip(tmp_path / "clip.mp4", drawn.vanish(drawn.draw_pictures()))
    first, second = ask(scorer, path), ask(scorer, path)

    assert (first.opinions, first.rationale, first.raw_text) == (
        second.opinions,
        second.rationale,
        second.raw_text,
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cannot be read as a video"),
        (b"not a video at all\n" * 50, "cannot be read as a video"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n", "cannot be read as a video"),
    ],
)
def test_a_corrupt_file_fails_by_name_and_alone(scorer, tmp_path, content, reason):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    whole = drawn.write_clip(tmp_path / "whole.mp4", drawn.draw_pictures(frames=8))

    faults, answer = score_batch(scorer, [Question(broken, "x"), Question(whole, "x")])

    assert isinstance(faults, VideoFault)
    assert reason in str(faults)
    assert faults.permanent
    assert isinstance(answer, Answer)


def test_a_missing_file_is_named(scorer, tmp_path):
    (fault,) = score_batch(scorer, [Question(tmp_path / "none.mp4", "x")])
    assert str(fault) == "the file is not there"


def test_a_damaged_middle_is_passed_over(scorer, tmp_path):
    path = drawn.write_clip(tmp_path / "clip.mp4", drawn.draw_pictures())
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = b"\xff" * 2000
    path.write_bytes(data)

    assert ask(scorer, path).frames > 2


def test_a_picture_that_is_too_large_is_refused(tmp_path):
    small = load("technical", settings_of("technical") | {"max_pixels": 1000})
    path = drawn.write_clip(tmp_path / "clip.mp4", drawn.draw_pictures(frames=2))

    (fault,) = score_batch(small, [Question(path, "x")])

    assert str(fault) == "192 x 144 pixels are more than can be measured"


def test_a_long_video_is_measured_up_to_the_limit_and_says_so(tmp_path):
    short = load("technical", settings_of("technical") | {"max_frames": 10})
    path = drawn.write_clip(tmp_path / "clip.mp4", drawn.draw_pictures())

    answer = ask(short, path)

    assert answer.frames == 10
    assert "Only the first 10 frames (0.8 s) were measured" in answer.rationale


def test_a_version_of_other_code_is_refused():
    with pytest.raises(OutdatedVersion):
        load("technical", settings_of("technical") | {"revision": 0})


@pytest.mark.realdata
@pytest.mark.skipif(not REAL_DATA.exists(), reason="the folder of real clips is not beside the checkout")
def test_no_odd_file_crashes_it():
    scorer = load("technical", settings_of("technical") | {"max_frames": 40})  # one of them lasts 22 minutes
    odd = sorted(path for path in (REAL_DATA / "odd").iterdir() if path.suffix != ".jsonl")
    outcomes = score_batch(scorer, [Question(path, "x") for path in odd])

    assert len(outcomes) == len(odd)
    named = {path.name: outcome for path, outcome in zip(odd, outcomes, strict=True)}
    for name in (
        "zero_bytes.mp4",
        "m3u8_http_renamed.mp4",
        "audio_only.m4a",
        "truncated_no_moov.mp4",
        "corrupt_mdat.mp4",
    ):
        assert isinstance(named[name], VideoFault)
    for name in ("vfr.mp4", "vp9.webm", "tiny_16x16.mp4", "hevc.mp4", "uhd_4096x2160.mp4"):
        assert isinstance(named[name], Answer), named[name]
