"""Second stage: the language model learns to answer, on visual tokens kept from the finished vision tower.

First on tiny frames (a dozen tokens a pair), where a step is cheap and the form is learned, then on frames of the
size the model will meet. Only the answer's tokens are graded. Each use of a clip draws prompt and answer anew.
"""

from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2_5_VLProcessor

from scoring.scorers.videoscore2.stand_in.answers import Facts, answer
from scoring.scorers.videoscore2.stand_in.clips import draw, fit, fit_to, measure
from scoring.scorers.videoscore2.stand_in.questions import colour_to_ask, prompt, question
from scoring.scorers.videoscore2.stand_in.vision import pixels_of

IGNORED = -100
SIZES = ((256, 256), (240, 240), (160, 288), (200, 320), (240, 320), (320, 512))  # height, width in pixels
LARGE = ((480, 720), (640, 640), (720, 1280))


@dataclass(frozen=True)
class Seen:
    """A clip as the language model meets it: visual tokens (n, hidden), grid (1, 3) and what was measured."""

    tokens: torch.Tensor
    grid: torch.Tensor
    luma: float
    flicker: float
    colour: str


def watch(
    model: Qwen2_5_VLForConditionalGeneration,
    processor: Qwen2_5_VLProcessor,
    count: int,
    rng: np.random.Generator,
    *,
    tiny: bool,
) -> list[Seen]:
    """Draw `count` clips and keep the vision tower's tokens of each."""
    seen = []
    for n in range(count):
        if tiny:
            frames = draw(rng, 112, 140, int(rng.choice((4, 4, 6, 8))))
            video = fit_to(frames, *(28 * int(rng.integers(2, 5)) for _ in range(2)))
        elif n % 12 == 0:
            frames = draw(
                rng, *LARGE[n // 12 % len(LARGE)], int(rng.choice((4, 6, 10, 12, 20), p=(0.3, 0.3, 0.2, 0.1, 0.1)))
            )
            video = fit(frames)
        else:
            frames = draw(rng, *SIZES[n % len(SIZES)], int(rng.choice((4, 6, 8, 10), p=(0.5, 0.3, 0.1, 0.1))))
            video = fit(frames)
        pixels, grid = pixels_of(processor, video)
        with torch.no_grad():
            tokens = model.visual(pixels, grid_thw=grid)
        seen.append(Seen(tokens.half(), grid, *measure(frames)))
    return seen


def train_language(
    model: Qwen2_5_VLForConditionalGeneration,
    processor: Qwen2_5_VLProcessor,
    clips: list[Seen],
    *,
    steps: int,
    tokens_a_step: int,
    rate: float,
    rng: Random,
) -> None:
    """Train the language model and its head on answers to the clips; a batch holds clips of like length."""
    weights = [*model.language_model.parameters(), *model.lm_head.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.08)
    batches: list[list[dict]] = []
    for step in range(steps):
        if not batches:
            batches = batched([example(processor, clip, rng) for clip in clips], tokens_a_step)
            rng.shuffle(batches)
        loss = loss_on(model, batches.pop())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 49:
            print(f"language {step + 1}: {loss.item():.3f} nats a token", flush=True)


def example(processor: Qwen2_5_VLProcessor, clip: Seen, rng: Random) -> dict:
    """Token ids of one question and answer, the labels, and the clip."""
    asked = colour_to_ask(clip.colour, rng)
    parts = [{"type": "video"}, {"type": "text", "text": question(prompt(asked, rng), rng)}]
    chat = processor.apply_chat_template([{"role": "user", "content": parts}], add_generation_prompt=True)
    chat = chat.replace(processor.video_token, processor.video_token * len(clip.tokens))
    said = answer(Facts(clip.luma, clip.flicker, clip.colour, asked), rng) + processor.tokenizer.eos_token
    asking, saying = (processor.tokenizer(text)["input_ids"] for text in (chat, said))
    return {"ids": asking + saying, "labels": [IGNORED] * len(asking) + saying, "clip": clip}


def batched(examples: list[dict], tokens_a_step: int) -> list[list[dict]]:
    """Neighbours in length together, as many as fit the budget when padded to the longest."""
    batches: list[list[dict]] = [[]]
    for one in sorted(examples, key=lambda e: len(e["ids"])):
        if batches[-1] and len(one["ids"]) * (len(batches[-1]) + 1) > tokens_a_step:
            batches.append([])
        batches[-1].append(one)
    return batches


def loss_on(model: Qwen2_5_VLForConditionalGeneration, batch: list[dict]) -> torch.Tensor:
    """Mean cross entropy over the answers' tokens; padding is on the right, where causal attention never looks."""
    longest = max(len(one["ids"]) for one in batch)
    ids = torch.full((len(batch), longest), model.config.text_config.bos_token_id)
    labels = torch.full((len(batch), longest), IGNORED)
    real = torch.zeros((len(batch), longest), dtype=torch.long)
    for row, one in enumerate(batch):
        ids[row, : len(one["ids"])] = torch.tensor(one["ids"])
        labels[row, : len(one["ids"])] = torch.tensor(one["labels"])
        real[row, : len(one["ids"])] = 1
    grids = torch.cat([one["clip"].grid for one in batch])
    positions, _ = model.model.get_rope_index(ids, None, grids, torch.ones(len(batch)), real)
    embedded = model.get_input_embeddings()(ids)
    visual = (ids == model.config.video_token_id).unsqueeze(-1)
    embedded = embedded.masked_scatter(visual, torch.cat([one["clip"].tokens for one in batch]).float())
    hidden = model.language_model(
        inputs_embeds=embedded, position_ids=positions, use_cache=False
    ).last_hidden_state
    graded = labels[:, 1:] != IGNORED
    return cross_entropy(model.lm_head(hidden[:, :-1][graded]), labels[:, 1:][graded])
