"""A scorer whose answers the test decides, an ear for doorbells, and queued jobs to try them on."""

from datetime import timedelta

from django.utils import timezone

from scoring import jobs
from scoring.models import Job
from scoring.protocol import Answer, Opinion, Probabilities, UnreadableAnswer, VideoFault
from tests.make import make_project, make_scorer_version, make_video

ANSWER = Answer(
    opinions={
        "visual_quality": Opinion(4, Probabilities((0.0, 0.1, 0.2, 0.6, 0.1))),
        "text_alignment": None,
        "physical_consistency": Opinion(2, Probabilities((0.1, 0.5, 0.2, 0.1, 0.1))),
    },
    rationale="It flickers at 0.6 s.",
    raw_text="{}",
    frames=16,
)


class Listens:
    """Stands where Celery would be, and writes down who was rung for."""

    def __init__(self, monkeypatch):
        self.rung = []
        self.queues = set()
        monkeypatch.setattr("scoring.doorbells.ring", self._hear)

    def _hear(self, task, *ids):
        self.rung.append(ids)
        self.queues.add(task.options["queue"])


class Scripted:
    """A scorer whose answers the test decides, by the video's file name."""

    batch_size = 4

    def __init__(self, outcomes=None):
        self.outcomes = outcomes or {}
        self.batches = []
        self.on_sample = self.while_asking = lambda what: None  # called with a name, with the names of a batch

    def sample(self, question):
        name = question.path.name
        self.on_sample(name)
        outcome = self.outcomes.get(name)
        if isinstance(outcome, VideoFault):
            raise outcome
        return name

    def ask(self, questions, samples, heard):
        for position in range(len(samples) if heard else 0):
            heard(position, "")
        self.batches.append(list(samples))
        self.while_asking(list(samples))
        for name in samples:
            outcome = self.outcomes.get(name)
            if isinstance(outcome, BaseException) and not isinstance(outcome, UnreadableAnswer):
                raise outcome
        return samples

    def read(self, raw):
        outcome = self.outcomes.get(raw, ANSWER)
        if isinstance(outcome, UnreadableAnswer):
            raise outcome
        return outcome


def queue_videos(count, project=None):
    project = project or make_project()
    videos = [make_video(project, original=f"videos/{number}.mp4") for number in range(count)]
    version = make_scorer_version()
    assert jobs.enqueue(version, videos) == count
    return version, videos


def states():
    return sorted(Job.objects.values_list("state", flat=True))


def let_leases_run_out():
    Job.objects.filter(state="leased").update(leased_until=timezone.now() - timedelta(seconds=1))
