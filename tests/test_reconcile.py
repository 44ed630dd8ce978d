"""VideoFeedback2's reconciliation: training scores of their own, made by rule; what people said stays."""

import json
import uuid
from collections import Counter
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from annotation.models import Adjustment, Role, Suggestion, Verdict
from annotation.room.settle import settle
from annotation.scale import DIMENSION_KEYS
from datasets_app.rationales.by_worker import want, work_off
from datasets_app.rationales.reconcile import judge, reconcile
from datasets_app.rationales.runs import runs_of
from datasets_app.tasks import reconcile_task, sweep_releases_task
from scoring.models import Job, WantedReconciliation
from scoring.versions import current_version
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video
from tests.worker import Worker, empty_redis, wait_until

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "records"
pytestmark = pytest.mark.django_db


def said(outcome, scores=(None, None, None), by=0):
    return (outcome, scores, by)


@pytest.mark.parametrize(
    ("human", "answers", "expected"),
    [
        ((3, 3, 3), [(4, 2, 3)], said("kept", (3, 3, 3))),
        ((2, 3, 5), [(4, 3, 3)], said("averaged", (3, 3, 4))),
        ((5, 3, 3), [(2, 3, 3)], said("sent_back")),
        ((5, 3, 3), [(2, 3, 3), (3, 4, 3)], said("averaged", (4, 3, 3), 1)),
        ((5, 3, 3), [(3, 3, 3), (5, 3, 3)], said("averaged", (4, 3, 3))),  # the first that comes near decides
        ((5, 3, 3), [(2, 3, 3)] * 3, said("sent_back", by=2)),
        ((5, 3, 3), [(2, 3, 3)] * 4, said("discarded", by=3)),
        ((5, 3, 3), [(2, 3, 3)] * 4 + [(5, 3, 3)], said("discarded", by=3)),  # there is no fifth try
        ((5, 3, 3), [(None, 1, 3)], said("averaged", (5, 2, 3))),  # abstained: the expert's score stays
        ((5, 3, 3), [(None, None, None), (5, 3, 3)], said("kept", (5, 3, 3), 1)),
    ],
)
def test_the_rule(human, answers, expected):
    assert judge(human, answers) == expected


def settled_video(project, human, *answers, version=None):
    video = make_video(project)
    make_rating(video, make_member(project), human)
    for sample, scores in enumerate(answers):
        make_suggestion(video, version, scores, sample=sample)
    settle([video])
    return video


def test_a_run_adds_up_leaves_verdicts_alone_and_repeats_without_writing():
    project = make_project()
    version = make_scorer_version()
    videos = [
        settled_video(project, (3, 3, 3), (3, 4, 3)),
        settled_video(project, (2, 3, 3), (4, 3, 3)),
        settled_video(project, (5, 3, 3), (1, 3, 3)),
        settled_video(project, (5, 3, 3), *[(1, 3, 3)] * 4),
        settled_video(project, (5, 3, 3)),
    ]
    make_suggestion(make_video(project), version)  # not settled
    settled_video(make_project(), (3, 3, 3), (3, 3, 3))  # somebody else's
    before = list(Verdict.objects.order_by("pk").values())
    tally = reconcile(project, version)
    assert tally.outcomes == Counter(kept=1, averaged=1, sent_back=1, discarded=1)
    assert (tally.without, tally.changed, tally.asked) == (1, 4, 0)
    assert list(Verdict.objects.order_by("pk").values()) == before
    averaged = Adjustment.objects.get(video=videos[1])
    assert [*averaged.scores.values()] == [3, 3, 3]
    assert [*averaged.human.values()] == [2, 3, 3]
    assert Adjustment.objects.get(video=videos[3]).tries == 4
    assert (reconcile(project, version).changed, Adjustment.objects.count()) == (0, 4)


def test_an_adjustment_for_other_scores_is_told_and_made_again_and_one_without_verdict_goes():
    project = make_project()
    version = make_scorer_version()
    first, second = (settled_video(project, (3, 3, 3), (3, 3, 3)) for _ in range(2))
    reconcile(project, version)
    Verdict.objects.filter(video=first).update(visual_quality=1)
    Verdict.objects.filter(video=second).delete()
    (run,) = runs_of(project)
    assert (run.outdated, run.in_all, run.lacking) == (2, 2, 0)
    tally = reconcile(project, version)
    assert (tally.changed, tally.removed, tally.outcomes) == (1, 1, Counter(averaged=1))
    (run,) = runs_of(project)
    assert (run.outdated, run.in_all) == (0, 1)


def test_a_scorer_that_can_be_asked_is_asked_for_just_the_next_answer(settings):
    settings.EXTRA_SCORERS = {"patient": "tests.patient.ENTRY"}
    project = make_project()
    for name, asked in (("technical", 0), ("patient", 2)):  # a heuristic would only repeat itself
        version = current_version(name)
        for answers in (1, 3):
            video = settled_video(project, (5, 3, 3), *[(1, 3, 3)] * answers, version=version)
            Job.objects.bulk_create(
                Job(video=video, scorer_version=version, sample=sample, state="done") for sample in range(answers)
            )
        project.videos.update(original="x.mp4")
        assert reconcile(project, version, ask=False).asked == 0
        assert reconcile(project, version).asked == asked
    assert sorted(Job.objects.queued().values_list("sample", flat=True)) == [1, 3]
    assert reconcile(project, version).asked == 0  # they are on their way


def test_the_command_says_its_counts_and_names_versions(capsys):
    project = make_project()
    settled_video(project, (5, 3, 3), (1, 3, 3), version=make_scorer_version("imported"))
    out = StringIO()
    call_command("reconcile", project=project.slug, scorer="imported:0000", stdout=out)
    assert "kept 0, averaged 0, sent_back 1, discarded 0; 0 settled videos without a suggestion." in out.getvalue()
    assert "imported 00000000 cannot be asked again here" in out.getvalue()
    with pytest.raises(CommandError, match=r"No version .* 'imported:ff'. There are: imported:00000000."):
        call_command("reconcile", project=project.slug, scorer="imported:ff")


def test_a_lead_starts_it_from_the_page_and_a_reviewer_reads_it(client, monkeypatch):
    project = make_project()
    settled_video(project, (2, 3, 3), (4, 3, 3))
    version = Suggestion.objects.get().scorer_version
    reviewer = make_member(project, Role.REVIEWER)
    client.force_login(reviewer)
    assert client.post(reverse("reconcile", args=[project.slug]), {"version": version.pk}).status_code == 404
    assert b"Reconcile scores" in client.get(reverse("rationales", args=[project.slug])).content
    client.force_login(make_member(project, Role.LEAD))
    page = client.post(reverse("reconcile", args=[project.slug]), {"version": version.pk}, follow=True)
    assert "averaged 1" in page.content.decode()
    assert Adjustment.objects.get().outcome == "averaged"
    Adjustment.objects.all().delete()
    monkeypatch.setattr("datasets_app.rationales.views_reconcile.MOST_AT_ONCE", 0)
    page = client.post(reverse("reconcile", args=[project.slug]), {"version": version.pk}, follow=True)
    assert page.content.decode().count("A worker does it now") == 2  # said once, and stands while it is owed
    reconcile_task(WantedReconciliation.objects.get().pk)
    assert Adjustment.objects.get().outcome == "averaged"
    assert not WantedReconciliation.objects.exists()
    client.force_login(make_member(project))
    assert client.get(reverse("rationales", args=[project.slug])).status_code == 404


def test_a_reconciliation_that_costs_three_workers_is_given_up_and_can_be_asked_for_again(client):
    project = make_project()
    settled_video(project, (2, 3, 3), (4, 3, 3))
    version = Suggestion.objects.get().scorer_version
    want(project, version, None)
    wanted = WantedReconciliation.objects.filter(project=project)
    held = {"lease": uuid.uuid4(), "attempts": 3}
    wanted.update(leased_until=timezone.now() + timedelta(minutes=1), **held)
    sweep_releases_task()
    work_off(wanted.get().pk)
    assert (wanted.get().reason, Adjustment.objects.count()) == ("", 0)  # somebody is at it
    wanted.update(leased_until=timezone.now() - timedelta(seconds=1), **held)
    sweep_releases_task()
    client.force_login(make_member(project, Role.LEAD))
    page = client.get(reverse("rationales", args=[project.slug])).content.decode()
    assert "Given up: The worker stopped 3 times while it reconciled the scores." in page
    work_off(wanted.get().pk)
    assert not Adjustment.objects.exists()
    want(project, version, None)
    work_off(wanted.get().pk)
    assert (Adjustment.objects.count(), wanted.count()) == (1, 0)


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_a_real_worker_takes_up_a_reconciliation_whose_doorbell_and_worker_were_lost(tmp_path):
    project = make_project()
    settled_video(project, (2, 3, 3), (4, 3, 3))
    want(project, Suggestion.objects.get().scorer_version, None)
    empty_redis()
    gone = timezone.now() - timedelta(seconds=1)
    WantedReconciliation.objects.update(lease=uuid.uuid4(), leased_until=gone, attempts=1)
    worker = Worker(tmp_path)
    try:
        sweep_releases_task()  # as beat does
        wait_until(lambda: not WantedReconciliation.objects.exists(), seconds=60)
    finally:
        worker.kill()
        empty_redis()
    assert Adjustment.objects.get().outcome == "averaged"


@pytest.mark.realdata
@pytest.mark.skipif(not FOLDER.is_dir(), reason="real records are not beside the checkout")
@pytest.mark.parametrize("name", ["thinking_cmt_original_1", "thinking_new_score_1"])
def test_real_records_are_reconciled_as_a_plain_count_says(name):
    project = make_project()
    call_command("import_annotations", FOLDER / f"{name}.json", project=project.slug, stdout=StringIO())
    version = Suggestion.objects.first().scorer_version
    tally = reconcile(project, version)
    expected, scores = Counter(), {}
    for record in json.loads((FOLDER / f"{name}.json").read_text()):
        pairs = [(record[f"{key}_score"], record[f"{key}_score_model"]) for key in ("visual", "t2v", "phy")]
        widest = max(abs(h - m) for h, m in pairs)
        expected["sent_back" if widest > 2 else "averaged" if widest == 2 else "kept"] += 1
        if widest <= 2:
            scores[record["video_name"]] = [h if abs(h - m) < 2 else (h + m) // 2 for h, m in pairs]
    assert tally.outcomes == expected
    made = Adjustment.objects.exclude(visual_quality=None).values_list("video__name", *DIMENSION_KEYS)
    assert {name: [*rest] for name, *rest in made} == scores
