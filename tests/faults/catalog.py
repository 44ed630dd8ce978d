"""The faults by name. Each is a module that says what is done and does it; the longest stand first.

`run(site)` returns what was seen, in words and figures, and raises `AssertionError` where a promise is broken.
"""

from types import ModuleType

FAULTS = (
    "worker_killed",
    "redis_killed",
    "redis_emptied",
    "poison_job",
    "zombie_worker",
    "import_killed",
    "database_stopped",
    "web_killed",
    "disk_full_upload",
    "disk_full_media",
    "disk_full_export",
    "reply_lost",
    "delivered_thrice",
    "fifty_threads",
    "byte_flipped",
)


def load(name: str) -> ModuleType:
    """The fault's module; it reads models, so Django has to be set up. Raises `KeyError` for an unknown name."""
    from importlib import import_module

    if name not in FAULTS:
        raise KeyError(name)
    return import_module(f"tests.faults.{name}")
