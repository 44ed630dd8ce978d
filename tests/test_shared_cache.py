"""What one process counts, such as wrong passwords, the others know."""

import os
import subprocess
import sys

from django.conf import settings
from django.core.cache import cache

ELSEWHERE = (
    "import django; django.setup(); from django.core.cache import cache; print(cache.get('wrong-passwords'))"
)


def test_another_process_reads_what_this_one_kept():
    cache.set("wrong-passwords", 5, 60)
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"}
    found = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "5"
