"""What faults of scoring share: jobs for the patient scorer, and what must be true once they are through."""

from collections import Counter

from django.db.models import Count

from annotation.models import ScorerVersion, Suggestion
from scoring.jobs import enqueue
from scoring.models import Job
from scoring.versions import current_version
from tests.faults.site import Site


def ask_the_patient(site: Site, names: list[str]) -> ScorerVersion:
    """Queue a job for each of these names, and ring."""
    version = current_version("patient")
    assert enqueue(version, site.videos_to_score(names)) == len(names)
    return version


def numbered(count: int, first: int = 0) -> list[str]:
    return [f"{number:05}" for number in range(first, first + count)]


def done() -> int:
    return Job.objects.filter(state="done").count()


def all_ended() -> bool:
    return not Job.objects.open().exists()


def one_suggestion_each(count: int, failed: int = 0) -> None:
    """Raises `AssertionError` unless so many jobs are done, each with its one suggestion."""
    states = Counter(Job.objects.values_list("state", flat=True))
    assert states == Counter({"done": count} | ({"failed": failed} if failed else {})), states
    assert Suggestion.objects.count() == count
    assert not Suggestion.objects.values("video").annotate(n=Count("pk")).filter(n__gt=1).exists()
