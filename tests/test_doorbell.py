"""Doorbells: a broker that is away costs a request next to nothing, however many doorbells it rings."""

import logging
import socket
import time

import pytest
from celery import Celery
from django.conf import settings
from django.db import transaction

from annotation import doorbell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nobody() -> Celery:
    """An app with our broker settings whose Redis is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        app = Celery(broker=f"redis://127.0.0.1:{probe.getsockname()[1]}/0", set_as_current=False)
        app.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        yield app


def test_many_doorbells_at_a_dead_broker_wait_once_and_not_long(nobody, monkeypatch, caplog):
    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)

    @nobody.task(name="nothing")
    def task():
        pass

    started = time.monotonic()
    with caplog.at_level(logging.WARNING), transaction.atomic():
        for _ in range(50):
            doorbell.ring(task)
    assert time.monotonic() - started < 2
    assert caplog.text.count("not heard") == 1


def test_after_a_pause_the_broker_is_tried_again(monkeypatch):
    monkeypatch.setattr(doorbell, "_quiet_until", time.monotonic() - 0.1)
    sent = []

    class Task:
        name = "task"

        def apply_async(self, args, **options):
            sent.append(args)

    doorbell.ring(Task(), 7)
    assert sent == [(7,)]


def test_what_somebody_waits_for_is_taken_first(monkeypatch):
    monkeypatch.setattr(doorbell, "_quiet_until", 0.0)
    sent = {}

    class Task:
        name = "task"

        def apply_async(self, args, *, priority, **options):
            sent[args] = priority

    doorbell.ring(Task(), 1)
    doorbell.ring(Task(), 2, urgent=True)
    assert sent[(2,)] < sent[(1,)]  # Redis takes the lower first
