"""The drill of faults: each is described, documented and told apart; what it stands on does what it says."""

import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.faults.__main__ import Result, read_result, table
from tests.faults.catalog import FAULTS, load
from tests.faults.one import happen
from tests.faults.proxy import LosingProxy

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/reliability.md"


def rows() -> dict[str, list[str]]:
    """The table of faults in the documents: name -> its other cells."""
    lines = re.findall(r"^\| `(\w+)` \|(.+)\|$", PAGE.read_text(), re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in lines}


def test_every_fault_of_the_drill_has_a_row_with_its_result_and_nothing_else_has():
    found = rows()
    assert set(found) == set(FAULTS)
    for name, (promise, done, result) in found.items():
        assert promise, name
        assert done, name
        assert re.match(r"(PASS|FAIL|not run)", result), (name, result)
    assert re.search(r"\d+ \w+ 20\d\d, \d+ cores", PAGE.read_text()), "when, and on which machine?"


def test_tests_that_the_page_names_are_there():
    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", PAGE.read_text())
    assert len(named) >= 5
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(), (path, name)


def test_every_fault_says_what_is_done():
    for name in FAULTS:
        fault = load(name)
        assert fault.DONE.endswith("."), name
        assert callable(fault.run), name
    with pytest.raises(KeyError):
        load("services")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("what", "passed", "seen"),
    [
        (lambda site: "All is well.", True, "All is well."),
        (lambda site: 1 / 0, False, "ZeroDivisionError: division by zero"),
        (lambda site: (site.acks.write_text('{"rating": 1}\n'), "Lost.")[1], False, "I1 BROKEN"),
    ],
    ids=["holds", "breaks", "breaks an invariant"],
)
def test_a_fault_passes_only_where_it_ends_and_the_invariants_hold(tmp_path, monkeypatch, what, passed, seen):
    monkeypatch.setattr("tests.faults.one.load", lambda name: SimpleNamespace(DONE="Nothing.", run=what))
    monkeypatch.setattr("django.db.connections.close_all", lambda: None)
    result = happen(SimpleNamespace(name="none", folder=tmp_path, full=False), None, None)
    assert result["passed"] is passed
    assert seen in result["seen"]


def test_a_fault_that_never_ended_has_failed_and_its_last_line_is_shown(tmp_path):
    (tmp_path / "drill.log").write_text("first\nit was killed\n")
    result = read_result("web_killed", tmp_path, 3.0)
    assert (result.passed, result.seen) == (False, "it did not come to an end: it was killed")
    shown = table([result, Result("fifty_threads", "Done.", "Seen.", 2.0, True)], 5.0)
    assert "1 of 2 faults passed in 5 s" in shown
    assert "| `web_killed` |  | it did not come to an end: it was killed | 3 | FAIL |" in shown
    assert "| `fifty_threads` | Done. | Seen. | 2 | PASS |" in shown


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.worker
def test_the_drill_ends_with_0_where_its_faults_pass():
    asked = [sys.executable, "-m", "tests.faults", "fifty-threads", "zombie_worker"]
    drill = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert drill.returncode == 0, drill.stdout + drill.stderr
    assert "2 of 2 faults passed" in drill.stdout


def test_the_drill_refuses_a_fault_that_it_does_not_know():
    asked = [sys.executable, "-m", "tests.faults", "earthquake"]
    drill = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert drill.returncode == 2
    assert "no fault earthquake; there are " in drill.stderr


@pytest.mark.parametrize("loses", [0.0, 1.0])
def test_the_proxy_loses_a_reply_only_after_the_server_has_given_it(loses):
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    heard.append(connection.recv(1000).split(b" ")[1])
                    connection.sendall(b"an answer")

        threading.Thread(target=answer, daemon=True).start()
        proxy = LosingProxy(server.getsockname()[1], path=b"/submit/", loses=loses)
        got = [say(proxy.port, path) for path in (b"/open/", b"/submit/")]
        proxy.close()
    assert got == [b"an answer", b"" if loses else b"an answer"]
    assert heard == [b"/open/", b"/submit/"]
    assert proxy.lost == int(loses)


def say(port: int, path: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"POST " + path + b" HTTP/1.1\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        said = b""
        while piece := client.recv(1000):
            said += piece
    return said
