"""The stand-in's shape and the files around its weights, laid out as the real checkpoint's."""

import json
from pathlib import Path

import torch
from transformers import (
    GenerationConfig,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2TokenizerFast,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
)

from scoring.scorers.videoscore2.stand_in.tokenizer import CHAT_TEMPLATE

HIDDEN = 128
VISION = {
    "depth": 2,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_heads": 4,
    "out_hidden_size": HIDDEN,
    "patch_size": 14,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "tokens_per_second": 2,
    "window_size": 112,
    "fullatt_block_indexes": [1],
}
TEXT = {
    "hidden_size": HIDDEN,
    "intermediate_size": 384,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128000,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]},  # as 16, 24, 24 of the real heads' 64
    "use_sliding_window": False,
    "max_window_layers": 2,
}


def make_model(tokenizer: Qwen2TokenizerFast) -> Qwen2_5_VLForConditionalGeneration:
    """The architecture with random weights in float32; seed torch before."""
    ids = tokenizer.convert_tokens_to_ids
    special = {
        "image_token_id": ids("<|image_pad|>"),
        "video_token_id": ids("<|video_pad|>"),
        "vision_start_token_id": ids("<|vision_start|>"),
        "vision_end_token_id": ids("<|vision_end|>"),
        "vision_token_id": ids("<|vision_pad|>"),
    }
    end = {"bos_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    config = Qwen2_5_VLConfig(
        text_config={**TEXT, **end, "vocab_size": len(tokenizer)},
        vision_config=VISION,
        tie_word_embeddings=False,
        **special,
        **end,
    )
    return Qwen2_5_VLForConditionalGeneration(config)


def make_processor(tokenizer: Qwen2TokenizerFast) -> Qwen2_5_VLProcessor:
    limits = {"min_pixels": 3136, "max_pixels": 12845056}
    return Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(**limits),
        tokenizer=tokenizer,
        video_processor=Qwen2VLVideoProcessor(**limits),
        chat_template=CHAT_TEMPLATE,
    )


def save(
    model: Qwen2_5_VLForConditionalGeneration, processor: Qwen2_5_VLProcessor, folder: Path, dtype: torch.dtype
) -> None:
    """Write every file of a checkpoint; the model's weights are cast to `dtype` on the way."""
    tokenizer = processor.tokenizer
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.pad_token_id,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=[tokenizer.eos_token_id, tokenizer.pad_token_id],
        do_sample=True,
        repetition_penalty=1.05,
        temperature=0.000001,
    )
    model.to(dtype).save_pretrained(folder, safe_serialization=True)
    (folder / "model.safetensors").chmod(0o644)
    processor.save_pretrained(folder)
    # Transformers 4.57 puts the architecture's name into text_config; published checkpoints have it at the top.
    config = json.loads((folder / "config.json").read_text())
    config["text_config"].pop("architectures", None)
    config = {"architectures": [type(model).__name__], **config}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
