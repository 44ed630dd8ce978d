"""A TCP proxy that loses replies: the server has answered, and its client never hears of it."""

import random
import socket
import threading

CHUNK = 65536


class LosingProxy:
    """Passes connections on to a port; of those that ask for `path`, the share `loses` gets no reply."""

    def __init__(self, port: int, *, path: bytes, loses: float) -> None:
        self.to, self.path, self.loses = port, path, loses
        self.lost = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        """One request and its reply; our raters use a connection for each."""
        with client, socket.create_connection(("127.0.0.1", self.to)) as server:
            asked = client.recv(CHUNK)
            is_lost = self.path in asked.split(b"\r\n", 1)[0] and random.random() < self.loses
            server.sendall(asked)
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            while reply := server.recv(CHUNK):
                if is_lost:
                    self.lost += 1
                    client.shutdown(socket.SHUT_RDWR)  # a close alone would wait for the thread that reads it
                    return
                client.sendall(reply)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(CHUNK):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one side has closed
