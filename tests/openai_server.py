"""A real HTTP server that speaks OpenAI's protocol as vLLM does, and answers with the stand-in checkpoint.

`python -m tests.openai_server --port 8100` serves it as `videoscore2`; in a test it runs in threads. The model is
asked by plain `generate`, one question at a time. What else may happen to a client happens on request: `faults`
are used up one a chat; the options stand for servers that are set up otherwise.
"""

import argparse
import base64
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlparse
from urllib.request import urlopen

NAME = "videoscore2"


@dataclass
class Fault:
    """What a chat gets in place of its answer."""

    status: int = 200
    words: str = "not now"
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False  # close the connection without a word
    cut: bool = False  # send half of the answer and call it whole
    silence: float = 0.0  # seconds before anything is sent


@dataclass
class Said:
    """An answer in parts: each token as text with the logarithms of p of the most likely, itself first."""

    text: str
    steps: list[tuple[str, list[tuple[str, float]]]]
    prompt_tokens: int
    finish: str = "stop"


Answerer = Callable[[dict], Said]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "OpenAIServer"

    def do_GET(self) -> None:
        models = [{"id": name, "object": "model"} for name in self.server.models]
        self._send({"object": "list", "data": models}) if self._may_enter() else None

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._may_enter():
            return
        if request["model"] not in self.server.models:
            self._refuse(Fault(404, f"The model `{request['model']}` does not exist."))
            return
        with self.server.one_more():
            self.server.requests.append(request)
            fault = self.server.next_fault()
            if fault and fault.silence:
                time.sleep(fault.silence)
            if fault and (fault.drop or fault.status != 200):
                self._refuse(fault)
                return
            try:
                answer = self.server.answer(request)
            except (ValueError, OSError) as error:
                self._refuse(Fault(400, str(error)))
                return
            if request.get("stream"):
                self._stream(as_openai(request, answer, self.server), cut=bool(fault and fault.cut))
            else:
                self._send(as_openai(request, answer, self.server), cut=bool(fault and fault.cut))

    def _may_enter(self) -> bool:
        key = self.server.key
        allowed = not key or self.headers.get("Authorization") == f"Bearer {key}"
        if not allowed:
            self._refuse(Fault(401, f"Unauthorized: {self.headers.get('Authorization')}"))
        return allowed

    def _refuse(self, fault: Fault) -> None:
        if fault.drop:
            self.close_connection = True
            self.connection.close()
            return
        self._send({"error": {"message": fault.words, "code": fault.status}}, fault.status, fault.headers)

    def _send(self, said: dict, status: int = 200, headers: dict | None = None, *, cut: bool = False) -> None:
        body = json.dumps(said).encode()
        body = body[: len(body) // 2] if cut else body
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": len(body),
            **(headers or {}),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, whole: dict, *, cut: bool) -> None:
        """The same in pieces of five tokens, as server-sent events in chunks; cut off in the middle on request."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        (choice,), steps = whole["choices"], (whole["choices"][0]["logprobs"] or {}).get("content", [])
        text = choice["message"]["content"]
        pieces = [
            {"choices": [{"delta": {"content": text[at : at + 5]}, "logprobs": {"content": steps[at : at + 5]}}]}
            for at in range(0, max(len(text), len(steps)), 5)
        ]
        pieces = pieces[: len(pieces) // 2] if cut else [*pieces, {"choices": [], "usage": whole.get("usage")}]
        for event in [*map(json.dumps, pieces), *([] if cut else ["[DONE]"])]:
            line = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Quiet."""


class OpenAIServer(ThreadingHTTPServer):
    """`answer` is called for each chat; `most_at_once` is the largest number of chats ever open together."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Answerer, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.answer = answer
        self.models = [NAME]
        self.key = ""
        self.logprobs = True
        self.counts_tokens = True
        self.faults: list[Fault] = []
        self.requests: list[dict] = []
        self.most_at_once = self._at_once = 0
        self._guard = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    @contextmanager
    def one_more(self) -> Iterator[None]:
        with self._guard:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self._guard:
                self._at_once -= 1

    def next_fault(self) -> Fault | None:
        with self._guard:
            return self.faults.pop(0) if self.faults else None

    def handle_error(self, *_: object) -> None:
        """A client that went away is no news."""


@contextmanager
def running(answer: Answerer, port: int = 0) -> Iterator[OpenAIServer]:
    """A server in a thread of its own, closed at the end."""
    server = OpenAIServer(answer, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def as_openai(request: dict, said: Said, server: OpenAIServer) -> dict:
    """The JSON that vLLM sends; `bytes` are its text's, so that half a character is U+FFFD there, too."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": said.text},
        "finish_reason": said.finish,
        "logprobs": None,
    }
    if server.logprobs and request.get("logprobs"):
        most = request["top_logprobs"]
        choice["logprobs"] = {
            "content": [
                token_of(text, top[0][1]) | {"top_logprobs": [token_of(*one) for one in top[:most]]}
                for text, top in said.steps
            ]
        }
    usage = {"prompt_tokens": said.prompt_tokens, "completion_tokens": len(said.steps)}
    return {"object": "chat.completion", "choices": [choice], **({"usage": usage} if server.counts_tokens else {})}


def token_of(text: str, logprob: float) -> dict:
    return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


class StandIn:
    """Answers chats with a checkpoint. `raw` reports the model's own probabilities, as vLLM does by default."""

    def __init__(self, checkpoint: str, *, raw: bool = False) -> None:
        from scoring.scorers.videoscore2.torchvision_without_cuda import declare_operators

        declare_operators()
        import torch
        from transformers import AutoModelForImageTextToText, AutoProcessor

        torch.set_num_threads(1)
        self.raw = raw
        self.processor = AutoProcessor.from_pretrained(checkpoint, local_files_only=True)
        model = AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.float32, local_files_only=True)
        self.model = model.eval()
        self._lock = threading.Lock()

    def __call__(self, request: dict) -> Said:
        import torch

        with self._lock, torch.inference_mode():
            return self._say(self._inputs(request), request)

    def _inputs(self, request: dict) -> dict:
        """What the chat makes of the model's inputs; the frames come as they are or are sampled from the file."""
        message = request["messages"][0]
        video, text = (part for part in message["content"])
        chat = [{"role": "user", "content": [{"type": "video"}, text]}]
        written = self.processor.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        fps = request["mm_processor_kwargs"]["fps"]
        frames = frames_of(video["video_url"]["url"], fps)
        return self.processor(text=[written], videos=[frames], fps=fps, return_tensors="pt")

    def _say(self, inputs: dict, request: dict) -> Said:
        import torch

        temperature = request["temperature"]
        torch.manual_seed(request.get("seed", 0))
        told = self.model.generate(
            **inputs,
            max_new_tokens=request["max_tokens"],
            do_sample=temperature > 0,
            temperature=temperature or None,
            top_p=None,
            top_k=0 if temperature else None,
            output_scores=True,
            output_logits=True,
            return_dict_in_generate=True,
        )
        prompt = inputs["input_ids"].shape[1]
        ids = told.sequences[0, prompt:].tolist()
        chances = torch.log_softmax(torch.cat(told.logits if self.raw else told.scores).float(), dim=-1)
        return Said(
            text=self.processor.tokenizer.decode(ids, skip_special_tokens=True),
            steps=[self._step(token, chances[at]) for at, token in enumerate(ids)],
            prompt_tokens=prompt,
            finish="stop" if ids[-1] in self.model.generation_config.eos_token_id else "length",
        )

    def _step(self, token: int, chances: object) -> tuple[str, list[tuple[str, float]]]:
        """The token written and the twenty most likely, itself first."""
        decode = self.processor.tokenizer.decode
        likely = [token, *(one for one in chances.topk(20).indices.tolist() if one != token)]
        return decode([token]), [(decode([one]), max(chances[one].item(), -9999.0)) for one in likely]


def frames_of(url: str, fps: float) -> object:
    """Frames [frames, 3, height, width] of a video URL: single pictures, or a file that is sampled here."""
    import numpy as np
    import torch
    from PIL import Image

    from scoring.scorers.videoscore2.frames import sample_frames

    if url.startswith("data:video/jpeg;base64,"):
        parts = url.partition(",")[2].split(",")
        pictures = [np.asarray(Image.open(io.BytesIO(base64.b64decode(part))).convert("RGB")) for part in parts]
        return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    with as_file(url) as path:
        return sample_frames(path, fps).pixels


@contextmanager
def as_file(url: str) -> Iterator[Path]:
    if url.startswith("file://"):
        yield Path(unquote(urlparse(url).path))
        return
    if url.startswith("data:video/mp4;base64,"):
        content = base64.b64decode(url.partition(",")[2])
    else:
        with urlopen(url, timeout=10) as answer:
            content = answer.read()
    # A file without a name: nothing is left behind whatever happens.
    held = os.memfd_create("video")
    try:
        os.write(held, content)
        yield Path(f"/proc/self/fd/{held}")
    finally:
        os.close(held)


def main() -> None:
    from scoring.scorers.videoscore2.stand_in import CHECKPOINT

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--checkpoint", default=str(CHECKPOINT))
    parser.add_argument("--raw", action="store_true", help="report the model's own probabilities")
    options = parser.parse_args()
    server = OpenAIServer(StandIn(options.checkpoint, raw=options.raw), options.port)
    print(f"{NAME} at {server.address}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
