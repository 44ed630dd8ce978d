"""A database as an older version left it, with rows in every table, is migrated without losing one."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext

import pytest
from django.db import connection

from tests.services import ScratchDatabase
from tests.upgrade import differences
from tests.worker import ROOT


@pytest.mark.parametrize("steps", [1, pytest.param(99, marks=pytest.mark.long)])
def test_an_older_database_keeps_every_row(steps, tmp_path):
    on_postgres = connection.vendor == "postgresql"
    scratch = ScratchDatabase("upgraded") if on_postgres else nullcontext(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    with scratch as address:
        changes = {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.upgrade", str(steps)],
            cwd=ROOT,
            env=os.environ | changes,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout.splitlines()[-1])
        assert facts["wrong"] == []
        assert {"annotation_rating", "annotation_video", "scoring_job", "datasets_release"} <= facts["rows"].keys()
        assert all(
            count >= 2 for table, count in facts["rows"].items() if not table.startswith("annotation_user_")
        )


def test_a_row_or_value_that_is_lost_is_named():
    before = {"annotation_rating": {1: {"id": 1, "score": 4, "gone": 1}, 2: {"id": 2, "score": 5, "gone": 1}}}
    after = {"annotation_rating": {1: {"id": 1, "score": 3, "new": 1}}}
    assert differences(before, after) == ["annotation_rating 1: score was 4, is 3", "annotation_rating 2 is gone"]
