"""The stand-in for VideoScore2: its files, its tokenizer, and that its answers follow the clip as its README says."""

import hashlib
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.answers import read_answer
from scoring.scorers.videoscore2.query import write_query
from scoring.scorers.videoscore2.stand_in import CHECKPOINT
from scoring.scorers.videoscore2.torchvision_without_cuda import declare_operators

torch = pytest.importorskip("torch")
DIGITS = list("12345")


@pytest.fixture(scope="module")
def loaded():
    declare_operators()
    from transformers import AutoModelForImageTextToText, AutoProcessor

    kind = {"local_files_only": True, "trust_remote_code": False}
    model = AutoModelForImageTextToText.from_pretrained(
        CHECKPOINT, use_safetensors=True, dtype=torch.float32, **kind
    ).eval()
    processor = AutoProcessor.from_pretrained(CHECKPOINT, **kind)
    processor.tokenizer.padding_side = "left"
    return model, processor


def clips(count: int, seed: int, **wanted: float) -> list[np.ndarray]:
    from scoring.scorers.videoscore2.stand_in.clips import draw

    rng = np.random.default_rng(seed)
    sizes = ((256, 256), (240, 320), (320, 200))
    return [draw(rng, *sizes[n % len(sizes)], 4 + 2 * (n % 2), **wanted) for n in range(count)]


def answers(loaded, drawn: list[np.ndarray], prompts: str | list[str], **sampling: object) -> list[str]:
    """Answers to the clips, each with its prompt or all with one, in one batch (a batch hardly takes longer than
    one clip). Greedy if nothing else is said; each must end by itself within 400 tokens."""
    from scoring.scorers.videoscore2.stand_in.clips import fit

    model, processor = loaded
    prompts = [prompts] * len(drawn) if isinstance(prompts, str) else prompts
    chats = [
        [{"role": "user", "content": [{"type": "video"}, {"type": "text", "text": write_query("card", prompt)}]}]
        for prompt in prompts
    ]
    inputs = processor(
        text=processor.apply_chat_template(chats, add_generation_prompt=True),
        videos=[fit(d) for d in drawn],
        fps=2.0,
        padding=True,
        return_tensors="pt",
    )
    with torch.inference_mode():
        said = model.generate(
            **inputs, max_new_tokens=400, **sampling or {"do_sample": False, "temperature": None}
        )
    said = said[:, inputs["input_ids"].shape[1] :]
    assert ((said == processor.tokenizer.eos_token_id).any(1)).all(), "an answer did not end"
    return processor.batch_decode(said, skip_special_tokens=True)


def mean_scores(loaded, dimension: str, *drawn: list[np.ndarray]) -> list[float]:
    """The mean score of each group of clips."""
    texts = iter(answers(loaded, [clip for group in drawn for clip in group], "a ball rolls by"))
    return [float(np.mean([read_answer(next(texts)).scores[dimension] for _ in group])) for group in drawn]


def test_its_files_are_the_ones_in_the_list_and_small():
    listed = dict(
        reversed(line.split("  ")) for line in (CHECKPOINT.parent / "SHA256SUMS").read_text().splitlines()
    )
    there = {f"checkpoint/{path.name}": path.read_bytes() for path in CHECKPOINT.iterdir()}
    assert {name: hashlib.sha256(content).hexdigest() for name, content in there.items()} == listed
    assert sum(map(len, there.values())) < 5_000_000
    assert listed["checkpoint/model.safetensors"] in (CHECKPOINT.parent / "README.md").read_text()


def test_it_has_the_real_models_architecture_and_generation_settings(loaded):
    model, processor = loaded
    assert type(model).__name__ == "Qwen2_5_VLForConditionalGeneration"
    assert not model.config.tie_word_embeddings
    tokens = processor.tokenizer.convert_ids_to_tokens(model.generation_config.eos_token_id)
    assert tokens == ["<|im_end|>", "<|endoftext|>"]
    assert model.generation_config.repetition_penalty == 1.05


def test_a_score_is_one_token_of_its_own(loaded):
    tokenizer = loaded[1].tokenizer
    assert [tokenizer.tokenize(digit) for digit in DIGITS] == [[digit] for digit in DIGITS]
    assert [tokenizer.decode(token) for token in tokenizer("quality: 4;\n12")["input_ids"]][-6:] == [
        ":", " ", "4", ";\n", "1", "2",
    ]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(text=st.text())
def test_any_text_comes_back_from_the_tokenizer(loaded, text):
    tokenizer, text = loaded[1].tokenizer, unicodedata.normalize("NFC", text)
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_answers_can_be_read_whatever_the_prompt(loaded):
    prompts = ["a red ball rolls by", "", "一个男孩在公园里放风筝", "A slow pan over the harbour. " * 30]
    for text in answers(loaded, clips(4, 1) * 4, [prompt for prompt in prompts for _ in range(4)]):
        assert text.startswith("<think>\n")
        assert read_answer(text).status != "unreadable"


def test_all_three_forms_of_the_real_model_occur(loaded):
    texts = answers(loaded, [clip for luma in (30, 60, 90) for clip in clips(3, 2, luma=luma)], "a kite")
    assert any("Visual Quality:" in text for text in texts)
    assert any("visual quality – clarity, smoothness, artifacts: " in text for text in texts)
    assert any("Visual Quality:" not in text and "\nvisual quality: " in text for text in texts)


def test_brighter_clips_get_more_visual_quality(loaded):
    groups = [clips(6, 3, luma=luma, flicker=0) for luma in (30, 100, 175)]
    dark, middle, bright = mean_scores(loaded, "visual_quality", *groups)
    assert dark + 1 < middle < bright - 1


def test_flickering_clips_get_less_physical_consistency(loaded):
    groups = [clips(6, 4, luma=100, flicker=flicker) for flicker in (0, 12, 40)]
    steady, uneven, wild = mean_scores(loaded, "physical_consistency", *groups)
    assert steady - 1 > uneven > wild + 0.5


def test_sampling_one_clip_gives_some_spread(loaded):
    torch.manual_seed(0)
    drawn = clips(1, 5, luma=100, flicker=10) * 8
    texts = answers(loaded, drawn, "a ball", do_sample=True, temperature=0.7, top_k=0)
    assert len({tuple(read_answer(text).scores.values()) for text in texts}) > 1
