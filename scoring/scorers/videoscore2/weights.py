"""Which weights a version means. Loads nothing heavy: it is called where jobs are asked for, too.

A checkpoint is a folder, or a hub id with its revision: `TIGER-Lab/VideoScore2@<commit>`.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings as site

from scoring.registry import NoCheckpoint
from scoring.scorers.videoscore2.stand_in import CHECKPOINT as STAND_IN

FIXED_REVISION = re.compile(r"[0-9a-f]{40}")
HUB_ID = re.compile(r"(?P<id>\w[\w.-]*/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
# The files that answers depend on; others (a README, an index of training) may change.
MATTERS = ("*.safetensors", "*.json", "*.jinja", "merges.txt")
CHUNK = 1 << 20
DTYPES = ("bfloat16", "float16", "float32")


def identify(checkpoint: str) -> Mapping[str, Any]:
    """The weights' identity and the precision they are used in. Raises `NoCheckpoint`."""
    folder = Path(checkpoint).expanduser()
    if folder.is_dir():
        weights = hash_folder(folder)
        stand_in = {"stand_in": True} if weights == hash_folder(STAND_IN) else {}
        return {"weights": weights, "dtype": dtype(), **stand_in}
    name, revision = hub_id(checkpoint)
    return {"weights": f"{name}@{revision}", "dtype": dtype()}


def hub_id(checkpoint: str) -> tuple[str, str]:
    """Name and revision of a model of the hub. Raises `NoCheckpoint` where a moving one would be followed."""
    found = HUB_ID.fullmatch(checkpoint)
    if found is None:
        raise NoCheckpoint(
            f"{checkpoint!r} is neither a folder that is there nor a hub id such as name/model@commit."
        )
    revision = found["revision"] or "main"
    if not FIXED_REVISION.fullmatch(revision) and not site.DEBUG:
        raise NoCheckpoint(
            f"{checkpoint!r} can change under us: name the commit, {found['id']}@<40 hexadecimal digits>."
        )
    return found["id"], revision


def hash_folder(folder: Path) -> str:
    """sha256 over the names and contents of the files that answers depend on. Raises `NoCheckpoint`."""
    files = sorted({path for pattern in MATTERS for path in folder.glob(pattern)})
    if not any(path.suffix == ".safetensors" for path in files):
        raise NoCheckpoint(f"{folder} holds no *.safetensors; other forms of weights are not loaded.")
    lines = [f"{path.name} {_hash_file(path, path.stat().st_size, path.stat().st_mtime_ns)}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def dtype() -> str:
    """The precision that this installation works in. Raises `NoCheckpoint` for one that there is not."""
    wanted = str(site.VIDEOSCORE2_DTYPE)
    if wanted in DTYPES:
        return wanted
    if wanted != "auto":
        raise NoCheckpoint(f"VIDEOSCORE2_DTYPE is {wanted!r}; it must be one of {', '.join(DTYPES)} or auto.")
    return "bfloat16" if Path("/dev/nvidiactl").exists() else "float32"


@lru_cache(maxsize=1024)
def _hash_file(path: Path, size: int, changed: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
