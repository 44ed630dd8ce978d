import pytest
from django.db import IntegrityError

from tests.make import make_project, make_video

pytestmark = pytest.mark.django_db


def test_the_database_refuses_prefill_without_a_blind_share():
    with pytest.raises(IntegrityError, match="project_keeps_a_blind_share"):
        make_project(prefill_percent=97, blind_percent=3)


def test_a_video_gets_a_seat_for_each_overlap():
    assert make_video(make_project(overlap=3)).seats.count() == 3
