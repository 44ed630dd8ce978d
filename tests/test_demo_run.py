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

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder, self.port = folder, free_port()
        self.process = start(folder, self.port, *more)
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

    @property
    def address(self) -> str:
        return re.search(r"http://\S+/", self.printed)[0]


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


def lead_of(demo: Demo) -> urllib.request.OpenerDirector:
    """A browser that has logged in as the demo prints it."""
    email = re.search(r"Log in as\s+(\S+)", demo.printed)[1]
    password = re.search(r"Password\s+(\S+)", demo.printed)[1]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = browser.open(f"{demo.address}accounts/login/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    form = f"csrfmiddlewaretoken={token}&login={email}&password={password}".encode()
    browser.open(f"{demo.address}accounts/login/", form)
    return browser


def test_it_says_where_to_go_and_the_printed_login_opens_the_project(demo):
    assert "simulated T2V models" in lead_of(demo).open(f"{demo.address}p/demo/").read().decode()


def printed_line(demo: Demo) -> str:
    line = re.search(r"Export\s+(.*?)\n\s*\n", demo.printed, re.DOTALL)[1].replace("\\\n", " ")
    return line.replace(".venv/bin/python", sys.executable)


def in_a_fresh_shell(line: str) -> str:
    environment = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
    answer = subprocess.run(
        line, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_the_printed_export_line_works(demo):
    in_a_fresh_shell(printed_line(demo))
    assert (demo.folder / "export" / "dataset_info.json").exists()


def test_another_command_with_the_printed_variables_prints_links_to_the_demo(demo):
    line = printed_line(demo).split("export_dataset")[0] + "create_lead new@example.org --project demo"
    assert in_a_fresh_shell(line).startswith(f"{demo.address}invitations/")


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


@pytest.mark.long
def test_a_start_with_videoscore2_says_on_screen_and_site_that_a_stand_in_answers(demo):
    demo.process.terminate()
    demo.process.wait(30)
    standing_in = Demo(demo.folder, "--scorer", "videoscore2")
    demo.process, demo.port, demo.lines = standing_in.process, standing_in.port, standing_in.lines
    standing_in.wait(240)
    assert "a tiny stand-in for VideoScore2" in standing_in.printed
    assert "stand-in" in lead_of(standing_in).open(f"{standing_in.address}p/demo/settings/").read().decode()


def test_a_port_in_use_is_said_before_anything_is_started(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = start(tmp_path, port).communicate(timeout=30)[0]
    assert f"Port {port} cannot be used" in said
    assert "make demo PORT=" in said


def test_a_scorer_that_there_is_not_is_named(tmp_path):
    said = start(tmp_path, free_port(), "--scorer", "nobody").communicate(timeout=30)[0]
    assert "'nobody'" in said
    assert "technical" in said


def test_a_scorer_that_asks_a_server_is_refused_with_what_to_take_instead(tmp_path):
    refused = start(tmp_path, free_port(), "--scorer", "videoscore2-served")
    assert "SCORER=videoscore2," in refused.communicate(timeout=30)[0]
    assert refused.returncode == 1
    assert not (tmp_path / "db.sqlite3").exists()


def test_make_installs_torch_for_the_scorer_that_needs_it_and_for_no_other():
    def steps(*variables: str) -> str:
        command = ["make", "--dry-run", "--always-make", "demo", *variables]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "torch" not in steps()
    assert "torch" in steps("SCORER=videoscore2")


def test_without_any_redis_it_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(NoRedis, match="install redis-server"):
        redis_binary()
