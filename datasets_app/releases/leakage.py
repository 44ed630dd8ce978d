"""The same file in two splits: what a model trained on in one, it would be tested on in the other.

The same prompt, after normalising, cannot be in two: its split is drawn from that very text. But one file can
come in under two prompts. Its copy in the smallest split stays, the others go: what is held out is the scarcer,
and an earlier release may have held it out already, so no later one must train on it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count

from annotation.models import Project, Video
from datasets_app.releases.splits import Splits

LEAKS = "leaks.jsonl"
NAMED = 3  # leaks that a refusal names


class Seen(NamedTuple):
    name: str
    prompt: str
    sha256: str


@dataclass(frozen=True)
class Leak:
    """A video that stays out because its file is kept in another split."""

    video_name: str
    prompt: str
    split: str
    kept_name: str
    kept_split: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.video_name!r} ({self.split}) is {self.kept_name!r} ({self.kept_split})"


class LeakCheck:
    """Told of each chosen video; remembers those whose file others of the project have, too. One query."""

    def __init__(self, project: Project) -> None:
        files = Video.objects.filter(project=project).exclude(sha256="").values_list("sha256")
        self._shared = {sha256 for sha256, _n in files.annotate(n=Count("pk")).filter(n__gt=1)}
        self._seen: list[Seen] = []

    def see(self, name: str, prompt: str, sha256: str) -> None:
        if sha256 in self._shared:
            self._seen.append(Seen(name, prompt, sha256))

    def leaks(self, splits: Splits, largest_first: Sequence[str]) -> tuple[list[Leak], int]:
        """The videos to leave out, in the order they were seen; and how many repeat a file within their split."""
        copies: dict[str, dict[str, list[Seen]]] = defaultdict(lambda: defaultdict(list))
        for seen in self._seen:
            copies[seen.sha256][splits.of(seen.prompt)].append(seen)
        kept = {sha256: max(found, key=largest_first.index) for sha256, found in copies.items()}
        leaks = []
        for seen in self._seen:
            split, kept_split = splits.of(seen.prompt), kept[seen.sha256]
            if split != kept_split:
                first = copies[seen.sha256][kept_split][0]
                leaks.append(Leak(seen.name, seen.prompt, split, first.name, kept_split, seen.sha256))
        return leaks, len(self._seen) - len(leaks) - len(copies)


def refusal(leaks: Sequence[Leak]) -> str:
    """A sentence that names the first of them."""
    more = f" and {len(leaks) - NAMED} more" if len(leaks) > NAMED else ""
    return (
        f"{len(leaks)} videos have a file that is in another split, too: "
        f"{'; '.join(map(str, leaks[:NAMED]))}{more}. They can be left out and listed instead."
    )
