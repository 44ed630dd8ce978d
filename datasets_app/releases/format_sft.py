"""`sft`: ShareGPT conversations for LLaMA-Factory, with the two files that its trainer reads beside them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from annotation.models import Project
from datasets_app.models import ReleaseFormat
from datasets_app.releases.card_loading import training_split
from datasets_app.releases.export_options import Options
from datasets_app.releases.line_writer import LineWriter
from datasets_app.releases.put_video import video_path
from datasets_app.releases.release_manifest import FileFacts, hash_file
from datasets_app.releases.select_rows import Row
from datasets_app.releases.staged_folder import write_synced
from datasets_app.releases.training_texts import answer, human_turn, reasoned_answer

# Training settings published with VideoFeedback2 (arXiv 2509.22799). Batch: 8 GPUs x 1 x 8.
_TRAINING = """\
# LLaMA-Factory settings of VideoScore2's supervised fine-tuning (8 GPUs x 1 x 8).
# Run it in this folder: llamafactory-cli train {file}
# A model of this size needs a DeepSpeed configuration of your own machine: add `deepspeed: PATH`.
model_name_or_path: Qwen/Qwen2.5-VL-7B-Instruct
template: qwen2_vl
stage: sft
do_train: true
finetuning_type: full
freeze_vision_tower: true
freeze_multi_modal_projector: true
freeze_language_model: false
dataset: {dataset}
dataset_dir: .
media_dir: .
video_fps: 2.0
video_maxlen: 10
video_max_pixels: 691200
cutoff_len: 8192
learning_rate: 5.0e-5
lr_scheduler_type: cosine
warmup_ratio: 0.1
num_train_epochs: 2.0
per_device_train_batch_size: 1
gradient_accumulation_steps: 8
bf16: true
output_dir: checkpoints
"""
TRAINING_FILE = "train_sft.yaml"
INFO_FILE = "dataset_info.json"


class SftWriter(LineWriter):
    """The conversations, and beside them the two files that LLaMA-Factory reads."""

    def __init__(self, project: Project, folder: Path, options: Options) -> None:
        super().__init__(ReleaseFormat.SFT, folder, options, lambda row: record(row, no_cot=options.no_cot))
        self.folder, self.options = folder, options
        self.name = project.slug.replace("-", "_")

    def finish(self) -> Iterator[tuple[FileFacts, str, int]]:
        yield from super().finish()
        datasets = {
            f"{self.name}_{split}" if split else self.name: f"{stem}.jsonl" for split, stem in self.stems.items()
        }
        split = training_split(self.options)
        name = f"{self.name}_{split}" if split else self.name
        texts = {INFO_FILE: dataset_info(datasets), TRAINING_FILE: training_settings(name)}
        for file, text in texts.items():
            write_synced(self.folder / file, text.encode())
            yield FileFacts(file, *hash_file(self.folder / file)), "", 0


def record(row: Row, *, no_cot: bool) -> dict[str, Any]:
    """A conversation about one video."""
    reply = answer(row.scores) if no_cot else reasoned_answer(row.rationale, row.scores)
    return {
        "conversations": [
            {"from": "human", "value": human_turn(row.prompt)},
            {"from": "gpt", "value": reply},
        ],
        "videos": [video_path(row)],
    }


def dataset_info(files: Mapping[str, str]) -> str:
    """`dataset_info.json` for files by dataset name."""
    columns = {"messages": "conversations", "videos": "videos"}
    info = {
        name: {"file_name": file, "formatting": "sharegpt", "columns": columns} for name, file in files.items()
    }
    return json.dumps(info, indent=2) + "\n"


def training_settings(dataset: str) -> str:
    """The training YAML for one dataset of `dataset_info.json`."""
    return _TRAINING.format(dataset=dataset, file=TRAINING_FILE)
