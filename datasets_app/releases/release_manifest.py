"""`manifest.json` of a release: what was asked, what was left out and why, and the sha256 of every file."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from datasets_app.disk import sync

MANIFEST = "manifest.json"
Progress = Callable[[int, int], None]  # bytes done, bytes in all


class FileFacts(NamedTuple):
    """A file of the release: path relative to its folder, hash, size in bytes."""

    path: str
    sha256: str
    bytes: int


def hash_file(path: Path) -> tuple[str, int]:
    """sha256 and size in bytes of what can be read from the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def write_manifest(folder: Path, facts: Mapping[str, Any], files: Iterable[FileFacts]) -> None:
    """Write the manifest, a line a file, without holding the list in memory."""
    with (folder / MANIFEST).open("w", encoding="utf-8") as out:
        out.write(json.dumps(facts, indent=2, ensure_ascii=False).removesuffix("\n}"))
        out.write(',\n  "files": {')
        for number, file in enumerate(files):
            entry = json.dumps({"sha256": file.sha256, "bytes": file.bytes})
            out.write(f"{',' if number else ''}\n    {json.dumps(file.path, ensure_ascii=False)}: {entry}")
        out.write("\n  }\n}\n")
    sync(folder / MANIFEST)


def differences(
    folder: Path,
    manifest: Path | None = None,
    *,
    manifest_sha256: str = "",
    progress: Progress = lambda done, total: None,
) -> list[str]:
    """How a folder differs from its manifest (or from another one), a sentence for each file; none if whole.

    `manifest_sha256`, where it is known, is what the manifest itself was when the release was built: without it
    somebody who changes a file can change the manifest too. `progress` hears of bytes read, and of all there are.
    """
    own = folder / MANIFEST
    try:
        listed = read_manifest(manifest or own)
    except (OSError, ValueError) as error:
        return [f"{manifest or own} cannot be read: {error}"]
    found = dict(_files_in(folder))
    found.pop(MANIFEST, None)
    wrong = [f"{path} is not in the manifest" for path in sorted(found.keys() - listed.keys())]
    wrong += [f"{path} is missing" for path in sorted(listed.keys() - found.keys())]
    both = sorted(found.keys() & listed.keys())
    done, total = 0, sum(found[path] for path in both)
    for path in both:
        facts = hash_file(folder / path) if not (folder / path).is_symlink() else None
        if facts != listed[path]:
            wrong.append(f"{path} differs from its sha256" if manifest is None else f"{path} differs")
        done += found[path]
        progress(done, total)
    if manifest is not None and (not own.exists() or own.read_bytes() != manifest.read_bytes()):
        wrong.append(f"{MANIFEST} differs")
    if manifest_sha256 and hash_file(own)[0] != manifest_sha256:
        wrong.append(f"{MANIFEST} is not the one that this release was built with")
    return wrong


def read_manifest(path: Path) -> dict[str, tuple[str, int]]:
    """sha256 and size in bytes of each file, by path. Raises OSError, or ValueError for what is no manifest."""
    listed = json.loads(path.read_bytes(), object_hook=_compact)
    files = listed.get("files") if isinstance(listed, dict) else None
    if not isinstance(files, dict) or not all(isinstance(facts, tuple) for facts in files.values()):
        raise ValueError("it lists no files")
    return files


def _compact(value: dict[str, Any]) -> dict[str, Any] | tuple[str, int]:
    """A file's facts as a pair, so that a long manifest takes little memory."""
    return (value["sha256"], value["bytes"]) if value.keys() == {"sha256", "bytes"} else value


def _files_in(folder: Path) -> Iterator[tuple[str, int]]:
    """Path and size of everything below the folder that is no folder; links are not followed."""
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in [*files, *links]:
            path = Path(place) / name
            yield str(path.relative_to(folder)), path.lstat().st_size
