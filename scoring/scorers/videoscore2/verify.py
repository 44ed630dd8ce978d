"""`verify_scorer videoscore2`: what has to be true of a checkpoint before its scores can be believed."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from scoring.protocol import Answer, Heard, OutdatedVersion, Question, ScorerUnavailable, VideoFault
from scoring.registry import load
from scoring.scorers.videoscore2.digits import digit_ids
from scoring.scorers.videoscore2.frames import Frames, sample_frames
from scoring.scorers.videoscore2.generate import Written
from scoring.scorers.videoscore2.load import load_processor
from scoring.scorers.videoscore2.prompt import Prepared, Prompter
from scoring.scorers.videoscore2.scorer import Raw, VideoScore2Scorer
from scoring.verify import Check, check_answers

PENALTY = 1.05  # Qwen2.5-VL-7B-Instruct's generation_config.json; VideoScore2's is the same
LOOKED_AT = 4  # clips whose prompts are counted
MOST_CUT_OFF = 0.05  # of the answers
COPY = "Copy {} from the model that these weights were trained from (Qwen2.5-VL-7B-Instruct)."

logger = logging.getLogger(__name__)


def verify(checkpoint: str, settings: Mapping[str, Any], questions: Sequence[Question]) -> Iterator[Check]:
    """Cheap checks first; the model is loaded after them, and only if they leave something to load."""
    yield _files(checkpoint)
    try:
        processor = load_processor(checkpoint)
    except ScorerUnavailable as error:
        yield Check("processor", False, str(error), COPY.format("the tokenizer's and processor's files"))
        return
    sound = True
    for check in (_digits(processor.tokenizer), _template(processor)):
        sound = sound and check.ok
        yield check
    if not sound:
        return
    yield from _prompts(processor, settings, questions[:LOOKED_AT])
    try:
        scorer = load("videoscore2", settings, checkpoint)
    except (OutdatedVersion, ScorerUnavailable) as error:
        yield Check("loading", False, str(error), "See docs/scoring.md.")
        return
    assert isinstance(scorer, VideoScore2Scorer)
    yield Check("loading", True, f"on {scorer.device}, {scorer.batch_size} videos at once")
    yield _generation_settings(scorer.generator.model.generation_config, processor.tokenizer)
    yield from _padding(scorer, settings, questions)
    counted = _Counted(scorer)
    yield from check_answers(counted, questions)
    yield from _cut_off(counted.lengths, settings["max_new_tokens"])


def _files(checkpoint: str) -> Check:
    folder = Path(checkpoint).expanduser()
    if not folder.is_dir():
        return Check("files", True, "on the hub, at a fixed revision; only safetensors are taken")
    weights = sorted(folder.glob("*.safetensors"))
    size = sum(path.stat().st_size for path in weights)
    found = f"{len(weights)} *.safetensors, {size / 1e6:,.0f} MB"
    if ignored := [path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern)]:
        found += f"; not loaded: {', '.join(sorted(ignored))}"
    try:
        code = "auto_map" in json.loads((folder / "config.json").read_text())
    except (OSError, ValueError) as error:
        return Check("files", False, f"config.json: {error}", COPY.format("config.json"))
    if code:
        return Check("files", False, "config.json asks for code of its own", "Remove auto_map; none is ever run.")
    return Check("files", True, found)


def _digits(tokenizer: Any) -> Check:
    todo = "The scores' probabilities are read at single digits: take the tokenizer of Qwen2.5-VL."
    try:
        ids = digit_ids(tokenizer)
    except ValueError as error:
        return Check("digits", False, str(error), todo)
    ends = [tokenizer.encode(f"visual quality: {score}", add_special_tokens=False)[-1] for score in range(1, 6)]
    if ends != ids:
        return Check("digits", False, "behind a colon the digits become other tokens", todo)
    return Check("digits", True, f"1 to 5 are single tokens ({ids[0]} to {ids[-1]})")


def _template(processor: Any) -> Check:
    message = Prompter(processor, query="card", fps=2.0).message("A ball rolls.")
    try:
        text = processor.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
    except Exception as error:  # a template is a small program: anything can go wrong in it
        return Check("chat template", False, str(error), COPY.format("chat_template.json or .jinja"))
    videos = text.count(processor.video_token)
    if videos != 1 or "A ball rolls." not in text or not text.rstrip().endswith("assistant"):
        found = f"writes {videos} videos, and ends with {text[-30:]!r}"
        return Check("chat template", False, found, COPY.format("chat_template.json or .jinja"))
    return Check("chat template", True, "one video, the question, the assistant's turn")


def _generation_settings(settings: Any, tokenizer: Any) -> Check:
    todo = COPY.format("generation_config.json")
    ends = settings.eos_token_id if isinstance(settings.eos_token_id, list) else [settings.eos_token_id]
    found = f"ends at {ends}, repetition penalty {settings.repetition_penalty}"
    if tokenizer.eos_token_id not in ends:
        return Check("generation settings", False, f"{found}; {tokenizer.eos_token} does not end it", todo)
    if settings.repetition_penalty != PENALTY:
        return Check("generation settings", False, f"{found}; {PENALTY} is what the scores were made with", todo)
    return Check("generation settings", True, found)


def _prompts(processor: Any, settings: Mapping[str, Any], questions: Sequence[Question]) -> Iterator[Check]:
    """The prompt's length, by the processor and by the frames' size; and how long a pair of frames is."""
    prompter = Prompter(processor, query=settings["query"], fps=settings["fps"])
    lengths, spans, wrong = [], set(), []
    for question in questions:
        try:
            frames = sample_frames(question.path, settings["fps"])
        except VideoFault as fault:
            logger.warning("%s: %s", question.path, fault)  # the check of all videos names it
            continue
        prepared = prompter.prepare(question.prompt, frames)
        lengths.append(len(prepared.input_ids))
        spans.add(prepared.seconds_per_pair)
        wanted = _count(processor, prompter, question.prompt, frames)
        if lengths[-1] != wanted:
            wrong.append(f"{question.path.name}: {lengths[-1]} instead of {wanted}")
    found = "; ".join(wrong) or f"{', '.join(map(str, lengths))}, as the frames' sizes say"
    yield Check("prompt tokens", not wrong, found, COPY.format("video_preprocessor_config.json"))
    if spans:
        asked = processor.video_processor.temporal_patch_size / settings["fps"]
        right = spans == {asked}
        found = f"a pair of frames spans {', '.join(map(str, sorted(spans)))} s"
        yield Check("frame times", right, found, f"{asked} s were asked for: take the pinned transformers.")


def _count(processor: Any, prompter: Prompter, prompt: str, frames: Frames) -> int:
    """Tokens of the text, with the video's one token replaced by one for each merged patch."""
    text = processor.apply_chat_template(prompter.message(prompt), tokenize=False, add_generation_prompt=True)
    video = processor.video_processor
    cell = video.patch_size * video.merge_size
    count, _, height, width = frames.pixels.shape
    patches = count // video.temporal_patch_size * (height // cell) * (width // cell)
    return len(processor.tokenizer(text)["input_ids"]) - 1 + patches


def _padding(
    scorer: VideoScore2Scorer, settings: Mapping[str, Any], questions: Sequence[Question]
) -> Iterator[Check]:
    """Two unlike videos at once against each by itself: in float32 the same words, elsewhere only told."""
    prepared = list(_samples(scorer, questions))
    short, long = (choose(prepared, key=lambda one: len(one.input_ids), default=None) for choose in (min, max))
    if short is None or long is None or len(short.input_ids) == len(long.input_ids):
        return
    together = _words(scorer.generator.write([short, long], [None, None]))
    alone = [*_words(scorer.generator.write([short], [None])), *_words(scorer.generator.write([long], [None]))]
    same = sum(one == other for one, other in zip(together, alone, strict=True))
    found = f"{same} of 2 answers are the same in a batch and alone ({settings['dtype']})"
    yield Check(
        "padding",
        same == 2 or settings["dtype"] != "float32",
        found,
        "Unlike videos disturb each other: set VIDEOSCORE2_BATCH=1 and report it.",
    )


def _samples(scorer: VideoScore2Scorer, questions: Sequence[Question]) -> Iterator[Prepared]:
    for question in questions[:LOOKED_AT]:
        try:
            yield scorer.sample(question)
        except VideoFault as fault:
            logger.warning("%s: %s", question.path, fault)


def _words(written: Sequence[Written | VideoFault]) -> list[Any]:
    return [one.tokens if isinstance(one, Written) else str(one) for one in written]


def _cut_off(lengths: Sequence[int], most: int) -> Iterator[Check]:
    if not lengths:
        return
    share = sum(length >= most for length in lengths) / len(lengths)
    found = f"{share:.0%} of the answers reach {most} tokens; the mean is {sum(lengths) / len(lengths):.0f}"
    todo = "Answers that do not end are another model's, or the generation settings name no end."
    yield Check("length", share <= MOST_CUT_OFF, found, todo)


class _Counted:
    """The scorer, and how many tokens each of its answers has."""

    def __init__(self, scorer: VideoScore2Scorer) -> None:
        self._scorer = scorer
        self.lengths: list[int] = []

    @property
    def batch_size(self) -> int:
        return self._scorer.batch_size

    def sample(self, question: Question) -> Prepared:
        return self._scorer.sample(question)

    def ask(
        self, questions: Sequence[Question], samples: Sequence[Prepared], heard: Heard | None
    ) -> list[Raw | VideoFault]:
        raws = self._scorer.ask(questions, samples, heard)
        self.lengths += [len(raw[0].tokens) for raw in raws if not isinstance(raw, VideoFault)]
        return raws

    def read(self, raw: Raw) -> Answer:
        return self._scorer.read(raw)
