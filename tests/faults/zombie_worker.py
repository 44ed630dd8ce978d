"""A worker that was thought dead comes back with an answer."""

import signal

from scoring.models import Job
from tests.faults.scoring import all_ended, ask_the_patient, numbered, one_suggestion_each
from tests.faults.site import Site, until
from tests.in_hand import stop_in_mid_job

DONE = "SIGSTOP of a worker with a batch in hand, past its lease of 4 s; another does its jobs; SIGCONT."


def run(site: Site) -> str:
    zombie = site.worker(PATIENT_SECONDS="3")
    ask_the_patient(site, numbered(20))
    stop_in_mid_job(zombie)
    site.stack.callback(zombie.signal, signal.SIGCONT)
    held = Job.objects.filter(state="leased").count()
    site.worker(PATIENT_SECONDS="0.5")
    site.beat()
    until(all_ended, "all jobs ended", seconds=300)  # two minutes more where it held locks
    zombie.signal(signal.SIGCONT)
    until(lambda: b"succeeded" in zombie.log.read_bytes(), "the zombie's task ended", seconds=60)
    refused = zombie.log.read_bytes().count(b"refused: its lease was lost")
    assert refused, "no late result was refused"
    one_suggestion_each(20)
    return f"{held} jobs in hand; {refused} late results refused; 20 done, one suggestion each."
