"""A backup taken while the site has work in every stage, and taken back into an empty installation."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from annotation.models import T2VModel, User, Video
from annotation.room.settle import settle
from datasets_app.backup import back_up as backup_module
from datasets_app.backup.back_up import back_up, count_rows
from datasets_app.backup.database import BackupError, one_moment
from datasets_app.models import Import, Release
from datasets_app.releases.build_release import ask_for_release, build_release
from datasets_app.releases.export_options import Options
from scoring.jobs import enqueue
from tests.browser import make_clip
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion
from tests.services import ScratchDatabase
from tests.worker import ROOT, database_url

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("pg_dump") is None, reason="no pg_dump on PATH"),
]
RESTORE = """
import django, json, sys
django.setup()
from django.core.management import call_command
from datasets_app.backup.back_up import count_rows
call_command("restore", sys.argv[1])
call_command("verify_invariants")
from annotation.models import Video
from datasets_app.releases.release_manifest import hash_file
from pathlib import Path
hashes = {video.name: hash_file(Path(video.original.path))[0] for video in Video.objects.all()}
print(json.dumps({"rows": count_rows(), "hashes": hashes}))
"""


@pytest.fixture
def installation(settings):
    """Ratings, jobs, a release on the disk, an import that waits, and a file that no row names."""
    project = make_project(overlap=1)
    videos = [make_clip(project, frames=frames) for frames in (8, 12, 16)]
    for video in videos:
        make_rating(video, make_member(project))
        make_suggestion(video)
        settle([video])
    enqueue(make_scorer_version(), videos)
    with transaction.atomic():
        release, _ = ask_for_release(project, Options(formats=("records",), videos="copy"), None)
    build_release(release.pk)
    run = Import.objects.create(project=project, manifest_name="more.jsonl")
    (settings.MEDIA_ROOT / run.folder).mkdir(parents=True)
    (settings.MEDIA_ROOT / run.folder / "manifest.jsonl").write_text("{}\n")
    (settings.MEDIA_ROOT / "videos/stray.mp4").write_bytes(b"no row names it")
    return project


def empty_installation(tmp_path):
    """Where `restore` may go: a database of its own, on the same system as that of the tests."""
    if connection.vendor == "postgresql":
        return ScratchDatabase("restored")
    return nullcontext(f"sqlite:///{tmp_path / 'restored.sqlite3'}")


def run(code: str, folder: Path, address: str, data: Path) -> subprocess.CompletedProcess[str]:
    changes = {
        "DATABASE_URL": address,
        "DATA_DIR": str(data),
        "DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        env=os.environ | changes,
        capture_output=True,
        text=True,
    )


def hashes() -> dict[str, str]:
    return dict(Video.objects.values_list("name", "sha256"))


@pytest.mark.portability
def test_what_was_saved_comes_back_with_every_row_and_byte(installation, tmp_path, capsys):
    """The drill of docs/operations.md; `verify_invariants` hashes the release again."""
    assert Release.objects.get().reason == ""
    saved = count_rows()
    call_command("backup", tmp_path / "saved")
    assert f"{sum(saved.values()):,} rows" in capsys.readouterr().out
    assert not (tmp_path / "saved/media/videos/stray.mp4").exists()
    with empty_installation(tmp_path) as address:
        done = run(RESTORE, tmp_path / "saved", address, tmp_path / "new")
        assert done.returncode == 0, done.stderr + done.stdout
        back = json.loads(done.stdout.splitlines()[-1])
        assert back["rows"] == saved
        assert back["hashes"].keys() == hashes().keys()
        names = {
            path.relative_to(tmp_path / "saved") for path in (tmp_path / "saved").rglob("*") if path.is_file()
        }
        for name in (name for name in names if name.parts[0] in ("media", "releases")):
            assert (tmp_path / "new" / name).read_bytes() == (tmp_path / "saved" / name).read_bytes(), name
        assert "media/imports" in " ".join(map(str, names))


def test_what_comes_while_it_is_copied_is_left_out_and_what_goes_is_named(installation, tmp_path, monkeypatch):
    real = backup_module._put_files
    gone = Video.objects.first()

    def put_files(part, names, made, **options):
        make_clip(installation, frames=20)
        gone_file = Path(gone.original.path)
        gone_file.unlink()
        return real(part, names, made, **options)

    monkeypatch.setattr(backup_module, "_put_files", put_files)
    with pytest.raises(
        CommandError, match=f"kept, but 1 files that rows name were not there: media/{gone.original.name}"
    ):
        call_command("backup", tmp_path / "saved")
    manifest = json.loads((tmp_path / "saved/manifest.json").read_text())
    assert manifest["rows"]["annotation_video"] == 3
    assert len([name for name in manifest["files"] if "original" in name and name.startswith("media/")]) == 2


@pytest.mark.postgres
def test_the_dump_is_of_the_moment_that_its_files_are_of(installation, tmp_path, monkeypatch):
    real = backup_module.dump

    def dump(folder, moment):
        with psycopg.connect(database_url().replace("postgres://", "postgresql://", 1)) as other:
            other.execute(
                "INSERT INTO annotation_t2vmodel (project_id, name, tier) VALUES (%s, 'late', '')",
                [installation.pk],
            )
        real(folder, moment)

    monkeypatch.setattr(backup_module, "dump", dump)
    back_up(tmp_path / "saved")
    assert T2VModel.objects.filter(name="late").exists()
    told = subprocess.run(
        [
            "pg_restore",
            "--data-only",
            "--table",
            "annotation_t2vmodel",
            "--file",
            "-",
            tmp_path / "saved/database.pgdump",
        ],
        capture_output=True,
        text=True,
    )
    assert "unknown" in told.stdout
    assert "late" not in told.stdout


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a limit of PostgreSQL's")
def test_a_dump_may_take_longer_than_a_transaction_may_wait(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '120s'")  # as config/settings.py asks for
        with one_moment():
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("0",), "we wait for pg_dump"
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("2min",)


def test_second_names_take_no_room(installation, tmp_path):
    back_up(tmp_path / "saved", link=True)
    video = Video.objects.first()
    assert (tmp_path / "saved/media" / video.original.name).samefile(video.original.path)


def test_a_backup_that_breaks_off_leaves_nothing(installation, tmp_path, monkeypatch):
    monkeypatch.setattr(backup_module, "_named_files", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back_up(tmp_path / "saved")
    assert not [path for path in tmp_path.iterdir() if "saved" in path.name]
    User.objects.create_user("after")  # the connection is sound


def test_nothing_is_written_over(installation, tmp_path):
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved/file").touch()
    with pytest.raises(BackupError, match="there already"):
        back_up(tmp_path / "saved")
    with pytest.raises(CommandError, match="is no backup"):
        call_command("restore", tmp_path / "saved")
    back_up(tmp_path / "other")
    with pytest.raises(CommandError, match="The database is not empty"):
        call_command("restore", tmp_path / "other")
    assert Video.objects.count() == 3


def test_a_damaged_backup_and_one_of_newer_code_are_refused(installation, tmp_path, monkeypatch):
    back_up(tmp_path / "saved")
    manifest = tmp_path / "saved/manifest.json"
    text = manifest.read_text()
    manifest.write_text(text.replace('"0001_initial"', '"9999_later"'))
    with pytest.raises(CommandError, match=r"newer code than this; unknown here: .*annotation\.9999_later"):
        call_command("restore", tmp_path / "saved")
    manifest.write_text(text)
    victim = tmp_path / "saved/media" / Video.objects.first().poster.name
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    monkeypatch.setattr("datasets_app.backup.restore._refuse_full_installation", lambda source: None)
    with pytest.raises(CommandError, match=r"is damaged: media/.*poster.jpg differs from its sha256"):
        call_command("restore", tmp_path / "saved")
    assert Video.objects.count() == 3
