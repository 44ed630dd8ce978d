"""A scorer for tests of real workers, who find it by `EXTRA_SCORERS`: slow, and told by file names what to do."""

import os
import signal
import time

from scoring.protocol import ScorerUnavailable
from scoring.registry import Entry
from tests.scripted import ANSWER

SETTINGS = {"revision": 1}
ENTRY = Entry(scorer="tests.patient.Patient", settings="tests.patient.SETTINGS", about="Takes its time.")
EXTRA_SCORERS = {"patient": "tests.patient.ENTRY"}


class Patient:
    """Writes a line for each time it is loaded to $PATIENT_LOG; a clip named poison.* kills its process."""

    batch_size = 8
    device = "a chair"

    def __init__(self, settings):
        if os.environ.get("PATIENT_IS_AWAY"):
            raise ScorerUnavailable("the patient is away")
        if path := os.environ.get("PATIENT_LOG"):
            with open(path, "a") as log:
                log.write(f"{os.getpid()} {os.getppid()}\n")
        self._seconds = float(os.environ.get("PATIENT_SECONDS", "0.5"))

    def sample(self, question):
        return question.path.name

    def ask(self, questions, samples, heard):
        if any(name.startswith("poison") for name in samples):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(self._seconds)
        return samples

    def read(self, raw):
        return ANSWER
