"""What a dataset card says, in Markdown: how the data was made, what is in it, what was left out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from annotation.models import Arm
from annotation.scale import DIMENSIONS, Score
from datasets_app.releases.card_counts import CardCounts, Histogram, most
from datasets_app.releases.card_loading import loading
from datasets_app.releases.export_options import Counts, Options, Policy
from datasets_app.releases.markdown import cell, table

NOT_SAID = "not said"
ARM_NAMES: dict[str, str] = {Arm.PREFILL: "pre-filled", Arm.REVEAL: "revealed after", Arm.BLIND: "blind"}
POLICIES: dict[str, str] = {
    Policy.SETTLED: "verdicts: a reviewer's scores where there are any, else the lower median of the ratings",
    Policy.MEDIAN: "the lower median of the ratings alone",
}
ROWS_OF_A_TABLE = 30


@dataclass(frozen=True)
class Facts:
    """All that the text is made from. `plots` are the names of those that were drawn."""

    name: str
    options: Options
    made: Counts
    seen: CardCounts
    reconciled_with: str
    plots: frozenset[str]


def body(facts: Facts) -> str:
    """The card below its head."""
    sections = [
        _about(facts),
        _how_made(facts),
        _counts(facts),
        _scores(facts),
        _sources(facts),
        _lengths(facts),
        _arms(facts),
        loading(facts.options),
        _texts(facts),
    ]
    return "\n" + "\n\n".join("\n".join(section) for section in sections) + "\n"


def _about(facts: Facts) -> Iterator[str]:
    seen = facts.seen
    yield f"# {cell(facts.name)}"
    yield ""
    yield (
        f"{seen.videos:,} videos that text-to-video models made from {seen.prompts:,} prompts, rated by people "
        f"from {int(min(Score))} to {int(max(Score))} in three dimensions, with their reasons:"
    )
    yield ""
    for dimension in DIMENSIONS:
        yield f"- **{dimension.heading}** (`{dimension.record_key}_score`)"
    yield ""
    steps = ", ".join(f"{int(score)} {score.in_words.lower()}" for score in Score)
    yield f"The scale: {steps}. The formats are those of VideoFeedback2 and VideoScore2 (arXiv 2509.22799)."


def _how_made(facts: Facts) -> Iterator[str]:
    options = facts.options
    yield "## How it was made"
    yield ""
    yield f"- Scores: {POLICIES[options.policy]}."
    if facts.reconciled_with:
        yield (
            f"- Training scores are reconciled with scorer `{facts.reconciled_with}` by VideoFeedback2's rule: at "
            "most 1 apart the experts' score, 2 apart the mean rounded down, further apart the video is left out. "
            "`bench` keeps the experts' scores and a text that fits them."
        )
    yield f"- At least {options.min_ratings} counted rating(s) a video, from these arms: {_named_arms(options)}."
    filters = {
        "T2V models": options.t2v_models,
        "prompt sources": options.prompt_sources,
        "first day": [options.since] if options.since else [],
        "last day": [options.until] if options.until else [],
    }
    for name, chosen in filters.items():
        if chosen:
            yield f"- Only {name}: {', '.join(cell(value) for value in chosen)}."
    if options.reviewed_only:
        yield "- Only videos that a reviewer has looked at."
    if options.split:
        shares = ", ".join(f"{name} {share:g}" for name, share in options.split.items())
        yield f"- Split by prompt with seed {options.seed}: {shares}. No prompt is in two splits."
    else:
        yield "- Not split."
    yield f"- Rationales: {options.rationale or 'edited where there is one, else imported, else of the reasons'}."
    yield "- `manifest.json` holds all that was asked for, and the sha256 of every file."


def _named_arms(options: Options) -> str:
    return ", ".join(ARM_NAMES[arm] for arm in options.arms or Arm.values)


def _counts(facts: Facts) -> Iterator[str]:
    options, made = facts.options, facts.made
    yield "## What is in it"
    yield ""
    rows = [
        (f"`{name}`", split or "all", f"{made.splits[stem]:,}")
        for name, stems in options.file_stems.items()
        for split, stem in stems.items()
    ]
    yield from table(("format", "split", "records"), rows)
    left_out = [
        (f"`{name}`" if name else "all formats", cell(reason), f"{n:,}")
        for name, reasons in sorted(made.left_out.items())
        for reason, n in sorted(reasons.items())
    ]
    yield ""
    if left_out:
        yield "Left out:"
        yield ""
        yield from table(("of", "because", "videos"), left_out)
    else:
        yield "Nothing was left out."
    if options.bench_beside_others:
        yield ""
        if options.split:
            yield "`bench` of a split holds the videos of its other files: what is trained on is not held out."
        else:
            yield "`bench` holds the same videos as the other files: for those it is not held out."


def _scores(facts: Facts) -> Iterator[str]:
    yield "## Scores"
    yield ""
    rows = []
    said = []
    for dimension in DIMENSIONS:
        counted = facts.seen.scores[dimension.key]
        total = counted.total() or 1
        shares = [f"{100 * counted[score] / total:.1f} %" for score in Score]
        rows.append((dimension.heading, *shares))
        said.append(f"{dimension.heading} {'/'.join(share.split('.')[0] for share in shares)} %")
    yield from _picture(facts, "scores", f"Share of each score from 1 to 5: {'; '.join(said)}")
    yield from table(("share of score", *(str(int(score)) for score in Score)), rows)


def _sources(facts: Facts) -> Iterator[str]:
    seen = facts.seen
    yield "## T2V models and prompts"
    yield ""
    top = ", ".join(f"{name or NOT_SAID} {n:,}" for name, n in most(seen.by_model, 5))
    yield from _picture(facts, "t2v_models", f"Videos by T2V model: {top}")
    rows = [
        (cell(name or NOT_SAID), cell(tier or NOT_SAID), f"{n:,}")
        for (name, tier), n in sorted(seen.t2v_models.items(), key=lambda item: (-item[1], item[0]))
    ]
    yield from table(("T2V model", "tier", "videos"), rows[:ROWS_OF_A_TABLE])
    if len(rows) > ROWS_OF_A_TABLE:
        yield ""
        yield f"And {len(rows) - ROWS_OF_A_TABLE} more."
    for title, plot, counted in (
        ("tier", "tiers", seen.tiers),
        ("source of their prompt", "prompt_sources", seen.prompt_sources),
    ):
        yield ""
        named = ", ".join(f"{name or NOT_SAID} {n:,}" for name, n in most(counted, ROWS_OF_A_TABLE))
        yield from _picture(facts, plot, f"Videos by {title}: {named}")
        yield f"Videos by {title}: {cell(named)}."


def _lengths(facts: Facts) -> Iterator[str]:
    seen = facts.seen
    yield "## Lengths"
    yield ""
    said = [_range("videos", seen.seconds, "seconds"), _range("rationales", seen.words, "words")]
    yield from _picture(facts, "lengths", f"Lengths: {'; '.join(said)}")
    yield from (f"- {text[0].upper()}{text[1:]}." for text in said)


def _range(what: str, lengths: Histogram, unit: str) -> str:
    if not lengths.n:
        return f"{what}: none"
    return f"{lengths.n:,} {what} of {lengths.smallest:.4g} to {lengths.largest:.4g} {unit}"


def _arms(facts: Facts) -> Iterator[str]:
    yield "## Arms and anchoring"
    yield ""
    yield (
        "Each rating belongs to an arm: what its rater saw of a model before deciding. Ratings are compared with "
        "the score that was shown: how many equal it, and how far apart they are. Blind raters were shown none. "
        "The nearer the others are to what they saw, the more they may follow the model: evaluate a model on "
        "blind ratings."
    )
    yield ""
    rows = []
    said = []
    for arm, name in ARM_NAMES.items():
        cells = []
        for dimension in DIMENSIONS:
            anchor = facts.seen.anchors[arm][dimension.key]
            if anchor.compared:
                exact, distance = anchor.exact / anchor.compared, anchor.distance / anchor.compared
                cells.append(f"{100 * exact:.1f} % exact, {distance:.2f} apart, n = {anchor.compared:,}")
                said.append(f"{name}, {dimension.heading.lower()} {100 * exact:.0f} %")
            else:
                cells.append("—")
        rows.append((name, f"{facts.seen.arms[arm]:,}", *cells))
    yield from _picture(facts, "anchoring", f"Ratings that equal the score shown: {'; '.join(said)}")
    yield from table(("arm", "ratings", *(dimension.heading for dimension in DIMENSIONS)), rows)


def _texts(facts: Facts) -> Iterator[str]:
    made = facts.made
    yield "## Texts"
    yield ""
    sources = ", ".join(f"{source} {n:,}" for source, n in sorted(made.rationales.items()))
    yield f"- Rationales by source: {sources or 'none'}."
    yield f"- Lines that gave scores away and were taken out of rationales: {made.stripped_lines:,}."
    yield "- Marks of trainers in prompts and rationales, such as `<video>`, are written in square brackets."


def _picture(facts: Facts, name: str, alt: str) -> Iterable[str]:
    return [f"![{cell(alt)}](plots/{name}.svg)", ""] if name in facts.plots else []
