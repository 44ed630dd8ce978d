"""Web workers killed -9 in the middle of requests."""

import random
import time

from annotation.models import Draft, Rating, Seat
from tests.faults.site import Site, until

DONE = "kill -9 of a gunicorn worker, six times, while six raters submit 120 ratings; they send again with the same key."
RATERS, VIDEOS, OVERLAP, KILLS = 6, 40, 3, 6


def run(site: Site) -> str:
    project = site.project_to_rate(videos=VIDEOS, overlap=OVERLAP)
    web = site.web()
    raters = site.rate(project, web.port, RATERS)
    for kill in range(1, KILLS + 1):
        due = kill * VIDEOS * OVERLAP // (KILLS + 1)
        until(lambda due=due: sum(len(rater.acknowledged) for rater in raters) >= due, "ratings", seconds=90)
        time.sleep(random.uniform(0, 0.05))  # anywhere within a request
        web.kill_the_busiest()
    count = site.acknowledge(raters)
    broken_off = sum(rater.broken_off for rater in raters)
    assert broken_off, "no kill fell into a request"
    assert Rating.objects.live().count() == count == VIDEOS * OVERLAP
    assert not Rating.objects.filter(extra=True).exists()
    assert not Seat.objects.filter(filled_at=None).exists()
    assert not Draft.objects.exists()
    return f"{broken_off} requests broke off; {count} acknowledged, {count} stored, each once."
