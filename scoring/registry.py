"""The scorers by name. A scorer's own module is named here and loaded only where videos are scored."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings as site
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from scoring.protocol import Scorer, ScorerUnavailable


@dataclass(frozen=True)
class Entry:
    """A scorer that can be asked for by name."""

    scorer: str  # dotted path of a class or factory, called with the version's settings (and its checkpoint)
    settings: str  # dotted path of its settings: a plain mapping in a module that loads nothing heavy
    about: str | Promise  # a sentence for leads
    heuristic: bool = False  # measures pixels, knows nothing of meaning: shown to raters only if the lead says so
    identify: str = ""  # dotted path of a function: checkpoint -> what its answers depend on, as a plain mapping
    checkpoint: str = ""  # the site's setting that names the usual checkpoint
    checkpoint_is: str = "DIR"  # what stands for it in a command shown to people
    registered_with: str | Promise = ""  # a sentence for whoever registers a version: what else it takes
    verify: str = ""  # dotted path of a function: checks of its own for `verify_scorer`, see `scoring.verify`

    @property
    def takes_checkpoint(self) -> bool:
        return bool(self.identify)


SCORERS: dict[str, Entry] = {
    "technical": Entry(
        scorer="scoring.scorers.technical.scorer.TechnicalScorer",
        settings="scoring.scorers.technical.settings.SETTINGS",
        about=_("Measures every frame: sharpness, blocks, noise, exposure, flicker, freezes, cuts, jerky motion."),
        heuristic=True,
    ),
    "videoscore2": Entry(
        scorer="scoring.scorers.videoscore2.scorer.VideoScore2Scorer",
        settings="scoring.scorers.videoscore2.settings.SETTINGS",
        about=_("Thinks about the video aloud, then scores it. Qwen2.5-VL-7B, on this installation's own GPUs."),
        identify="scoring.scorers.videoscore2.weights.identify",
        checkpoint="VIDEOSCORE2_CHECKPOINT",
        verify="scoring.scorers.videoscore2.verify.verify",
    ),
    "videoscore2-served": Entry(
        scorer="scoring.scorers.videoscore2.served.scorer.ServedScorer",
        settings="scoring.scorers.videoscore2.settings.SERVED_SETTINGS",
        about=_("VideoScore2 behind servers that speak OpenAI's protocol, such as vLLM or SGLang."),
        identify="scoring.scorers.videoscore2.served.model.identify",
        checkpoint="VIDEOSCORE2_SERVED_MODEL",
        checkpoint_is="MODEL",
        registered_with=_("MODEL is the name that the servers know it by; VIDEOSCORE2_SERVERS has to list them."),
    ),
}


class UnknownScorer(LookupError):
    """No scorer of that name; the message lists those that there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no scorer {name!r}. Known scorers: {', '.join(sorted(scorers()))}.")


class NoCheckpoint(ValueError):
    """No checkpoint was named, or the one that was cannot be used; the sentence says what to do."""


def scorers() -> dict[str, Entry]:
    """Every scorer by name: ours, and those that the setting `EXTRA_SCORERS` adds.

    Raises `ImproperlyConfigured` where one of those cannot be found.
    """
    return SCORERS | {name: _extra(name, path) for name, path in site.EXTRA_SCORERS.items()}


def _extra(name: str, dotted_path: str) -> Any:
    try:
        return _attribute(dotted_path)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImproperlyConfigured(f"EXTRA_SCORERS: {name}={dotted_path} cannot be found: {error}.") from error


def entry(name: str) -> Entry:
    """The registry's entry. Raises `UnknownScorer`."""
    try:
        return scorers()[name]
    except KeyError:
        raise UnknownScorer(name) from None


def settings_of(name: str) -> dict[str, Any]:
    """The settings that the code answers with now, without what depends on a checkpoint; loads no scorer."""
    settings: Mapping[str, Any] = _attribute(entry(name).settings)
    return dict(settings)


def usual_checkpoint(name: str) -> str:
    """The checkpoint that this installation is set up with, or an empty text."""
    setting = entry(name).checkpoint
    return str(getattr(site, setting)) if setting else ""


def identify(name: str, checkpoint: str) -> dict[str, Any]:
    """What the answers depend on beside the code's settings, such as the weights' hash; empty for most scorers.

    Reads the weights, which takes a minute where they are large. Raises `UnknownScorer` or `NoCheckpoint`.
    """
    found = entry(name)
    if not found.takes_checkpoint:
        if checkpoint:
            raise NoCheckpoint(f"The scorer {name} takes no checkpoint.")
        return {}
    if not checkpoint:
        raise NoCheckpoint(f"The scorer {name} needs a checkpoint: name one, or set {found.checkpoint}.")
    described: Callable[[str], Mapping[str, Any]] = _attribute(found.identify)
    return dict(described(checkpoint))


def load(name: str, settings: Mapping[str, Any], checkpoint: str = "") -> Scorer[Any, Any]:
    """A ready scorer. Raises `UnknownScorer`, `OutdatedVersion` or `ScorerUnavailable`."""
    found = entry(name)
    factory = _heavy(name, found.scorer)
    scorer: Scorer[Any, Any] = factory(settings, checkpoint) if found.takes_checkpoint else factory(settings)
    return scorer


def queue_of(scorer: str) -> str:
    """The Celery queue of a scorer, which only workers that can run it listen to."""
    return f"scoring.{scorer}"


def own_checks(name: str) -> Callable[..., Any] | None:
    """The scorer's own part of `scoring.verify.verify`, if it has one.

    Raises `UnknownScorer` or `ScorerUnavailable`.
    """
    path = entry(name).verify
    return _heavy(name, path) if path else None


def _heavy(name: str, dotted_path: str) -> Any:
    """An attribute whose module may need what is not installed here. Raises `ScorerUnavailable`."""
    try:
        return _attribute(dotted_path)
    except ImportError as error:
        mend = " `make install-scoring` adds what it needs." if name in SCORERS else ""
        raise ScorerUnavailable(f"The scorer {name} cannot be loaded here: {error}.{mend}") from error


def _attribute(dotted_path: str) -> Any:
    module, _, name = dotted_path.rpartition(".")
    return getattr(importlib.import_module(module), name)
