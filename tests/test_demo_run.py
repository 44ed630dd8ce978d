"""`make demo` as a user meets it: it starts, lets people in, and leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from config.private_redis import NoRedis, free_port, redis_binary

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.worker


def start(folder: Path, port: int, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "config.demo", "--folder", str(folder), "--port", str(port), *more]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def all_processes_of(process: subprocess.Popen) -> list[psutil.Process]:
    parent = psutil.Process(process.pid)
    return [parent, *parent.children(recursive=True)]


class Demo:
    """A demo that runs, and what it has printed so far."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process = start(folder, self.port)
        self.lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout
        self.lines.extend(iter(self.process.stdout.readline, ""))

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if any("Ctrl-C stops everything" in line for line in list(self.lines)):
                return
            time.sleep(0.2)
        raise AssertionError("".join(self.lines))

    @property
    def printed(self) -> str:
        return "".join(self.lines)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    running = Demo(tmp_path_factory.mktemp("demo"))
    try:
        running.wait(180)
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(30)


def test_it_says_where_to_go_and_the_printed_login_opens_the_project(demo):
    address = re.search(r"http://\S+/", demo.printed)[0]
    email = re.search(r"Log in as\s+(\S+)", demo.printed)[1]
    password = re.search(r"Password\s+(\S+)", demo.printed)[1]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = browser.open(f"{address}accounts/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    form = f"csrfmiddlewaretoken={token}&login={email}&password={password}".encode()
    browser.open(f"{address}accounts/login/", form)
    assert "simulated T2V models" in browser.open(f"{address}p/demo/").read().decode()


def test_the_printed_export_line_works(demo):
    line = re.search(r"Export\s+(.*?)\n\s*\n", demo.printed, re.DOTALL)[1].replace("\\\n", " ")
    line = line.replace(".venv/bin/python", sys.executable)
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    answer = subprocess.run(
        line, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    assert (demo.folder / "export" / "dataset_info.json").exists()


def test_a_second_one_is_refused_while_the_first_runs(demo):
    other = start(demo.folder, free_port())
    assert f"running already, as process {demo.process.pid}" in other.communicate(timeout=30)[0]
    assert other.returncode == 1


def test_redis_asks_for_a_password_and_listens_on_loopback_only(demo):
    listening = [
        connection.laddr
        for process in all_processes_of(demo.process)
        if "redis" in process.name()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert [address.ip for address in listening] == ["127.0.0.1"]
    with socket.create_connection(listening[0]) as client:
        client.sendall(b"PING\r\n")
        assert client.recv(100).startswith(b"-NOAUTH")


def test_stopping_it_leaves_no_process_and_the_next_start_is_quick(demo):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        processes = all_processes_of(demo.process)
        assert len(processes) > 6
        demo.process.send_signal(number)
        assert demo.process.wait(30) == 0
        assert not psutil.wait_procs(processes, timeout=10)[1]
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(f"http://127.0.0.1:{demo.port}/livez", timeout=2)
        before = time.monotonic()
        again = Demo(demo.folder)
        again.wait(60)
        assert time.monotonic() - before < 30
        assert "Drawing" not in again.printed
        demo.process, demo.port, demo.lines = again.process, again.port, again.lines


def test_a_port_in_use_is_said_before_anything_is_started(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = start(tmp_path, port).communicate(timeout=30)[0]
    assert f"Port {port} cannot be used" in said
    assert "make demo PORT=" in said


def test_a_scorer_that_this_version_lacks_is_named(tmp_path):
    said = start(tmp_path, free_port(), "--scorer", "videoscore2").communicate(timeout=30)[0]
    assert "'videoscore2'" in said
    assert "technical" in said


def test_without_any_redis_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NoRedis, match="install redis-server"):
        redis_binary()
