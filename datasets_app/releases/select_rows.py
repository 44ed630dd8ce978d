"""What a release is made of: one row a chosen video, read from one moment of the database."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection, transaction

from annotation.models import Project
from annotation.scale import DIMENSION_KEYS
from datasets_app.releases.choose import Chosen, choose, unplayable
from datasets_app.releases.export_options import Options
from datasets_app.releases.rationale import Edited, Rationale, comment_of, on_a_line, rationale_of
from datasets_app.releases.reasons import LeftOut
from datasets_app.releases.select_facts import Facts, RatingFacts, select_facts


class Row(NamedTuple):
    """A video with its scores and texts. Scores, `exact` and `comments` are by dimension key.

    `scores` are what training files hold, `policy` says where they come from; `exact` the same before they became
    integers. `human` are the experts' own, which no scorer's adjustment changes; what is called `human_` goes with
    them. `ratings` holds [arm, scores, shown scores] of each rating that counts, the
    last two as lists in the order of the scale. `file` is the original's name in the media store. `unplayable`
    says in a few words why it cannot be used, `no_rationale` why there is none, `set_aside` why no format but
    `bench` may take the video; "" where nothing is in the way.
    """

    name: str
    url: str
    prompt: str
    prompt_source: str
    t2v_model: str
    tier: str
    policy: str
    scores: dict[str, int]
    human: dict[str, int]
    human_policy: str
    exact: dict[str, float]
    comments: dict[str, str]
    model_scores: dict[str, int | None]  # empty unless they came with an imported record
    rationale: str
    rationale_source: str
    no_rationale: str
    stripped: int  # leaking lines taken out of the rationale
    human_rationale: str
    human_rationale_source: str
    human_stripped: int
    ratings: list[tuple[str, tuple[int, ...], tuple[int | None, ...]]]
    file: str
    sha256: str
    width: int  # pixels
    height: int
    fps: float
    seconds: float
    unplayable: str
    set_aside: str

    def as_experts_said(self) -> "Row":
        """The row without a scorer's adjustment, as `bench` holds it."""
        return self._replace(
            policy=self.human_policy,
            scores=self.human,
            rationale=self.human_rationale,
            rationale_source=self.human_rationale_source,
            stripped=self.human_stripped,
        )


@contextmanager
def one_moment() -> Iterator[None]:
    """Let every query inside see the same moment, without holding up writers.

    PostgreSQL: one read-only transaction. SQLite: a plain BEGIN, since a transaction of Django's would be
    IMMEDIATE and lock writers out.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def select_rows(
    project: Project, options: Options, left_out: Callable[[LeftOut], None] = lambda reason: None
) -> Iterator[Row]:
    """The rows that `options` choose, all of one prompt together; four queries. `left_out` hears of others."""
    for facts in select_facts(project, options):
        chosen = choose(facts, options)
        if isinstance(chosen, Chosen):
            yield _row(facts, chosen, options.rationale)
        else:
            left_out(chosen)


def rationale_for(facts: Facts, scores: Sequence[int], wanted: str, comments: dict[str, str]) -> Rationale:
    """What a video's record of these scores, in the order of the scale, has to reason from."""
    return rationale_of(
        wanted,
        by_key(scores),
        edited=None if facts.video.edited is None else Edited(facts.video.edited, facts.video.edited_for),
        imported=[facts.rationale],
        comments=comments,
    )


def by_key(numbers: Sequence[Any]) -> dict[str, Any]:
    """Three numbers in the order of the scale, by dimension key."""
    return dict(zip(DIMENSION_KEYS, numbers, strict=True))


def _row(facts: Facts, chosen: Chosen, wanted: str) -> Row:
    video = facts.video
    comments = _comments(chosen.ratings)
    rationale = rationale_for(facts, chosen.scores, wanted, comments)
    same = tuple(chosen.human) == tuple(chosen.scores)
    human_rationale = rationale if same else rationale_for(facts, chosen.human, wanted, comments)
    return Row(
        name=video.name,
        url=video.url,
        prompt=video.prompt,
        prompt_source=video.prompt_source,
        t2v_model=video.t2v_model,
        tier=video.tier,
        policy=chosen.policy,
        scores=by_key(chosen.scores),
        human=by_key(chosen.human),
        human_policy=chosen.human_policy,
        exact=by_key(chosen.exact),
        comments=comments,
        model_scores=by_key(facts.model_scores) if facts.model_scores else {},
        rationale=rationale.text,
        rationale_source=rationale.source,
        no_rationale="" if rationale.source else rationale.refused or LeftOut.NO_RATIONALE.value,
        stripped=rationale.stripped,
        human_rationale=human_rationale.text,
        human_rationale_source=human_rationale.source,
        human_stripped=human_rationale.stripped,
        ratings=[(rating.arm, rating.scores, rating.shown) for rating in chosen.ratings],
        file=video.file,
        sha256=video.sha256,
        width=video.width,
        height=video.height,
        fps=video.fps,
        seconds=video.seconds,
        unplayable=unplayable(video),
        set_aside=chosen.set_aside,
    )


def _comments(ratings: list[RatingFacts]) -> dict[str, str]:
    return {
        key: comment_of([on_a_line(rating.reasons[at], imported=rating.imported) for rating in ratings])
        for at, key in enumerate(DIMENSION_KEYS)
    }
