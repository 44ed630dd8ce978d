"""PostgreSQL breaks off, as by a power cut, and comes back."""

import time

from django.db import connections

from annotation.models import Rating, Seat
from tests.faults.scoring import all_ended, ask_the_patient, numbered, one_suggestion_each
from tests.faults.site import Site, until

DONE = (
    "`pg_ctl stop --mode immediate` and a start 5 s later, twice, while four raters submit 120 ratings and a worker "
    "answers 400 jobs."
)
RATERS, VIDEOS, OVERLAP, JOBS, STOPS = 4, 60, 2, 400, 2


def run(site: Site) -> str:
    project = site.project_to_rate(videos=VIDEOS, overlap=OVERLAP)
    web = site.web()
    site.worker(PATIENT_SECONDS="0.3")
    site.beat()
    ask_the_patient(site, numbered(JOBS))
    raters = site.rate(project, web.port, RATERS, patient=True)
    for stop in range(1, STOPS + 1):
        due = stop * VIDEOS * OVERLAP // (STOPS + 1)
        until(lambda due=due: sum(len(rater.acknowledged) for rater in raters) >= due, "ratings", seconds=90)
        site.postgres.stop("immediate")
        connections.close_all()
        time.sleep(5)
        site.postgres.start()
    count = site.acknowledge(raters)
    refused = sum(rater.server_errors for rater in raters)
    assert Rating.objects.live().count() == count == VIDEOS * OVERLAP
    assert not Seat.objects.filter(filled_at=None, video__project=project).exists()
    waited = until(all_ended, "all jobs ended", seconds=200)
    one_suggestion_each(JOBS)
    return (
        f"{refused} requests were answered 5xx meanwhile; {count} ratings acknowledged, {count} stored, each once; "
        f"{JOBS} jobs done {waited:.0f} s later, one suggestion each."
    )
