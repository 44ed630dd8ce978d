"""The broker delivers every task three times, at once."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from annotation.models import Role, Suggestion, Video
from annotation.room.settle import settle
from datasets_app.intake.run_import import start_import
from datasets_app.models import Import, Release
from datasets_app.releases.build_release import ask_for_release
from datasets_app.releases.export_options import Options
from datasets_app.tasks import build_release_task, import_manifest_task, prepare_media_task
from scoring.models import Job
from scoring.tasks import drain_jobs_task
from tests.faults.scoring import all_ended, ask_the_patient, numbered, one_suggestion_each
from tests.faults.site import Site, numbered_clip, until
from tests.make import make_member, make_project, make_rating

DONE = "Each task of scoring, import, media and release is sent three times to a worker with three processes."
CLIPS, JOBS = 6, 60


def run(site: Site) -> str:
    version = ask_the_patient(site, numbered(JOBS))
    project = make_project("clips")
    lead = make_member(project, Role.LEAD)
    names = [f"clip-{number}.mp4" for number in range(CLIPS)]
    rows = "".join(f'{{"video": "{name}", "prompt": "a ball"}}\n' for name in names)
    sent = [
        SimpleUploadedFile(name, numbered_clip(site.clip(), site.folder / name, number).read_bytes())
        for number, name in enumerate(names)
    ]
    imported = start_import(project, lead, SimpleUploadedFile("manifest.jsonl", rows.encode()), sent)
    site.worker(processes=3, PATIENT_SECONDS="0.2")
    for task, pk in 3 * [(drain_jobs_task, version.pk), (import_manifest_task, imported.pk)]:
        task.apply_async([pk])
    until(lambda: Import.objects.get().state == "done", "the import was done", seconds=120)
    for _ in range(3):
        prepare_media_task.apply_async([project.pk])
    ready = project.videos.filter(media_state="ready")
    until(lambda: ready.count() == CLIPS, "all clips ready", seconds=120)
    until(all_ended, "all jobs ended", seconds=120)
    one_suggestion_each(JOBS)
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}
    done = Import.objects.get()
    assert (done.new, done.refused_count, project.videos.count()) == (CLIPS, 0, CLIPS), done.refused
    assert set(Video.objects.filter(project=project).values_list("media_attempts", flat=True)) == {1}
    release = build_thrice(project, lead)
    return (
        f"{Suggestion.objects.count()} suggestions of {JOBS} jobs, {done.new} videos of {CLIPS} rows, each prepared "
        f"once; one release, built in {release.attempts} attempt."
    )


def build_thrice(project, lead) -> Release:
    videos = list(project.videos.all())
    for video in videos:
        make_rating(video, lead)
    settle(videos)
    with transaction.atomic():
        release = ask_for_release(project, Options(formats=["records"]), lead)[0]
    for _ in range(3):
        build_release_task.apply_async([release.pk])
    until(lambda: not Release.objects.get().open, "the release was built", seconds=120)
    release = Release.objects.get()
    assert (release.state, release.attempts) == ("done", 1), release.reason
    return release
