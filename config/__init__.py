"""Settings, URLs and entry points. Importing it makes the Celery app the one that `shared_task` binds to."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
