"""Asking the model about a batch: limits in time and tokens, and half the batch where memory does not suffice."""

import gc
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from scoring.protocol import DeviceLost, VideoFault
from scoring.scorers.videoscore2.attention import roomy_cache
from scoring.scorers.videoscore2.digits import DigitRecorder, SeededNoise, digit_ids
from scoring.scorers.videoscore2.prompt import Prepared, collate

logger = logging.getLogger(__name__)

SECONDS = 400.0  # for a batch; the worker's own limit is 540
TELL_EVERY = 0.5  # seconds between two looks of whoever reads along
GIB = 1 << 30
ROOM_A_VIDEO = 1.5 * GIB  # of a GPU: cache, frames and activations of a 7B model, with a margin
LARGEST_BATCH = 64
# How the CPU, the driver and cuBLAS put it.
OUT_OF_MEMORY = ("can't allocate memory", "CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
BATCH_ON_CPU = 16

Told = Callable[[int, list[int]], None]  # (row, tokens so far)


@dataclass(frozen=True)
class Written:
    """What the model wrote about one video: token ids without the end, and [tokens, 6] of `DigitRecorder`."""

    tokens: list[int]
    recorded: torch.Tensor


@dataclass
class Spent:
    """Seconds and tokens since the model was loaded, for whoever wants to know where the time goes."""

    prefill: float = 0.0
    steps: float = 0.0
    tokens: int = 0


@dataclass
class Generator:
    """A loaded model with its limits. `batch_size` shrinks when the device runs out of memory."""

    model: Any
    tokenizer: Any
    max_new_tokens: int
    temperature: float
    batch_size: int
    seconds: float = SECONDS
    spent: Spent = field(default_factory=Spent)

    def write(
        self, batch: Sequence[Prepared], seeds: Sequence[int | None], told: Told | None = None
    ) -> list[Written | VideoFault]:
        """An answer for each video, in order, or why there is none."""
        if len(batch) > self.batch_size:
            return self._write_in_parts(batch, seeds, told)
        try:
            return self._write(batch, seeds, told)
        except RuntimeError as error:
            if not _out_of_memory(error):
                _refuse_lost_device(error)
                raise
        # Outside the handler: the traceback would keep what has to be freed.
        gc.collect()
        torch.cuda.empty_cache()
        if len(batch) == 1:
            return [VideoFault("the device has too little memory for this video, even alone")]
        self.batch_size = len(batch) // 2
        logger.warning("out of memory with %d videos at once; going on with %d", len(batch), self.batch_size)
        return self._write_in_parts(batch, seeds, told)

    def _write_in_parts(
        self, batch: Sequence[Prepared], seeds: Sequence[int | None], told: Told | None
    ) -> list[Written | VideoFault]:
        written: list[Written | VideoFault] = []
        while len(written) < len(batch):
            start, end = len(written), len(written) + self.batch_size
            part = (lambda row, ids, start=start: told(start + row, ids)) if told else None
            written += self.write(batch[start:end], seeds[start:end], part)
        return written

    def _write(
        self, batch: Sequence[Prepared], seeds: Sequence[int | None], told: Told | None
    ) -> list[Written | VideoFault]:
        started = time.monotonic()
        device = self.model.device
        inputs = {name: tensor.to(device) for name, tensor in collate(batch, pad=self._pad).items()}
        inputs["pixel_values_videos"] = inputs["pixel_values_videos"].to(self.model.dtype)
        prompt = inputs["input_ids"].shape[1]
        recorder = DigitRecorder(digit_ids(self.tokenizer))
        watch = _Watch(prompt, started + self.seconds, told)
        # torch.inference_mode also covers what the processors of logits do.
        with torch.inference_mode():
            sequences = self.model.generate(
                **inputs,
                max_new_tokens=self.max_new_tokens,
                past_key_values=roomy_cache(),
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                pad_token_id=self._pad,
                logits_processor=LogitsProcessorList([recorder, *self._noise(seeds)]),
                stopping_criteria=StoppingCriteriaList([watch]),
            )
        ended = time.monotonic()
        rows, recorded = sequences[:, prompt:].tolist(), recorder.recorded()
        written = [self._cut(row, recorded[nth], late=watch.late) for nth, row in enumerate(rows)]
        self.spent.prefill += watch.first - started
        self.spent.steps += ended - watch.first
        self.spent.tokens += sum(len(one.tokens) for one in written if isinstance(one, Written))
        return written

    def _noise(self, seeds: Sequence[int | None]) -> list[SeededNoise]:
        if all(seed is None for seed in seeds):
            return []
        return [SeededNoise(seeds, temperature=self.temperature, device=self.model.device)]

    def _cut(self, row: list[int], recorded: torch.Tensor, *, late: bool) -> Written | VideoFault:
        """The row without the end and what fills it up."""
        end = next((at for at, token in enumerate(row) if token in self._ends), None)
        if end is None and late:
            return VideoFault(f"no whole answer within {self.seconds:.0f} s", permanent=False)
        return Written(row[:end], recorded[:end])

    @property
    def _ends(self) -> set[int]:
        ends = self.model.generation_config.eos_token_id
        return set(ends if isinstance(ends, list) else [ends])

    @property
    def _pad(self) -> int:
        return int(self.tokenizer.pad_token_id)


class _Watch(StoppingCriteria):
    """Called after each step: notes the first, tells whoever reads along, and stops when time is up."""

    def __init__(self, prompt: int, deadline: float, told: Told | None) -> None:
        self._prompt, self._deadline, self._told = prompt, deadline, told
        self._next = 0.0
        self.first = 0.0
        self.late = False

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        now = time.monotonic()
        self.first = self.first or now
        self.late = now > self._deadline
        if self._told and now >= self._next:
            for row, ids in enumerate(input_ids[:, self._prompt :].tolist()):
                self._told(row, ids)
            self._next = now + TELL_EVERY
        return torch.full((input_ids.shape[0],), self.late, dtype=torch.bool, device=input_ids.device)


def usual_batch(device: torch.device) -> int:
    """How many videos a device is asked about at once: by its free memory, once the model is loaded."""
    if device.type != "cuda":
        return BATCH_ON_CPU
    torch.cuda.empty_cache()  # what a scorer before this one left
    free, _ = torch.cuda.mem_get_info(device)
    return int(max(1, min(LARGEST_BATCH, free // ROOM_A_VIDEO)))


def _refuse_lost_device(error: RuntimeError) -> None:
    """After an error of a kernel or of cuBLAS, everything that this process asks of the device fails, too."""
    if isinstance(error, torch.AcceleratorError) or str(error).startswith("CUDA error"):
        raise DeviceLost(f"the device failed: {str(error).splitlines()[0]}") from error


def _out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in OUT_OF_MEMORY)
