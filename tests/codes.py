"""People with a second factor, and the app that shows their codes: RFC 6238 by hand, not by what is tested."""

import base64
import hashlib
import hmac
import struct
import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP

from annotation.models import User
from tests.make import make_user

SECRET = base64.b32encode(b"twenty-letters-long!").decode()


def make_secured(username: str | None = None, password: str | None = None) -> tuple[User, list[str]]:
    """Somebody whose logins ask for a code, and their recovery codes."""
    user = make_user(username, password)
    return user, give_factor(user)


def give_factor(user: User) -> list[str]:
    TOTP.activate(user, SECRET)
    return RecoveryCodes.activate(user).get_unused_codes()


def code_now(secret: str = SECRET) -> str:
    """The six digits that the app shows."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
