"""A release's dataset card: `README.md` with a head that the Hugging Face Hub reads, and its plots."""

from collections.abc import Iterator
from pathlib import Path

from annotation.models import Arm, Project, ScorerVersion
from annotation.scale import DIMENSIONS, Dimension, Score
from datasets_app.models import ReleaseFormat
from datasets_app.releases import card_plots
from datasets_app.releases.card_counts import CardCounts, most
from datasets_app.releases.card_head import head
from datasets_app.releases.card_text import ARM_NAMES, NOT_SAID, Facts, body
from datasets_app.releases.export_options import Counts, Options
from datasets_app.releases.release_manifest import FileFacts, hash_file
from datasets_app.releases.select_rows import Row
from datasets_app.releases.staged_folder import write_synced

CARD = "README.md"
PLOTS = "plots"
ROWS_OF_A_PLOT = 30


class Card:
    """Counts the rows as they go by and writes the card in the end."""

    def __init__(self, project: Project, options: Options) -> None:
        self.project, self.options = project, options
        self.counts = CardCounts()
        version = options.reconcile and ScorerVersion.objects.select_related("scorer").get(pk=options.reconcile)
        bench_alone = [*options.formats] == [ReleaseFormat.BENCH]
        self.reconciled_with = "" if bench_alone else str(version or "")

    def add(self, row: Row) -> None:
        """Count a row that at least one format took."""
        self.counts.add(row)

    def finish(self, folder: Path, counts: Counts) -> Iterator[FileFacts]:
        """Write the plots and the card; each file once it is complete."""
        (folder / PLOTS).mkdir()
        drawn = plots(self.counts)
        facts = Facts(self.project.name, self.options, counts, self.counts, self.reconciled_with, frozenset(drawn))
        files = {f"{PLOTS}/{name}.svg": picture for name, picture in drawn.items()}
        files[CARD] = head(self.project.name, self.options, counts) + body(facts)
        for path, text in files.items():
            write_synced(folder / path, text.encode())
            yield FileFacts(path, *hash_file(folder / path))


def plots(counts: CardCounts) -> dict[str, str]:
    """SVG text by name; a plot without anything to show is left out."""
    drawn = {"scores": _scores(counts), "t2v_models": _t2v_models(counts), "lengths": _lengths(counts)}
    if any(counts.tiers):
        drawn["tiers"] = _counts("Videos by tier of their T2V model", most(counts.tiers, ROWS_OF_A_PLOT))
    if any(counts.prompt_sources):
        title = "Videos by source of their prompt"
        drawn["prompt_sources"] = _counts(title, most(counts.prompt_sources, ROWS_OF_A_PLOT))
    if any(anchor.compared for arm in counts.anchors.values() for anchor in arm.values()):
        drawn["anchoring"] = _anchoring(counts)
    return drawn


def _scores(counts: CardCounts) -> str:
    panels = [
        (_short(dimension), [(str(int(score)), counts.scores[dimension.key][score]) for score in Score])
        for dimension in DIMENSIONS
    ]
    return card_plots.columns("Share of each score, in percent, by dimension", panels)


def _t2v_models(counts: CardCounts) -> str:
    by_name = most(counts.by_model, ROWS_OF_A_PLOT)
    return _counts("Videos by T2V model", by_name)


def _counts(title: str, counted: list[tuple[str, int]]) -> str:
    return card_plots.rows(title, [(name or NOT_SAID, n, f"{n:,}") for name, n in counted])


def _lengths(counts: CardCounts) -> str:
    panels = [("Seconds of a video", counts.seconds.labelled())]
    if counts.words.n:
        panels.append(("Words of a rationale", counts.words.labelled()))
    return card_plots.columns("Lengths of videos and rationales, in percent", panels)


def _anchoring(counts: CardCounts) -> str:
    bars = []
    for arm in Arm.values:
        for dimension in DIMENSIONS:
            anchor = counts.anchors[arm][dimension.key]
            if anchor.compared:
                share = anchor.exact / anchor.compared
                label = f"{ARM_NAMES[arm]}: {_short(dimension).lower()}"
                bars.append((label, share, f"{100 * share:.0f} % of {anchor.compared:,}"))
    return card_plots.rows("Ratings that equal the score shown, by arm and dimension", bars, top=1.0)


def _short(dimension: Dimension) -> str:
    """Its heading where there is little room."""
    return dimension.heading.split(" / ")[0]
