"""Addresses in manifests: nothing but public servers is asked, whatever the address, its name or its server do."""

import io
import ipaddress
import json
import ssl
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as django_settings

from datasets_app.intake import safe_fetch as module
from datasets_app.intake.ingest import ingest
from datasets_app.intake.locate import Addresses, Folder
from datasets_app.intake.reachable import is_public, resolve
from datasets_app.intake.read_manifest import read_lines
from datasets_app.intake.safe_fetch import safe_fetch
from datasets_app.media import limits
from datasets_app.media.sniff import Refused
from tests.make import draw_clip, make_project
from tests.web_server import Web, says, sends_on

PUBLIC = "93.184.216.34"
# `P` is the port of a server that must not be reached; it listens on every address of this machine.
HOSTILE = """
http://127.0.0.1:P/ http://127.1:P/ http://127.0.1:P/ http://2130706433:P/ http://0177.0.0.1:P/ http://0x7f.0.0.1:P/
http://0x7f000001:P/ http://017700000001:P/ http://0:P/ http://0.0.0.0:P/ http://127.127.127.127:P/ http://127.0.0.1.:P/
http://[::1]:P/ http://[::]:P/ http://[0:0:0:0:0:0:0:1]:P/ http://[::ffff:127.0.0.1]:P/ http://[::ffff:7f00:1]:P/
http://[::127.0.0.1]:P/ http://[64:ff9b::7f00:1]:P/ http://[64:ff9b:1::7f00:1]:P/ http://[2002:7f00:1::]:P/
http://[2001:0:7f00:1::]:P/ http://[fe80::1]:P/ http://[fe80::1%25lo]:P/ http://[fe80::1%lo]:P/ http://[fc00::1]:P/
http://[fd00:ec2::254]/ http://[fec0::1]:P/ http://[ff02::1]:P/ http://10.0.0.1:P/ http://172.16.0.1/ http://192.168.0.1/
http://100.64.0.1/ http://169.254.169.254/latest/meta-data/ http://169.254.170.2/v2/credentials
http://100.100.100.200/latest/ http://168.63.129.16/ http://192.0.0.192/ http://198.18.0.1/ http://240.0.0.1/
http://255.255.255.255/ http://224.0.0.1/ http://192.88.99.1/ http://metadata.google.internal/ http://localhost:P/
http://LOCALHOST:P/ http://localhost.:P/ http://localhost.localdomain:P/ http://ip6-localhost:P/ http://a.localhost:P/
http://user:word@127.0.0.1:P/ http://example.org@127.0.0.1:P/ http://127.0.0.1:P@example.org/ http://@127.0.0.1:P/
http://example.org#@127.0.0.1:P/ http://example.org:80:P/ http:\\\\127.0.0.1:P/ http://example.org\\@127.0.0.1:P/
http:///127.0.0.1:P/ http://?127.0.0.1:P/ http://127.0.0.1%09:P/ http://127.0.0.1%00:P/ http://127.0.0.1%2f:P/
http://93.184.216.34:22/ http://93.184.216.34:25/ http://93.184.216.34:0/ http://93.184.216.34:99999/ http://93.184.216.34:-1/
file:///etc/passwd file://127.0.0.1/etc/passwd gopher://127.0.0.1:P/_x ftp://127.0.0.1:P/a.mp4 dict://127.0.0.1:P/
ldap://127.0.0.1:P/ ws://127.0.0.1:P/ data://video/mp4;base64,AAAA jar:http://127.0.0.1:P/!/ javascript://127.0.0.1:P/
http+unix://%2Fvar%2Frun%2Fdocker.sock/ concat:http://127.0.0.1:P/ http://127\u30020\u30020\u30021:P/
http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460:P/ http://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54:P/
http://local\u00adhost:P/ http://127.0.0.1\uff0f:P/ http://[::1 http://]:P/ ://127.0.0.1:P/ http:// https://
""".split()  # noqa: SIM905  as text they can be read
HOSTILE += [
    " http://127.0.0.1:P/",
    "http://127.0.0.1:P/\r\nX: y",
    "http://127.0.0.1\t:P/",
    "http://127.0.0.1:P/" + "a" * 4000,
]


def numbers_and_this_machine(host: str, port: int) -> list[str]:
    """As the system resolves, but for names that would be looked up on the internet."""
    return resolve(host, port) if "example" not in host and "google" not in host else [PUBLIC, "127.0.0.1"]


def fetch(url: str, **options) -> bytes:
    into = io.BytesIO()
    safe_fetch(url, into, **options)
    return into.getvalue()


@pytest.fixture
def everywhere(settings):
    """Addresses are fetched, and none is allowed beyond the public ones."""
    settings.IMPORT_URLS, settings.IMPORT_URL_ALLOW = True, []


@pytest.fixture
def web(settings):
    """A server that the administrator allowed, by its address."""
    settings.IMPORT_URL_ALLOW = ["127.0.0.1/32"]
    with Web() as web:
        yield web


@pytest.fixture
def canary():
    """A server on an address of this machine that is not allowed."""
    with Web("127.0.0.2") as canary:
        canary.answers["/"] = says(b"secret")
        yield canary


def test_no_hostile_address_reaches_anything(everywhere):
    assert len(set(HOSTILE)) >= 90
    with Web("::") as canary:
        reached = {}
        for url in HOSTILE:
            with pytest.raises(Refused):
                reached[url] = fetch(url.replace("P", str(canary.port)), find=numbers_and_this_machine, seconds=5)
        assert canary.visits == 0
        assert reached == {}


def test_a_letter_that_a_resolver_takes_for_another_stands_in_no_host(everywhere):
    with pytest.raises(Refused):
        fetch("http://example\N{LATIN SMALL LETTER LONG S}.org/", find=lambda host, port: [PUBLIC], seconds=5)


def test_the_canary_would_sing(settings):
    """What the test above relies on: the same server answers where it is allowed."""
    settings.IMPORT_URL_ALLOW = ["127.0.0.0/8", "::1"]
    with Web("::") as canary:
        canary.answers["/"] = says(b"heard")
        assert fetch(canary.url(host="127.0.0.1")) == b"heard"
        assert fetch(canary.url(host="2130706433")) == b"heard"
        assert fetch(canary.url(host="[::1]")) == b"heard"
        assert canary.visits == 3


@pytest.mark.parametrize("address", ["8.8.8.8", PUBLIC, "2606:4700:4700::1111"])
def test_public_addresses_are_public(address):
    assert is_public(ipaddress.ip_address(address))


def test_a_name_that_changes_what_it_resolves_to_gains_nothing(everywhere, monkeypatch):
    asked, dialled = [], []

    def rebind(host: str, port: int) -> list[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    def dial(self, host, port, *rest):
        dialled.append((host, port))
        raise httpcore.ConnectError("nobody is there")

    with Web() as canary, monkeypatch.context() as patch:
        patch.setattr(httpcore.SyncBackend, "connect_tcp", dial)
        for _ in range(2):  # the first is public and not there, the second is this machine
            with pytest.raises(Refused):
                fetch(f"http://rebinding.test:{canary.port}/", find=rebind)
        assert (asked, dialled) == (["rebinding.test"] * 2, [(PUBLIC, canary.port)])
        assert canary.visits == 0


def test_a_name_with_one_private_address_among_public_ones_is_refused(everywhere):
    with Web() as canary, pytest.raises(Refused, match="not to be asked"):
        fetch(f"http://mixed.test:{canary.port}/", find=lambda host, port: [PUBLIC, "127.0.0.1"])
    assert canary.visits == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_checked_like_the_first_address(web, canary, status):
    name = {"web.test": "127.0.0.1", "inside.test": "127.0.0.2"}
    targets = [
        canary.url(), f"//127.0.0.2:{canary.port}/", canary.url(host="inside.test"), canary.url(host="0x7f000002"),
        canary.url(host="user@127.0.0.2"), canary.url(host="[::ffff:127.0.0.2]"), "file:///etc/passwd", "gopher://127.0.0.2/",
        "http://169.254.169.254/latest/", "http:\\\\127.0.0.2/", "http://[::1", "\u3002",
    ]  # fmt: skip
    for number, target in enumerate(targets):
        web.answers[f"/{number}"] = sends_on(target.encode("utf-8").decode("latin-1"), status)
        with pytest.raises(Refused):
            fetch(web.url(f"/{number}", host="web.test"), find=lambda host, port: [name.get(host, host)])
    assert (web.visits, canary.visits) == (len(targets), 0)


def test_three_redirects_are_followed_without_cookies_and_a_fourth_is_not(web):
    web.answers = {f"/{n}": says(status="302 Found", Location=f"/{n + 1}", Set_Cookie="a=b") for n in range(4)}
    web.answers["/4"] = says(b"there")
    assert fetch(web.url("/1")) == b"there"
    assert not any("cookie" in request.lower() for request in web.requests)
    with pytest.raises(Refused, match="more than 3 times"):
        fetch(web.url("/0"))


def test_what_is_asked_is_plain_and_goes_through_no_proxy(web, canary, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, canary.url())
    web.answers["/a%20b/%E8%A7%86.mp4?x=1&y=%2F"] = says(b"clip")
    assert fetch(web.url("/a b/视.mp4?x=1&y=%2F#part")) == b"clip"
    head = web.requests[0].lower()
    assert f"host: 127.0.0.1:{web.port}\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "authorization" not in head
    assert canary.visits == 0


ANSWERS = {
    "a web page": (says(b"<html>", Content_Type="text/html; charset=utf-8"), "'text/html', not a video"),
    "a playlist": (says(b"#EXTM3U", Content_Type="application/vnd.apple.mpegurl"), "not a video"),
    "a gzip bomb": (says(b"\x1f\x8b" + bytes(9), Content_Encoding="gzip"), "compressed"),
    "not there": (says(status="404 Not Found"), "answered 404"),
    "nothing new": (says(status="304 Not Modified"), "answered 304"),
    "a part": (says(b"x", status="206 Partial Content"), "answered 206"),
    "too long by its own word": (says(b"x", Content_Length=str(3 * 1024**3)), "more than 2048 MB"),
    "a length that is none": (says(b"x", Content_Length="-1"), "cannot be asked"),
    "cut short": (says(b"x", Content_Length="10"), "cannot be asked"),
    "a redirect to nowhere": (says(status="302 Found"), "answered 302"),
    "no HTTP": (b"220 ESMTP ready\r\n", "cannot be asked"),
    "endless headers": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, "cannot be asked"),
    "silence": (b"", "cannot be asked"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_no_video_is_refused_with_a_word(web, name):
    web.answers["/"], word = ANSWERS[name]
    with pytest.raises(Refused, match=word):
        fetch(web.url())


def test_a_body_without_an_end_is_cut_at_the_most_bytes(web, monkeypatch):
    monkeypatch.setattr(limits, "MAX_BYTES", 300_000)
    start = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n"
    web.answers["/"] = web.drip(start, bytes(60_000), 0.001)
    into = io.BytesIO()
    with pytest.raises(Refused, match="more than"):
        safe_fetch(web.url(), into)
    assert len(into.getvalue()) <= 300_000


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"", b""),
    ],
    ids=["body", "headers", "chunks", "nothing"],
)
def test_a_server_that_drips_is_left_at_the_deadline(web, start, piece):
    web.answers["/"] = web.drip(start, piece, 0.05)
    started = time.monotonic()
    with pytest.raises(Refused, match="took too long"):
        fetch(web.url(), seconds=0.4)
    assert time.monotonic() - started < 10


def make_certificate(folder: Path, name: str) -> Path:
    """A certificate for this name, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def test_tls_is_verified_against_the_name(settings, tmp_path, monkeypatch):
    settings.IMPORT_URL_ALLOW = ["127.0.0.1"]
    certificate = make_certificate(tmp_path, "clips.test")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def find(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with Web(context=context) as web, Web() as plain:
        web.answers["/"] = says(b"clip")
        with pytest.raises(Refused, match="self-signed certificate"):
            fetch(web.url(host="clips.test"), find=find)
        trusting = ssl.create_default_context(cafile=str(certificate))
        monkeypatch.setattr(module, "_tls", lambda: trusting)
        assert fetch(web.url(host="clips.test"), find=find) == b"clip"
        assert fetch(web.url(host="clips.test."), find=find) == b"clip"
        with pytest.raises(Refused, match="ostname mismatch"):
            fetch(web.url(host="other.test"), find=find)
        web.answers["/"] = sends_on(plain.url())
        with pytest.raises(Refused, match="from https to something else"):
            fetch(web.url(host="clips.test"), find=find)
        assert plain.visits == 0


@pytest.mark.parametrize(
    ("urls", "allow", "reached"),
    [
        (False, [], False),
        (False, ["clips.test"], True),
        (False, ["127.0.0.0/8"], True),
        (True, ["127.0.0.1"], True),
        (True, [], False),
        (True, ["other.test", "10.0.0.0/8"], False),
        (False, ["not a/network"], False),
    ],
)
def test_off_unless_the_administrator_says_so(settings, urls, allow, reached):
    settings.IMPORT_URLS, settings.IMPORT_URL_ALLOW = urls, allow
    with Web() as web:
        web.answers["/"] = says(b"clip")
        if reached:
            assert fetch(web.url(host="CLIPS.test"), find=lambda host, port: ["127.0.0.1"]) == b"clip"
        else:
            with pytest.raises(Refused):
                fetch(web.url(host="CLIPS.test"), find=lambda host, port: ["127.0.0.1"])
        assert bool(web.visits) == reached


def test_an_allow_list_alone_lets_nothing_else_be_asked(settings):
    settings.IMPORT_URL_ALLOW = ["clips.test"]
    with pytest.raises(Refused, match="not to be asked"):
        fetch("http://example.org/", find=lambda host, port: [PUBLIC])


@pytest.mark.django_db
def test_rows_with_addresses_land_and_bad_ones_are_named(web, tmp_path):
    clip = draw_clip(tmp_path / "files/local.mp4").read_bytes()
    other = draw_clip(tmp_path / "other.mp4", frames=9).read_bytes()
    web.answers["/batch/001%20a.mp4?token=1"] = says(other, Content_Type="application/octet-stream")
    web.answers["/text.mp4"] = says(b"just words")
    urls = [
        web.url("/batch/001%20a.mp4?token=1"),
        web.url("/none.mp4"),
        "http://10.0.0.1/x.mp4",
        web.url("/text.mp4"),
    ]
    rows = [{"video": url, "prompt": "x"} for url in [*urls, "local.mp4"]]
    manifest = io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())
    project = make_project()
    summary = ingest(project, read_lines(manifest), Addresses(Folder(tmp_path / "files")))
    assert (summary.new, {refusal.line: refusal.reason for refusal in summary.refused}) == (
        2,
        {
            2: "The server answered 404.",
            3: "The address leads to a network that is not to be asked from here.",
            4: "This is text, not a video. Videos come as MP4, MOV, WebM, MKV or GIF.",
        },
    )
    fetched, local = project.videos.order_by("pk")
    assert (fetched.name, fetched.source_url, fetched.frames) == ("001 a", urls[0], 9)
    assert Path(fetched.original.path).read_bytes() == other
    assert (local.source_url, Path(local.original.path).read_bytes()) == ("", clip)
    assert len([path for path in Path(django_settings.MEDIA_ROOT).rglob("*") if path.is_file()]) == 2
