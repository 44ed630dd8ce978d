"""What scorers say on the lead's page of one video: version by version, sample by sample, superseded ones last."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.models import Distribution, Role, Scorer, ScorerVersion, Suggestion
from annotation.scale import DIMENSION_KEYS
from tests.make import make_member, make_project, make_scorer_version, make_suggestion, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return make_project("study")


@pytest.fixture
def lead(client, project):
    client.force_login(make_member(project, Role.LEAD))
    return client


def make_version(name: str, sha256: str, **fields) -> ScorerVersion:
    scorer = Scorer.objects.get_or_create(name=name)[0]
    return ScorerVersion.objects.create(scorer=scorer, settings_sha256=sha256 * 64, **fields)


def give_numbers(suggestion: Suggestion, shares=(0.01, 0.04, 0.2, 0.7, 0.05), **fields) -> None:
    for key in DIMENSION_KEYS:
        Distribution.objects.create(
            suggestion=suggestion,
            dimension=key,
            soft_score=2.8,
            expected_score=3.74,
            confidence=0.7,
            **{f"p{score}": share for score, share in enumerate(shares, start=1)},
            **fields,
        )


def page(client, video) -> str:
    html = client.get(reverse("video", args=["study", video.public_id])).content.decode()
    return re.sub(r"\s+", " ", html)


def test_the_version_that_raters_may_see_comes_first_and_old_ones_are_folded(lead, project):
    video = make_video(project)
    old, new, other = (make_version(*key) for key in [("zoom", "a"), ("zoom", "b"), ("alpha", "c")])
    for version in (old, new, other):
        make_suggestion(video, version)

    html = page(lead, video)
    folded = html.index("Superseded")
    assert html.index("alpha cccccccc") < html.index("zoom bbbbbbbb") < folded < html.index("zoom aaaaaaaa")

    project.suggester = old
    project.save()
    html = page(lead, video)
    assert "Superseded" not in html
    assert html.index("zoom aaaaaaaa") < html.index("shown to raters") < html.index("alpha cccccccc")


def test_numbers_are_bars_and_text(lead, project):
    video = make_video(project)
    give_numbers(make_suggestion(video))

    html = page(lead, video)

    assert 'aria-label="1: 1 %, 2: 4 %, 3: 20 %, 4: 70 %, 5: 5 %"' in html
    assert html.count('<rect x="90" y="18.0" width="16" height="14.0"/>') == 3
    assert "3.74" in html
    assert "±" not in html


def test_further_samples_are_folded_beside_their_spread(lead, project):
    video = make_video(project)
    version = make_scorer_version()
    make_suggestion(video, version, sample=2, scores=(1, 1, 1))
    give_numbers(make_suggestion(video, version, scores=(5, 5, 5)), spread=1.63)
    make_suggestion(video, version, sample=1)

    html = page(lead, video)

    assert "± 1.63" in html
    places = [html.index(words) for words in ("<b>5</b>", "2 further samples", "Sample 2", "Sample 3", "<b>1</b>")]
    assert places == sorted(places)


def test_an_unreadable_answer_shows_its_words_and_no_scores(lead, project):
    video = make_video(project)
    said = make_suggestion(video, scores=(None, None, None), rationale="", raw_text="<b>no idea</b> & done")
    Suggestion.objects.filter(pk=said.pk).update(status="unreadable")

    html = page(lead, video)

    assert "Unreadable answer" in html
    assert "No scores can be read from this answer" in html
    assert "&lt;b&gt;no idea&lt;/b&gt; &amp; done" in html
    assert "abstained" not in html


def test_a_repaired_answer_and_a_stand_in_are_named(lead, project):
    video = make_video(project)
    said = make_suggestion(video, make_version("videoscore2", "d", settings={"stand_in": True}))
    Suggestion.objects.filter(pk=said.pk).update(status="repaired")

    html = page(lead, video)

    assert "Read in spite of its form" in html
    assert "Its scores mean nothing." in html


def test_the_page_takes_the_same_queries_for_one_suggestion_and_many(lead, project):
    counts = []
    for versions in ("1", "23456789"):
        video = make_video(project)
        for digit in versions:
            version = make_version(f"scorer-{digit}", digit)
            for sample in range(3):
                give_numbers(make_suggestion(video, version, sample=sample))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page(lead, video)
        counts.append(len(queries))
    assert counts[0] == counts[1]
