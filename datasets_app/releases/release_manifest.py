"""`manifest.json` of a release: what was asked, what was left out and why, and the sha256 of every file."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from datasets_app.disk import sync

MANIFEST = "manifest.json"


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


def differences(folder: Path, manifest: Path | None = None) -> list[str]:
    """How a folder differs from its manifest (or from another one), a sentence for each file; none if whole."""
    own = folder / MANIFEST
    try:
        listed: dict[str, dict[str, Any]] = json.loads((manifest or own).read_bytes())["files"]
    except (OSError, ValueError, KeyError) as error:
        return [f"{manifest or own} cannot be read: {error}"]
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()} - {MANIFEST}
    wrong = [f"{path} is not in the manifest" for path in sorted(found - listed.keys())]
    wrong += [f"{path} is missing" for path in sorted(listed.keys() - found)]
    for path in sorted(found & listed.keys()):
        if hash_file(folder / path) != (listed[path]["sha256"], listed[path]["bytes"]):
            wrong.append(f"{path} differs from its sha256" if manifest is None else f"{path} differs")
    if manifest is not None and (not own.exists() or own.read_bytes() != manifest.read_bytes()):
        wrong.append(f"{MANIFEST} differs")
    return wrong
