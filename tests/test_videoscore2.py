"""VideoScore2 on this machine: batches, limits, memory, draws, frames and weights, with the stand-in checkpoint."""

import hashlib
import json
import shutil
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
import torch

from scoring.ask import score_batch
from scoring.protocol import Answer, DeviceLost, OutdatedVersion, Question, ScorerUnavailable, VideoFault
from scoring.registry import NoCheckpoint, identify, load
from scoring.scorers.videoscore2.digits import DigitRecorder, SeededNoise, seed_of
from scoring.scorers.videoscore2.frames import sample_frames
from scoring.scorers.videoscore2.query import CARD, SOURCE, write_query
from scoring.scorers.videoscore2.stand_in import CHECKPOINT
from scoring.versions import current_settings
from tests.drawn import draw_pictures, write_clip


def ask(scorer, clips, *, sample=0):
    return score_batch(scorer, [Question(clip, f"clip {nth}", sample) for nth, clip in enumerate(clips)])


@pytest.fixture
def generator(videoscore2, monkeypatch):
    """The scorer's generator, whose changes end with the test."""
    own = replace(videoscore2.generator)
    monkeypatch.setattr(videoscore2, "generator", own)
    return own


@pytest.fixture
def brief(generator):
    """Answers that break off early, for tests to which only their beginning matters."""
    generator.max_new_tokens = 40
    return generator


@pytest.fixture(scope="module")
def together(videoscore2, drawn_clips):
    """The answers to all drawn clips, asked in one batch."""
    return ask(videoscore2, drawn_clips)


@contextmanager
def before_each_step(generator, hook):
    """Call the hook before the model is, as a device's own fault would come."""
    handle = generator.model.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


def test_a_batch_of_unlike_clips_answers_as_each_alone(videoscore2, drawn_clips, together):
    for nth, clip in list(enumerate(drawn_clips))[:5]:  # every size and every length
        (alone,) = score_batch(videoscore2, [Question(clip, f"clip {nth}")])
        assert alone.raw_text == together[nth].raw_text
        for key, opinion in alone.opinions.items():
            assert opinion.probabilities.of == pytest.approx(
                together[nth].opinions[key].probabilities.of, abs=1e-4
            )


def test_an_answer_has_all_its_numbers_and_the_frames_that_were_seen(together):
    answer = together[0]
    assert answer.status == "complete"
    assert answer.rationale
    for opinion in answer.opinions.values():
        chances = opinion.probabilities
        assert 0 < sum(chances.of) <= 1.0001
        assert opinion.hard_score == chances.best
        assert chances.soft_score == round(chances.best * chances.confidence, 4)
    assert answer.frames == len(answer.saw.frames) == 4
    assert answer.saw.frames[0] == 0
    assert answer.saw.seconds == tuple(round(frame / 8, 3) for frame in answer.saw.frames)
    assert answer.saw.width % 28 == answer.saw.height % 28 == 0


def test_scores_follow_the_clip(together):
    scores = {tuple(o.hard_score for o in answer.opinions.values()) for answer in together}
    assert len(scores) >= 4


def test_a_broken_video_fails_alone(videoscore2, brief, drawn_clips, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(drawn_clips[0].read_bytes()[:300])
    outcomes = ask(videoscore2, [drawn_clips[0], broken, tmp_path / "missing.mp4", drawn_clips[1]])
    assert [type(outcome) for outcome in outcomes] == [Answer, VideoFault, VideoFault, Answer]
    assert str(outcomes[2]) == "the file is not there"


def test_one_frame_is_too_few(videoscore2, tmp_path):
    (outcome,) = ask(videoscore2, [write_clip(tmp_path / "one.mp4", draw_pictures(2)[:1])])
    assert str(outcome) == "the video has 1 frames that can be decoded; at least 2 are needed"


def test_out_of_memory_halves_the_batch_and_goes_on(videoscore2, brief, drawn_clips):
    """The device's memory is the only thing played: the model refuses more than two videos as a GPU would."""
    clips = drawn_clips[:4]
    expected = [answer.raw_text for answer in ask(videoscore2, clips)]
    sizes = []

    def refuse(model, args, kwargs):
        rows = kwargs["input_ids"].shape[0]
        sizes.append(rows)
        if rows > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")

    with before_each_step(brief, refuse):
        assert [answer.raw_text for answer in ask(videoscore2, clips)] == expected
        assert videoscore2.batch_size == 2
        assert list(dict.fromkeys(sizes)) == [4, 2]
        sizes.clear()
        ask(videoscore2, clips[:3])
        assert max(sizes) == 2, "the safe size is remembered"


def test_a_video_too_large_for_the_device_even_alone_is_named(videoscore2, generator, drawn_clips):
    def refuse(model, args, kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with before_each_step(generator, refuse):
        outcomes = ask(videoscore2, drawn_clips[:2])
    assert {str(outcome) for outcome in outcomes} == {
        "the device has too little memory for this video, even alone"
    }


def test_another_error_of_the_model_is_not_taken_for_memory(videoscore2, generator, drawn_clips):
    def fail(model, args, kwargs):
        raise RuntimeError("device-side assert triggered")

    with before_each_step(generator, fail), pytest.raises(RuntimeError, match="device-side"):
        ask(videoscore2, drawn_clips[:2])


def test_an_error_of_the_device_is_told_from_a_bug(videoscore2, generator, drawn_clips):
    """As torch puts it: a first line, then advice."""

    def fail(model, args, kwargs):
        raise torch.AcceleratorError("CUDA error: device-side assert triggered\nFor debugging consider ...")

    hook = generator.model.register_forward_pre_hook(fail, with_kwargs=True)
    try:
        with pytest.raises(DeviceLost, match=r"^the device failed: CUDA error: device-side assert triggered$"):
            ask(videoscore2, drawn_clips[:2])
    finally:
        hook.remove()


def test_the_limit_of_tokens_leaves_an_unreadable_answer_and_no_score(videoscore2, generator, drawn_clips):
    generator.max_new_tokens = 10
    (answer,) = ask(videoscore2, drawn_clips[:1])
    assert answer.status == "unreadable"
    assert set(answer.opinions.values()) == {None}
    assert answer.raw_text
    assert answer.frames == 4


def test_the_limit_of_time_gives_up_on_what_is_unfinished(videoscore2, generator, drawn_clips):
    generator.seconds = 0.0
    outcomes = ask(videoscore2, drawn_clips[:2])
    assert [(type(o), o.permanent) for o in outcomes] == [(VideoFault, False)] * 2


def test_samples_after_the_first_are_drawn_and_do_not_depend_on_their_batch(videoscore2, brief, drawn_clips):
    brief.max_new_tokens = 60  # by then a draw has left the greedy path
    clips = drawn_clips[2:4]
    greedy = [answer.raw_text for answer in ask(videoscore2, clips)]
    first, again = ([answer.raw_text for answer in ask(videoscore2, clips, sample=1)] for _ in range(2))
    assert first == again
    assert first != greedy
    assert first != [answer.raw_text for answer in ask(videoscore2, clips, sample=2)]
    (alone,) = score_batch(videoscore2, [Question(clips[1], "clip 1", sample=1)])
    assert alone.raw_text == first[1]


def test_clips_of_one_prompt_are_drawn_independently(drawn_clips):
    """By what is in the file: the same draw on every machine, wherever the file lies there."""
    question = Question(drawn_clips[0], "a ball", sample=1, draw="0123")
    others = [replace(question, **change) for change in ({"draw": "4567"}, {"sample": 2}, {"prompt": "a bat"})]
    assert len({seed_of(one) for one in [question, *others]}) == 4
    assert seed_of(replace(question, path=drawn_clips[1])) == seed_of(question)
    assert seed_of(replace(question, sample=0)) is None


def test_drawing_is_fair():
    """Gumbel noise on logits / T draws as softmax(logits / T) says."""
    logits = torch.tensor([[0.0, 1.0, 2.0]])
    draws = SeededNoise([7], temperature=0.7, device=torch.device("cpu"))
    counts = np.bincount([draws(None, logits).argmax().item() for _ in range(20_000)], minlength=3) / 20_000
    assert counts == pytest.approx(torch.softmax(logits[0] / 0.7, -1).numpy(), abs=0.015)


def test_five_digits_and_a_sum_are_all_that_is_kept():
    recorder = DigitRecorder([3, 5, 7, 9, 11])
    for _ in range(4):
        recorder(None, torch.randn(2, 1000))
    assert recorder.recorded().shape == (2, 4, 6)
    assert recorder.recorded().untyped_storage().nbytes() == 2 * 4 * 6 * 4


def test_whoever_reads_along_hears_the_text_grow(videoscore2, brief, drawn_clips):
    heard = {0: [], 1: []}
    questions = [Question(clip, "a prompt") for clip in drawn_clips[:2]]
    answers = score_batch(videoscore2, questions, heard=lambda at, text: heard[at].append(text))
    for at, texts in heard.items():
        assert texts
        assert all(answers[at].raw_text.startswith(text) for text in texts)


def test_the_clips_frames_are_those_at_the_libs_places(tmp_path):
    """Each picture is one grey level, so that the level says which frame was taken."""
    pictures = [np.full((112, 112, 3), 10 * nth, np.uint8) for nth in range(24)]
    frames = sample_frames(write_clip(tmp_path / "grey.mp4", pictures, fps=12), 2.0)
    assert frames.saw.frames == (0, 8, 15, 23)
    levels = frames.pixels.float().mean((1, 2, 3)).tolist()
    assert levels == pytest.approx([10 * frame for frame in frames.saw.frames], abs=3)
    assert frames.pixels.dtype == torch.uint8


def test_a_checkpoint_of_pickles_is_refused(tmp_path):
    folder = shutil.copytree(CHECKPOINT, tmp_path / "pickled")
    (folder / "model.safetensors").unlink()
    torch.save({"weight": torch.zeros(1)}, folder / "pytorch_model.bin")
    with pytest.raises(NoCheckpoint, match=r"no \*\.safetensors"):
        identify("videoscore2", str(folder))


def test_other_weights_are_another_version_and_are_refused_under_the_old(tmp_path):
    settings, _ = current_settings("videoscore2", str(CHECKPOINT))
    folder = shutil.copytree(CHECKPOINT, tmp_path / "other")
    config = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps(config | {"repetition_penalty": 1.2}))
    other, _ = current_settings("videoscore2", str(folder))
    assert settings["stand_in"]
    assert "stand_in" not in other
    assert other["weights"] != settings["weights"]
    with pytest.raises(ScorerUnavailable, match="VIDEOSCORE2_CHECKPOINT"):
        load("videoscore2", settings, str(folder))


def test_the_same_weights_elsewhere_are_the_same_version(tmp_path):
    folder = shutil.copytree(CHECKPOINT, tmp_path / "moved")
    (folder / "README.md").write_text("notes")
    assert current_settings("videoscore2", str(folder))[0] == current_settings("videoscore2", str(CHECKPOINT))[0]


def test_a_version_that_asked_otherwise_is_outdated():
    settings, checkpoint = current_settings("videoscore2", str(CHECKPOINT))
    with pytest.raises(OutdatedVersion):
        load("videoscore2", settings | {"fps": 4.0}, checkpoint)


def test_production_refuses_a_revision_that_can_move(settings):
    settings.DEBUG = False
    commit = "0123456789abcdef0123456789abcdef01234567"
    for floating in ("TIGER-Lab/VideoScore2", "TIGER-Lab/VideoScore2@main"):
        with pytest.raises(NoCheckpoint, match="can change"):
            identify("videoscore2", floating)
    assert (
        identify("videoscore2", f"TIGER-Lab/VideoScore2@{commit}")["weights"] == f"TIGER-Lab/VideoScore2@{commit}"
    )
    settings.DEBUG = True
    assert identify("videoscore2", "TIGER-Lab/VideoScore2")["weights"] == "TIGER-Lab/VideoScore2@main"


@pytest.mark.parametrize("checkpoint", ["", "/no/such/folder", "no such model"])
def test_a_checkpoint_that_is_none_is_said_so(checkpoint):
    with pytest.raises(NoCheckpoint):
        current_settings("videoscore2", checkpoint)


@pytest.mark.parametrize(
    ("query", "sha256"),
    [
        (CARD, "54786b392c9683897f4b39a764efb2cc5d31caae3601ec73070edf2c3533a520"),
        (SOURCE, "5d7eaf4888b7d1d4556425aaa1b6e103cc4fa470a8a201e011a6abab3cda351c"),
    ],
)
def test_the_words_of_the_query_are_pinned(query, sha256):
    """As published, byte for byte: other words are another question."""
    assert hashlib.sha256(query.encode()).hexdigest() == sha256


def test_a_prompt_may_hold_any_characters():
    assert "Video prompt: {prompt} $x %s\n" in write_query("card", "{prompt} $x %s")
