"""The YAML head of a dataset card, in the words that the Hugging Face Hub and `datasets` know."""

import json
from collections.abc import Mapping

from datasets_app.models import ReleaseFormat
from datasets_app.releases.export_options import Counts, Options
from datasets_app.releases.markdown import printable

SIZES = [
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
]
HUGE = "10M<n<100M"
TASKS = ["video-classification", "video-text-to-text"]
TAGS = ["video", "text-to-video", "video-quality-assessment", "human-feedback"]
WHOLE = "train"  # what `datasets` calls data without splits


def head(name: str, options: Options, counts: Counts) -> str:
    """The head between its two lines of dashes. The licence is for the lead to say: `unknown` until then."""
    lines = [f"license: {options.licence}", f"pretty_name: {quoted(name)}"]
    lines += ["size_categories:", f"- {size_category(max(counts.records.values(), default=0))}"]
    lines += ["task_categories:", *(f"- {task}" for task in TASKS)]
    lines += ["tags:", *(f"- {tag}" for tag in TAGS), *(f"- {name}" for name in options.formats)]
    lines += ["configs:"]
    for number, (config, files) in enumerate(configs(options).items()):
        lines += [f"- config_name: {config}", *(["  default: true"] if number == 0 else []), "  data_files:"]
        for split, path in files.items():
            lines += [f"  - split: {split}", f"    path: {quoted(path)}"]
    return "---\n" + "\n".join(lines) + "\n---\n"


def configs(options: Options) -> dict[str, Mapping[str, str]]:
    """What `load_dataset(FOLDER, CONFIG)` offers: files by split, by config, the default first.

    `datasets` reads all configs of a folder with the one reader that fits the first, so Parquet stands alone.
    """
    splits = list(options.split) or [WHOLE]
    if ReleaseFormat.PARQUET in options.formats:
        return {"parquet": {split: f"parquet/{split}-*.parquet" for split in splits}}
    return {
        name: {split or WHOLE: f"{stem}.jsonl" for split, stem in stems.items()}
        for name, stems in options.file_stems.items()
    }


def size_category(records: int) -> str:
    """The Hub's name of a size; `records` of the largest format."""
    return next((name for below, name in SIZES if records < below), HUGE)


def quoted(text: str) -> str:
    """A text on one line as a YAML string: JSON's quotes are YAML's."""
    return json.dumps(printable(text), ensure_ascii=False)
