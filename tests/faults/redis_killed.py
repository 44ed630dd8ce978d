"""The broker is gone for a minute."""

import time

from annotation.models import Rating
from tests.faults.scoring import all_ended, ask_the_patient, numbered, one_suggestion_each
from tests.faults.site import Site, until

DONE = "kill -9 of Redis, and a start 60 s later, while four raters submit and jobs are queued before, during and after."
AWAY_SECONDS, RATERS, VIDEOS, OVERLAP, JOBS = 60, 4, 120, 2, 100


def run(site: Site) -> str:
    project = site.project_to_rate(videos=VIDEOS, overlap=OVERLAP)
    web = site.web()
    site.worker(PATIENT_SECONDS="0.3")
    site.beat()
    ask_the_patient(site, numbered(JOBS))
    raters = site.rate(project, web.port, RATERS)
    for rater in raters:
        rater.pause = lambda: AWAY_SECONDS / (VIDEOS * OVERLAP / RATERS)
    time.sleep(3)
    site.redis.kill()
    back = time.monotonic() + AWAY_SECONDS
    ask_the_patient(site, numbered(JOBS, first=JOBS))
    time.sleep(max(0.0, back - time.monotonic()))
    site.redis.start()
    returned = time.monotonic()
    ask_the_patient(site, numbered(JOBS, first=2 * JOBS))
    count = site.acknowledge(raters)
    slowest = max(seconds for rater in raters for seconds in rater.seconds)
    assert sum(rater.broken_off for rater in raters) == 0
    assert Rating.objects.live().count() == count == VIDEOS * OVERLAP
    until(all_ended, "all jobs ended", seconds=200)
    one_suggestion_each(3 * JOBS)
    waited = time.monotonic() - returned
    return (
        f"{count} ratings acknowledged and stored, no request refused, the slowest submit took {slowest:.1f} s; "
        f"{3 * JOBS} jobs done at most {waited:.0f} s after its return, one suggestion each."
    )
