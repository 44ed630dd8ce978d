"""Fixtures for every test, and what happens to a test whose Redis, Chromium or PostgreSQL is not there.

Where the tests run is decided in `environment.py`.
"""

import os
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache as kept_numbers

from tests.browser import browse, browser
from tests.environment import SCRATCH, answers, chromium
from tests.flush import empty_tables_by_delete
from tests.videoscore2 import drawn_clips, videoscore2

__all__ = ["browse", "browser", "drawn_clips", "empty_tables_by_delete", "videoscore2"]

hypothesis.settings.register_profile("steady", deadline=None)  # how long an example takes says nothing here
hypothesis.settings.load_profile("steady")

FORBID_SKIPS = os.environ.get("FORBID_SKIPS") == "1"
LONG_TESTS = os.environ.get("LONG_TESTS") == "1"
# What a mark needs, and the word for its absence.
NEEDS = {
    "browser": ("Chromium", "no Chromium or Chrome on PATH"),
    "worker": ("Redis", "no Redis answers at REDIS_URL"),
    "postgres": ("PostgreSQL", "the tests run on SQLite"),
}
# Files that take longest, in this order: a process that gets one of them last would keep the other one waiting.
SLOWEST_FIRST = [
    "test_demo_run.py",
    "test_worker.py",
    "test_every_page.py",
    "test_stored_payloads.py",
    "test_doors.py",
    "test_rating_screen.py",
    "test_official_numbers.py",
    "test_stage.py",
    "test_session.py",
    "test_videoscore2.py",
    "test_realdata_media.py",
    "test_days_work.py",
    "test_demo_seed.py",
    "test_stand_in.py",
    "test_frames_seen_screen.py",
    "test_releases_page.py",
    "test_room_stages.py",
    "test_room_switch.py",
    "test_room_bytes.py",
    "test_technical.py",
    "test_served.py",
    "test_rationale_screen.py",
    "test_queue_races.py",
    "test_lead_pages.py",
    "test_review_screen.py",
    "test_translatable.py",
    "test_prepare.py",
]
# Small files whose promises must hold on both databases. (The demo itself, in `test_demo_run.py`, is on SQLite.)
PORTABLE = {
    "test_arms.py",
    "test_drafts.py",
    "test_export.py",
    "test_import.py",
    "test_import_annotations.py",
    "test_invariants.py",
    "test_jobs.py",
    "test_models.py",
    "test_overview.py",
    "test_queue.py",
    "test_samples.py",
    "test_settle.py",
    "test_submit.py",
}
_missed: Counter[str] = Counter()


@cache
def is_there(mark: str) -> bool:
    if mark == "browser":
        return chromium() is not None
    if mark == "worker":
        return answers(os.environ["REDIS_URL"], 6379)
    return "postgresql" in django_settings.DATABASES["default"]["ENGINE"]


def pytest_ignore_collect(collection_path, config):
    """The run on the other database reads no file without a test for it: some of them load torch."""
    if config.option.markexpr.startswith("portability") and collection_path.suffix == ".py":
        return None if _is_portable(collection_path) else True
    return None


def _is_portable(file: Path) -> bool:
    return file.name in PORTABLE or "mark.portability" in file.read_text()


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items):
    """Marks before `-m` chooses; after all others have sorted, files one after the other, slow ones first."""
    if not LONG_TESTS:
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    for item in items:
        if item.path.name in PORTABLE:
            item.add_marker(pytest.mark.portability)
        if any(item.get_closest_marker(mark) for mark in ("browser", "worker")):
            item.add_marker(pytest.mark.flaky(reruns=1))  # CONTRIBUTING.md says why
    yield
    place = {name: nth for nth, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: (place.get(item.path.name, len(place)), item.path.name))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    for mark, (_, word) in NEEDS.items():
        if item.get_closest_marker(mark) and not is_there(mark):
            pytest.skip(word)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """With FORBID_SKIPS=1 a skip is a failure, but for real clips that are not beside the checkout."""
    report = yield
    if (
        FORBID_SKIPS
        and report.skipped
        and not hasattr(report, "wasxfail")
        and not item.get_closest_marker("realdata")
    ):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and FORBID_SKIPS=1 forbids it: {call.excinfo.value}"
    return report


def pytest_runtest_logreport(report):
    """Count what was missed where the reports of all processes come together."""
    for name, word in NEEDS.values():
        if report.skipped and word in str(report.longrepr):
            _missed[f"{name} ({word})"] += 1


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_xdist_suffix):
    """On SQLite the test database is a file: threads and workers see it as they would a real one."""
    default = django_settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        default.setdefault("TEST", {})["NAME"] = str(SCRATCH / "test.sqlite3")


@pytest.fixture(autouse=True)
def _own_media_folder(settings, tmp_path):
    """Each test keeps its files to itself, and finds no number kept for a project of another that had its key."""
    kept_numbers.clear()
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.RELEASES_ROOT = tmp_path / "releases"


def pytest_unconfigure(config):
    shutil.rmtree(SCRATCH, ignore_errors=True)
    if _missed:
        out = config.get_terminal_writer()
        out.sep("!", "NOT EVERYTHING WAS TESTED", red=True, bold=True)
        for what, count in _missed.items():
            out.line(f"{count} test{'s' * (count != 1)} did not run without {what}", red=True, bold=True)
