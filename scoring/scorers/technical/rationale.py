"""The words of `technical`: what it found, at which seconds, and what it cannot judge."""

from collections.abc import Mapping

from scoring.scorers.technical.faults import Fault, Span
from scoring.scorers.technical.watch import Track

MENTIONED = 0.3  # strength from which a fault is named
SEVERE = 0.7
TIMES_NAMED = 4
MOMENT = 0.15  # seconds; what lasts longer is a span
SAME = {"flash": "flicker", "repeats": "freeze"}
SENTENCES = {
    "blur": ("The picture is soft", "The picture is blurred"),
    "blocks": ("Blocks show faintly", "Blocks cover the picture"),
    "noise": ("The picture is grainy", "The picture is full of noise"),
    "dark": ("The picture is dim", "The picture is dark"),
    "bright": ("The picture is pale", "The picture is overexposed"),
    "flat": ("Contrast is low", "There is hardly any contrast"),
    "small": ("The resolution is low", "The resolution is very low"),
    "flicker": ("Brightness is unsteady", "Brightness flickers"),
    "flash": ("Brightness jumps", "Brightness flashes"),
    "freeze": ("The picture freezes", "The picture stands still for long"),
    "repeats": ("Frames are repeated", "Many frames are repeated"),
    "cuts": ("The scene cuts", "The scene cuts"),
    "jerk": ("Movement is uneven", "Movement is jerky"),
    "jumps": ("Something changes suddenly", "Things change suddenly"),
    "boiling": ("Details shimmer in movement", "Shapes dissolve in movement"),
}
CLEAN = "No fault stands out"
ABSTAINS = "Text-to-video alignment: not judged; measures of pixels know nothing of the prompt."


def write_rationale(
    track: Track, faults: Mapping[str, Fault], *, visual: tuple[str, ...], physical: tuple[str, ...] | None
) -> str:
    """Three short paragraphs, one a dimension. `physical` is None where the scorer abstains."""
    watched = f"All {track.frames} frames were measured" if track.frames > 1 else "The one frame was measured"
    if track.cut_off:
        watched = f"Only the first {track.frames} frames ({track.seconds[-1]:.1f} s) were measured"
    consistency = (
        "not judged; nothing moves for long enough to tell."
        if physical is None
        else _sentences(faults, physical)
        + " Measures of pixels see breaks between frames, not whether what happens is possible."
    )
    return "\n".join(
        [
            f"{watched}.",
            f"Visual quality: {_sentences(faults, visual)}",
            ABSTAINS,
            f"Physical / common-sense consistency: {consistency}",
        ]
    )


def _sentences(faults: Mapping[str, Fault], kinds: tuple[str, ...]) -> str:
    """The named faults, the strongest first; of two names for one thing only the stronger."""
    named: dict[str, Fault] = {}
    for fault in sorted((faults[kind] for kind in kinds), key=lambda fault: -fault.strength):
        if fault.strength >= MENTIONED:
            named.setdefault(SAME.get(fault.kind, fault.kind), fault)
    return " ".join(f"{_words(fault)}." for fault in named.values()) or f"{CLEAN}."


def _words(fault: Fault) -> str:
    mild, severe = SENTENCES[fault.kind]
    return (severe if fault.strength >= SEVERE else mild) + _when(fault.spans)


def _when(spans: tuple[Span, ...]) -> str:
    """`` at 0.6 s and from 1.4 s to 1.9 s``, the first few of many; nothing where a fault is everywhere."""
    if not spans:
        return ""
    named = [
        f"at {first:.1f} s" if last - first < MOMENT else f"from {first:.1f} s to {last:.1f} s"
        for first, last in spans[:TIMES_NAMED]
    ]
    more = len(spans) - len(named)
    last_words = f"{more} more times" if more else named.pop()
    return " " + (f"{', '.join(named)} and {last_words}" if named else last_words)
