"""The broker forgets everything while a thousand jobs wait."""

import redis

from tests.faults.scoring import all_ended, ask_the_patient, done, numbered, one_suggestion_each
from tests.faults.site import Site, until

DONE = "FLUSHALL with 1,000 jobs queued and no worker yet; then two worker processes and beat start."
JOBS = 1_000


def run(site: Site) -> str:
    ask_the_patient(site, numbered(JOBS))
    assert site.redis.waiting(), "no doorbell had been rung"
    redis.Redis.from_url(site.redis.url).flushall()
    site.worker(processes=2, PATIENT_SECONDS="0.05")
    assert done() == 0
    site.beat()
    waited = until(all_ended, "all jobs ended", seconds=300)
    one_suggestion_each(JOBS)
    return f"{JOBS} done {waited:.0f} s later, one suggestion each."
