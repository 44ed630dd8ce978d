"""The scorers by name. A scorer's own module is named here and loaded only where videos are scored."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scoring.protocol import Scorer


@dataclass(frozen=True)
class Entry:
    """A scorer that can be asked for by name."""

    scorer: str  # dotted path of a class or factory, called with the version's settings
    settings: str  # dotted path of its settings: a plain mapping in a module that loads nothing heavy
    about: str  # a sentence for leads
    heuristic: bool = False  # measures pixels, knows nothing of meaning: shown to raters only if the lead says so
    takes_checkpoint: bool = False


SCORERS: dict[str, Entry] = {
    "technical": Entry(
        scorer="scoring.scorers.technical.scorer.TechnicalScorer",
        settings="scoring.scorers.technical.settings.SETTINGS",
        about="Measures every frame: sharpness, blocks, noise, exposure, flicker, freezes, cuts, jerky motion.",
        heuristic=True,
    ),
}


class UnknownScorer(LookupError):
    """No scorer of that name; the message lists those that there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no scorer {name!r}. Known scorers: {', '.join(sorted(SCORERS))}.")


def entry(name: str) -> Entry:
    """The registry's entry. Raises `UnknownScorer`."""
    try:
        return SCORERS[name]
    except KeyError:
        raise UnknownScorer(name) from None


def settings_of(name: str) -> dict[str, Any]:
    """The settings that the code answers with now; loads no scorer."""
    settings: Mapping[str, Any] = _attribute(entry(name).settings)
    return dict(settings)


def load(name: str, settings: Mapping[str, Any], checkpoint: str = "") -> Scorer[Any, Any]:
    """A ready scorer. Raises `UnknownScorer`, `OutdatedVersion` or `ScorerUnavailable`."""
    found = entry(name)
    factory = _attribute(found.scorer)
    scorer: Scorer[Any, Any] = factory(settings, checkpoint) if found.takes_checkpoint else factory(settings)
    return scorer


def _attribute(dotted_path: str) -> Any:
    module, _, name = dotted_path.rpartition(".")
    return getattr(importlib.import_module(module), name)
