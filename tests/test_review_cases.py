"""Review cases: what opens one, what keeps it up to date, and what closes it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import CaseReason, CheckMark, Draft, Project, Rating, Review, ReviewCase, Stage, Suggestion
from annotation.projects.set_up import change_settings
from annotation.review.cases import is_drawn, look_at
from annotation.review.look_again import look_again, look_at_project
from annotation.review.look_again import sweep as sweep_reviews
from annotation.room.queue import lease_next
from annotation.room.submit import submit, take_back
from tests.make import (
    make_member,
    make_project,
    make_rating,
    make_scorer_version,
    make_suggestion,
    make_user,
    make_video,
)
from tests.rating import answers

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    """Nothing is drawn for audit unless a test says so."""
    return make_project(overlap=2, audit_percent=0)


@pytest.fixture
def video(project):
    return make_video(project)


def reasons(video) -> set[str] | None:
    """Why the video waits for a reviewer; None where it does not."""
    look_at([video])
    case = ReviewCase.objects.open().filter(video=video).first()
    return {reason.value for reason in case.reasons} if case else None


def accept(video) -> Review:
    """An acceptance of all live ratings, as the table keeps it."""
    review = Review.objects.create(video=video, reviewer=make_user(), decision="accept")
    review.ratings.set(video.ratings.live())
    return review


def send_back(rating) -> Review:
    review = Review.objects.create(
        video=rating.video, reviewer=make_user(), decision="return", rating=rating, preset="vague"
    )
    Draft.objects.create(
        video=rating.video, rater=rating.rater, arm="blind", stage="return", revises=rating, returned=review
    )
    return review


def test_ratings_without_a_reason_open_no_case(video):
    make_rating(video, make_user(), (3, 3, 3))
    make_rating(video, make_user(), (4, 2, 3))
    assert reasons(video) is None
    assert not ReviewCase.objects.exists()


def test_raters_who_differ_by_2_in_a_dimension_open_one(video):
    make_rating(video, make_user(), (3, 3, 3))
    make_rating(video, make_user(), (3, 3, 5))
    assert reasons(video) == {"raters_differ"}


@pytest.mark.parametrize("more", [{"live": False}, {"extra": True}, {"purpose": "training"}])
def test_ratings_that_do_not_count_differ_from_nobody(video, more):
    make_rating(video, make_user(), (1, 1, 1))
    make_rating(video, make_user(), (5, 5, 5), **more)
    assert reasons(video) is None


def test_imported_ratings_open_none_but_a_person_may_differ_from_them(video):
    make_rating(video, make_user(), (1, 1, 1), imported=True, flagged=True)
    make_rating(video, make_user(), (5, 5, 5), imported=True)
    assert reasons(video) is None
    make_rating(video, make_user(), (5, 5, 5))
    assert reasons(video) == {"raters_differ"}


@pytest.mark.parametrize(
    ("scores", "more", "found"),
    [
        ((5, 1, 5), {}, {"far_from_model"}),
        ((4, 2, 4), {}, None),
        ((5, 1, 5), {"sample": 1}, None),
        ((5, 1, 5), {"status": "unreadable"}, None),
        ((None, 4, None), {}, None),
    ],
    ids=["by 3", "by 2", "another sample", "unreadable", "abstained"],
)
def test_a_rating_3_from_the_suggester_opens_one(project, video, scores, more, found):
    version = make_scorer_version()
    Project.objects.filter(pk=project.pk).update(suggester=version)
    make_rating(video, make_user(), (3, 4, 4))
    said = make_suggestion(video, version, scores)
    Suggestion.objects.filter(pk=said.pk).update(**more)
    make_suggestion(video, make_scorer_version("another"), (1, 1, 1))
    assert reasons(video) == found


def test_flags_and_check_marks_open_one_and_are_gone_with_their_rating(video):
    rating = make_rating(video, make_user(), flagged=True)
    CheckMark.objects.create(rating=rating, dimension="visual_quality", found="empty")
    assert reasons(video) == {"flagged", "checked"}
    Rating.objects.filter(pk=rating.pk).update(live=False)
    assert reasons(video) is None
    assert ReviewCase.objects.get().state == "closed"


def test_the_audit_draws_settled_videos_by_seed_and_video(project, video):
    Project.objects.update(audit_percent=100)
    make_rating(video, make_user())
    assert reasons(video) is None, "one rating of two"
    make_rating(video, make_user())
    assert reasons(video) == {"audit"}
    project.audit_percent = 30
    drawn = {pk for pk in range(1000) if is_drawn(project.seed, project.audit_percent, pk)}
    assert 250 < len(drawn) < 350
    project.audit_percent = 60
    assert drawn < {pk for pk in range(1000) if is_drawn(project.seed, project.audit_percent, pk)}
    project.seed += 1
    assert drawn - {pk for pk in range(1000) if is_drawn(project.seed, project.audit_percent, pk)}


def test_what_was_accepted_is_closed_until_a_version_that_no_decision_covers_gives_a_reason(video):
    make_rating(video, make_user(), (1, 3, 3))
    make_rating(video, make_user(), (5, 3, 3), flagged=True)
    assert reasons(video) == {"raters_differ", "flagged"}
    accept(video)
    assert reasons(video) is None
    late = make_rating(video, make_user(), (3, 3, 3), extra=True)
    assert reasons(video) is None, "an extra rating differs from nobody"
    Rating.objects.filter(pk=late.pk).update(extra=False)
    assert reasons(video) == {"raters_differ"}


def test_a_returned_rating_is_out_until_its_answer_comes_which_is_looked_at_in_any_case(video):
    rating = make_rating(video, make_user(), flagged=True)
    look_at([video])
    review = send_back(rating)
    assert reasons(video) is None
    assert ReviewCase.objects.get().state == "returned"
    Draft.objects.all().delete()
    Rating.objects.filter(pk=rating.pk).update(live=False)
    more = {"version": 2, "stage": Stage.RETURN, "revises": rating, "returned": review}
    answer = make_rating(video, rating.rater, **more)
    assert reasons(video) == {"answered"}
    Rating.objects.filter(pk=answer.pk).update(live=False)
    edited = make_rating(video, rating.rater, version=3, stage=Stage.EDIT, revises=answer)
    assert reasons(video) == {"answered"}, "an edit of the answer is looked at as well"
    accept(video)
    assert reasons(video) is None
    assert edited.reviews.count() == 1


def test_a_case_is_as_old_as_its_state(video):
    rating = make_rating(video, make_user(), flagged=True)
    look_at([video])
    first = ReviewCase.objects.get()
    CheckMark.objects.create(rating=rating, dimension="visual_quality", found="empty")
    assert reasons(video) == {"flagged", "checked"}
    assert ReviewCase.objects.get().opened_at == first.opened_at
    accept(video)
    look_at([video])
    make_rating(video, make_user(), flagged=True)
    look_at([video])
    again = ReviewCase.objects.get()
    assert (again.pk, again.state) == (first.pk, "open")


def test_a_submit_opens_a_case_and_taking_it_back_closes_it(project, video):
    rater = make_member(project)
    lease_next(project, rater)
    draft = Draft.objects.get()
    given = {"answers": answers(flagged=True), "revision": draft.revision, "submit_key": draft.submit_key}
    submit(video=video, rater=rater, **given)
    assert ReviewCase.objects.get().state == "open"
    take_back(video=video, rater=rater)
    assert ReviewCase.objects.get().state == "closed"


@pytest.mark.portability
def test_looking_costs_one_query_and_a_second_where_anything_changed_however_many_videos(project):
    rater = make_member(project)
    for size in (2, 40):
        videos = [make_video(project) for _ in range(size)]
        for video in videos:
            make_rating(video, rater, flagged=True)
        with CaptureQueriesContext(connection) as queries:
            look_at(videos)
        assert len(queries) <= 2
        with CaptureQueriesContext(connection) as queries:
            look_at(videos)
        assert len(queries) == 1
    assert ReviewCase.objects.open().count() == 42


# --- A whole project -------------------------------------------------------------------------------
@pytest.fixture
def rung(monkeypatch):
    """The tasks that were rung, in place of a broker."""
    bells = []
    monkeypatch.setattr("annotation.doorbell._send", lambda task, args, priority: bells.append((task.task, args)))
    return bells


@pytest.mark.portability
def test_a_new_audit_share_has_a_worker_look_at_the_whole_project(
    project, rung, django_capture_on_commit_callbacks
):
    videos = [make_video(project) for _ in range(3)]
    for video in videos[:2]:
        for _ in range(2):
            make_rating(video, make_user())
    project.audit_percent = 100
    with django_capture_on_commit_callbacks(execute=True):
        change_settings(project, ["audit_percent"])
    assert rung == [("annotation.tasks.look_at_cases_task", (project.pk,))]
    look_at_project(Project.objects.get())
    assert ReviewCase.objects.open().count() == 2
    assert Project.objects.get().cases_due_at is None
    change_settings(project, ["name"])
    assert Project.objects.get().cases_due_at is None


def test_a_doorbell_that_was_lost_rings_again_and_work_that_was_overtaken_stays_due(
    project, rung, django_capture_on_commit_callbacks
):
    look_again(project)
    with django_capture_on_commit_callbacks(execute=True):
        sweep_reviews()
    assert rung == [("annotation.tasks.look_at_cases_task", (project.pk,))]
    begun = Project.objects.get()
    Project.objects.update(cases_due_at="2030-01-01T00:00Z")
    look_at_project(begun)
    assert Project.objects.get().cases_due_at is not None
    look_at_project(Project.objects.get())
    assert Project.objects.get().cases_due_at is None


def test_every_reason_is_a_column():
    columns = {field.name for field in ReviewCase._meta.get_fields()}
    assert set(CaseReason.values) <= columns
