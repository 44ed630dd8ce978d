"""The example of docs/bring-your-own-model.md, taken out of the page and run as it stands there."""

import re
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

from annotation.models import Suggestion
from scoring.drain import drain_jobs
from scoring.versions import current_version
from tests.make import draw_clip, make_project, make_video

PAGE = (Path(__file__).resolve().parent.parent / "docs/bring-your-own-model.md").read_text()
EXAMPLE = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1]
COMMANDS = re.search(r"```\nexport EXTRA_SCORERS=(\w+)=([\w.]+)\n(.*?)```", PAGE, re.DOTALL)

pytestmark = pytest.mark.django_db


@pytest.fixture
def brightness(tmp_path, monkeypatch, settings):
    """The example's module can be imported, and the site is told about it as the page says."""
    (tmp_path / "brightness.py").write_text(EXAMPLE)
    monkeypatch.syspath_prepend(tmp_path)
    settings.EXTRA_SCORERS = {COMMANDS[1]: COMMANDS[2]}
    yield COMMANDS[1]
    sys.modules.pop("brightness", None)


def test_it_scores_a_project_like_any_other_scorer(brightness, settings, capsys):
    project = make_project("autumn")
    for name in ("one", "two"):
        draw_clip(settings.MEDIA_ROOT / "videos" / f"{name}.mp4")
        make_video(project, original=f"videos/{name}.mp4")
    broken = make_video(project, original="videos/none.mp4")
    call_command("score_videos", project="autumn", scorer=brightness)
    assert "3 of 3 videos queued for brightness" in capsys.readouterr().out
    version = current_version(brightness)
    drain_jobs(version)
    assert [suggestion.status for suggestion in Suggestion.objects.all()] == ["partial", "partial"]
    suggestion = Suggestion.objects.first()
    assert suggestion.text_alignment is None
    assert suggestion.visual_quality in range(1, 6)
    assert suggestion.distributions.get().dimension == "visual_quality"
    assert broken.jobs.get().reason == "no frame can be decoded"


def test_it_can_be_verified_and_other_settings_are_another_version(brightness, capsys):
    call_command("verify_scorer", brightness)
    assert "100% readable" in capsys.readouterr().out
    before = current_version(brightness)
    sys.modules["brightness"].SETTINGS["frames"] = 4
    assert current_version(brightness) != before


def test_its_worker_listens_to_the_queue_that_its_jobs_are_rung_on(brightness):
    from scoring.registry import queue_of

    assert f"-Q {queue_of(brightness)} " in COMMANDS[3]
