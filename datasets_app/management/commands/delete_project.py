"""`delete_project SLUG`: a whole project with its files and releases."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from annotation.models import Project
from datasets_app.takedown import doomed
from datasets_app.takedown.models import ProjectDeletion
from datasets_app.takedown.project import ask_for_deletion, go_on_deleting


class Command(BaseCommand):
    help = (
        "Delete a project for good: videos, ratings, releases, files. Nobody is in it from that moment on. "
        "Without --yes it says what would go. Stopped in the middle, it goes on when called again or by a worker."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the project's address")
        parser.add_argument("--yes", action="store_true", help="delete it")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["slug"]
        deletion = ProjectDeletion.objects.waiting().filter(slug=slug).first()
        project = Project.objects.filter(slug=slug).first()
        if project is None and deletion is None:
            raise CommandError(f"There is no project {slug!r}.")
        if not options["yes"] and project is not None:
            raise CommandError(f"{project.name} with {project.videos.count()} videos: add --yes to delete it.")
        if project is not None:
            deletion = ask_for_deletion(project)
        if deletion is not None:
            self._watch(deletion)
        self.stdout.write(f"{slug} is gone.")

    def _watch(self, deletion: ProjectDeletion) -> None:
        with tqdm(total=deletion.videos, unit=" videos", disable=None, file=sys.stderr) as bar:
            go_on_deleting(deletion.pk, show=lambda done, _: bar.update(done - bar.n))
        doomed.sweep()  # what a command that was killed before has left
