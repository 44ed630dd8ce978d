"""From a prompt and frames to the model's inputs, by the checkpoint's own chat template and processor.

The expensive part is done video by video, so that it can be done while the device is busy with another batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from scoring.protocol import Saw
from scoring.scorers.videoscore2.frames import Frames
from scoring.scorers.videoscore2.query import write_query


@dataclass(frozen=True)
class Prepared:
    """One video's inputs: all that `collate` needs to put it into a batch."""

    input_ids: torch.Tensor  # [tokens], with a token for every merged patch of the video
    pixels: torch.Tensor  # [patches, channels * 2 frames * 14 * 14], normalised
    grid: torch.Tensor  # [1, 3]: frame pairs, rows and columns of patches
    seconds_per_pair: float
    saw: Saw


class Prompter:
    """Writes the model's inputs with a checkpoint's processor."""

    def __init__(self, processor: Any, *, query: str, fps: float) -> None:
        self._processor, self._query, self._fps = processor, query, fps

    def message(self, prompt: str) -> list[dict[str, Any]]:
        """The question as a chat: one video and the query."""
        text = {"type": "text", "text": write_query(self._query, prompt)}
        return [{"role": "user", "content": [{"type": "video"}, text]}]

    def prepare(self, prompt: str, frames: Frames) -> Prepared:
        """The inputs for one video, on the CPU."""
        chat = self._processor.apply_chat_template(
            self.message(prompt), tokenize=False, add_generation_prompt=True
        )
        inputs = self._processor(text=[chat], videos=[frames.pixels], fps=self._fps, return_tensors="pt")
        return Prepared(
            input_ids=inputs["input_ids"][0],
            pixels=inputs["pixel_values_videos"],
            grid=inputs["video_grid_thw"],
            seconds_per_pair=float(inputs["second_per_grid_ts"][0]),
            saw=frames.saw,
        )


def collate(batch: Sequence[Prepared], *, pad: int) -> dict[str, torch.Tensor]:
    """One batch of unlike videos, padded on the left: padding on the right changes what is generated."""
    longest = max(len(one.input_ids) for one in batch)
    ids = torch.full((len(batch), longest), pad, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, one in enumerate(batch):
        ids[row, longest - len(one.input_ids) :] = one.input_ids
        mask[row, longest - len(one.input_ids) :] = 1
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "pixel_values_videos": torch.cat([one.pixels for one in batch]),
        "video_grid_thw": torch.cat([one.grid for one in batch]),
        "second_per_grid_ts": torch.tensor([one.seconds_per_pair for one in batch]),
    }
