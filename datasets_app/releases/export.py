"""Write a dataset from a project's verdicts: the same inputs give the same bytes on any day."""

from collections.abc import Callable, Iterator, Set
from contextlib import ExitStack, closing
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from annotation.models import Project, ScorerVersion
from datasets_app.models import ReleaseFormat
from datasets_app.releases.card import Card
from datasets_app.releases.choose import check_names, only_held_out, refusals
from datasets_app.releases.export_options import WITH_VIDEOS, Counts, ExportError, OnLeak, Options, VideoFiles
from datasets_app.releases.jsonl import dump_line, read_lines
from datasets_app.releases.leakage import LEAKS, Leak, LeakCheck, refusal
from datasets_app.releases.line_file import LineFile
from datasets_app.releases.line_writer import Writer
from datasets_app.releases.put_video import UnfitFileError, check_video, put_video
from datasets_app.releases.reasons import LeftOut
from datasets_app.releases.release_manifest import MANIFEST, FileFacts, differences, write_manifest
from datasets_app.releases.row_spool import RowSpool
from datasets_app.releases.select_rows import Row, one_moment, select_rows
from datasets_app.releases.splits import Splits
from datasets_app.releases.staged_folder import move_into_place, staged_folder
from datasets_app.releases.video_index import VideoIndex
from datasets_app.releases.writers import open_writers

Progress = Callable[[int, int], None]  # rows done, rows in all
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
        with closing(RowSpool(part / _ROWS)) as rows, (part / _FILES).open("w+b") as files:
            splits, leaks = _spool(project, options, rows, counts)
            for facts in _write(project, options, part, _unleaked(rows, leaks, counts), splits, counts, progress):
                files.write(dump_line(facts._asdict()))
            if leaks:
                files.write(dump_line(_list(leaks, part)._asdict()))
            _refuse_empty(options, counts)
            write_manifest(part, _facts(project, options, counts), _listed(files))
        (part / _ROWS).unlink()
        (part / _FILES).unlink()
        counts.already_there = _publish(part, output)
    return counts


def _spool(project: Project, options: Options, spool: RowSpool, counts: Counts) -> tuple[Splits, list[Leak]]:
    """Put all rows into a scratch file, count them, split their prompts and look for leaks.

    Slow work on videos then needs no database.
    """
    shares = options.split or {"": 1.0}
    splits, points, prompt = Splits(shares, options.seed), set(), None
    with one_moment():
        check_names(project, options)
        check = LeakCheck(project)
        for row in select_rows(project, options, lambda reason: counts.leave_out("", reason)):
            spool.write(row)
            if row.prompt != prompt:
                points.add(splits.point(prompt := row.prompt))
            check.see(row.name, row.prompt, row.sha256)
            counts.videos += 1
    splits = splits.filled(points)
    leaks, counts.duplicates = check.leaks(splits, list(shares))
    if leaks and options.on_leak == OnLeak.REFUSE:
        raise ExportError(refusal(leaks))
    return splits, leaks


def _unleaked(spool: RowSpool, leaks: list[Leak], counts: Counts) -> Iterator[Row]:
    leaked = {leak.video_name for leak in leaks}
    for row in spool.rows():
        if row.name in leaked:
            counts.leave_out("", LeftOut.LEAKED)
        else:
            yield row


def _list(leaks: list[Leak], folder: Path) -> FileFacts:
    file = LineFile(folder / LEAKS)
    for leak in leaks:
        file.write(vars(leak))
    return file.finish()


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
        writers = open_writers(project, part, options)
        card, index = Card(project, options), VideoIndex(part)
        stack.callback(index.close)
        for writer in writers.values():
            stack.callback(writer.close)
        split_of = lru_cache(maxsize=1)(splits.of)  # the rows of a prompt come together
        for done, row in enumerate(rows, start=1):
            refused = refusals(
                options, set_aside=row.set_aside, unplayable=row.unplayable, no_rationale=row.no_rationale
            )
            wanted_by = WITH_VIDEOS.intersection(options.formats) - refused.keys()
            if options.videos != VideoFiles.NONE and wanted_by:
                try:
                    yield from _put(row, part, options.videos, wanted_by)
                except UnfitFileError as unfit:
                    refused |= dict.fromkeys(WITH_VIDEOS.intersection(options.formats), str(unfit))
            if only_held_out(options, refused):
                row = row.as_experts_said()
            split = split_of(row.prompt)
            if taken := _take(row, split, writers, refused, counts):
                card.add(row)
                index.add(row, split, taken)
            progress(done, counts.videos)
        for name, writer in writers.items():
            for facts, split, records in writer.finish():
                counts.records[name] += records
                if records:
                    counts.splits[options.file_stems[name][split]] += records
                yield facts
        yield from index.finish()
        yield from card.finish(part, counts)


def _put(row: Row, part: Path, way: str, wanted_by: Set[str]) -> Iterator[FileFacts]:
    """Put the row's file into `videos/` for formats that name it there; Parquet alone holds the bytes itself."""
    if wanted_by == {ReleaseFormat.PARQUET}:
        check_video(row)
    else:
        yield put_video(row, part, way)


def _take(row: Row, split: str, writers: dict[str, Writer], refused: dict[str, str], counts: Counts) -> list[str]:
    """Hand the row to every format that can take it; their names."""
    for name, writer in writers.items():
        if reason := refused.get(name):
            counts.leave_out(name, reason)
        else:
            writer.write(row, split)
    taken = [name for name in writers if name not in refused]
    if taken:
        counts.rationales[row.rationale_source or "none"] += 1
        counts.stripped_lines += row.stripped
    return taken


def _refuse_empty(options: Options, counts: Counts) -> None:
    """A format without records, or with a split without any, is a mistake better seen now."""
    for name, stems in options.file_stems.items():
        if not counts.records[name]:
            why = sorted((reason, n) for of in ("", name) for reason, n in counts.left_out.get(of, {}).items())
            reasons = ", ".join(f"{n} {reason}" for reason, n in why)
            left_out = f" Left out: {reasons}." if reasons else ""
            raise ExportError(f"Nothing to export as {name}: {counts.videos} videos, no record.{left_out}")
        for split, stem in stems.items():
            if not counts.splits[stem]:
                raise ExportError(
                    f"Split {split!r} got none of the {counts.records[name]} {name} records: there are too few "
                    "prompts for so many splits."
                )


def _facts(project: Project, options: Options, counts: Counts) -> dict[str, Any]:
    """A scorer is named by its settings: its primary key is another one in another installation."""
    asked = options.as_json()
    if options.reconcile is not None:
        version = ScorerVersion.objects.select_related("scorer").get(pk=options.reconcile)
        asked["reconcile"] = f"{version.scorer.name}:{version.settings_sha256}"
    return {"project": project.slug, "options": asked, "counts": counts.as_json()}


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
