"""How to load a release, for its dataset card and for the notes beside the `rl` file."""

from collections.abc import Iterator

from datasets_app.models import ReleaseFormat
from datasets_app.releases.export_options import Options, VideoFiles

VIDEO_R1 = "VIDEO_R1.md"


def training_split(options: Options) -> str:
    """The split to train on: the one of that name, else the largest; "" where there are none."""
    return "train" if "train" in options.split else next(iter(options.split), "")


def loading(options: Options) -> Iterator[str]:
    """The card's section: a few lines for each format that is there."""
    yield "## How to load it"
    yield ""
    for name in options.formats:
        yield f"- `{name}`: {_words(name, options)}"
    yield "- `videos.jsonl`: each video's split, scores and hashes, whatever the formats."


def _words(name: str, options: Options) -> str:
    first = options.file_stems[name][training_split(options)]
    if name == ReleaseFormat.PARQUET:
        videos = "the videos are within" if options.videos != VideoFiles.NONE else "without the videos themselves"
        return f'`datasets.load_dataset(FOLDER)`; {videos}. Decoding `["video"]` needs `torchcodec`.'
    how = f'`datasets.load_dataset("json", data_files="{first}.jsonl")`'
    if name == ReleaseFormat.SFT:
        return "in this folder, `llamafactory-cli train train_sft.yaml` (LLaMA-Factory)."
    if name == ReleaseFormat.RL:
        return f"with Video-R1's trainer, see [{VIDEO_R1}]({VIDEO_R1})."
    if name == ReleaseFormat.BENCH:
        return f"{how}; VideoScore-Bench-v2's keys, the experts' scores as they are."
    if name == ReleaseFormat.PREFERENCES:
        return f"{how}; pairs of one prompt's videos, the chosen one at least {options.margin:g} above the other."
    return f"{how}; VideoFeedback2's keys."


def video_r1(options: Options) -> str:
    """The notes beside the `rl` file: where the folder belongs, the reward, the command."""
    first = options.file_stems[ReleaseFormat.RL][training_split(options)]
    return NOTES.replace("{file}", f"{first}.jsonl")


# Source: Video-R1's trainer, and the training scripts published with VideoScore2 (arXiv 2509.22799).
NOTES = """\
# Training with Video-R1 (GRPO)

**Where.** The trainer opens `os.getcwd() + "/Video-R1-data" + path[1:]` and runs in `Video-R1/src/r1-v`. Make this
folder its `Video-R1-data`; `./videos/NAME.mp4` is then found:

```
ln -s THIS_FOLDER Video-R1/src/r1-v/Video-R1-data
```

**Dataset argument.** `--dataset_name ./Video-R1-data/{file}`. A name that ends in `.json` or `.jsonl` is read with
`Dataset.from_json`.

**Script.** `problem_type` is `video eval`, which Video-R1's own `grpo.py` does not know: it needs VideoScore2's
`grpo_vs2_sft.py` in `src/open_r1/`, and its change of `grpo_trainer.py`. Start from the supervised checkpoint. The
published arguments, on 4 GPUs:

```
--max_prompt_length 16384 --max_completion_length 1024 --max_pixels 589824 --num_generations 8 --num_train_epochs 1
--per_device_train_batch_size 1 --gradient_accumulation_steps 8 --learning_rate 2e-6 --lr_scheduler_type cosine
--weight_decay 0.01 --beta 0.04 --max_grad_norm 5 --bf16 --temporal false --len_control true
```

**Reward.** Answer and solution are read with this expression (DOTALL, IGNORECASE):

```
visual quality:\\s*(\\d+).*?text-to-video alignment:\\s*(\\d+).*?physical/common-sense consistency:\\s*(\\d+)
```

| all three within 1, total miss | 0 | 1 | 2 | 3 | anything else |
| --- | --- | --- | --- | --- | --- |
| reward | 1.0 | 0.7 | 0.4 | 0.1 | 0 |

The expression takes the first match in the whole answer: scores that stand in the reasoning are read in place of
the final ones.
"""
