"""The benchmarks' raters against a live server: what they are told is stored, and a fault is found."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlparse

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from annotation.models import Rating, Seat
from benchmarks.rating_room.figures import SCENARIOS, lines_of
from benchmarks.rating_room.load import RANGE_BYTES, rate
from benchmarks.rating_room.project import cookie_of, faults, make_project, make_raters

pytestmark = pytest.mark.django_db(transaction=True)


def test_three_raters_rate_all_there_is_and_what_is_lost_or_doubled_is_found(live_server):
    project = make_project(videos=4, prompts=2, rated=0.5)
    sessions = [cookie_of(rater) for rater in make_raters(project, 3)]
    work = rate(urlparse(live_server.url).port, project.slug, sessions, seconds=30)
    with ThreadPoolExecutor(1) as apart:  # a browser of another test may have left its loop in this thread
        log = apart.submit(asyncio.run, work).result()
    assert (log.errors, log.rated, faults(project, log)) == ([], 3 * 2, [])
    assert Seat.objects.filter(filled_at=None).count() == 0
    shown = "\n".join(lines_of(SCENARIOS["full"], log.times, rate=40.0))
    assert "40.0 ratings/s  goal 25  Label Studio 5.1 (7.8x)" in shown
    assert "Potato p95 6500 ms" in shown

    lost = min(log.acknowledged)
    log.acknowledged[-1] = log.acknowledged[lost]
    log.acknowledged[lost] = dict.fromkeys(log.acknowledged[lost], 1)
    seat = Seat.objects.filter(filled_at__isnull=False).first()
    with transaction.atomic():
        Rating.objects.filter(video=seat.video_id, rater=seat.holder_id).update(extra=True)
    assert len(faults(project, log)) == 4


def test_who_watches_loads_whole_files_by_ranges_and_what_was_acknowledged_can_be_verified(
    live_server, settings, tmp_path
):
    project = make_project(videos=2, prompts=1)
    settings.MEDIA_ROOT.mkdir()
    sizes = {"none.mp4": RANGE_BYTES + 7, "none.jpg": RANGE_BYTES, "none-strip.jpg": 5}
    for name, size in sizes.items():
        (settings.MEDIA_ROOT / name).write_bytes(b"x" * size)
    sessions = [cookie_of(rater) for rater in make_raters(project, 2)]
    work = rate(urlparse(live_server.url).port, project.slug, sessions, seconds=30, watches=True)
    with ThreadPoolExecutor(1) as apart:
        log = apart.submit(asyncio.run, work).result()
    assert (log.errors, log.server_errors, log.rated) == ([], 0, 4)
    seen = log.clip_bytes / 4
    assert seen in (sizes["none.mp4"], sizes["none.mp4"] + sizes["none.jpg"], sum(sizes.values()))
    acks = tmp_path / "acks.jsonl"
    acks.write_text("".join(json.dumps(ack) + "\n" for ack in log.acks))
    call_command("verify_invariants", acks=acks)
    Rating.objects.filter(pk=log.acks[0]["rating"]).update(text_alignment_reason="another")
    with pytest.raises(CommandError, match="I1"):
        call_command("verify_invariants", acks=acks)
