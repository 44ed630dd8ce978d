"""A video whose scoring kills the process, each time."""

from scoring.jobs import LOST_WORKER
from scoring.models import Job
from tests.faults.scoring import all_ended, ask_the_patient, numbered, one_suggestion_each
from tests.faults.site import Site, until

DONE = "One of 40 videos kills the process that scores it (SIGKILL), whenever it is tried."


def run(site: Site) -> str:
    site.worker(PATIENT_SECONDS="0.1")
    site.beat()
    ask_the_patient(site, [*numbered(20), "poison", *numbered(19, first=20)])
    waited = until(all_ended, "all jobs ended", seconds=300)
    poison = Job.objects.get(video__name="poison")
    assert (poison.state, poison.attempts, poison.reason) == ("failed", 3, LOST_WORKER)
    one_suggestion_each(39, failed=1)
    return f"Failed after 3 attempts with its reason, the other 39 done, the queue empty after {waited:.0f} s."
