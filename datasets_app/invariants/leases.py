"""I5: leases that nobody took back in time. A seat's lease needs no sweep: past its end the seat is free."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import models
from django.db.models.functions import Now

from annotation.models import Video
from datasets_app.models import Import, Release, Trial
from scoring.models import Evaluation, Job

SWEEP = timedelta(seconds=60)  # the sweepers run every 30 seconds; the rest is their own time

LEASED: tuple[type[models.Model], ...] = (Job, Video, Import, Release, Trial, Evaluation)


def overdue_leases() -> Iterator[str]:
    """Jobs, videos in preparation and whatever else workers lease whose lease ended more than a sweep ago."""
    for model in LEASED:
        field = "media_leased_until" if model is Video else "leased_until"
        overdue = model._default_manager.filter(**{f"{field}__lt": Now() - SWEEP})
        for pk, until in overdue.order_by("pk").values_list("pk", field):
            yield f"{model._meta.verbose_name} {pk}: leased until {until:%Y-%m-%d %H:%M:%S}"
