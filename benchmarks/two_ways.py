"""The two ways to ask VideoScore2 that are compared: the official script's, and ours as a worker drains jobs."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings as site

from annotation.models import Project, Prompt, ScorerVersion, T2VModel, Video
from scoring import claims, drain
from scoring.drawn_clips import write_clip
from scoring.models import Job
from scoring.protocol import Heard, Question, VideoFault
from scoring.scorers.videoscore2.query import write_query

PROMPT = "A ball rolls across a patterned floor."
SIZES = {"same": ((720, 480),), "small": ((256, 256),), "mixed": ((720, 480), (256, 256), (1280, 720), (480, 832))}
SECONDS, FPS = 4, 24


@dataclass
class Tapped:
    """A scorer, and the seconds spent in each of its steps."""

    scorer: Any
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    asked: int = 0
    told: Callable[[int], None] = lambda asked: None

    @property
    def batch_size(self) -> int:
        return int(self.scorer.batch_size)

    def sample(self, question: Question) -> Any:
        return self._timed("sample", self.scorer.sample, question)

    def ask(self, questions: Sequence[Question], samples: Sequence[Any], heard: Heard | None) -> Any:
        answers = self._timed("ask", self.scorer.ask, questions, samples, heard)
        self.asked += len(questions)
        self.told(self.asked)
        faults = [answer for answer in answers if isinstance(answer, VideoFault)]
        assert not faults, faults
        return answers

    def read(self, raw: Any) -> Any:
        return self._timed("read", self.scorer.read, raw)

    def _timed(self, step: str, call: Callable[..., Any], *given: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*given)
        finally:
            self.seconds[step] += time.perf_counter() - started


@dataclass
class Row:
    """What one way of asking took; seconds are of all videos together."""

    name: str
    videos: int
    wall: float
    cpu: float  # of all threads
    tokens: int
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def a_minute(self) -> float:
        return 60 * self.videos / self.wall


# --- Clips and jobs --------------------------------------------------------------------------------
def draw_clips(count: int, sizes: Sequence[tuple[int, int]], *, seconds: float = SECONDS) -> list[str]:
    """Write clips of these sizes by turns; their names in the media folder."""
    folder = Path(site.MEDIA_ROOT) / "videos"
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for number in range(count):
        width, height = sizes[number % len(sizes)]
        names.append(f"videos/{width}x{height}-{number}-{seconds}.mp4")
        path = Path(site.MEDIA_ROOT) / names[-1]
        if not path.exists():
            write_clip(path, width=width, height=height, seconds=seconds, seed=number, fps=FPS)
    return names


def queue(version: ScorerVersion, clips: Sequence[str], count: int) -> None:
    """A project of `count` ready videos, the clips by turns, with a job each; no doorbell is rung."""
    project = Project.objects.create(slug=f"bench-{Project.objects.count()}", name="Bench")
    prompt = Prompt.objects.create(project=project, text=PROMPT, text_sha256=Prompt.hash_text(PROMPT), position=1)
    model = T2VModel.objects.create(project=project, name="bench")
    videos = Video.objects.bulk_create(
        Video(
            project=project,
            prompt=prompt,
            t2v_model=model,
            name=f"video-{number}",
            sha256=f"{project.pk:032x}{number:032x}",
            original=clips[number % len(clips)],
            media_state="ready",
            fps=FPS,
            frames=SECONDS * FPS,
            seconds=SECONDS,
        )
        for number in range(count)
    )
    Job.objects.bulk_create(Job(video=video, scorer_version=version) for video in videos)


# --- The two ways ----------------------------------------------------------------------------------
def measure_ours(
    scorer: Any,
    version: ScorerVersion,
    clips: Sequence[str],
    *,
    batch: int,
    told: Callable[[int], None] = lambda n: None,
) -> Row:
    """Drain a job for each clip in batches of `batch`, as a worker would."""
    tapped = Tapped(scorer, told=told)
    spent = scorer.generator.spent
    before = (spent.prefill, spent.steps, spent.tokens)
    scorer.generator.batch_size = batch
    queue(version, clips, len(clips))
    drain.loaded = lambda version: tapped
    with clocked(claims, drain, names=("claim", "finish")) as database:
        started, busy = time.perf_counter(), time.process_time()
        drained = drain.drain_jobs(version, for_seconds=1e9)
        wall, cpu = time.perf_counter() - started, time.process_time() - busy
    assert drained == len(clips), f"{drained} of {len(clips)}"
    prefill, steps, tokens = (
        now - then for now, then in zip((spent.prefill, spent.steps, spent.tokens), before, strict=True)
    )
    parts = {"decode*": tapped.seconds["sample"], "prefill": prefill, "steps": steps, "ask": tapped.seconds["ask"]}
    parts |= {"read": tapped.seconds["read"], "store": database["finish"], "claim": database["claim"]}
    return Row(f"ours, batch {batch}", len(clips), wall, cpu, tokens, parts)


@contextmanager
def clocked(*modules: Any, names: Sequence[str]) -> Iterator[dict[str, float]]:
    """Seconds spent in these functions, wherever the modules hold them by name."""
    seconds: dict[str, float] = defaultdict(float)
    kept = [(module, name, getattr(module, name)) for module in modules for name in names if hasattr(module, name)]

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def clock(*given: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                seconds[name] += time.perf_counter() - started

        return clock

    for module, name, call in kept:
        setattr(module, name, timed(name, call))
    try:
        yield seconds
    finally:
        for module, name, call in kept:
            setattr(module, name, call)


def measure_official(official: Any, clips: Sequence[str], *, tokens: int) -> Row:
    """One clip after the other, sampled at a temperature of 0.7 as the script does it."""
    forced = {"min_new_tokens": tokens, "max_new_tokens": tokens} if tokens else {}
    query = write_query("card", PROMPT)
    started, busy, written = time.perf_counter(), time.process_time(), 0
    for name in clips:
        written += len(official.ask(Path(site.MEDIA_ROOT) / name, query, greedy=False, **forced).tokens)
    wall, cpu = time.perf_counter() - started, time.process_time() - busy
    return Row("official", len(clips), wall, cpu, written)


def force_tokens(scorer: Any, tokens: int) -> None:
    """Let every answer have this many tokens, whatever it says."""
    if tokens:
        scorer.generator.max_new_tokens = tokens
        scorer.generator.model.generation_config.min_new_tokens = tokens


def show(rows: Sequence[Row]) -> None:
    """A line a row; seconds are per video."""
    print(
        f"{'':<16}{'videos/min':>11}{'ratio':>7}{'tokens':>8}{'tokens/s':>10}  seconds a video: all, and of these"
    )
    for row in rows:
        parts = [f"{step} {seconds / row.videos:.3f}" for step, seconds in row.steps.items()]
        parts += [f"beside ask {1 - row.steps['ask'] / row.wall:.1%}"] if row.steps else []
        print(
            f"{row.name:<16}{row.a_minute:>11.1f}{row.a_minute / rows[0].a_minute:>7.2f}"
            f"{row.tokens / row.videos:>8.0f}{row.tokens / row.wall:>10.0f}  "
            f"{row.wall / row.videos:.3f}; {', '.join([f'CPU {row.cpu / row.videos:.3f}', *parts])}",
            flush=True,
        )
