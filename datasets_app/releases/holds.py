"""What a release would hold, or does hold, as pages show it: counts put in words and in order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from annotation.models import Arm, Project
from annotation.scale import DIMENSION_KEYS, DIMENSIONS, Dimension
from datasets_app.releases.export_options import OnLeak, Options
from datasets_app.releases.preview import Preview, preview
from datasets_app.releases.rationale import RationaleSource
from datasets_app.releases.reasons import in_words

MOST_LINES = 30  # of one table

Lines = list[tuple[str, int]]


@dataclass(frozen=True)
class Shares:
    """Score counts as the address of their chart and, for its words, by dimension."""

    address: str
    words: list[tuple[Dimension, Sequence[int]]]


@dataclass(frozen=True)
class FormatLine:
    """A format: its records, in which splits they are as far as that is known, and what it does not take."""

    name: str
    records: int
    splits: Lines
    left_out: Lines


@dataclass(frozen=True)
class Holds:
    """A preview for a page. `refusal`: why building it would be refused, as far as counting can tell."""

    counted: Preview
    formats: list[FormatLine]
    left_out: Lines  # by no format taken
    splits: list[tuple[str, int, int]]  # name, videos, whole percents
    shares: Shares
    makeup: list[tuple[str, Lines, int]]  # heading, lines, how many more there are
    bench_not_held_out: bool
    refusal: str


def holds(project: Project, options: Options) -> Holds:
    """Count what these options choose. Raises ExportError for names that the project does not know."""
    counted = preview(project, options)
    return Holds(
        counted=counted,
        formats=[
            FormatLine(name, counted.records_about[name], [], reasons(counted.left_out_about.get(name, {})))
            for name in options.formats
        ],
        left_out=reasons(counted.left_out_about.get("", {})),
        splits=_splits(options, counted),
        shares=shares(counted.scores),
        makeup=makeup(counted),
        bench_not_held_out=options.bench_beside_others and not options.split,
        refusal=_refusal(options, counted),
    )


def built(options: Options, counts: Mapping[str, Any]) -> list[FormatLine]:
    """The formats of a release that was built, from the counts that were kept with it."""
    records, left_out, stems = (counts.get(each, {}) for each in ("records", "left_out", "splits"))
    return [
        FormatLine(
            name,
            records.get(name, 0),
            [(split, stems.get(stem, 0)) for split, stem in options.file_stems[name].items() if split],
            reasons(left_out.get(name, {})),
        )
        for name in options.formats
    ]


def left_out_of_all(counts: Mapping[str, Any]) -> Lines:
    """What no format of a built release holds."""
    return reasons(counts.get("left_out", {}).get("", {}))


def reasons(counts: Mapping[str, int]) -> Lines:
    """Reasons in words, the commonest first."""
    return [(in_words(reason), n) for reason, n in _commonest(counts)]


def shares(scores: Mapping[str, Sequence[int]]) -> Shares:
    """`scores`: by dimension key, how many have 1, 2, 3, 4, 5."""
    address = ".".join("-".join(map(str, scores[key])) for key in DIMENSION_KEYS)
    return Shares(address, [(dimension, scores[dimension.key]) for dimension in DIMENSIONS])


def read_shares(address: str) -> list[tuple[str, list[int]]]:
    """The counts in a chart's address by dimension name. Raises ValueError for an address that is none of ours."""
    parts = [[int(n) for n in part.split("-")] for part in address.split(".")]
    if len(parts) != len(DIMENSIONS) or any(len(part) != 5 for part in parts):
        raise ValueError(address)
    return [(str(each.short_label), counts) for each, counts in zip(DIMENSIONS, parts, strict=True)]


def makeup(counted: Preview) -> list[tuple[str, Lines, int]]:
    """What the videos and ratings are, a table each; one that says nothing is left out."""
    unknown = _("unknown")
    arms = {str(Arm(arm).label): n for arm, n in counted.arms.items()}
    rationales = {_rationale(source): n for source, n in counted.rationales_about.items()}
    tables: list[tuple[str, Mapping[str, int]]] = [
        (_("Videos by T2V model"), counted.t2v_models),
        (_("Videos by tier"), {name or unknown: n for name, n in counted.tiers.items()}),
        (_("Videos by prompt source"), {name or unknown: n for name, n in counted.prompt_sources.items()}),
        (_("Ratings by arm"), arms),
        (_("Reasoning by source"), rationales),
    ]
    return [
        (heading, _commonest(counts)[:MOST_LINES], max(len(counts) - MOST_LINES, 0))
        for heading, counts in tables
        if counts
    ]


def _rationale(source: str) -> str:
    return str(RationaleSource(source).label) if source in RationaleSource.values else _("None")


def _splits(options: Options, counted: Preview) -> list[tuple[str, int, int]]:
    whole = counted.splits.total() or 1
    return [(name, n, round(100 * n / whole)) for name in options.split for n in [counted.splits[name]]]


def _refusal(options: Options, counted: Preview) -> str:
    empty = [name for name in options.formats if not counted.records_about[name]]
    empty_splits = [name for name in options.split if not counted.splits[name]]
    if counted.leaks and options.on_leak == OnLeak.REFUSE:
        return _("It would be refused: the files of %d videos are in two splits.") % counted.leaks
    if empty:
        return _("It would be refused: there is nothing for %s.") % ", ".join(empty)
    if empty_splits:
        return _("It would be refused: there is nothing for the split %s.") % ", ".join(empty_splits)
    return ""


def _commonest(counts: Mapping[str, int]) -> Lines:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
