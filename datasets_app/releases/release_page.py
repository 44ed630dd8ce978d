"""What the page of a release reads from its folder: card, files, and whether it is still what was built."""

import re
from dataclasses import dataclass
from pathlib import Path

from datasets_app.models import Release
from datasets_app.releases.card import CARD
from datasets_app.releases.put_video import FOLDER as VIDEOS
from datasets_app.releases.release_manifest import MANIFEST, FileFacts, hash_file, read_manifest

MOST_FILES = 50  # listed; the manifest names all
_HEAD = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)  # YAML, for the Hub alone


@dataclass(frozen=True)
class Contents:
    """What the manifest lists: the first files that are no videos, how much there is in all, pictures by name."""

    first: list[FileFacts]
    others: int
    videos: int
    video_bytes: int
    bytes: int
    plots: dict[str, Path]


@dataclass(frozen=True)
class Verified:
    """What is wrong, a sentence a file, and how many files were looked at in which way."""

    wrong: list[str]
    hashed: int
    seen: int


def contents_of(release: Release) -> Contents | None:
    """None where the folder is gone."""
    listed = _listed(release.folder)
    if listed is None:
        return None
    facts = [FileFacts(path, *entry) for path, entry in listed.items()]
    others = [file for file in facts if not _is_video(file.path)]
    videos = [file.bytes for file in facts if _is_video(file.path)]
    return Contents(
        first=others[:MOST_FILES],
        others=len(others),
        videos=len(videos),
        video_bytes=sum(videos),
        bytes=sum(file.bytes for file in facts),
        plots={Path(file.path).name: release.folder / file.path for file in others if file.path.endswith(".svg")},
    )


def card_of(release: Release) -> str:
    """The dataset card as Markdown without its YAML head; "" without a card."""
    try:
        text = (release.folder / CARD).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    return _HEAD.sub("", text, count=1)


def verify_quickly(release: Release) -> Verified:
    """Look at every file of the manifest: hash it, but of a video tell presence and size alone.

    Seconds even for tens of thousands of videos; `verify_release` hashes those, too.
    """
    folder, listed = release.folder, _listed(release.folder)
    if listed is None:
        return Verified([f"{MANIFEST} is missing or cannot be read"], 0, 0)
    wrong, hashed, seen = [], 1, 0
    if release.manifest_sha256 and hash_file(folder / MANIFEST)[0] != release.manifest_sha256:
        wrong.append(f"{MANIFEST} is not the one that was built")
    for path, entry in listed.items():
        try:
            size = (folder / path).stat().st_size
            if _is_video(path):
                seen += 1
                sound = size == entry[1]
            else:
                hashed += 1
                sound = hash_file(folder / path) == entry
        except OSError:
            wrong.append(f"{path} is missing")
        else:
            wrong += [] if sound else [f"{path} has changed"]
    return Verified(wrong, hashed, seen)


def _is_video(path: str) -> bool:
    return path.startswith(f"{VIDEOS}/")


def _listed(folder: Path) -> dict[str, tuple[str, int]] | None:
    try:
        return read_manifest(folder / MANIFEST)
    except (OSError, ValueError):
        return None
