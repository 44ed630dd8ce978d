"""`videoscore2-served`: the model behind servers that speak OpenAI's protocol, on other machines or on this one.

vLLM is what this was written for:

    vllm serve FOLDER --served-model-name videoscore2 --dtype bfloat16 --max-model-len 16384 --max-logprobs 20
        --logprobs-mode processed_logprobs --limit-mm-per-prompt '{"image":0,"video":1}'
        --media-io-kwargs '{"video":{"num_frames":-1,"fps":2}}' --allowed-local-media-path DATA_DIR/media

- `processed_logprobs`: probabilities after the repetition penalty, as on our own device; by default they are the
  model's own. For samples after the first they are after the temperature, too.
- The repetition penalty is the server's to apply, from the checkpoint's `generation_config.json` (vLLM does).
- No `--reasoning-parser`: it would cut the thinking out of the answer.
- A server's own sampling is not ours: other frames, by default 32, and no limits of size. Each prompt's tokens are
  therefore counted here as well; where the counts differ, nothing is scored. VIDEOSCORE2_SEND_VIDEO=frames sends
  exactly the frames that our own sampling chose, without loss; with the other ways, `Answer.saw` says which ones
  the model should have seen.
"""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings as site

from scoring.protocol import Answer, Heard, OutdatedVersion, Question, Saw, ScorerUnavailable, VideoFault
from scoring.scorers.videoscore2.digits import seed_of
from scoring.scorers.videoscore2.frames import sample_frames
from scoring.scorers.videoscore2.load import load_processor
from scoring.scorers.videoscore2.prompt import Prompter
from scoring.scorers.videoscore2.query import write_query
from scoring.scorers.videoscore2.read import read_tokens
from scoring.scorers.videoscore2.served.client import TRIES, Client, NoServer, Refused, Server
from scoring.scorers.videoscore2.served.reply import Reply, read_reply
from scoring.scorers.videoscore2.served.stream import Told
from scoring.scorers.videoscore2.served.video import Video, video_sender
from scoring.scorers.videoscore2.settings import SERVED_SETTINGS

AT_ONCE = 32  # requests to a server; one H200 answers more, but a batch is as slow as its slowest
ALTERNATIVES = 20  # the most that vLLM gives without being told to


@dataclass(frozen=True)
class Prepared:
    """What is sent of one video, what the model will see of it, and how many tokens the prompt then has."""

    video: Video
    saw: Saw
    prompt_tokens: int


Raw = tuple[Reply, Saw]


class Miscounted(VideoFault):
    """An answer to another prompt than the one that we would make."""


class ServedScorer:
    """Keeps connections, and the checkpoint's processor to count tokens with; no weights. One per process."""

    def __init__(self, settings: Mapping[str, Any], checkpoint: str) -> None:
        if {key: settings.get(key) for key in SERVED_SETTINGS} != SERVED_SETTINGS:
            raise OutdatedVersion("The code asks otherwise since this version. Start a new run.")
        _refuse_missing_settings()
        self._settings = settings
        self._model: str = settings["served_model"]
        self._processor = load_processor(site.VIDEOSCORE2_CHECKPOINT)
        self._prompter = Prompter(self._processor, query=settings["query"], fps=settings["fps"])
        self._special = {token.encode() for token in self._processor.tokenizer.all_special_tokens}
        self._send = video_sender(site.VIDEOSCORE2_SEND_VIDEO)
        servers = site.VIDEOSCORE2_SERVERS
        self.batch_size: int = site.VIDEOSCORE2_BATCH or AT_ONCE * len(servers)
        self.device = ", ".join(urlsplit(address).netloc for address in servers)
        self._client = Client(servers, site.VIDEOSCORE2_SERVER_KEY, self.batch_size)

    def sample(self, question: Question) -> Prepared:
        """The frames that the model will see, and the video in the form it is sent in. Raises `VideoFault`."""
        frames = sample_frames(question.path, self._settings["fps"])
        return Prepared(
            video=self._send(question.path, frames),
            saw=frames.saw,
            prompt_tokens=self._count(question.prompt, frames.saw),
        )

    def ask(
        self, questions: Sequence[Question], samples: Sequence[Prepared], heard: Heard | None
    ) -> list[Raw | VideoFault]:
        """Every question at once. Where only some servers answer, they answer all; where none does, it raises.

        `heard` gets the answer to a single question as it grows, and others when they are whole.
        """
        stop = threading.Event()
        try:
            self._find_servers(questions, samples, stop)
        except Refused as refused:
            return [VideoFault(str(refused), permanent=refused.permanent)]
        if heard and len(questions) == 1:  # in this thread: whoever reads along may have the database's connection
            told = partial(heard, 0)
            return self._settle([self._ask_one(questions[0], samples[0], stop, told)])
        pool = ThreadPoolExecutor(min(self.batch_size, len(questions)), "videoscore2-served")
        try:
            asked = [pool.submit(self._ask_one, *pair, stop) for pair in zip(questions, samples, strict=True)]
            position = {future: at for at, future in enumerate(asked)}
            for done in as_completed(asked):
                found = done.result()
                if heard and isinstance(found, tuple):
                    heard(position[done], b"".join(found[0].tokens).decode("utf-8", "replace"))
            return self._settle([future.result() for future in asked])
        finally:  # also where the worker's time is up: what is under way ends by itself, and is not tried again
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def read(self, raw: Raw) -> Answer:
        """Scores, with probabilities where the server sent any. Raises `UnreadableAnswer`."""
        reply, saw = raw
        return read_tokens(reply.tokens, lambda step: reply.chances[step], saw)

    def _ask_one(
        self, question: Question, sample: Prepared, stop: threading.Event, told: Told | None = None
    ) -> Raw | VideoFault | NoServer:
        streamed = {"stream": True, "stream_options": {"include_usage": True}} if told else {}
        try:
            sent = self._client.complete(self._request(question, sample, **streamed), stop, told=told)
            reply = read_reply(sent, self._special)
        except Refused as refused:
            return VideoFault(str(refused), permanent=refused.permanent)
        except (VideoFault, NoServer) as fault:
            return fault
        if reply.prompt_tokens != sample.prompt_tokens:
            return Miscounted(_miscounted(reply.prompt_tokens, sample))
        return reply, sample.saw

    def _settle(self, found: list[Raw | VideoFault | NoServer]) -> list[Raw | VideoFault]:
        """Servers that may have been started anew with other flags are checked again before the next question.

        Raises `ScorerUnavailable` where every answer of a batch shows that: no video is to blame.
        """
        miscounted = [one for one in found if isinstance(one, Miscounted)]
        if miscounted:
            for server in self._client.servers:
                server.ready = False
        if len(miscounted) == len(found) > 1:
            raise ScorerUnavailable(f"{miscounted[0]}.")
        return _without_lost(found)

    def _request(self, question: Question, sample: Prepared, **changes: Any) -> dict[str, Any]:
        """A chat of one video and the query. Greedy for sample 0, else drawn from a seed and from all tokens."""
        query = write_query(self._settings["query"], question.prompt)
        seed = seed_of(question)
        drawn = {"temperature": self._settings["temperature"], "seed": seed, "top_p": 1.0, "top_k": -1}
        fps = self._settings["fps"]
        parts = [
            {"type": "video_url", "video_url": {"url": sample.video()}},
            {"type": "text", "text": query},
        ]
        return {
            "model": self._model,
            "messages": [{"role": "user", "content": parts}],
            "max_tokens": self._settings["max_new_tokens"],
            "logprobs": True,
            "top_logprobs": ALTERNATIVES,
            # The time between two frames is part of what the model sees. Older transformers take it from the
            # processor's setting, newer ones from the frames, of which vLLM believes what the loader is told.
            "mm_processor_kwargs": {"fps": fps},
            "media_io_kwargs": {"video": {"num_frames": -1, "fps": fps}},
            **({"temperature": 0.0} if seed is None else drawn),
            **changes,
        }

    def _find_servers(
        self, questions: Sequence[Question], samples: Sequence[Prepared], stop: threading.Event
    ) -> None:
        """Check servers that have not been; go on with those that are ready.

        Raises `ScorerUnavailable` where there is none, and `Refused` where that may be the only video's fault.
        """
        reasons: dict[str, NoServer | Refused] = {}
        for tries in (1, TRIES):  # patience only where there is no other
            for server in self._client.servers:
                if server.ready or (tries == 1 and server.rests):
                    continue
                try:
                    self._check(server, questions, samples, stop, tries)
                except (NoServer, Refused) as error:
                    reasons[server.address] = error
            if any(server.ready for server in self._client.servers):
                return
        refusals = [reason for reason in reasons.values() if isinstance(reason, Refused)]
        if refusals and len(questions) == 1:  # one video may be at fault; hardly every one of a batch
            raise refusals[0]
        why = "; ".join(map(str, reasons.values()))
        raise ScorerUnavailable(f"No server of VIDEOSCORE2_SERVERS answers. {why}.")

    def _check(
        self,
        server: Server,
        questions: Sequence[Question],
        samples: Sequence[Prepared],
        stop: threading.Event,
        tries: int,
    ) -> None:
        """That a server knows the model and makes the prompt that we would.

        It is asked about the first video that it does not refuse; a video may have faults of its own.
        Raises `ScorerUnavailable`, `NoServer`, or `Refused` where it refuses them all.
        """
        names = self._client.models(server, stop, tries=tries)
        if self._model not in names:
            raise ScorerUnavailable(
                f"{server.address} serves {', '.join(names) or 'nothing'} and not {self._model}: "
                "check VIDEOSCORE2_SERVED_MODEL and VIDEOSCORE2_SERVERS."
            )
        refused = Refused("the server answers nothing that can be read", permanent=False)
        for question, sample in zip(questions, samples, strict=True):
            try:
                request = self._request(question, sample, max_tokens=1)
                sent = self._client.complete(request, stop, server=server, tries=tries)
                counted = read_reply(sent, self._special).prompt_tokens
            except Refused as error:
                refused = error
            except VideoFault:
                continue
            else:
                if counted != sample.prompt_tokens:
                    raise ScorerUnavailable(f"{server.address}: {_miscounted(counted, sample)}.")
                server.ready = True
                return
        raise refused

    def _count(self, prompt: str, saw: Saw) -> int:
        """Tokens of the prompt as the checkpoint's own processor would write it."""
        message = self._prompter.message(prompt)
        chat = self._processor.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
        video = self._processor.video_processor
        cell = video.patch_size * video.merge_size
        cells = (saw.width // cell) * (saw.height // cell) * (len(saw.frames) // video.temporal_patch_size)
        return len(self._processor.tokenizer(chat)["input_ids"]) - 1 + cells  # one stands for the video


def _refuse_missing_settings() -> None:
    if not site.VIDEOSCORE2_SERVERS:
        raise ScorerUnavailable("Set VIDEOSCORE2_SERVERS: the addresses of the servers that answer.")
    if not site.VIDEOSCORE2_CHECKPOINT:
        raise ScorerUnavailable(
            "Set VIDEOSCORE2_CHECKPOINT to what the servers serve: its processor counts each prompt's tokens."
        )


def _miscounted(counted: int | None, sample: Prepared) -> str:
    if counted is None:
        return "the server does not say how many tokens the prompt had (usage.prompt_tokens)"
    return (
        f"the server's prompt has {counted} tokens, the checkpoint's own has {sample.prompt_tokens}. It looks at "
        f"other frames than the {len(sample.saw.frames)} of {sample.saw.width} x {sample.saw.height} that it "
        "should (fps not heeded, 32 frames by default, other sizes), or has another chat template. "
        "VIDEOSCORE2_SEND_VIDEO=frames sends exactly these frames"
    )


def _without_lost(found: Sequence[Raw | VideoFault | NoServer]) -> list[Raw | VideoFault]:
    """What no server answered is tried again later; raises `ScorerUnavailable` where that is everything."""
    lost = [one for one in found if isinstance(one, NoServer)]
    if lost and len(lost) == len(found):
        raise ScorerUnavailable(f"No server of VIDEOSCORE2_SERVERS answers. {lost[0]}.")
    return [
        VideoFault(f"no server answered: {one}", permanent=False) if isinstance(one, NoServer) else one
        for one in found
    ]
