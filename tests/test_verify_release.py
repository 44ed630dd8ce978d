"""`verify_release` names every wrong file; `compare_releases` says what changed from one release to the next."""

import io
import json
import tracemalloc

import pytest
from django.core.management import CommandError, call_command

from annotation.models import Rating, Video
from annotation.room.settle import settle
from datasets_app.invariants.releases import broken_releases
from datasets_app.models import Release
from datasets_app.releases.build_release import build_release
from datasets_app.releases.compare_releases import CannotCompareError, Moved, Rescored, compare_releases
from datasets_app.releases.export import export_dataset
from datasets_app.releases.export_options import Options
from tests.make import make_project, make_rating, make_user, make_video


@pytest.fixture
def project(db):
    project = make_project("study")
    rater = make_user()
    for number in range(8):
        video = make_video(project, f"prompt {number}", name=f"v{number}")
        make_rating(video, rater, (3, 3, 2), rationale="It is steady.")
    settle(project.videos.all())
    return project


@pytest.fixture
def release(project):
    asked = Options(formats=["records"]).as_json()
    release = Release.objects.create(project=project, number=1, settings=asked)
    build_release(release.pk)
    release.refresh_from_db()
    return release


def run(command, *args, **options):
    out = io.StringIO()
    try:
        call_command(command, *args, stdout=out, **options)
    except CommandError as error:
        return out.getvalue().splitlines(), str(error)
    return out.getvalue().splitlines(), ""


def flip(path):
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(content)


def test_a_whole_release_is_whole(release):
    for said, wrong in (
        run("verify_release", release.folder),
        run("verify_release", project="study", number=1),
    ):
        assert wrong == ""
        assert "all as manifest.json says" in said[0]
    assert list(broken_releases()) == []


def test_a_flipped_byte_a_missing_file_an_extra_file_and_a_link_are_named(release):
    flip(release.folder / "records.jsonl")
    (release.folder / "README.md").unlink()
    (release.folder / "plots" / "more.svg").write_text("x")
    (release.folder / "linked").symlink_to("plots", target_is_directory=True)
    said, wrong = run("verify_release", release.folder)
    assert said == [
        "linked is not in the manifest",
        "plots/more.svg is not in the manifest",
        "README.md is missing",
        "records.jsonl differs from its sha256",
    ]
    assert wrong.endswith("4 wrong.")


def test_a_manifest_that_was_changed_with_its_file_is_found_by_the_database(release):
    flip(release.folder / "records.jsonl")
    manifest = release.folder / "manifest.json"
    listed = json.loads(manifest.read_text())
    del listed["files"]["records.jsonl"]
    manifest.write_text(json.dumps(listed))
    (release.folder / "records.jsonl").unlink()
    assert run("verify_release", release.folder)[1] == ""
    said, wrong = run("verify_release", project="study", number=1)
    assert said == ["manifest.json is not the one that this release was built with"]
    assert wrong
    (broken,) = broken_releases()
    assert broken.endswith(said[0])


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": {"a": 1}}', '{"files": []}'])
def test_what_is_no_manifest_is_said_in_one_line(content, tmp_path):
    (tmp_path / "manifest.json").write_text(content)
    (sentence,), wrong = run("verify_release", tmp_path)
    assert "manifest.json cannot be read" in sentence
    assert wrong


def test_bad_requests_to_verify_are_refused_in_one_line(project, tmp_path):
    assert "is no folder" in run("verify_release", tmp_path / "none")[1]
    assert "Name a FOLDER" in run("verify_release")[1]
    assert "Name a FOLDER" in run("verify_release", tmp_path, project="study", number=1)[1]
    assert "has no release 9" in run("verify_release", project="study", number=9)[1]
    Release.objects.create(project=project, number=2, settings=Options(formats=["records"]).as_json())
    assert "is not done but queued" in run("verify_release", project="study", number=2)[1]


def test_what_changed_between_two_releases_is_told_by_video(project, tmp_path):
    split = {"train": 0.5, "test": 0.5}
    export_dataset(project, Options(formats=["records"], split=split), tmp_path / "one")
    Rating.objects.filter(video__name="v1").update(visual_quality=5, physical_consistency=1)
    Rating.objects.filter(video__name="v2").update(text_alignment_reason="no dog")
    Rating.objects.filter(video__name="v3").delete()
    Video.objects.filter(name="v4").update(sha256="f" * 64)
    make_rating(make_video(project, "another", name="new"), make_user(), (1, 1, 1))
    settle(project.videos.all())
    export_dataset(project, Options(formats=["bench"], split=split), tmp_path / "two")
    found = compare_releases(tmp_path / "one", tmp_path / "two")
    assert (found.before, found.after, found.same) == (8, 8, 4)
    assert (found.added_names, found.removed_names) == (["new"], ["v3"])
    assert found.rescored_videos == [Rescored("v1", (3, 3, 2), (5, 3, 1))]
    assert found.steps == {
        "visual_quality": {(3, 5): 1},
        "text_alignment": {},
        "physical_consistency": {(2, 1): 1},
    }
    assert (found.retold, found.refilmed, found.moved, found.same_draw) == (1, 1, 0, True)
    said, _ = run("compare_releases", tmp_path / "one", tmp_path / "two")
    assert said[:3] == ["videos: 8 before, 8 after, 4 the same", "added: 1", "  new"]
    assert "  v1 3/3/2 to 5/3/1" in said


def test_moved_videos_are_named_and_another_seed_explains_them(project, tmp_path):
    for seed in (1, 2):
        options = Options(formats=["records"], split={"train": 0.5, "test": 0.5}, seed=seed)
        export_dataset(project, options, tmp_path / str(seed))
    found = compare_releases(tmp_path / "1", tmp_path / "2", listed=1)
    assert found.moved > 1
    assert not found.same_draw
    ((_name, before, after),) = found.moved_videos
    assert {before, after} == {"train", "test"}
    assert isinstance(found.moved_videos[0], Moved)
    assert compare_releases(tmp_path / "1", tmp_path / "1").changed is False


def test_releases_are_compared_by_number_and_a_folder_without_index_is_refused(release, tmp_path):
    said, wrong = run("compare_releases", "1", "1", project="study")
    assert (said[0], wrong) == ("videos: 8 before, 8 after, 8 the same", "")
    assert "is no release's number" in run("compare_releases", "x", "1", project="study")[1]
    with pytest.raises(CannotCompareError, match="manifest"):
        compare_releases(tmp_path, release.folder)
    (release.folder / "videos.jsonl").unlink()
    assert "has no videos.jsonl" in run("compare_releases", release.folder, release.folder)[1]


def test_comparing_takes_few_bytes_a_video(tmp_path):
    videos = 4_000
    for place, score in (("one", 3), ("two", 4)):
        (tmp_path / place).mkdir()
        (tmp_path / place / "manifest.json").write_text('{"options": {"split": {}, "seed": 0}, "files": {}}')
        with (tmp_path / place / "videos.jsonl").open("w") as index:
            for number in range(videos):
                line = {"video_name": f"{number:06d}_a", "split": "", "visual_score": score, "t2v_score": 3}
                line |= {"phy_score": 3, "text_sha256": f"{number:064x}", "sha256": f"{number:064x}"}
                index.write(json.dumps(line) + "\n")
    tracemalloc.start()
    found = compare_releases(tmp_path / "one", tmp_path / "two")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.rescored == videos
    assert len(found.rescored_videos) == 100
    assert peak < 400 * videos
