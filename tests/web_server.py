"""Small web servers on loopback, as hostile as a test wants them, that remember who came."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

Answer = bytes | Callable[[socket.socket], None]


def says(body: bytes = b"", *, status: str = "200 OK", **headers: str) -> bytes:
    """An answer with a Content-Length, unless the headers give one; underscores in their names are hyphens."""
    named = {"Content_Length": str(len(body)), "Content_Type": "video/mp4", "Connection": "close"} | headers
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends_on(to: str, status: int = 302) -> bytes:
    return says(status=f"{status} Elsewhere", Location=to)


class Web:
    """Answers by path; `requests` holds the heads of what was asked, `visits` counts connections."""

    def __init__(self, host: str = "127.0.0.1", context=None) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listening = socket.create_server((host, 0), family=family, dualstack_ipv6=host == "::")
        self.host, self.port = host, self.listening.getsockname()[1]
        self.answers: dict[str, Answer] = {}
        self.requests: list[str] = []
        self.visits = 0
        self._context = context
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.listening.close()

    def url(self, path: str = "/", host: str | None = None) -> str:
        return f"{'https' if self._context else 'http'}://{host or self.host}:{self.port}{path}"

    def drip(self, start: bytes, piece: bytes, every: float) -> Callable[[socket.socket], None]:
        """Sends a start, then one piece after so many seconds, for ever."""

        def send(connection: socket.socket) -> None:
            connection.sendall(start)
            while not self._ended.wait(every):
                connection.sendall(piece)

        return send

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.visits += 1
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(30)
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                if not (chunk := connection.recv(65536)):
                    return
                head += chunk
            self.requests.append(head.decode("latin-1"))
            answer = self.answers.get(head.split()[1].decode("latin-1"), says(status="404 Not Found"))
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                answer(connection)
            if self._context:
                connection.unwrap()
