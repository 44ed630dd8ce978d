"""What a release would hold if it were built now, counted without its texts and without touching a file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, groupby
from operator import attrgetter
from typing import NamedTuple

from annotation.models import CaseState, Project
from annotation.scale import DIMENSION_KEYS
from datasets_app.models import ReleaseFormat
from datasets_app.releases.choose import Chosen, check_names, choose, only_held_out, refusals, unplayable
from datasets_app.releases.export_options import Options
from datasets_app.releases.format_preferences import DECIMALS
from datasets_app.releases.leakage import LeakCheck
from datasets_app.releases.rationale import Edited, rationale_of
from datasets_app.releases.reasons import LeftOut
from datasets_app.releases.select_facts import SOME, Facts, select_facts
from datasets_app.releases.select_rows import by_key, one_moment
from datasets_app.releases.splits import Splits


@dataclass
class Preview:
    """Numbers of videos, unless said otherwise; empty counters where nothing is chosen.

    Exact but for `rationales_about`, `records_about` and `left_out_about`: whether a text is all blanks or loses
    every line to the leak check, and whether each file still lies in the store, only the building sees.
    """

    videos: int = 0  # that the options choose
    ratings: int = 0  # that count, of these videos
    waiting: int = 0  # of these videos, for a reviewer
    records_about: Counter[str] = field(default_factory=Counter)  # by format; of `preferences` pairs
    splits: Counter[str] = field(default_factory=Counter)  # chosen videos by split; empty without splits
    left_out_about: dict[str, Counter[str]] = field(default_factory=dict)  # by format ("": every one), then reason
    scores: dict[str, list[int]] = field(  # by dimension key: how many have 1, 2, 3, 4, 5
        default_factory=lambda: {key: [0] * 5 for key in DIMENSION_KEYS}
    )
    t2v_models: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)  # "" where none is known
    prompt_sources: Counter[str] = field(default_factory=Counter)  # "" where none is known
    arms: Counter[str] = field(default_factory=Counter)  # ratings
    rationales_about: Counter[str] = field(default_factory=Counter)  # by source, or "none"
    prompts: int = 0
    leaks: int = 0  # whose file is in two splits
    duplicates: int = 0  # whose file an earlier one of the same split has

    def leave_out(self, name: str, reason: str, videos: int = 1) -> None:
        """Count videos that the format `name` ("": every one) does not take."""
        if videos:
            self.left_out_about.setdefault(name, Counter())[str(reason)] += videos


def preview(project: Project, options: Options) -> Preview:
    """Count what `export_dataset` would write, by the same choice. Five queries, more with names to check.

    Raises ExportError for names that the project does not know.
    """
    counted = Preview()
    with one_moment():
        check_names(project, options)
        check = LeakCheck(project)
        chosen = []
        for video in _chosen(project, options, counted):
            check.see(video.name, video.prompt, video.sha256)
            chosen.append(video)
    _count_records(chosen, options, check, counted)
    return counted


class _Video(NamedTuple):
    name: str
    prompt: str
    sha256: str
    score: float  # mean of the exact ones
    refused: dict[str, str]  # by format


def _chosen(project: Project, options: Options, counted: Preview) -> Iterator[_Video]:
    """Count all but records, splits and leaks on the way."""
    for facts in select_facts(project, options, texts=False):
        chosen = choose(facts, options)
        if isinstance(chosen, Chosen):
            yield _count(facts, chosen, options, counted)
        else:
            counted.leave_out("", chosen)


def _count(facts: Facts, chosen: Chosen, options: Options, counted: Preview) -> _Video:
    video = facts.video
    scores, source, refused = _held(facts, chosen, options)
    counted.videos += 1
    counted.ratings += len(chosen.ratings)
    counted.waiting += video.case_state == CaseState.OPEN
    counted.rationales_about[source or "none"] += 1
    counted.t2v_models[video.t2v_model] += 1
    counted.tiers[video.tier] += 1
    counted.prompt_sources[video.prompt_source] += 1
    for rating in chosen.ratings:
        counted.arms[rating.arm] += 1
    for key, score in zip(DIMENSION_KEYS, scores, strict=True):
        counted.scores[key][score - 1] += 1
    return _Video(video.name, video.prompt, video.sha256, sum(chosen.exact) / len(chosen.exact), refused)


def _held(facts: Facts, chosen: Chosen, options: Options) -> tuple[Sequence[int], str, dict[str, str]]:
    """The scores and the source of the rationale that files would hold of a video; formats that refuse it."""
    video = facts.video
    edited = None if video.edited is None else Edited(video.edited, video.edited_for)
    reasons = tuple(any(rating.reasons[at] for rating in chosen.ratings) for at in range(len(DIMENSION_KEYS)))

    def source_for(scores: Sequence[int]) -> str:
        return _source(options.rationale, tuple(scores), edited, facts.rationale, reasons)

    source = source_for(chosen.scores)
    refused = refusals(
        options,
        set_aside=chosen.set_aside,
        unplayable=unplayable(video),
        no_rationale="" if source else LeftOut.NO_RATIONALE,
    )
    if only_held_out(options, refused):
        return chosen.human, source_for(chosen.human), refused
    return chosen.scores, source, refused


@lru_cache(maxsize=1_000)  # without texts there are few cases
def _source(
    wanted: str, scores: tuple[int, ...], edited: Edited | None, imported: str, reasons: tuple[bool, ...]
) -> str:
    """Where the rationale of a record comes from; `reasons`: whether any rater gave one, by dimension."""
    comments = by_key([SOME if given else "" for given in reasons])
    return rationale_of(wanted, by_key(scores), edited=edited, imported=[imported], comments=comments).source


def _count_records(chosen: list[_Video], options: Options, check: LeakCheck, counted: Preview) -> None:
    splits = Splits(options.split or {"": 1.0}, options.seed)
    by_prompt = {prompt: list(videos) for prompt, videos in groupby(chosen, key=attrgetter("prompt"))}
    splits = splits.filled({splits.point(prompt) for prompt in by_prompt})
    leaks, counted.duplicates = check.leaks(splits, list(splits.shares))
    leaked = {leak.video_name for leak in leaks}
    counted.prompts, counted.leaks = len(by_prompt), len(leaks)
    for prompt, videos in by_prompt.items():
        kept = [video for video in videos if video.name not in leaked]
        counted.leave_out("", LeftOut.LEAKED, len(videos) - len(kept))
        if options.split:
            counted.splits[splits.of(prompt)] += len(kept)
        for name in options.formats:
            taken = [video for video in kept if name not in video.refused]
            pairs = name == ReleaseFormat.PREFERENCES
            counted.records_about[name] += _pairs(taken, options.margin) if pairs else len(taken)
            for video in kept:
                if reason := video.refused.get(name):
                    counted.leave_out(name, reason)


def _pairs(videos: list[_Video], margin: float) -> int:
    """How many pairs `preferences` makes of one prompt's videos."""
    gaps = (abs(one.score - other.score) for one, other in combinations(videos, 2))
    return sum(round(gap, DECIMALS) > 0 and round(gap, DECIMALS) >= margin for gap in gaps)
