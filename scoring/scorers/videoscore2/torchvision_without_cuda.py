"""Lets torchvision load beside a torch that was built without CUDA.

Its wheels are built for CUDA, and on a torch without it the Python half fails at import for want of two operators'
schemas. Declaring them is enough: nothing here calls them. `declare_operators` comes before the first import of
torchvision, transformers' Qwen2-VL processors or qwen_vl_utils; on a machine with CUDA it does nothing.
"""

from functools import cache

import torch


@cache
def declare_operators() -> torch.library.Library | None:
    """Declare `torchvision::nms` and `torchvision::qnms`; the library must stay referenced, hence the cache."""
    if torch.version.cuda is not None:
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
