"""Time marks: read from reasons, kept as rows, put into words, and links on a video's page."""

import pytest
from django.urls import reverse

from annotation.models import CheckMark, Draft, Rating, Role, TimeMark
from annotation.room.queue import lease_next
from annotation.room.submit import submit
from annotation.time_marks import Moment, in_words, moments_in
from tests.make import make_member, make_project, make_rating, make_video
from tests.rating import answers


def test_marks_are_read_in_the_order_of_the_text():
    text = "melts [1.38s f11], whole again [0.5s f4]; [12s f96] not: [1.38s] [f11] [-1.0s f3] [1,5s f3]"
    assert moments_in(text) == [Moment(1.38, 11), Moment(0.5, 4), Moment(12.0, 96)]
    assert [str(moment) for moment in moments_in(text)] == ["1.38 s f11", "0.50 s f4", "12.00 s f96"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("blurs [1.38s f11]", "blurs at 1.4 s"),
        ("[1.38s f11]blurs, [2.00s f16]好", "at 1.4 s blurs, at 2.0 s 好"),
        ("blurs at [1.38s f11] and At\n[2.00s f16].", "blurs at 1.4 s and At 2.0 s."),
        ("that [0.25s f2]", "that at 0.2 s"),
        ("[1.38s] stays as it is", "[1.38s] stays as it is"),
    ],
)
def test_marks_in_words(text, words):
    assert in_words(text) == words


@pytest.mark.django_db
def test_a_submit_keeps_the_marks_of_each_dimension():
    project = make_project()
    rater, video = make_member(project), make_video(project)
    lease_next(project, rater)
    given = answers(reasons=("melts [1.38s f11], again [1.50s f12]", "", "jumps [0.25s f2]"))
    submit(video=video, rater=rater, answers=given, revision=0, submit_key=Draft.objects.get().submit_key)
    assert list(TimeMark.objects.values_list("dimension", "seconds", "frame")) == [
        ("physical_consistency", 0.25, 2),
        ("visual_quality", 1.38, 11),
        ("visual_quality", 1.5, 12),
    ]


@pytest.mark.django_db
def test_a_videos_page_links_the_marks_and_tells_stage_change_and_checks(client, django_assert_max_num_queries):
    project = make_project(slug="study")
    video = make_video(project)
    client.force_login(make_member(project, Role.LEAD))
    first = make_rating(video, make_member(project), arm="reveal", live=False, text_alignment_reason="[2.00s f16]")
    again = {"version": 2, "stage": "reveal", "revises": first, "arm": "reveal"}
    second = Rating.objects.create(
        video=video,
        rater=first.rater,
        **(answers(reasons=("melts [1.38s f11]", "ok", "")).columns | again | {"change_reason": "I missed <it>."}),
    )
    CheckMark.objects.create(rating=second, dimension="text_alignment", found="empty")
    address = reverse("video", args=["study", video.public_id])
    with django_assert_max_num_queries(20) as captured:
        page = client.get(address).content.decode()
    queries = len(captured)
    play = reverse("media", args=[video.public_id, "play"])
    for link in (f'href="{play}#t=1.380" data-seconds="1.380">1.38 s f11</a>', f"{play}#t=2.000"):
        assert link in page
    for words in ("after the model was revealed", "I missed &lt;it&gt;.", "let stand: no real words"):
        assert words in page
    make_rating(video, make_member(project), visual_quality_reason="[0.25s f2]")
    with django_assert_max_num_queries(queries):
        assert f"{play}#t=0.250" in client.get(address).content.decode()
