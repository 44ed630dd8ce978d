"""Fixtures for every test. Where the tests run is decided in `environment.py`."""

import shutil

import pytest
from django.db import connections

from tests.browser import browse, chromium
from tests.environment import SCRATCH

__all__ = ["browse", "chromium"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings():
    """SQLite tests use a file: the threads of a live server cannot share an in-memory connection."""
    database = connections["default"].settings_dict
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(SCRATCH / "tests-run.sqlite3")


@pytest.fixture(autouse=True)
def _own_media_folder(settings, tmp_path):
    """Each test keeps its files to itself."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.RELEASES_ROOT = tmp_path / "releases"


def pytest_unconfigure(config):
    shutil.rmtree(SCRATCH, ignore_errors=True)
