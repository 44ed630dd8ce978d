"""Write a dataset from a project's verdicts: the same inputs give the same bytes on any day."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from annotation.models import Project
from datasets_app.models import ReleaseFormat
from datasets_app.releases import format_records, format_rl, format_sft
from datasets_app.releases.export_options import Counts, ExportError, Options
from datasets_app.releases.jsonl import dump_line, read_lines
from datasets_app.releases.line_file import LineFile
from datasets_app.releases.put_video import UnfitFileError, put_video, video_path
from datasets_app.releases.release_manifest import MANIFEST, FileFacts, differences, hash_file, write_manifest
from datasets_app.releases.select_rows import Row, one_moment, select_rows
from datasets_app.releases.splits import Splits
from datasets_app.releases.staged_folder import move_into_place, staged_folder, write_synced

Progress = Callable[[int, int], None]  # rows done, rows in all
NO_RATIONALE = "no rationale"
_ROWS, _FILES = ".rows", ".files"  # scratch, gone before the folder gets its name


def export_dataset(
    project: Project, options: Options, output: Path, progress: Progress = lambda done, total: None
) -> Counts:
    """Write the dataset to the folder `output`; an equal folder that is there already is left as it is.

    Memory does not grow with the number of videos, and no transaction is open while videos are copied.
    Raises ExportError, FolderTakenError or OSError, and then leaves nothing behind.
    """
    output = output.resolve()
    _refuse_foreign(output)
    counts = Counts()
    with staged_folder(output) as part:
        with (part / _ROWS).open("w+b") as rows, (part / _FILES).open("w+b") as files:
            counts.verdicts, splits = _spool(project, options, rows)
            for facts in _write(project, options, part, _spooled(rows), splits, counts, progress):
                files.write(dump_line(facts._asdict()))
            _refuse_empty(options, counts)
            write_manifest(part, _facts(project, options, counts), _listed(files))
        (part / _ROWS).unlink()
        (part / _FILES).unlink()
        counts.already_there = _publish(part, output)
    return counts


def _spool(project: Project, options: Options, spool: IO[bytes]) -> tuple[int, Splits]:
    """Put all rows into a scratch file, count them and split their prompts.

    Slow work on videos then needs no database.
    """
    splits = Splits(options.split or {options.format: 1.0}, options.seed)
    points = set()
    total = 0
    with one_moment():
        for row in select_rows(project, rationale=options.rationale):
            spool.write(dump_line(vars(row)))
            points.add(splits.point(row.prompt))
            total += 1
    return total, splits.filled(points)


def _spooled(spool: IO[bytes]) -> Iterator[Row]:
    spool.seek(0)
    for _, values in read_lines(spool):
        yield Row(**values)


def _listed(spool: IO[bytes]) -> Iterator[FileFacts]:
    spool.seek(0)
    for _, values in read_lines(spool):
        yield FileFacts(**values)


def _write(
    project: Project,
    options: Options,
    part: Path,
    rows: Iterator[Row],
    splits: Splits,
    counts: Counts,
    progress: Progress,
) -> Iterator[FileFacts]:
    """Write every file but the manifest; each is reported once it is complete."""
    with ExitStack() as stack:
        outs = {stem: LineFile(part / f"{stem}.jsonl") for stem in options.file_stems}
        for out in outs.values():
            stack.callback(out.close)
        for done, row in enumerate(rows, start=1):
            try:
                video = _take(row, options, part)
            except UnfitFileError as unfit:
                counts.left_out[str(unfit)] += 1
            else:
                if video:
                    yield video
                stem = splits.of(row.prompt)
                outs[stem].write(_record(row, options))
                _count(row, stem, options, counts)
            progress(done, counts.verdicts)
        for out in outs.values():
            yield out.finish()
    if options.format == ReleaseFormat.SFT:
        yield from _write_companions(project, options, part)


def _take(row: Row, options: Options, part: Path) -> FileFacts | None:
    """Put the row's video into the folder where the format has one. Raises UnfitFileError: leave the row out."""
    if options.needs_rationale and not row.rationale_source:
        raise UnfitFileError(NO_RATIONALE)
    if not options.needs_video:
        return None
    if row.unplayable:
        raise UnfitFileError(row.unplayable)
    return put_video(row, part)


def _record(row: Row, options: Options) -> dict[str, Any]:
    if options.format == ReleaseFormat.SFT:
        return format_sft.record(row, video_path(row), no_cot=options.no_cot)
    if options.format == ReleaseFormat.RL:
        return format_rl.record(row, video_path(row))
    return format_records.record(row)


def _count(row: Row, stem: str, options: Options, counts: Counts) -> None:
    counts.records += 1
    counts.splits[stem] += 1
    if options.needs_rationale or options.format == ReleaseFormat.RECORDS:
        counts.rationales[row.rationale_source or "none"] += 1
        counts.stripped_lines += row.stripped


def _write_companions(project: Project, options: Options, part: Path) -> Iterator[FileFacts]:
    """What LLaMA-Factory reads beside the record files."""
    name = project.slug.replace("-", "_")
    datasets = {f"{name}_{stem}" if options.split else name: f"{stem}.jsonl" for stem in options.file_stems}
    texts = {
        format_sft.INFO_FILE: format_sft.dataset_info(datasets),
        format_sft.TRAINING_FILE: format_sft.training_settings(next(iter(datasets))),
    }
    for file, text in texts.items():
        write_synced(part / file, text.encode())
        yield FileFacts(file, *hash_file(part / file))


def _refuse_empty(options: Options, counts: Counts) -> None:
    """A release without records, or with a split without any, is a mistake better seen now."""
    reasons = ", ".join(f"{number} {reason}" for reason, number in sorted(counts.left_out.items()))
    if not counts.records:
        left_out = f" Left out: {reasons}." if reasons else ""
        raise ExportError(f"Nothing to export: {counts.verdicts} verdicts, no record.{left_out}")
    for stem in options.file_stems:
        if not counts.splits[stem]:
            raise ExportError(
                f"Split {stem!r} got none of the {counts.records} records: there are too few prompts for so many "
                "splits."
            )


def _facts(project: Project, options: Options, counts: Counts) -> dict[str, Any]:
    return {"project": project.slug, "options": options.as_json(), "counts": counts.as_json()}


def _refuse_foreign(output: Path) -> None:
    """Refuse at once what cannot be an earlier export, however much lies there."""
    if output.exists() and not output.is_dir():
        raise ExportError(f"{output} is a file; nothing was changed.")
    if output.is_dir() and any(output.iterdir()) and not (output / MANIFEST).is_file():
        raise ExportError(f"{output} is a folder with other content; nothing was changed.")


def _publish(part: Path, output: Path) -> bool:
    """Give the folder its name; True if an equal one had it already. Raises ExportError if a different one has."""
    if output.exists() and any(output.iterdir()):
        wrong = differences(output, part / MANIFEST)
        if wrong:
            raise ExportError(f"{output} is there already with other content ({wrong[0]}); nothing was changed.")
        return True
    move_into_place(part, output)
    return False
