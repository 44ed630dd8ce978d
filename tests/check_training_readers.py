"""Read a release with the trainers' real loaders. Opt-in: pytest does not collect it; see docs/releases.md.

    python check_training_readers.py FOLDER TINY_MODEL          every format that lies in FOLDER
    python check_training_readers.py FOLDER TINY_MODEL rl       only these

`sft` is read by LLaMA-Factory's loader, `rl` by datasets.Dataset.from_json with the trainer's joining of paths, the
rest by datasets.load_dataset: `parquet` from a copy elsewhere, where each video is decoded.
It runs in an environment of its own and imports nothing of ours. TINY_MODEL is a folder with the configuration,
tokenizer and processors of a Qwen2.5-VL model; weights are not read. Exit 0 only if every record is readable.
"""

import hashlib
import importlib.machinery
import json
import os
import re
import shutil
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path

REWARD = re.compile(
    r"visual quality:\s*(\d+).*?text-to-video alignment:\s*(\d+).*?physical/common-sense consistency:\s*(\d+)",
    re.DOTALL | re.IGNORECASE,
)
RL_KEYS = {
    "problem_id",
    "problem",
    "data_type",
    "problem_type",
    "options",
    "solution",
    "path",
    "data_source",
}
BENCH_KEYS = ["video_name", "prompt", "visual_score", "t2v_score", "phy_score", "thinking"]
IGNORED = -100  # the label of a position that is not trained on


def make_importable() -> None:
    """Let LLaMA-Factory import where PyTorch has no CUDA and torchvision no compiled operators."""
    import torch  # in an environment of its own

    os.environ["DISABLE_VERSION_CHECK"] = "1"
    os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
    torchaudio = types.ModuleType("torchaudio")
    torchaudio.__spec__ = importlib.machinery.ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = torchaudio
    if torch.version.cuda is None:
        library = torch.library.Library("torchvision", "DEF")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        make_importable.library = library  # type: ignore[attr-defined]  # the definitions live as long as this does


def check_sft(folder: Path, model: str) -> int:
    """Tokenise every dataset of the folder as `train_sft.yaml` says; the number of records read."""
    make_importable()
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer
    from omegaconf import OmegaConf

    os.chdir(folder)
    training = OmegaConf.to_container(OmegaConf.load("train_sft.yaml"))
    datasets = json.loads(Path("dataset_info.json").read_text())
    assert training["dataset"] in datasets, "the training file names a dataset that is not there"
    read = 0
    for name, entry in datasets.items():
        records = [json.loads(line) for line in Path(entry["file_name"]).read_bytes().splitlines()]
        # As the file says, but for what needs the real weights or a GPU. A float32 CPU run has no bf16.
        settings = training | {
            "dataset": name,
            "model_name_or_path": model,
            "bf16": False,
            "output_dir": "/tmp/check-training-readers",
            "overwrite_cache": True,
            "preprocessing_num_workers": 1,
        }
        model_args, data_args, training_args, _, _ = get_train_args(settings)
        parts = load_tokenizer(model_args)
        template = get_template_and_fix_tokenizer(parts["tokenizer"], data_args)
        module = get_dataset(template, model_args, data_args, training_args, stage="sft", **parts)
        rows = module["train_dataset"]
        check_rows(rows, records, parts["tokenizer"])
        read += len(rows)
    return read


def check_rows(rows: object, records: list[dict], tokenizer: object) -> None:
    """Each record has video tokens, trained positions that spell its answer, and one file for its one mark."""
    assert len(rows) == len(records), f"{len(records)} records, {len(rows)} read"
    video_token = tokenizer.convert_tokens_to_ids("<|video_pad|>")
    for number, (row, record) in enumerate(zip(rows, records, strict=True)):
        assert record["conversations"][0]["value"].count("<video>") == len(record["videos"]) == 1, number
        assert len(row["videos"]) == 1, number
        assert Path(row["videos"][0]).is_file(), row["videos"]
        assert row["input_ids"].count(video_token) > 0, f"record {number} has no video tokens"
        trained = [token for token in row["labels"] if token != IGNORED]
        answer = tokenizer.decode(trained, skip_special_tokens=True)
        assert answer.strip() == record["conversations"][1]["value"].strip(), (
            f"record {number} was cut: {answer!r}"
        )
    tokens = [row["input_ids"].count(video_token) for row in rows]
    print(f"{len(rows)} records, {min(tokens)} to {max(tokens)} video tokens each")


def check_rl(folder: Path) -> int:
    """Load every file as the trainer does, join its paths, read its solutions; the number of records."""
    from datasets import Dataset

    read = 0
    for file in files_of(folder, "rl"):
        rows = Dataset.from_json(str(file))
        for row in rows:
            assert row.keys() == RL_KEYS, row.keys()
            assert Path(str(folder) + row["path"][1:]).is_file(), row["path"]
            assert "<video>" not in row["problem"], row["problem_id"]
            scores = [int(score) for score in REWARD.search(row["solution"]).groups()]
            assert all(1 <= score <= 5 for score in scores), row["solution"]
        read += len(rows)
    return read


def check_parquet(folder: Path) -> int:
    """Load the Parquet files by the card alone, in another place, and decode every video; the number of rows."""
    from datasets import load_dataset

    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(folder / "parquet", Path(place) / "moved" / "parquet")
        shutil.copy(folder / "README.md", Path(place) / "moved")
        splits = load_dataset(f"{place}/moved", cache_dir=f"{place}/cache")
        frames = [check_video(row) for rows in splits.values() for row in rows]
    print(f"{len(frames)} videos decoded, {min(frames)} to {max(frames)} frames each; splits {sorted(splits)}")
    return len(frames)


def check_video(row: dict) -> int:
    """The number of frames of a row's video, which is the file that the row names."""
    video = row["video"]
    held = video._hf_encoded
    assert hashlib.sha256(held["bytes"]).hexdigest() == row["sha256"], row["video_name"]
    assert video[0].shape == (3, row["height"], row["width"]), row["video_name"]
    assert all(1 <= row[f"{key}_score"] <= 5 for key in ("visual", "t2v", "phy")), row["video_name"]
    return sum(1 for _ in video)


def check_preferences(folder: Path) -> int:
    """Each pair names two files of one prompt, the better one first."""
    read = 0
    for row in rows_of(folder, "preferences"):
        assert row["chosen"] != row["rejected"], row
        gap = row["chosen_score"] - row["rejected_score"]
        assert gap > 0, row
        assert abs(row["margin"] - gap) < 2e-4, row  # both are rounded
        if (folder / "videos").is_dir():
            assert all((folder / row[side]).is_file() for side in ("chosen", "rejected")), row
        read += 1
    return read


def check_bench(folder: Path) -> int:
    """Each line has the published keys, with integer scores."""
    rows = list(rows_of(folder, "bench"))
    assert all(list(row) == BENCH_KEYS for row in rows)
    assert all(row[key] in range(1, 6) for row in rows for key in BENCH_KEYS[2:5])
    return len(rows)


def check_records(folder: Path) -> int:
    """Each line is a flat object with a name."""
    rows = list(rows_of(folder, "records"))
    assert all(row["video_name"] and row["prompt"] for row in rows)
    return len(rows)


def rows_of(folder: Path, form: str) -> Iterator[dict]:
    """All rows of a JSON Lines format, read by `datasets`."""
    from datasets import load_dataset

    for file in files_of(folder, form):
        yield from load_dataset("json", data_files=str(file), split="train")


def files_of(folder: Path, form: str) -> list[Path]:
    """The format's files: one, or one a split."""
    return sorted([*folder.glob(f"{form}.jsonl"), *folder.glob(f"{form}_*.jsonl")])


def main(folder: str, model: str, *only: str) -> None:
    path = Path(folder).resolve()
    checks = {
        "records": check_records,
        "rl": check_rl,
        "bench": check_bench,
        "preferences": check_preferences,
        "parquet": check_parquet,
        "sft": lambda place: check_sft(place, os.path.abspath(model)),
    }
    asked = json.loads((path / "manifest.json").read_text())
    forms = only or asked["options"]["formats"]
    for form in sorted(forms, key=list(checks).index):
        read, written = checks[form](path), asked["counts"]["records"][form]
        assert read == written, f"{form}: {written} records written, {read} read"
        print(f"{form}: {read} of {written} records read by the reader itself")


if __name__ == "__main__":
    main(*sys.argv[1:])
