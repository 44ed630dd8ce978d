"""`videoscore2`: the model on this machine's own device."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings as site

from scoring.protocol import Answer, Heard, OutdatedVersion, Question, ScorerUnavailable, VideoFault
from scoring.registry import NoCheckpoint
from scoring.scorers.videoscore2.bytes_of import bytes_of
from scoring.scorers.videoscore2.digits import chances, digit_ids, seed_of
from scoring.scorers.videoscore2.frames import sample_frames
from scoring.scorers.videoscore2.generate import Generator, Told, Written, usual_batch
from scoring.scorers.videoscore2.load import device_name, find_device, load_model, load_processor
from scoring.scorers.videoscore2.prompt import Prepared, Prompter
from scoring.scorers.videoscore2.read import read_tokens
from scoring.scorers.videoscore2.settings import SETTINGS
from scoring.scorers.videoscore2.weights import identify

Raw = tuple[Written, Prepared]


class VideoScore2Scorer:
    """Loads the checkpoint where it is made; one per process."""

    def __init__(self, settings: Mapping[str, Any], checkpoint: str) -> None:
        _refuse_other_weights(settings, checkpoint)
        device = find_device()
        processor = load_processor(checkpoint)
        model = load_model(checkpoint, dtype=settings["dtype"], device=device)
        self.device = device_name(device)
        self._fps = settings["fps"]
        self._prompter = Prompter(processor, query=settings["query"], fps=settings["fps"])
        self._bytes = bytes_of(processor.tokenizer)
        try:
            digit_ids(processor.tokenizer)
        except ValueError as error:
            raise ScorerUnavailable(f"{checkpoint}: {error}") from error
        self.generator = Generator(
            model,
            processor.tokenizer,
            max_new_tokens=settings["max_new_tokens"],
            temperature=settings["temperature"],
            batch_size=site.VIDEOSCORE2_BATCH or usual_batch(device),
        )

    @property
    def batch_size(self) -> int:
        """Videos asked about at once; less after the device ran out of memory."""
        return self.generator.batch_size

    def sample(self, question: Question) -> Prepared:
        """The frames and all inputs, ready for a batch. Raises `VideoFault`."""
        return self._prompter.prepare(question.prompt, sample_frames(question.path, self._fps))

    def ask(
        self, questions: Sequence[Question], samples: Sequence[Prepared], heard: Heard | None
    ) -> list[Raw | VideoFault]:
        """What the model wrote about each video."""
        seeds = [seed_of(question) for question in questions]
        answers = self.generator.write(samples, seeds, self._aloud(heard) if heard else None)
        return [
            (answer, sample) if isinstance(answer, Written) else answer
            for answer, sample in zip(answers, samples, strict=True)
        ]

    def read(self, raw: Raw) -> Answer:
        """Scores with probabilities. Raises `UnreadableAnswer`."""
        written, prepared = raw
        tokens = [self._bytes[token] for token in written.tokens]
        return read_tokens(tokens, lambda step: chances(written.recorded[step]), prepared.saw)

    def _aloud(self, heard: Heard) -> Told:
        """Tell the text in place of its tokens."""
        return lambda row, ids: heard(
            row, b"".join(self._bytes[token] for token in ids).decode("utf-8", "replace")
        )


def _refuse_other_weights(settings: Mapping[str, Any], checkpoint: str) -> None:
    """Raises `OutdatedVersion` where the code has changed, `ScorerUnavailable` where the weights are others."""
    if {key: settings.get(key) for key in SETTINGS} != SETTINGS:
        raise OutdatedVersion("The code asks otherwise since this version. Start a new run.")
    try:
        weights = identify(checkpoint)["weights"]
    except NoCheckpoint as error:
        raise ScorerUnavailable(str(error)) from error
    if weights != settings["weights"]:
        raise ScorerUnavailable(
            f"This version's weights are {settings['weights'][:12]}, those at {checkpoint} are {weights[:12]}. "
            "Set VIDEOSCORE2_CHECKPOINT on this machine to the version's own."
        )
