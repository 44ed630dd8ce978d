"""The official way to ask VideoScore2, written again from its published script: what ours is measured against.

One video at a time, weights without a dtype (float32), every step's scores kept, one expression over the whole
answer, and the growing text decoded once per token to find a digit. Its faults are part of it.
"""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from scoring.scorers.videoscore2.frames import sample_frames  # noqa: F401 - registers the reader with qwen-vl-utils

from qwen_vl_utils import process_vision_info  # isort: skip
from transformers import AutoModelForImageTextToText, AutoProcessor  # isort: skip

NAMES = {
    "visual_quality": "visual quality:",
    "text_alignment": "text-to-video alignment:",
    "physical_consistency": "physical/common-sense consistency:",
}
SCORES = re.compile(
    r"visual quality:\s*(\d+).*?text-to-video alignment:\s*(\d+).*?physical/common-sense consistency:\s*(\d+)",
    re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Official:
    """One answer: text, token ids, each step's scores, and what the script makes of them by dimension."""

    text: str
    tokens: list[int]
    scores: tuple[torch.Tensor, ...]
    hard: dict[str, int | None]
    position: dict[str, int]  # step of the digit, -1 where the script finds none
    soft: dict[str, float | None]


class OfficialScorer:
    """A loaded model."""

    def __init__(self, checkpoint: Path) -> None:
        self.processor: Any = AutoProcessor.from_pretrained(checkpoint)
        self.model: Any = AutoModelForImageTextToText.from_pretrained(checkpoint)
        self.tokenizer = self.processor.tokenizer

    def ask(self, path: Path, query: str, *, greedy: bool, max_new_tokens: int = 1024, **forced: Any) -> Official:
        """One video. The script itself samples at a temperature of 0.7; `greedy` is for comparing."""
        part = {"type": "video", "video": str(path), "fps": 2.0}
        messages = [{"role": "user", "content": [part, {"type": "text", "text": query}]}]
        chat = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        images, videos = process_vision_info(messages)
        inputs = self.processor(
            text=[chat], images=images, videos=videos, fps=2.0, padding=True, return_tensors="pt"
        ).to(self.model.device)
        sampling = {"do_sample": False, "temperature": None} if greedy else {"do_sample": True, "temperature": 0.7}
        with torch.no_grad():
            out = self.model.generate(
                **inputs,
                max_new_tokens=max_new_tokens,
                output_scores=True,
                return_dict_in_generate=True,
                **sampling,
                **forced,
            )
        tokens = out.sequences[0, inputs["input_ids"].shape[1] :].tolist()
        text = self.processor.batch_decode([tokens], skip_special_tokens=True, clean_up_tokenization_spaces=False)[
            0
        ]
        found = SCORES.search(text)
        hard = {key: int(found[nth]) if found else None for nth, key in enumerate(NAMES, start=1)}
        position = {key: self.find_digit(name, tokens) for key, name in NAMES.items()}
        soft = {
            key: None if hard[key] is None or position[key] < 0 else self.soft_score(out.scores[position[key]][0])
            for key in NAMES
        }
        return Official(text, tokens, out.scores, hard, position, soft)

    def find_digit(self, name: str, tokens: list[int]) -> int:
        """The first digit behind the first place where the name stands, thinking or not; quadratic in the tokens."""
        whole = self.tokenizer.decode(tokens, skip_special_tokens=False)
        named = re.search(r"(?:\(\d+\)\s*|\n\s*)?" + re.escape(name), whole, re.IGNORECASE)
        digit = named and re.search(r"\d", whole[named.end() :])
        if not (named and digit):
            return -1
        wanted = whole[: named.end() + digit.end()]
        for step in range(len(tokens)):
            if self.tokenizer.decode(tokens[: step + 1], skip_special_tokens=False) == wanted:
                return step
        return -1

    def soft_score(self, scores: torch.Tensor) -> float:
        """best * p(best) / sum p over the five digits, four decimals."""
        logs = torch.log_softmax(scores, dim=-1)
        chances = []
        for score in range(1, 6):
            ids = self.tokenizer.encode(str(score), add_special_tokens=False)
            chances.append(math.exp(logs[ids[0]].item()))
        best = chances.index(max(chances)) + 1
        return round(best * max(chances) / sum(chances), 4)
