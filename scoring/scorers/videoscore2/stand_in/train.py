"""Make the stand-in checkpoint from nothing but this folder's code: tokenizer, drawn clips, two stages.

    python -m scoring.scorers.videoscore2.stand_in.train --output DIR

About twelve minutes on two CPU cores. The seed fixes every draw; two machines still differ in the last bits of
their sums, so a new run gives a checkpoint of the same kind with another SHA-256.
"""

import argparse
import time
from pathlib import Path
from random import Random

from scoring.scorers.videoscore2.torchvision_without_cuda import declare_operators

declare_operators()

import numpy as np  # noqa: E402
import torch  # noqa: E402

from scoring.scorers.videoscore2.stand_in.checkpoint import make_model, make_processor, save  # noqa: E402
from scoring.scorers.videoscore2.stand_in.language import train_language, watch  # noqa: E402
from scoring.scorers.videoscore2.stand_in.tokenizer import make_tokenizer  # noqa: E402
from scoring.scorers.videoscore2.stand_in.vision import train_vision  # noqa: E402


def train(output: Path, seed: int, scale: float) -> None:
    """Write a trained checkpoint to the folder `output`; `scale` shortens every stage, for a trial run."""
    torch.manual_seed(seed)
    draws, words = np.random.default_rng(seed), Random(seed)  # noqa: S311
    tokenizer = make_tokenizer(seed)
    model, processor = make_model(tokenizer), make_processor(tokenizer)

    def steps(full: int) -> int:
        return max(20, round(full * scale))

    train_vision(model, processor, steps(1100), draws)
    model.visual.requires_grad_(False)
    tiny = watch(model, processor, steps(1500), draws, tiny=True)
    train_language(model, processor, tiny, steps=steps(420), tokens_a_step=10_000, rate=3e-3, rng=words)
    full = watch(model, processor, steps(360), draws, tiny=False)
    train_language(model, processor, full, steps=steps(200), tokens_a_step=9_000, rate=1e-3, rng=words)
    save(model, processor, output, torch.bfloat16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full number of steps (default 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    started = time.monotonic()
    train(options.output, options.seed, options.scale)
    print(f"written to {options.output} in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
