"""What is kept of each step's logits: the five digits and the log-sum-exp, 24 bytes in place of 600 kB.

Recorded after the repetition penalty and before any temperature, as the scores that the official script reads in
greedy decoding are.
"""

import math
import zlib
from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor

from scoring.protocol import Probabilities, Question


def digit_ids(tokenizer: Any) -> list[int]:
    """The tokens of "1" to "5". Raises `ValueError` where a digit is not one token."""
    ids = [tokenizer.encode(str(score), add_special_tokens=False) for score in range(1, 6)]
    if any(len(one) != 1 for one in ids):
        raise ValueError("the digits 1 to 5 are not single tokens of this checkpoint")
    return [one[0] for one in ids]


class DigitRecorder(LogitsProcessor):
    """Keeps [batch, 6] of every step and changes nothing."""

    def __init__(self, digits: Sequence[int]) -> None:
        self._digits = list(digits)
        self._steps: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        exact = scores.float()
        self._steps.append(torch.cat([exact[:, self._digits], exact.logsumexp(-1, keepdim=True)], dim=1))
        return scores

    def recorded(self) -> torch.Tensor:
        """[batch, steps, 6] on the CPU: five logits, then the log-sum-exp over the vocabulary."""
        return torch.stack(self._steps, dim=1).cpu()


class SeededNoise(LogitsProcessor):
    """Draws the samples after the first: the largest of logits / temperature plus Gumbel noise is a fair draw.

    Each row has a generator of its own, so that a draw depends on its seed and never on the rest of the batch.
    """

    def __init__(self, seeds: Sequence[int | None], *, temperature: float, device: torch.device) -> None:
        self._temperature = temperature
        self._draws = {
            row: torch.Generator(device).manual_seed(seed) for row, seed in enumerate(seeds) if seed is not None
        }

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        noisy = scores.clone()
        for row, draw in self._draws.items():
            uniform = torch.rand(scores.shape[1], generator=draw, device=scores.device)
            noisy[row] = scores[row] / self._temperature - torch.log(-torch.log(uniform.clamp(1e-20, 1 - 1e-7)))
        return noisy


def seed_of(question: Question) -> int | None:
    """What a sample's draw starts from, the same on every machine; None for sample 0, which is greedy."""
    words = f"{question.sample} {question.draw} {question.prompt}"
    return zlib.crc32(words.encode()) if question.sample else None


def chances(recorded: torch.Tensor) -> Probabilities:
    """p(1) to p(5) of one step's row of six."""
    *digits, total = recorded.tolist()
    return Probabilities(tuple(math.exp(logit - total) for logit in digits))  # type: ignore[arg-type]
