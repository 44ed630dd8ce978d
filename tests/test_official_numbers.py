"""Our numbers beside the official script's: the same checkpoint, clips and greedy decoding, one by one.

Its hard scores wherever its expression matches, its numbers wherever it looks at the right token; elsewhere its own
formula at the right token. The cases of each kind are printed (`pytest -s`).
"""

from dataclasses import dataclass

import pytest
import torch

from annotation.scale import DIMENSION_KEYS
from scoring.answers import read_answer
from scoring.ask import score_batch
from scoring.protocol import Answer, Question
from scoring.scorers.videoscore2.bytes_of import bytes_of
from scoring.scorers.videoscore2.query import write_query
from scoring.scorers.videoscore2.stand_in import CHECKPOINT
from scoring.token_offsets import decode_tokens
from tests.official import Official, OfficialScorer
from tests.realdata import CLIPS_MANIFEST, real_rows, realdata

PROMPTS = ("A red ball rolls across a sunny field", "a blue square drifts slowly, the camera stands still")


@dataclass(frozen=True)
class Case:
    """One dimension of one video, by both ways."""

    clip: str
    dimension: str
    hard: tuple[int | None, int]  # theirs, ours
    soft: tuple[float | None, float]
    position: tuple[int, int]
    formula: float  # theirs, at our position

    @property
    def kind(self) -> str:
        if self.hard[0] is None:
            return "its expression finds nothing"
        return "same token" if self.position[0] == self.position[1] else "it looks at another token"


@pytest.fixture(scope="module")
def official():
    return OfficialScorer(CHECKPOINT)


@pytest.fixture(scope="module")
def compare(official, videoscore2):
    def both(questions: list[Question]) -> list[Case]:
        ours = score_batch(videoscore2, questions)
        cases = []
        for question, answer in zip(questions, ours, strict=True):
            query = write_query("card", question.prompt)
            theirs = official.ask(question.path, query, greedy=True)
            assert isinstance(answer, Answer), answer
            assert answer.raw_text == theirs.text
            cases += [_case(official, question.path.name, key, theirs, answer) for key in DIMENSION_KEYS]
        return cases

    return both


def _case(official: OfficialScorer, clip: str, key: str, theirs: Official, answer: Answer) -> Case:
    names = bytes_of(official.tokenizer)
    written = decode_tokens([names[token] for token in theirs.tokens])
    step = written.token_at(read_answer(written.text).digits[key])
    opinion = answer.opinions[key]
    return Case(
        clip,
        key,
        (theirs.hard[key], opinion.hard_score),
        (theirs.soft[key], opinion.probabilities.soft_score),
        (theirs.position[key], step),
        official.soft_score(theirs.scores[step][0]),
    )


# Both numbers are rounded to four decimals: the last may differ by one, and binary fractions by a hair more.
CLOSE = 1e-4 + 1e-9


def check(cases: list[Case]) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for case in cases:
        kinds[case.kind] = kinds.get(case.kind, 0) + 1
        assert case.soft[1] == pytest.approx(case.formula, abs=CLOSE), case
        if case.hard[0] is not None:
            assert case.hard[0] == case.hard[1], case
        if case.kind == "same token":
            assert case.soft[0] == pytest.approx(case.soft[1], abs=CLOSE), case
    return kinds


def table(cases: list[Case], kinds: dict[str, int]) -> str:
    rows = [f"\n{len(cases)} scores: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())]
    rows.append(f"{'clip':32}{'dimension':22}{'hard':>6}{'ours':>6}{'soft':>9}{'ours':>9}{'token':>7}{'ours':>6}")
    for case in cases:
        if case.kind != "same token":
            hard, soft = (("-" if one is None else one) for one in (case.hard[0], case.soft[0]))
            rows.append(
                f"{case.clip[:31]:32}{case.dimension:22}{hard:>6}{case.hard[1]:>6}{soft:>9}{case.soft[1]:>9}"
                f"{case.position[0]:>7}{case.position[1]:>6}   {case.kind}"
            )
    return "\n".join(rows)


def test_numbers_equal_the_official_scripts_wherever_it_looks_at_the_right_token(compare, drawn_clips):
    cases = compare([Question(clip, PROMPTS[nth % 2]) for nth, clip in enumerate(drawn_clips)])
    kinds = check(cases)
    print(table(cases, kinds))
    assert set(kinds) == {"same token", "it looks at another token", "its expression finds nothing"}


@realdata
def test_numbers_equal_on_real_clips(compare):
    rows = real_rows(of=9)
    cases = compare([Question(CLIPS_MANIFEST.parent / row["video"], row["prompt"]) for row in rows])
    kinds = check(cases)
    print(table(cases, kinds))
    assert len(cases) == 3 * len(rows)


def test_the_recorded_five_digits_give_the_same_as_all_scores(official, videoscore2, drawn_clips):
    """What is kept of each step is enough: p(1..5) out of the whole vocabulary's softmax."""
    question = Question(drawn_clips[0], PROMPTS[0])
    ((written, _),) = videoscore2.ask([question], [videoscore2.sample(question)], None)
    theirs = official.ask(question.path, write_query("card", question.prompt), greedy=True)
    digits = [official.tokenizer.encode(str(score))[0] for score in range(1, 6)]
    for step, (kept, scores) in enumerate(zip(written.recorded, theirs.scores, strict=False)):
        exact = torch.log_softmax(scores[0], -1)[digits]
        torch.testing.assert_close(kept[:5] - kept[5], exact, atol=1e-4, rtol=0, msg=f"step {step}")
