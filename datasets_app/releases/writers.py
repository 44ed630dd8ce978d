"""Which writer makes which format."""

from collections.abc import Callable
from pathlib import Path

from django.utils.module_loading import import_string

from annotation.models import Project
from datasets_app.models import ReleaseFormat
from datasets_app.releases import format_bench, format_records
from datasets_app.releases.export_options import Options
from datasets_app.releases.format_preferences import PreferencesWriter
from datasets_app.releases.format_rl import RlWriter
from datasets_app.releases.format_sft import SftWriter
from datasets_app.releases.line_writer import LineWriter, Writer

# By its dotted name: pyarrow is large, and a process that writes no such file need not load it.
PARQUET = "datasets_app.releases.format_parquet.ParquetWriter"
MAKERS: dict[str, Callable[[Project, Path, Options], Writer]] = {
    ReleaseFormat.RECORDS: lambda project, folder, options: LineWriter(
        ReleaseFormat.RECORDS, folder, options, format_records.record
    ),
    ReleaseFormat.SFT: SftWriter,
    ReleaseFormat.RL: RlWriter,
    ReleaseFormat.BENCH: lambda project, folder, options: LineWriter(
        ReleaseFormat.BENCH, folder, options, format_bench.record
    ),
    ReleaseFormat.PREFERENCES: PreferencesWriter,
    ReleaseFormat.PARQUET: lambda project, folder, options: import_string(PARQUET)(project, folder, options),
}


def open_writers(project: Project, folder: Path, options: Options) -> dict[str, Writer]:
    """A writer for each format asked for, by its name."""
    return {name: MAKERS[name](project, folder, options) for name in options.formats}
