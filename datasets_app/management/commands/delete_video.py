"""`delete_video NAME --project SLUG`: take one video down with everything that was made of it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.management.find_project import find_project
from datasets_app.takedown.video import releases_with, take_down


class Command(BaseCommand):
    help = (
        "Delete a video for good: file, ratings, suggestions, verdict. Built releases stay as they are and are "
        "named. Without --yes it only says what would go."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the video's name in its project")
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument("--yes", action="store_true", help="delete it")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        video = project.videos.filter(name=options["name"]).first()
        if video is None:
            raise CommandError(f"{project.slug} has no video {options['name']!r}.")
        for held in releases_with(video):
            why = "it is being built" if held.release.open else "its list of videos cannot be read"
            certainty = "holds it" if held.sure else f"may hold it: {why}"
            self.stdout.write(f"release {held.release.number} {certainty}")
        if not options["yes"]:
            raise CommandError(
                f"{video.name} and its {video.ratings.count()} versions of ratings: add --yes to delete."
            )
        take_down(video)
        self.stdout.write(f"{video.name} is gone.")
