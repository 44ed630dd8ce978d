"""A lead or reviewer edits the model's rationale, accepts it, and the next one comes; nothing is lost or overwritten."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotation.models import Draft, EditedRationale, Membership, Role, Verdict
from annotation.room.settle import settle
from annotation.scale import DIMENSION_KEYS
from datasets_app.rationales.accept import Seen, Stale, accept
from datasets_app.rationales.to_edit import next_for, progress_of
from tests.make import make_member, make_project, make_rating, make_scorer_version, make_suggestion, make_video

pytestmark = pytest.mark.django_db
TEXT = "The picture is steady and clear. " * 10
JSON = {"HTTP_ACCEPT": "application/json"}


@pytest.fixture
def project():
    return make_project("study", suggester=make_scorer_version())


@pytest.fixture
def lead(client, project):
    lead = make_member(project, Role.LEAD, "anna")
    client.force_login(lead)
    return lead


def settled_video(project, scores=(4, 2, 4), text=f"Dim-1: 4\n{TEXT}"):
    video = make_video(project)
    make_suggestion(video, project.suggester, (4, 4, 4), rationale=text)
    make_rating(video, make_member(project), scores)
    settle([video])
    return video


def send(client, video, text=f"{TEXT}Edited.", live=0, scores="4 2 4", **more):
    suggestion = video.suggestions.order_by("pk").first()
    fields = {"text": text, "live": live, "scores": scores, "origin": f"suggestion-{suggestion.pk}"}
    return client.post(reverse("rationale-accept", args=["study", video.public_id]), fields | more, **JSON)


def page_of(client, video):
    return client.get(reverse("rationale", args=["study", video.public_id]))


# --- Editing ----------------------------------------------------------------------------------------
def test_the_page_brings_the_models_text_without_leaks_and_says_where_it_was_for_other_scores(
    client, project, lead
):
    page = page_of(client, settled_video(project))
    assert page.context["sheet"].text == TEXT.strip()
    assert [(line.final, line.stated, line.differs) for line in page.context["sheet"].lines] == [
        (4, 4, False),
        (2, 4, True),
        (4, 4, False),
    ]
    assert "1 line that gave scores away is taken out already" in page.content.decode()
    assert "the text was written for 4" in page.content.decode()


def test_accepting_makes_a_row_and_brings_the_next_until_none_waits(client, project, lead):
    videos = [settled_video(project) for _ in range(2)]
    first = send(client, videos[0]).json()["url"]
    edit = EditedRationale.objects.get()
    assert (edit.video, edit.editor, edit.live, [*edit.scores.values()]) == (videos[0], lead, True, [4, 2, 4])
    assert first == f"/p/study/rationales/{videos[1].public_id}/?accepted={edit.pk}"
    assert "Accepted: " in client.get(first).content.decode()
    assert send(client, videos[1]).json()["url"].startswith("/p/study/rationales/?accepted=")
    assert progress_of(project).waiting == 0


def test_a_text_for_other_scores_comes_again_with_the_last_text_and_is_replaced_not_rewritten(
    client, project, lead
):
    video = settled_video(project)
    send(client, video)
    Verdict.objects.update(text_alignment=3)
    assert (progress_of(project).outdated, next_for(Membership.objects.get(user=lead))) == (1, video)
    page = page_of(client, video)
    assert page.context["sheet"].text.endswith("Edited.")
    assert "This text was edited for other scores" in page.content.decode()
    live = EditedRationale.objects.get().pk
    assert send(client, video, f"{TEXT}Again.", live, "4 3 4").status_code == 200
    assert list(EditedRationale.objects.values_list("live", "text_alignment")) == [(False, 2), (True, 3)]
    assert len(page_of(client, video).context["sheet"].entries) == 2


def test_a_release_takes_the_edited_text_while_it_fits_the_scores(client, project, lead, tmp_path):
    video = settled_video(project)
    send(client, video)

    def record(folder):
        call_command(
            "export_dataset", project="study", formats=["records"], output=tmp_path / folder, stdout=StringIO()
        )
        return json.loads((tmp_path / folder / "records.jsonl").read_text())

    assert (record("one")["rationale_source"], record("one")["thinking"][-7:]) == ("edited", "Edited.")
    Verdict.objects.update(text_alignment=3)
    assert record("two")["rationale_source"] == ""  # its rater wrote no reasons


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (f"{TEXT}\nvisual quality: 4", 2, "Line 2 gives scores away"),
        (f"So visual quality: 4; it is clear. {TEXT}", 1, "Line 1 gives a score away"),
        (f"{TEXT}\n\nIts text-to-video alignment deserves a 4.", 3, "Line 3 names a score that is not the final"),
        (" ", 0, "The text is empty."),
    ],
)
def test_what_gives_scores_away_is_refused_with_its_line(client, project, lead, text, line, says):
    answer = send(client, settled_video(project), text, let_stand="on")
    problem = answer.json()["problems"][0]
    assert (answer.status_code, problem["line"]) == (422, line)
    assert problem["message"].startswith(says)
    assert not EditedRationale.objects.exists()


def test_no_change_and_a_short_text_are_asked_about_once(client, project, lead):
    video = settled_video(project)
    assert send(client, video, TEXT).json()["doubts"] == ["This is the model's text without a change."]
    assert send(client, video, "Steady, clear.").json()["doubts"] == ["The text is only 2 words long."]
    assert send(client, video, TEXT, let_stand="on").status_code == 200


# --- Two at once ------------------------------------------------------------------------------------
def test_of_two_editors_the_second_sees_both_texts_and_nothing_is_overwritten(client, project, lead):
    video = settled_video(project)
    send(client, video)
    other = make_member(project, Role.REVIEWER, "boris")
    client.force_login(other)
    refused = send(client, video, f"{TEXT}Mine.")
    assert refused.status_code == 409
    assert (refused.json()["editor"], refused.json()["theirs"][-7:]) == ("anna", "Edited.")
    assert EditedRationale.objects.get().editor == lead
    by_form = client.post(
        reverse("rationale-accept", args=["study", video.public_id]),
        {
            "text": f"{TEXT}Mine.",
            "live": 0,
            "scores": "4 2 4",
            "origin": f"suggestion-{video.suggestions.get().pk}",
        },
    )
    assert b"Edited." in by_form.content
    assert b"Mine." in by_form.content
    assert send(client, video, f"{TEXT}Mine.", refused.json()["live"]).status_code == 200  # having seen it


def test_the_same_accept_twice_is_one_row_and_scores_that_changed_meanwhile_are_told(client, project, lead):
    video = settled_video(project)
    assert [send(client, video).status_code for _ in range(2)] == [200, 200]
    assert EditedRationale.objects.count() == 1
    other = settled_video(project)
    Verdict.objects.filter(video=other).update(visual_quality=1)
    refused = send(client, other)
    assert (refused.status_code, "scores have changed" in refused.json()["stale"]) == (409, True)
    assert EditedRationale.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_accepts_at_the_same_moment_one_is_stored():
    project = make_project("study", suggester=make_scorer_version())
    video = settled_video(project)
    people = [make_member(project, Role.LEAD) for _ in range(4)]

    def one(person):
        try:
            said = video.suggestions.get()
            accept(video, person, f"{TEXT}{person.pk}", Seen(0, (4, 2, 4)), suggestion=said, rating=None)
        except Stale as stale:
            return stale.theirs.editor
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(one, people))
    edit = EditedRationale.objects.get()
    assert told == [None if person == edit.editor else edit.editor for person in people]


# --- Taking back ------------------------------------------------------------------------------------
def test_the_last_accept_can_be_taken_back_and_the_one_before_lives_again(client, project, lead):
    video = settled_video(project)
    send(client, video)
    first = EditedRationale.objects.get()
    send(client, video, f"{TEXT}Again.", first.pk)
    last = EditedRationale.objects.live().get()
    address = reverse("rationale-take-back", args=["study", video.public_id, last.pk])
    client.force_login(make_member(project, Role.LEAD))
    assert client.post(address, **JSON).status_code == 409  # not theirs
    client.force_login(lead)
    answer = client.post(address, **JSON).json()
    assert (answer["text"][-6:], answer["live"]) == ("Again.", first.pk)
    assert EditedRationale.objects.live().get() == first
    EditedRationale.objects.update(created_at=timezone.now() - timedelta(hours=1))
    late = reverse("rationale-take-back", args=["study", video.public_id, first.pk])
    assert client.post(late, **JSON).status_code == 409


# --- Who, and in which order ------------------------------------------------------------------------
def test_raters_get_nothing_and_an_editor_gets_no_video_that_they_have_open(client, project, lead):
    videos = [settled_video(project) for _ in range(2)]
    member = Membership.objects.get(user=lead)
    Draft.objects.create(video=videos[0], rater=lead, arm="blind")
    assert next_for(member) == videos[1]
    assert next_for(member, videos[1]) is None
    client.force_login(make_member(project))
    assert page_of(client, videos[0]).status_code == 404
    assert send(client, videos[0]).status_code == 404


def test_editors_begin_at_different_places_and_go_round(project, lead):
    make_member(project, Role.REVIEWER)
    videos = [settled_video(project) for _ in range(4)]
    anna, boris = Membership.objects.exclude(role=Role.RATER).order_by("pk")
    assert (next_for(anna), next_for(boris)) == (videos[0], videos[2])
    assert next_for(boris, videos[3]) == videos[0]


def test_an_imported_text_is_edited_where_the_suggester_wrote_none_and_the_list_asks_no_more_for_more(
    client, project, lead
):
    video = make_video(project)
    make_rating(video, make_member(project), (4, 2, 4), imported=True, rationale=TEXT)
    settle([video])
    assert page_of(client, video).context["sheet"].origin_name.startswith("rating-")
    counts = []
    for more in (1, 6):
        for _ in range(more):
            settled_video(project)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = client.get(reverse("rationales", args=["study"]) + "?standing=never")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert len(page.context["page"]) == 8
    assert list(DIMENSION_KEYS) == [*page.context["page"][0].verdict.scores]


def test_an_editor_may_begin_with_the_text_of_another_scorer_version(client, project, lead):
    video, other = settled_video(project), make_scorer_version("other")
    theirs = make_suggestion(video, other, (4, 2, 3), rationale="Another view of the same clip. " * 10)
    address = reverse("rationale", args=["study", video.public_id])
    page = page_of(client, video)
    assert page.context["sheet"].text == TEXT.strip()
    assert f'href="?text=suggestion-{theirs.pk}">{other}</a>' in page.content.decode()
    chosen = client.get(f"{address}?text=suggestion-{theirs.pk}").context["sheet"]
    assert (chosen.text, chosen.writer) == (theirs.rationale.strip(), str(other))
    assert [line.stated for line in chosen.lines] == [4, 2, 3]
    unchanged = send(
        client, video, text=chosen.text, origin=chosen.origin_name
    )  # compared with the text it began as
    assert unchanged.json()["doubts"][0] == "This is the model's text without a change."
    assert send(client, video, text=f"{chosen.text} Edited.", origin=chosen.origin_name).status_code == 200
    assert EditedRationale.objects.get().suggestion == theirs
    assert page_of(client, video).context["sheet"].text.endswith("Edited.")
    assert client.get(f"{address}?text=suggestion-{theirs.pk}").context["sheet"].text == chosen.text
    assert client.get(f"{address}?text=suggestion-999").context["sheet"].text.endswith("Edited.")


def test_a_video_of_which_only_another_version_wrote_is_edited_too(client, project, lead):
    video = settled_video(project, text="")
    assert (progress_of(project).without_text, next_for(lead.memberships.get())) == (1, None)
    make_suggestion(video, make_scorer_version("other"), (4, 2, 3), rationale=TEXT)
    assert next_for(lead.memberships.get()) == video
    assert page_of(client, video).context["sheet"].text == TEXT.strip()
