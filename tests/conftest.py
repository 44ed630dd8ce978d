"""Fixtures for every test. Where the tests run is decided in `environment.py`."""

import shutil

import pytest

from tests.environment import SCRATCH


@pytest.fixture(autouse=True)
def _own_media_folder(settings, tmp_path):
    """Each test keeps its files to itself."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.RELEASES_ROOT = tmp_path / "releases"


def pytest_unconfigure(config):
    shutil.rmtree(SCRATCH, ignore_errors=True)
