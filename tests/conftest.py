"""Fixtures for every test, and what happens to a test whose Redis, Chromium or PostgreSQL is not there.

Where the tests run is decided in `environment.py`.
"""

import os
import shutil
from collections import Counter
from functools import cache

import pytest
from django.conf import settings as django_settings

from tests.browser import browse, browser
from tests.environment import SCRATCH, answers, chromium
from tests.videoscore2 import drawn_clips, videoscore2

__all__ = ["browse", "browser", "drawn_clips", "videoscore2"]

FORBID_SKIPS = os.environ.get("FORBID_SKIPS") == "1"
# What a mark needs, and the word for its absence.
NEEDS = {
    "browser": ("Chromium", "no Chromium or Chrome on PATH"),
    "worker": ("Redis", "no Redis answers at REDIS_URL"),
    "postgres": ("PostgreSQL", "the tests run on SQLite"),
}
# Small files whose promises must hold on both databases.
PORTABLE = {
    "test_arms.py",
    "test_demo_seed.py",
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


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.name in PORTABLE:
            item.add_marker(pytest.mark.portability)


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
    """Each test keeps its files to itself."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.RELEASES_ROOT = tmp_path / "releases"


def pytest_unconfigure(config):
    shutil.rmtree(SCRATCH, ignore_errors=True)
    if _missed:
        out = config.get_terminal_writer()
        out.sep("!", "NOT EVERYTHING WAS TESTED", red=True, bold=True)
        for what, count in _missed.items():
            out.line(f"{count} test{'s' * (count != 1)} did not run without {what}", red=True, bold=True)
