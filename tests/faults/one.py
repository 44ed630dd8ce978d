"""One fault, from its services' start to `verify_invariants`; the drill starts this module in a process of its own."""

import argparse
import json
import os
import signal
import sys
import traceback
from pathlib import Path

import django

from tests.faults.catalog import FAULTS, load
from tests.faults.services import Postgres, Redis


def main() -> None:
    """Write what came of it into `result.json`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=FAULTS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    postgres, redis = Postgres(given.folder / "cluster"), Redis()
    postgres.port = given.port
    os.environ["REDIS_URL"] = redis.url
    try:
        postgres.start()
        redis.start()
        django.setup()
        result = happen(given, postgres, redis)
    finally:
        redis.kill()
        postgres.stop("immediate")
    (given.folder / "result.json").write_text(json.dumps(result))


def happen(given: argparse.Namespace, postgres: Postgres, redis: Redis) -> dict[str, object]:
    from django.db import connections

    from tests.faults.site import Site

    fault = load(given.name)
    site = Site(given.folder, postgres, redis, full=given.full)
    try:
        seen, passed = fault.run(site), True
        site.verify()
    except Exception as error:
        traceback.print_exc()
        first = next(iter(str(error).strip().splitlines()), "")
        seen, passed = f"{type(error).__name__}: {first}"[:1000], False
    finally:
        site.close()
        connections.close_all()
    return {"done": fault.DONE, "seen": seen, "passed": passed}


if __name__ == "__main__":
    main()
