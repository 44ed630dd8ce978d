"""`manage.py put_media`: everything that browsers watch into the bucket of MEDIA_S3_BUCKET."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from datasets_app.media import remote


class Command(BaseCommand):
    help = "Put what ready videos have, and the bucket has not, into it; once before the site sends from there."

    def handle(self, **options: Any) -> None:
        if not remote.is_on():
            raise CommandError("MEDIA_S3_BUCKET names no bucket.")
        try:
            put = remote.put_missing()
        except OSError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{put:,} files put; the rest was there.")
