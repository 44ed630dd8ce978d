"""Manifests: good rows land once, bad rows are named, and no path leads out of its folder."""

import json
import os
import time
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from annotation.models import MediaState, Prompt, Seat, T2VModel, Video
from datasets_app.intake import ingest as ingest_module
from datasets_app.intake import locate, look, run_import, staging
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Folder, open_inside
from datasets_app.intake.read_manifest import MAX_LINE_BYTES, read_lines
from datasets_app.intake.run_command import take_up
from datasets_app.intake.run_import import LeaseLost, work_on
from datasets_app.media.sniff import Refused
from datasets_app.models import Import, ImportState
from datasets_app.takedown.video import take_down
from tests import hostile
from tests.make import draw_clip, make_project, make_prompt, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path) -> Path:
    """A folder of three different clips."""
    for number in range(3):
        draw_clip(tmp_path / f"clips/{'abc'[number]}.mp4", frames=8 + number)
    return tmp_path


def write(root: Path, *rows: dict | bytes | str) -> Path:
    """A manifest of these rows; bytes and text are written as they are."""
    lines = [
        row if isinstance(row, bytes) else (row if isinstance(row, str) else json.dumps(row)).encode()
        for row in rows
    ]
    path = root / "manifest.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def row(name: str = "a", **fields) -> dict:
    return {"video": f"clips/{name}.mp4", "prompt": "a red ball", "t2v_model": "Model-1"} | fields


def run(project, manifest: Path, root: Path | None = None):
    with manifest.open("rb") as file:
        return ingest(project, read_lines(file), Folder(root or manifest.parent))


def test_rows_land_with_their_facts_prompts_models_and_seats(root):
    project = make_project(overlap=2)
    manifest = write(
        root,
        row("a", video_name="001_a", tier="Modern", prompt_source="VidProM", seed=7, meta={"fps": 8}),
        {"video": "clips/b.mp4", "prompt": "a red ball"},
        row("c", prompt="a blue cube"),
    )
    summary = run(project, manifest)
    assert (summary.new, summary.already_there, summary.refused) == (3, 0, [])
    first, second, third = project.videos.order_by("pk")
    assert (first.name, second.name, third.name) == ("001_a", "b", "c")
    assert first.metadata == {"seed": 7, "meta": {"fps": 8}}
    assert (first.t2v_model.name, first.t2v_model.tier, first.prompt.source) == ("Model-1", "Modern", "VidProM")
    assert second.t2v_model.name == "unknown"
    assert first.prompt == second.prompt != third.prompt
    assert (first.frames, first.fps, first.width, first.codec, first.container) == (8, 8.0, 64, "h264", "mp4")
    assert Path(first.original.path).read_bytes() == (root / "clips/a.mp4").read_bytes()
    assert first.sha256 == sha256((root / "clips/a.mp4").read_bytes()).hexdigest()
    assert first.bytes == (root / "clips/a.mp4").stat().st_size
    assert first.media_state == MediaState.WAITING
    assert Seat.objects.count() == 6


def test_a_second_run_changes_nothing_and_says_so(root):
    project = make_project()
    manifest = write(root, row("a"), row("b"))
    run(project, manifest)
    before = list(Video.objects.order_by("pk").values())
    files = sorted(Path(django_settings.MEDIA_ROOT).rglob("*"))
    summary = run(project, manifest)
    assert (summary.new, summary.already_there, summary.refused) == (0, 2, [])
    assert list(Video.objects.order_by("pk").values()) == before
    assert sorted(Path(django_settings.MEDIA_ROOT).rglob("*")) == files


def test_a_video_that_is_taken_down_while_its_row_is_imported_again_leaves_no_prompt(root, monkeypatch):
    """It was known when it was looked at: its copy is gone, and it does not come back."""
    project = make_project()
    manifest = write(root, row("a", prompt="a secret"), row("b"))
    run(project, manifest)
    land = ingest_module.land

    def land_late(*batch):
        take_down(project.videos.get(name="a"))
        return land(*batch)

    with monkeypatch.context() as patched:
        patched.setattr(ingest_module, "land", land_late)
        summary = run(project, manifest)
    assert (summary.new, summary.already_there, summary.refused) == (0, 2, [])
    assert list(project.prompts.values_list("text", flat=True)) == ["a red ball"]
    assert run(project, manifest).new == 1, "the next import takes it as new"


def test_a_video_is_its_file_its_prompt_and_its_model(root):
    project = make_project()
    summary = run(
        project,
        write(root, row("a"), row("a", video_name="again"), row("a", prompt="other", video_name="a2"),
              row("a", t2v_model="Model-2", video_name="a3")),
    )  # fmt: skip
    assert (summary.new, summary.already_there, summary.refused) == (3, 1, [])
    assert set(project.videos.values_list("name", flat=True)) == {"a", "a2", "a3"}
    assert run(make_project(), write(root, row("a"))).new == 1


def test_a_name_taken_is_refused_and_the_others_land(root):
    project = make_project()
    summary = run(project, write(root, row("a", video_name="x"), row("b", video_name="x"), row("c")))
    [refusal] = summary.refused
    assert (summary.new, refusal[:3]) == (2, (2, "The name 'x' is taken by another video.", "clips/b.mp4"))
    assert run(project, write(root, row("b", video_name="x"))).refused[0][0] == 1


def test_an_empty_tier_or_source_is_filled_in_and_a_known_one_stays(root):
    project = make_project()
    run(project, write(root, row("a")))
    run(project, write(root, row("a", tier="Good", prompt_source="VidProM")))
    assert (T2VModel.objects.get().tier, Prompt.objects.get().source) == ("Good", "VidProM")
    run(project, write(root, row("b", tier="Poor", prompt_source="else")))
    assert (T2VModel.objects.get().tier, Prompt.objects.get().source) == ("Good", "VidProM")


def test_a_video_known_only_from_annotations_gets_its_file(root):
    project = make_project()
    prompt = make_prompt(project, "a red ball")
    known = make_video(
        project, prompt, name="a", media_state="missing", sha256="", original="", metadata={"from": "records"}
    )
    summary = run(project, write(root, row("a", seed=1)))
    assert summary.new == 1
    known.refresh_from_db()
    assert (known.media_state, known.t2v_model.name) == (MediaState.WAITING, "Model-1")
    assert known.metadata == {"from": "records", "seed": 1}
    assert Path(known.original.path).exists()
    assert project.videos.count() == 1
    assert known.seats.count() == 1
    assert run(project, write(root, row("a", seed=1))).already_there == 1


BAD_LINES = [
    (b'{"video": "clips/a.mp4", "prompt": "caf\xe9"}', "not UTF-8 (byte 40)"),
    (b"not json", "not JSON (Expecting value, column 1)"),
    (b'["clips/a.mp4"]', "not a JSON object"),
    (b'{"video": "clips/a.mp4"}', "`prompt` is missing"),
    (b'{"prompt": "x"}', "`video` is missing"),
    (b'{"video": "clips/a.mp4", "prompt": "   "}', "`prompt` is missing"),
    (b'{"video": 5, "prompt": "x"}', "`video` must be text"),
    (b'{"video": "clips/a.mp4", "prompt": ["x"]}', "`prompt` must be text"),
    (b'{"video": "clips/a.mp4", "prompt": "x", "tier": 3}', "`tier` must be text"),
    (b'{"video": "clips/a.mp4", "prompt": "a\\u0000b"}', "NUL"),
    (b'{"video": "clips/a.mp4", "prompt": "x", "k": {"\\u0000": 1}}', "NUL"),
    (b'{"video": "clips/a.mp4", "prompt": "\\ud83d"}', "surrogate"),
    (b'{"video": "clips/a.mp4", "prompt": "x", "k": NaN}', "not JSON"),
    (b'{"video": "clips/a.mp4", "prompt": "x", "k": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not JSON"),
    (b'{"video": "clips/a.mp4", "prompt": "x", "k": ' + b"9" * 5000 + b"}", "not JSON"),
    (b'{"video": "clips/a.mp4", "prompt": "' + b"x" * MAX_LINE_BYTES + b'"}', "longer than"),
    (b'{"video": "clips/a.mp4", "prompt": "x", "video_name": "../../x"}', "slashes"),
    (b'{"video": "clips/a.mp4", "prompt": "x", "video_name": "a\\nb"}', "control characters"),
    (b'{"video": "clips/a.mp4", "prompt": "x", "t2v_model": "' + b"m" * 201 + b'"}', "longer than 200"),
    (b'{"video": "http://127.0.0.1/a.mp4", "prompt": "x"}', "There is no such file"),  # a folder fetches nothing
    (b'{"video": "http://[::1", "prompt": "x"}', "address in `video` cannot be read"),
    (b'{"video": "clips/none.mp4", "prompt": "x"}', "no such file"),
    (b'{"video": "clips", "prompt": "x"}', "not a regular file"),
    (b'{"video": "/etc/passwd", "prompt": "x"}', "absolute"),
    (b'{"video": "../secret.mp4", "prompt": "x"}', "out of the import folder"),
    (b'{"video": "clips/../../secret.mp4", "prompt": "x"}', "out of the import folder"),
]


@pytest.mark.parametrize(("line", "reason"), BAD_LINES)
def test_a_bad_line_is_named_with_its_reason_and_the_next_one_lands(root, line, reason):
    summary = run(make_project(), write(root, line, row("b")))
    assert summary.new == 1
    assert [refusal.line for refusal in summary.refused] == [1]
    assert reason in summary.refused[0][1]


def test_a_bom_blank_lines_and_windows_line_ends_are_taken(root):
    lines = b"\xef\xbb\xbf" + json.dumps(row("a")).encode() + b"\r\n\r\n  \n" + json.dumps(row("b")).encode()
    (root / "manifest.jsonl").write_bytes(lines)
    summary = run(make_project(), root / "manifest.jsonl")
    assert (summary.new, summary.refused, summary.line) == (2, [], 4)


@pytest.mark.parametrize(
    "content", [hostile.HLS, hostile.CONCAT, hostile.DASH, hostile.SDP, b"", b"\0\0\0\x1cftypisom"]
)
def test_a_hostile_file_is_refused_and_leaves_nothing(root, content):
    (root / "clips/a.mp4").write_bytes(content)
    summary = run(make_project(), write(root, row("a"), row("b")))
    assert summary.new == 1
    assert summary.refused[0][0] == 1
    assert not list(staging.staging_root().iterdir())
    assert len([path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()]) == 1


def test_links_that_lead_out_are_refused_and_links_inside_followed(root, tmp_path_factory):
    outside = draw_clip(tmp_path_factory.mktemp("outside") / "secret.mp4")
    (root / "clips/out.mp4").symlink_to(outside)
    (root / "clips/in.mp4").symlink_to(root / "clips/a.mp4")
    (root / "linked").symlink_to(outside.parent)
    (root / "clips/loop.mp4").symlink_to(root / "clips/loop.mp4")
    summary = run(
        make_project(),
        write(root, row("out"), row("in"), {"video": "linked/secret.mp4", "prompt": "x"}, row("loop")),
    )
    assert summary.new == 1
    assert [refusal.line for refusal in summary.refused] == [1, 3, 4]


def test_a_file_exchanged_for_a_link_between_check_and_opening_is_refused(root, tmp_path_factory, monkeypatch):
    outside = draw_clip(tmp_path_factory.mktemp("outside") / "secret.mp4")
    (root / "clips/in.mp4").symlink_to(root / "clips/a.mp4")
    check = locate._open_step_by_step
    opened = []

    def exchange(where, parts):
        opened.append(parts)
        if len(opened) == 2:  # the link was followed, and leads inside
            (root / "clips/a.mp4").unlink()
            (root / "clips/a.mp4").symlink_to(outside)
        return check(where, parts)

    monkeypatch.setattr(locate, "_open_step_by_step", exchange)
    with pytest.raises(Refused, match="cannot be opened"):
        open_inside(root.resolve(), "clips/in.mp4")
    assert [parts[-1] for parts in opened] == ["in.mp4", "a.mp4"]


def test_a_pipe_is_refused_and_not_waited_for(root):
    os.mkfifo(root / "clips/pipe.mp4")
    started = time.monotonic()
    summary = run(make_project(), write(root, row("pipe")))
    assert "not a regular file" in summary.refused[0][1]
    assert time.monotonic() - started < 5


def test_a_file_that_changes_while_it_is_copied_is_what_its_hash_says(root, monkeypatch):
    sniff = look.sniff

    def sniff_then_change(file):
        found = sniff(file)
        with (root / "clips/a.mp4").open("ab") as changed:
            changed.write(b"\0\0\0\x09free!")
        return found

    monkeypatch.setattr(look, "sniff", sniff_then_change)
    project = make_project()
    assert run(project, write(root, row("a"))).new == 1
    video = project.videos.get()
    stored = Path(video.original.path).read_bytes()
    assert stored.endswith(b"free!")
    assert (video.sha256, video.bytes) == (sha256(stored).hexdigest(), len(stored))


def test_a_full_disk_stops_the_import_and_leaves_no_file(root, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    project = make_project()
    manifest = write(root, row("a"))
    with monkeypatch.context() as patch:
        patch.setattr("datasets_app.disk.os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            run(project, manifest)
    assert not [path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert run(project, manifest).new == 1


def test_what_fails_while_landing_leaves_neither_row_nor_file(root):
    def stop(summary):
        raise KeyError("lost")

    manifest = write(root, row("a"))
    with manifest.open("rb") as file, pytest.raises(KeyError):
        ingest(make_project(), read_lines(file), Folder(root), landed=stop)
    assert not Video.objects.exists()
    assert not [path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_the_next_import_clears_what_a_killed_one_left(root):
    """A process that is killed after handing its files over and before its rows were committed."""
    project = make_project()
    folder = staging.staging_root() / "dead"
    (folder / "copy").mkdir(parents=True)
    (folder / staging.LOCK).touch()
    orphan = Path(django_settings.MEDIA_ROOT) / "videos/ab/abcd"
    orphan.mkdir(parents=True)
    (orphan / "original.mp4").write_bytes(b"x")
    (folder / staging.HANDED_OVER).write_text(json.dumps({"ab" * 16: "videos/ab/abcd"}))
    with staging.Copies() as alive:
        assert run(project, write(root, row("a"))).new == 1
        assert not folder.exists()
        assert not orphan.exists()
        assert alive.folder.exists()


def test_clearing_up_that_is_killed_itself_is_finished_by_the_next(root, monkeypatch):
    folder = staging.staging_root() / "dead"
    folder.mkdir(parents=True)
    for name in (staging.LOCK, staging.HANDED_OVER):
        (folder / name).write_text("{}")

    def killed(path, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(staging.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            staging.remove_orphans(folder)
    assert (folder / staging.LOCK).exists()
    assert staging.clear_leftovers() == 1
    assert not folder.exists()


def test_an_import_that_begins_while_another_clears_up_keeps_its_folder(db, monkeypatch):
    """Between making its lock and taking it, its folder looks like a dead one's."""
    real, cleared = staging.fcntl.flock, []

    def flock(lock, how):
        if how == staging.fcntl.LOCK_EX and not cleared:
            cleared.append(staging.clear_leftovers())
        real(lock, how)

    with monkeypatch.context() as patch:
        patch.setattr(staging.fcntl, "flock", flock)
        with staging.Copies() as copies:
            assert copies.folder.is_dir()
            assert staging.clear_leftovers() == 0
    assert cleared == [1]


def command(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("import_videos", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        err.write(f"CommandError: {error}")
    return out.getvalue(), err.getvalue()


def test_the_command_imports_prepares_and_reports(root):
    make_project("study")
    manifest = write(root, row("a"), "nonsense", row("b"))
    out, err = command(str(manifest), "--project", "study", "--prepare")
    assert "study: 2 new, 0 already there, 1 refused." in out
    assert "2 prepared" in out
    assert "line 2, nonsense: The line is not JSON" in err
    assert "CommandError: rows refused: 1" in err
    assert Video.objects.watchable().count() == 2
    assert command(str(write(root, row("a"))), "--project", "study") == (
        "study: 0 new, 1 already there, 0 refused.\n",
        "",
    )


def test_the_command_takes_a_root_and_names_bad_input(root):
    make_project("study")
    manifest = write(root, {"video": "a.mp4", "prompt": "x"})
    assert "1 new" in command(str(manifest), "--project", "study", "--root", str(root / "clips"))[0]
    assert "no project 'other'" in command(str(manifest), "--project", "other")[1]
    assert "No such file" in command(str(root / "none.jsonl"), "--project", "study")[1]
    assert "not a folder" in command(str(manifest), "--project", "study", "--root", str(manifest))[1]
    assert "manifest is empty" in command(str(write(root)), "--project", "study")[1]


def test_the_command_goes_on_where_it_was_stopped_and_counts_each_row_once(root, monkeypatch):
    make_project("study")
    manifest = write(root, "nonsense", row("a"), row("b"), "more nonsense", row("c"))
    monkeypatch.setattr(ingest_module, "BATCH_ROWS", 2)
    batches = iter([None, OSError(28, "No space left on device")])

    def fill_up(*arguments):
        if error := next(batches, None):
            raise error
        return hand_over(*arguments)

    hand_over = staging.Copies.hand_over
    monkeypatch.setattr(staging.Copies, "hand_over", fill_up)
    out, err = command(str(manifest), "--project", "study")
    assert "No space left on device. Run it again to go on where it stopped." in err
    out, err = command(str(manifest), "--project", "study")
    assert "Going on after line 2 of 5." in out
    assert "study: 3 new, 0 already there, 2 refused." in out
    assert [part.split(":")[0] for part in err.splitlines()] == [
        "line 1, nonsense",
        "line 4, more nonsense",
        "CommandError",
    ]
    assert Import.objects.get().state == ImportState.DONE
    assert "0 new, 3 already there, 2 refused." in command(str(manifest), "--project", "study")[0]


def test_a_command_that_is_started_twice_goes_on_in_the_later_one(root):
    project = make_project("study")
    manifest = write(root, row("a"), row("b"))
    earlier = take_up(project, manifest, root)
    later = take_up(project, manifest, root)
    assert earlier.pk == later.pk
    with manifest.open("rb") as file, pytest.raises(LeaseLost):
        work_on(earlier, file, Folder(root))
    assert not Video.objects.exists()
    with manifest.open("rb") as file:
        assert work_on(later, file, Folder(root))
    assert (Video.objects.count(), Import.objects.get().new) == (2, 2)


def test_a_command_that_was_lost_is_said_to_be_and_no_worker_takes_its_place(root, monkeypatch):
    project = make_project("study")
    run = take_up(project, write(root, row("a")), root)
    rung = []
    monkeypatch.setattr(run_import, "ring_import", rung.append)
    Import.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    run_import.continue_import(run.pk, for_seconds=60)
    run_import.sweep()
    run.refresh_from_db()
    assert (run.state, run.reason, run.new, rung) == (ImportState.FAILED, run_import.COMMAND_LOST, 0, [])
    assert not run_import.retry(run)
    assert "1 new" in command(str(root / "manifest.jsonl"), "--project", "study")[0]
