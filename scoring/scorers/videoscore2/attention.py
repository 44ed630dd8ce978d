"""Cheaper steps for batches: what transformers copies at every step, and need not.

Its attention repeats keys and values for each group of query heads as soon as there is a mask, and a left-padded
batch has one; its cache is copied whole to add one token. At 16 videos of 2,000 tokens that is most of a step.
"""

from typing import Any

import torch

from scoring.scorers.videoscore2.torchvision_without_cuda import declare_operators

declare_operators()

from transformers import AttentionInterface, AttentionMaskInterface  # noqa: E402
from transformers.cache_utils import Cache, DynamicLayer  # noqa: E402
from transformers.integrations.sdpa_attention import sdpa_attention_forward  # noqa: E402
from transformers.masking_utils import sdpa_mask  # noqa: E402

GROUPED = "sdpa_grouped"
ROOM = 256  # tokens that a cache grows by


def grouped_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """`sdpa`; a step of one token takes the query heads of a group as if they were positions: same sums, no copy.

    query [batch, heads, tokens, size]; key and value [batch, heads / group, all tokens, size].
    """
    group = getattr(module, "num_key_value_groups", 1)
    batch, heads, tokens, size = query.shape
    if tokens > 1 or group == 1:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    if attention_mask is not None:
        attention_mask = attention_mask[:, :, :, : key.shape[-2]]
    out = torch.nn.functional.scaled_dot_product_attention(
        query.view(batch, heads // group, group, size), key, value, attn_mask=attention_mask, scale=scaling
    )
    return out.reshape(batch, 1, heads, size), None


class RoomyLayer(DynamicLayer):
    """One layer's cache with room for what comes: a step writes one token in place."""

    is_initialized: bool
    keys: torch.Tensor | None
    values: torch.Tensor | None
    _all_keys: torch.Tensor
    _all_values: torch.Tensor

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, cache_kwargs: dict[str, Any] | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add tokens; returns all keys and values so far, as views."""
        length = self.get_seq_length()
        total = length + key_states.shape[-2]
        if not self.is_initialized or total > self._all_keys.shape[-2]:
            self._all_keys, self._all_values = (
                _with_room(old, new, length, total + ROOM)
                for old, new in ((self.keys, key_states), (self.values, value_states))
            )
            self.is_initialized = True
        self._all_keys[..., length:total, :] = key_states
        self._all_values[..., length:total, :] = value_states
        self.keys, self.values = self._all_keys[..., :total, :], self._all_values[..., :total, :]
        return self.keys, self.values


def _with_room(old: torch.Tensor | None, new: torch.Tensor, length: int, room: int) -> torch.Tensor:
    store = new.new_empty((*new.shape[:-2], room, new.shape[-1]))
    if old is not None and length:
        store[..., :length, :] = old
    return store


def roomy_cache() -> Cache:
    """An empty cache for one batch."""
    return Cache(layer_class_to_replicate=RoomyLayer)


AttentionInterface.register(GROUPED, grouped_attention)
AttentionMaskInterface.register(GROUPED, sdpa_mask)
