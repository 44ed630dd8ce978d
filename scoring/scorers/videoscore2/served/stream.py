"""An answer that comes in pieces, for whoever reads along: OpenAI's server-sent events, joined as they arrive."""

import json
from collections.abc import Callable
from typing import Any

Told = Callable[[str], None]  # the answer's text so far


class Growing:
    """Joins the pieces into the reply that would have come in one. One for each try."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._line = b""  # what has come of the next line
        self._text = ""
        self._steps: list[Any] = []
        self._usage: dict[str, Any] | None = None
        self._error: Any = None
        self._whole = False

    def take(self, part: bytes) -> None:
        """The next bytes, wherever they were cut. Raises `ValueError` where they are no such events."""
        *lines, self._line = (self._line + part).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._event(line[5:].strip())

    def reply(self) -> dict[str, Any]:
        """The whole reply, or the error that took its place. Raises `ValueError` where the end is missing."""
        if self._error:
            return {"error": self._error}
        if not self._whole:
            raise ValueError("the stream ended before its end")
        choice = {"message": {"content": self._text}, "logprobs": {"content": self._steps}}
        return {"choices": [choice], "usage": self._usage}

    def _event(self, data: bytes) -> None:
        if data == b"[DONE]":
            self._whole = True
            return
        piece = json.loads(data)
        self._error = self._error or piece.get("error")
        self._usage = piece.get("usage") or self._usage
        for choice in piece.get("choices") or []:
            self._steps += (choice.get("logprobs") or {}).get("content") or []
            if more := (choice.get("delta") or {}).get("content"):
                self._text += more
                self._told(self._text)
