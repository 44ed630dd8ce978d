"""Measure a video in the sandbox, and say in sentences what a person should know about it."""

from dataclasses import dataclass

from annotation.models.video import VARIABLE_RATE
from datasets_app.media import limits
from datasets_app.media.decoder.measure import Facts
from datasets_app.media.sandbox import Sandbox
from datasets_app.media.sniff import Container, Refused

BROWSER_CODECS = ("h264", "vp8", "vp9", "av1")
CODEC_WORDS = {"hevc": "HEVC", "mpeg4": "MPEG-4 part 2", "mjpeg": "Motion JPEG", "prores": "ProRes"}


@dataclass(frozen=True)
class Probe:
    """What was found in a file by decoding it, and what a person should know about it."""

    facts: Facts
    warnings: list[str]


def probe(sandbox: Sandbox, path: str, container: Container) -> Probe:
    """Decode the file at `path` (one of ours) once. Raises `Refused` or `sandbox.DecoderFailed`."""
    answer = sandbox.ask("probe", seconds=limits.PROBE_SECONDS, path=path, demuxer=container.demuxer)
    facts = read_facts(answer)
    return Probe(facts, warn(facts, container))


def read_facts(answer: dict[str, object]) -> Facts:
    """The child's answer, whose types are not taken on trust. Raises `Refused` where they are wrong."""
    kinds = Facts.__annotations__
    if set(answer) != set(kinds) or any(not isinstance(answer[name], kind) for name, kind in kinds.items()):
        raise Refused("The decoder gave an answer that makes no sense.")
    facts = Facts(**answer)  # type: ignore[arg-type]  # checked above
    is_sane = (
        0 < facts.width * facts.height <= limits.MAX_PIXELS
        and 0 < facts.frames <= limits.MAX_FRAMES
        and 0 < facts.fps <= 1_000_000
        and 0 <= facts.seconds <= limits.MAX_SECONDS * 2
        and max(len(facts.codec), len(facts.pixel_format)) <= 40
    )
    if not is_sane:
        raise Refused("The video's dimensions, rate or length make no sense.")
    return facts


def warn(facts: Facts, container: Container) -> list[str]:
    """Sentences about what may surprise a rater or a reader of the release."""
    checks = (
        (
            facts.faults > 0,
            f"The file is damaged: {facts.undecoded} of {facts.frames} frames cannot be decoded, "
            "others may look wrong.",
        ),
        (facts.frames == 1, "The video has one frame: there is no motion to rate."),
        (
            bool(facts.width % 2 or facts.height % 2),
            f"The dimensions {facts.width}x{facts.height} are odd: a browser copy may lack a row or column.",
        ),
        (
            min(facts.width, facts.height) < limits.MIN_SIDE,
            f"The video is tiny: {facts.width}x{facts.height} pixels.",
        ),
        ("444" in facts.pixel_format, "The colours are stored as 4:4:4, which not every browser plays."),
        (
            facts.codec not in BROWSER_CODECS and container.name != "gif",
            f"Browsers do not play {CODEC_WORDS.get(facts.codec, facts.codec)}: raters get an H.264 copy, "
            "scorers the original.",
        ),
        (facts.variable_rate, VARIABLE_RATE),
        (facts.changes_size, "The frames change their size within the video."),
        (
            container.name == "gif",
            "This is a GIF, with 256 colours a frame at most: raters get an H.264 copy.",
        ),
    )
    return [sentence for is_so, sentence in checks if is_so]
