"""The WSGI entry point that gunicorn loads."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018  loads every view now, so that nobody's first request waits for it
gc.set_threshold(10_000)  # a request's own objects go with it: looking for cycles after each 700 was 3 % of it
gc.collect()
gc.freeze()  # what was loaded stays: the collector need not look through it again in the middle of a request
