"""A small OpenID Connect server: the door of somebody else's house, as its standard describes it.

`claims` is what it says about whoever logs in next; it asks nobody for a password. What it was asked is checked:
client, redirect address, PKCE, the code's single use, the secret.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "screening-room", "a-secret-of-two-servers"


class OpenIdServer:
    def __init__(self, address: str) -> None:
        self.address = address
        self.claims: dict[str, Any] = {}
        self.refusal = ""  # an error of the standard, sent back in place of a code
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.problems: list[str] = []

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "userinfo_endpoint": f"{self.address}/userinfo",
            "jwks_uri": f"{self.address}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent back to."""
        if (
            asked["client_id"] != CLIENT
            or "openid" not in asked["scope"].split()
            or asked["response_type"] != "code"
        ):
            self.problems.append(f"asked {asked}")
        answer = {"state": asked["state"]}
        if self.refusal:
            answer["error"] = self.refusal
        else:
            answer["code"] = secrets.token_urlsafe(8)
            self.codes[answer["code"]] = asked
        return f"{asked['redirect_uri']}?{urlencode(answer)}"

    def token(self, sent: dict[str, str]) -> dict[str, Any] | None:
        """A token for a code; None where anything is not as it was asked for."""
        asked = self.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or (sent["client_id"], sent["client_secret"]) != (CLIENT, SECRET)
            or sent["redirect_uri"] != asked["redirect_uri"]
            or asked.get("code_challenge") != challenge
        ):
            self.problems.append(f"sent {sent}")
            return None
        token = secrets.token_urlsafe(8)
        self.tokens[token] = dict(self.claims)
        named = {"iss": self.address, "aud": CLIENT, "exp": 9_999_999_999, "iat": 1, **self.claims}
        signed = jwt.encode(named, self.key, algorithm="RS256")
        return {"access_token": token, "token_type": "Bearer", "id_token": signed, "expires_in": 60}


class Handler(BaseHTTPRequestHandler):
    server: Any

    def do_GET(self) -> None:
        mine: OpenIdServer = self.server.mine
        address = urlsplit(self.path)
        if address.path == "/.well-known/openid-configuration":
            return self._answer(mine.configuration())
        if address.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            self.send_response(302)
            self.send_header("Location", mine.authorize(asked))
            self.send_header("Content-Length", "0")
            return self.end_headers()
        claims = mine.tokens.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        return self._answer(claims if address.path == "/userinfo" else None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(self.server.mine.token({name: values[0] for name, values in parse_qs(body).items()}))

    def _answer(self, data: Any) -> None:
        body = json.dumps(data or {"error": "invalid_request"}).encode()
        self.send_response(200 if data else 400)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def openid_server() -> Iterator[OpenIdServer]:
    """Running on a port of its own while inside; what it was asked wrongly fails the test."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.mine = OpenIdServer(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield http.mine
        finally:
            http.shutdown()
            thread.join()
    assert not http.mine.problems
