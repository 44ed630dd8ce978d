"""Best of N on real clips: FETV's prompts with four T2V models each, and what its own raters said of them.

FETV publishes means of three raters of spatial quality, temporal quality and alignment. Spatial quality stands in
for visual quality, temporal quality for physical consistency; alignment, which `technical` never answers, gets no
weight. The prompts are those of which both are known.
"""

import json
import os
from fractions import Fraction

import numpy as np
import pytest
from django.core.management import call_command

from annotation.models import Suggestion
from scoring.best_of.picks import picks
from scoring.drain import drain_jobs
from scoring.jobs import enqueue
from scoring.versions import current_version
from tests.make import make_project, make_rating, make_user
from tests.realdata import CLIPS_MANIFEST, DATA, realdata

RATERS = 3


def rated_rows():
    rows = [json.loads(line) for line in CLIPS_MANIFEST.read_text().splitlines()]
    both = [row for row in rows if {"SQ", "TQ"} <= row.get("meta", {}).get("human_ratings", {}).keys()]
    prompts = sorted({row["prompt"] for row in both})
    some = prompts if os.environ.get("ALL_REAL_CLIPS") == "1" else prompts[:2]  # so that the suite stays quick
    return [row for row in both if row["prompt"] in some]


def three(mean):
    """Three whole scores of this mean, which was rounded to two decimals."""
    total = round(RATERS * mean)
    assert abs(total / RATERS - mean) < 0.01
    return [total // RATERS + (number < total % RATERS) for number in range(RATERS)]


@realdata
@pytest.mark.django_db
def test_picks_among_fetvs_videos_are_counted_as_by_hand(tmp_path):
    rows = rated_rows()
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    project = make_project("fetv", overlap=RATERS)
    call_command("import_videos", manifest, project="fetv", root=DATA)
    raters, human = [make_user() for _ in range(RATERS)], {}
    for row in rows:
        video, means = project.videos.get(name=row["video_name"]), row["meta"]["human_ratings"]
        for rater, *scores in zip(raters, three(means["SQ"]), three(means["TQ"]), strict=True):
            make_rating(video, rater, (scores[0], 3, scores[1]))
        human[video.pk] = Fraction(sum(three(means["SQ"])) + sum(three(means["TQ"])), 2 * RATERS)
    version = current_version("technical")
    enqueue(version, project.videos.all())
    drain_jobs(version, for_seconds=120)

    found = picks(project, version, np.array([1.0, 0.0, 1.0])).figures(seed=1)

    hits, chances, scores = [], [], []
    for prompt in {row["prompt"] for row in rows}:
        said = Suggestion.objects.filter(video__prompt__text=prompt, scorer_version=version)
        by_model = {}
        for one in said.prefetch_related("distributions"):
            numbers = {of.dimension: of for of in one.distributions.all()}
            two = [numbers["visual_quality"], numbers["physical_consistency"]]
            by_model[one.video_id] = tuple(
                round(sum(getattr(of, name) for of in two) / 2, 9) for name in ("expected_score", "confidence")
            )
        pick = max(by_model, key=by_model.get)
        assert list(by_model.values()).count(by_model[pick]) == 1
        best = [video for video in by_model if human[video] == max(human[video] for video in by_model)]
        hits.append(pick in best)
        chances.append(len(best) / len(by_model))
        scores.append((human[pick], sum(human[video] for video in by_model) / len(by_model), human[best[0]]))
    assert (found.prompts, found.videos) == (len(hits), 4 * len(hits)) == (len(hits), len(human))
    assert found.hit.value == pytest.approx(np.mean(hits))
    assert found.chance == pytest.approx(np.mean(chances))
    means = [float(sum(column) / len(column)) for column in zip(*scores, strict=True)]
    assert [found.pick_score.value, found.chance_score, found.best_score] == pytest.approx(means)
