"""Loading a checkpoint: its processor, and its model on the device there is. Safetensors only, no remote code."""

import importlib.util
from pathlib import Path
from typing import Any

import torch

from scoring.protocol import ScorerUnavailable
from scoring.registry import NoCheckpoint
from scoring.scorers.videoscore2.attention import GROUPED
from scoring.scorers.videoscore2.patches import PatchProjection
from scoring.scorers.videoscore2.torchvision_without_cuda import declare_operators
from scoring.scorers.videoscore2.weights import hub_id

declare_operators()

from transformers import AutoModelForImageTextToText, AutoProcessor  # noqa: E402


def find_device() -> torch.device:
    """The first GPU that this process may see, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    """For people."""
    return str(torch.cuda.get_device_name(device)) if device.type == "cuda" else "CPU"


def load_processor(checkpoint: str) -> Any:
    """Tokenizer, chat template and video processor. Raises `ScorerUnavailable`."""
    return _load(AutoProcessor, checkpoint, use_fast=True)


def load_model(checkpoint: str, *, dtype: str, device: torch.device) -> Any:
    """The model, ready to generate. Raises `ScorerUnavailable`."""
    if dtype == "bfloat16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise ScorerUnavailable("This GPU does not work in bfloat16. Set VIDEOSCORE2_DTYPE=float16.")
    model = _load(
        AutoModelForImageTextToText,
        checkpoint,
        dtype=getattr(torch, dtype),
        attn_implementation=_attention(dtype, device),
        use_safetensors=True,
        **({"device_map": {"": device}} if device.type == "cuda" else {}),
    )
    tower = model.model.visual.patch_embed
    tower.proj = PatchProjection(tower.proj)
    return model.eval()


def _attention(dtype: str, device: torch.device) -> str:
    fast = device.type == "cuda" and dtype != "float32" and importlib.util.find_spec("flash_attn")
    return "flash_attention_2" if fast else GROUPED


def _load(factory: Any, checkpoint: str, **options: Any) -> Any:
    """Call `from_pretrained`. A folder is never looked for on the hub, nor a hub id in the working folder."""
    try:
        if Path(checkpoint).expanduser().is_dir():
            where, options = str(Path(checkpoint).expanduser()), options | {"local_files_only": True}
        else:
            where, revision = hub_id(checkpoint)
            options |= {"revision": revision}
        return factory.from_pretrained(where, trust_remote_code=False, **options)
    except NoCheckpoint as error:
        raise ScorerUnavailable(str(error)) from error
    except Exception as error:  # whatever the files make of the libraries, which have a class for each
        raise ScorerUnavailable(f"The checkpoint {checkpoint} cannot be loaded: {error}") from error
