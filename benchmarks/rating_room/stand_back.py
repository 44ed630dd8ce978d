"""Commands that get a service's share of the processor, as `cpu_shares` of docker-compose.yml makes a container.

`nice` would not do: Linux gives every session a share of its own (sched_autogroup_enabled), also each decoder's.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.nginx import ROOT

CGROUPS = Path("/sys/fs/cgroup")
USUAL = 1024  # shares of whoever is given none
ENTER = 'echo $$ > "$0" && exec "$@"'


def shares_of(service: str) -> int:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"][service].get("cpu_shares", USUAL)


@contextmanager
def standing_back(shares: int) -> Iterator[list[str]]:
    """What to put before a command; beside others who want the processor it gets so many shares to their 1,024
    each. Needs a writable cgroup, else it is plain `nice`."""
    is_second = (CGROUPS / "cgroup.controllers").exists()
    group = (CGROUPS if is_second else CGROUPS / "cpu") / f"stand-back-{os.getpid()}"
    try:
        group.mkdir()
        if is_second:
            (group / "cpu.weight").write_text(str(max(1, shares * 100 // USUAL)))
        else:
            (group / "cpu.shares").write_text(str(shares))
    except OSError as error:
        print(f"no cgroup of our own ({error}): import and export stand back by nice 10 alone")
        yield ["nice", "-n", "10"]
        return
    try:
        yield ["sh", "-c", ENTER, str(group / "cgroup.procs")]
    finally:
        group.rmdir()
