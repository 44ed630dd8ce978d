"""What is to be reached, what the rivals reached on such a machine, and a run's figures beside both."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

Span = tuple[float, float]


@dataclass(frozen=True)
class Scenario:
    """Raters at once, their seconds of thought per video, and what is to be reached.

    `goals` and `rivals` are p95 in milliseconds by step, `rates` ratings a second. The rivals were measured in
    November 2026 on a machine with 2 cores, PostgreSQL and gunicorn on it; a span is what several runs gave.
    """

    raters: int
    think: float
    goals: dict[str, float]
    rivals: dict[str, dict[str, Span]] = field(default_factory=dict)
    least_rate: float = 0.0
    rates: dict[str, float] = field(default_factory=dict)


SCENARIOS = {
    "alone": Scenario(
        raters=1,
        think=0.0,
        goals={"next": 60, "submit": 80},
        rivals={
            "Label Studio": {"next": (128, 224), "submit": (105, 216)},
            "Potato": {"next": (431, 431), "submit": (31, 31)},
        },
        rates={"Potato": 3.0},
    ),
    "full": Scenario(
        raters=16,
        think=0.0,
        goals={"next": 250, "submit": 250},
        rivals={"Label Studio": {"next": (1700, 3000)}, "Potato": {"next": (6500, 6500)}},
        least_rate=25,
        rates={"Label Studio": 5.1, "Potato": 3.3},
    ),
    "thinking": Scenario(raters=100, think=5.0, goals={"next": 150, "submit": 150}),
    "browser": Scenario(
        raters=1,
        think=0.0,
        goals={"first frame": 150},
        rivals={"Label Studio": {"first frame": (900, 900)}, "Potato": {"first frame": (660, 660)}},
    ),
}


def p95(times: Sequence[float]) -> float:
    return sorted(times)[math.ceil(len(times) * 0.95) - 1]


def lines_of(scenario: Scenario, times: dict[str, list[float]], rate: float | None = None) -> list[str]:
    """A run's figures beside the goals and the rivals', a line each; the ratio is theirs by ours."""
    lines = []
    if rate is not None:
        goal = f"goal {scenario.least_rate:.0f}  " if scenario.least_rate else ""
        beside = [f"{name} {theirs} ({rate / theirs:.1f}x)" for name, theirs in scenario.rates.items()]
        lines.append(f"  {rate:.1f} ratings/s  {goal}{', '.join(beside)}".rstrip())
    for step, taken in times.items():
        ours = p95(taken)
        line = f"  {step:<11} median {statistics.median(taken):6.1f} ms  p95 {ours:6.1f} ms"
        if goal_ms := scenario.goals.get(step):
            line += f"  goal {goal_ms:.0f} {'met' if ours <= goal_ms else 'MISSED'}"
        for name, rival in scenario.rivals.items():
            if step in rival:
                low, high = rival[step]
                span = f"{low:.0f}" if low == high else f"{low:.0f}-{high:.0f}"
                ratio = f"{low / ours:.1f}" if low == high else f"{low / ours:.1f}-{high / ours:.1f}"
                line += f"  {name} p95 {span} ms ({ratio}x)"
        lines.append(line)
    return lines
