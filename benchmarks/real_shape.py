"""The rows for a GPU: Qwen2.5-VL-7B's shape with random weights, 620 forced tokens, clips of 4 s at 720x480.

Speed and memory depend on the shape alone. The tokenizer is the stand-in's, which cuts the query into more tokens
than the real one: prompts are a little longer than they would be, never shorter.
"""

import argparse
import copy
import gc
from collections.abc import Sequence
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, GenerationConfig

from benchmarks.two_ways import SIZES, Row, draw_clips, force_tokens, measure_official, measure_ours, show
from scoring.scorers.videoscore2.bytes_of import bytes_of
from scoring.scorers.videoscore2.generate import Generator
from scoring.scorers.videoscore2.load import device_name, find_device, load_processor
from scoring.scorers.videoscore2.prompt import Prompter
from scoring.scorers.videoscore2.scorer import VideoScore2Scorer
from scoring.scorers.videoscore2.settings import SETTINGS
from scoring.scorers.videoscore2.stand_in import CHECKPOINT
from scoring.versions import current_version
from tests.official import OfficialScorer

NEW_TOKENS = 620  # the mean of VideoScore2's published answers
BATCHES = (1, 2, 4, 8, 16, 32, 64)
DATASET = 27_168  # videos of VideoFeedback2
# config.json of Qwen2.5-VL-7B-Instruct, which VideoScore2 was trained from.
TEXT = {
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": 152064,
    "max_position_embeddings": 128000,
    "max_window_layers": 28,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1_000_000.0,
    "rope_scaling": {"type": "mrope", "rope_type": "default", "mrope_section": [16, 24, 24]},
    "layer_types": ["full_attention"] * 28,
}
VISION = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "out_hidden_size": 3584,
    "fullatt_block_indexes": [7, 15, 23, 31],
}
# The same code on a CPU, to see that it runs; its figures mean nothing.
SMALL_TEXT = TEXT | {
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "rope_scaling": {"type": "mrope", "rope_type": "default", "mrope_section": [4, 6, 6]},
    "layer_types": ["full_attention"] * 2,
}
SMALL_VISION = VISION | {
    "depth": 2,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_heads": 4,
    "out_hidden_size": 128,
    "fullatt_block_indexes": [1],
}


def measure_real_shape(arguments: argparse.Namespace) -> None:
    """Ours in growing batches, then the official way; says "not measured" where there is no GPU."""
    device = find_device()
    if device.type != "cuda" and not arguments.small:
        print("Qwen2.5-VL-7B's shape: not measured, for there is no GPU.")
        return
    tokens = arguments.tokens or NEW_TOKENS
    shape = "a small shape" if arguments.small else "Qwen2.5-VL-7B's shape"
    print(f"{device_name(device)}, {shape}, random weights, {tokens} new tokens, bfloat16 (official: float32)")
    rows = _ours(device, tokens, arguments)
    gc.collect()
    torch.cuda.empty_cache()
    rows.insert(0, _official(device, tokens, arguments))
    show(rows)
    for row in rows:
        hours = DATASET / row.a_minute / 60
        print(f"{row.name:<16}{row.a_minute * 60:>9,.0f} videos an hour, {hours:>7.1f} h for {DATASET:,}")


def _ours(device: torch.device, tokens: int, arguments: argparse.Namespace) -> list[Row]:
    scorer = _RealShape(build(device, torch.bfloat16, small=arguments.small), device)
    force_tokens(scorer, tokens)
    version = current_version("videoscore2", str(CHECKPOINT))
    _measure(scorer, version, 2, 2)
    rows = []
    for batch in BATCHES if arguments.batches is None else arguments.batches:
        row = _measure(scorer, version, batch, count=max(2, 2 * batch))
        rows.append(row)
        if scorer.batch_size < batch:
            print(f"batch {batch}: out of memory, went on with {scorer.batch_size}")
            break
    return rows


def _measure(scorer: VideoScore2Scorer, version: Any, batch: int, count: int) -> Row:
    _forget_peak()
    row = measure_ours(scorer, version, draw_clips(count, SIZES["same"]), batch=batch)
    _print_peak(row.name)
    return row


def _official(device: torch.device, tokens: int, arguments: argparse.Namespace) -> Row:
    """In float32, as the script loads its weights."""
    official = object.__new__(OfficialScorer)
    official.processor = load_processor(str(CHECKPOINT))
    official.model = build(device, torch.float32, small=arguments.small)
    official.tokenizer = _Lenient(official.processor.tokenizer)
    clips = draw_clips(3, SIZES["same"])
    measure_official(official, clips[:1], tokens=tokens)
    _forget_peak()
    row = measure_official(official, clips[1:], tokens=tokens)
    _print_peak(row.name)
    return row


def build(device: torch.device, dtype: torch.dtype, *, small: bool = False) -> Any:
    """A model of the real shape with random weights, on the device; the stand-in's special tokens."""
    config = copy.deepcopy(AutoConfig.from_pretrained(CHECKPOINT))
    for part, shape in (
        (config.text_config, SMALL_TEXT if small else TEXT),
        (config.vision_config, SMALL_VISION if small else VISION),
    ):
        for name, value in shape.items():
            setattr(part, name, value)
    kept = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            model = AutoModelForImageTextToText.from_config(config, attn_implementation="sdpa")
    finally:
        torch.set_default_dtype(kept)
    model.generation_config = GenerationConfig.from_pretrained(CHECKPOINT)
    return model.eval()


class _RealShape(VideoScore2Scorer):
    """The scorer around a model that was built, not loaded."""

    def __init__(self, model: Any, device: torch.device) -> None:
        processor = load_processor(str(CHECKPOINT))
        self.device = device_name(device)
        self._fps = SETTINGS["fps"]
        self._prompter = Prompter(processor, query=SETTINGS["query"], fps=SETTINGS["fps"])
        known = bytes_of(processor.tokenizer)
        self._bytes = known + [b"?"] * (TEXT["vocab_size"] - len(known))
        self.generator = Generator(model, processor.tokenizer, NEW_TOKENS, 0.7, batch_size=1)


class _Lenient:
    """A tokenizer that decodes whatever a model with random weights writes."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def decode(self, tokens: Sequence[int], **options: Any) -> str:
        return str(self._tokenizer.decode([token % len(self._tokenizer) for token in tokens], **options))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)


def _forget_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _print_peak(name: str) -> None:
    if torch.cuda.is_available():
        print(f"{name:<16}{torch.cuda.max_memory_allocated() / 2**30:>7.1f} GiB at most", flush=True)
