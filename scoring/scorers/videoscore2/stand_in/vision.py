"""First stage: the vision tower learns to say how bright each pair of frames is, and what changed between the two.

A linear head on each visual token predicts the pair's mean red, green and blue and the change of brightness from
its first frame to its second, signed and absolute. The head is dropped afterwards; what it read stays in the
tokens.
"""

import numpy as np
import torch
from torch.nn.functional import smooth_l1_loss
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

from scoring.scorers.videoscore2.stand_in.clips import LUMA, draw, fit, fit_to

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073])
DEVIATION = torch.tensor([0.26862954, 0.26130258, 0.27577711])
TARGETS = 5


def pixels_of(processor: Qwen2_5_VLProcessor, video: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Patches (n, 1176) and grid (1, 3) of one clip, as the checkpoint's own processor cuts them."""
    cut = processor.video_processor(videos=[video], return_tensors="pt")
    return cut["pixel_values_videos"], cut["video_grid_thw"]


def lit_anew(patches: torch.Tensor, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """One pair of frames under another light, and the numbers to be read from it.

    `patches` is (n, 1176): channel, frame, 14, 14. The pair gets a random gain, and in two of three draws
    its frames part in brightness by up to 120 levels.
    """
    light = patches.view(len(patches), 3, 2, 196) * DEVIATION[:, None, None] + MEAN[:, None, None]
    light = light * rng.uniform(0.3, 1.3) * torch.from_numpy(rng.uniform(0.8, 1.2, (3, 1, 1))).float()
    if rng.random() < 0.66:
        step = rng.uniform(-0.48, 0.48) * rng.random()
        light = light + torch.tensor([-step, step])[:, None] * 0.5
    light = light.clamp(0, 1)
    means = light.mean((0, 3))
    change = (torch.from_numpy(LUMA).float() @ (means[:, 1] - means[:, 0])).reshape(1)
    targets = torch.cat([means.mean(1), 2 * change, 2 * change.abs()])
    return ((light - MEAN[:, None, None]) / DEVIATION[:, None, None]).reshape(len(patches), -1), targets


def train_vision(
    model: Qwen2_5_VLForConditionalGeneration, processor: Qwen2_5_VLProcessor, steps: int, rng: np.random.Generator
) -> None:
    """Train `model.visual` alone; it prints the mean error in brightness levels as it goes."""
    pairs = [_draw_pair(processor, n, rng) for n in range(max(8, steps // 2))]
    head = torch.nn.Linear(model.config.vision_config.out_hidden_size, TARGETS)
    weights = [*model.visual.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        chosen = [pairs[n] for n in rng.integers(0, len(pairs), 8)]
        lit = [lit_anew(patches, rng) for patches, _ in chosen]
        tokens = model.visual(torch.cat([p for p, _ in lit]), grid_thw=torch.cat([grid for _, grid in chosen]))
        read = head(tokens).split([len(p) // 4 for p, _ in lit])
        errors = [r - target for r, (_, target) in zip(read, lit, strict=True)]
        loss = torch.stack([smooth_l1_loss(e, torch.zeros_like(e), beta=0.02) for e in errors]).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 49:
            print(
                f"vision {step + 1}: off by {255 * torch.cat(errors).abs().mean().item():.1f} of 255", flush=True
            )


def _draw_pair(
    processor: Qwen2_5_VLProcessor, n: int, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Every other pair is tiny, the rest as large as small clips become."""
    frames = draw(rng, int(rng.integers(120, 300)), int(rng.integers(120, 300)), 2)
    return pixels_of(processor, fit(frames) if n % 4 == 0 else fit_to(frames, 84, 112))
