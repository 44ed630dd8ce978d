"""A scorer for tests of real workers, who find it by `EXTRA_SCORERS`: slow, and told by file names what to do."""

import os
import signal
import time

from scoring.protocol import DeviceLost, ScorerUnavailable
from scoring.registry import Entry
from tests.scripted import ANSWER

SETTINGS = {"revision": 1}
ENTRY = Entry(scorer="tests.patient.Patient", settings="tests.patient.SETTINGS", about="Takes its time.")
EXTRA_SCORERS = {"patient": "tests.patient.ENTRY"}


class Patient:
    """Writes a line for each time it is loaded to $PATIENT_LOG; poison.* kills its process, glitch.* its device."""

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
        if any(name.startswith("glitch") for name in samples):
            raise DeviceLost("the device failed: CUDA error: device-side assert triggered")
        time.sleep(self._seconds)
        return samples

    def read(self, raw):
        return ANSWER
