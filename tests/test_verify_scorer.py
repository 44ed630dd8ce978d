"""`verify_scorer` with the stand-in, and with copies of it that are broken in one place each."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from scoring.protocol import Question
from scoring.scorers.videoscore2.stand_in import CHECKPOINT
from scoring.verify import verify
from tests.make import draw_clip

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _in_float32(settings):
    settings.VIDEOSCORE2_DTYPE = "float32"


@pytest.fixture
def copy(tmp_path):
    """A copy of the stand-in, to be broken."""
    return Path(shutil.copytree(CHECKPOINT, tmp_path / "copy"))


@pytest.fixture
def clips(tmp_path):
    """Two clips of unlike size."""
    sizes = ((64, 48), (160, 96))
    return [draw_clip(tmp_path / f"{width}.mp4", size=(width, height)) for width, height in sizes]


def check(checkpoint, name, clips=()):
    """The check of this name; none after it is made."""
    checks = verify("videoscore2", str(checkpoint), [Question(clip, "A square crosses.") for clip in clips])
    return next(check for check in checks if check.name == name)


def change(file, **changes):
    """Set keys of a JSON file; None takes one out."""
    held = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({key: value for key, value in held.items() if value is not None}))


def test_the_stand_in_passes_every_check(clips, capsys):
    call_command("verify_scorer", "videoscore2", *map(str, clips), checkpoint=str(CHECKPOINT))
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    names = [line.split(":")[0].removeprefix("ok").strip() for line in lines]
    assert names == [
        "checkpoint", "files", "digits", "chat template", "prompt tokens", "frame times", "loading",
        "generation settings", "padding", "videos", "parse rate", "speed", "length",
    ]  # fmt: skip
    assert "a stand-in" in lines[0]


def test_pickled_weights_alone_are_refused_and_nothing_is_loaded(copy, capsys):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(CommandError, match=r"1 check failed\."):
        call_command("verify_scorer", "videoscore2", checkpoint=str(copy), json=True)
    (found,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (found["name"], found["ok"]) == ("checkpoint", False)
    assert "no *.safetensors" in found["found"]
    assert found["todo"]


def test_pickled_weights_beside_sound_ones_are_named_and_left_alone(copy):
    (copy / "pytorch_model.bin").write_bytes(b"")
    found = check(copy, "files")
    assert found.ok
    assert "not loaded: pytorch_model.bin" in found.found


def test_weights_that_were_cut_off_fail(copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert "cannot be loaded" in check(copy, "loading").found


def test_a_checkpoint_that_brings_code_fails(copy):
    change(copy / "config.json", auto_map={"AutoModel": "modeling.Model"})
    assert not check(copy, "files").ok


def test_a_tokenizer_that_takes_a_digit_together_with_what_is_before_it_fails(copy):
    from scoring.scorers.videoscore2.load import load_processor

    tokenizer = load_processor(str(copy)).tokenizer
    tokenizer.add_tokens([" 3"])
    tokenizer.save_pretrained(copy)
    assert not check(copy, "digits").ok


def test_a_chat_template_without_videos_fails(copy):
    template = copy / "chat_template.jinja"
    template.write_text(template.read_text().replace("<|video_pad|>", ""))
    found = check(copy, "chat template")
    assert not found.ok
    assert "writes 0 videos" in found.found


def test_frames_that_the_processor_resizes_again_fail(copy, clips):
    size = {"shortest_edge": 3136, "longest_edge": 40_000}
    change(copy / "video_preprocessor_config.json", size=size, min_pixels=None, max_pixels=40_000)
    found = check(copy, "prompt tokens", clips)
    assert not found.ok
    assert "instead of" in found.found


def test_missing_or_other_generation_settings_fail(copy):
    settings = copy / "generation_config.json"
    change(settings, repetition_penalty=1.2)
    assert "penalty 1.2; 1.05 is what" in check(copy, "generation settings").found
    change(settings, repetition_penalty=1.05, eos_token_id=[626])
    assert "<|im_end|> does not end it" in check(copy, "generation settings").found
    settings.unlink()
    assert not check(copy, "generation settings").ok


def test_padding_on_the_wrong_side_fails(clips, monkeypatch):
    from scoring.scorers.videoscore2 import generate, prompt

    def collate_wrongly(batch, *, pad):
        inputs = prompt.collate(batch, pad=pad)
        for row, one in enumerate(batch):
            fill = inputs["input_ids"].shape[1] - len(one.input_ids)
            for name in ("input_ids", "attention_mask"):
                inputs[name][row] = inputs[name][row].roll(-fill)
        return inputs

    monkeypatch.setattr(generate, "collate", collate_wrongly)
    assert not check(CHECKPOINT, "padding", clips).ok


def test_a_manifest_names_clips_beside_it_and_a_broken_one_is_named(clips, tmp_path, capsys):
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    manifest = tmp_path / "clips.jsonl"
    rows = [{"video": name, "prompt": "A square crosses."} for name in (clips[0].name, "broken.mp4")]
    manifest.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(CommandError, match=r"1 check failed\."):
        call_command("verify_scorer", "technical", manifest=manifest)
    printed = capsys.readouterr().out
    assert "FAILED  videos: 1 of 2 could be asked about; " in printed
    assert "ok      parse rate: 100% readable" in printed


@pytest.mark.parametrize("text", ["", "no json", '{"video": "a.mp4"}', "[1]"])
def test_a_manifest_that_is_none_is_refused_in_one_line(tmp_path, text):
    manifest = tmp_path / "clips.jsonl"
    manifest.write_text(text)
    with pytest.raises(CommandError, match=r"clips\.jsonl (cannot be read|names no)"):
        call_command("verify_scorer", "technical", manifest=manifest)


def test_a_manifest_that_is_not_there_is_said_in_words():
    with pytest.raises(CommandError, match=r"/nowhere\.jsonl cannot be read: No such file or directory"):
        call_command("verify_scorer", "technical", manifest=Path("/nowhere.jsonl"))


def test_where_torch_is_not_installed_the_command_says_how_to_get_it(capsys, monkeypatch):
    """Its own checks are not there either."""
    monkeypatch.setitem(sys.modules, "scoring.scorers.videoscore2.verify", None)
    with pytest.raises(CommandError, match=r"1 check failed\."):
        call_command("verify_scorer", "videoscore2", checkpoint=str(CHECKPOINT))
    printed = capsys.readouterr().out
    assert "FAILED  loading: The scorer videoscore2 cannot be loaded here" in printed
    assert "make install-scoring" in printed


def test_an_unknown_scorer_is_named():
    with pytest.raises(CommandError, match="'nobody'"):
        call_command("verify_scorer", "nobody")


def test_the_command_loads_nothing_heavy_before_it_knows_the_scorer():
    code = "import scoring.management.commands.verify_scorer, sys; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"import django; django.setup(); {code}"], cwd=ROOT, check=True)
