"""Logging in, the way of each version: a challenge before 6.43, plain words since, both in between.

6.43 brought `/login =name= =password=`; 6.45.1 took the challenge away (MikroTik's changelogs of those versions).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping

from simulator.routeros.command import Trap
from simulator.routeros.shapes import Version

FIRST_PLAIN = (6, 43)
FIRST_WITHOUT_CHALLENGE = (6, 45, 1)


class Login:
    """The login of one connection: `user` is who is in, once someone is."""

    def __init__(self, users: Mapping[str, str], version: Version) -> None:
        self._users = users
        self._version = version
        self._challenge: bytes | None = None
        self.user: str | None = None

    def attempt(self, arguments: Mapping[str, str], *, refuse: bool) -> str | None:
        """Try to log in; with `refuse` no password is right. Answers the challenge where one is set.

        Raises Trap where name or password is wrong.
        """
        name, challenge = arguments.get("name", ""), self._challenge
        if "response" in arguments and challenge is not None:
            right = hmac.compare_digest(arguments["response"].encode(), self._response(name, challenge).encode())
        elif "password" in arguments and self._version >= FIRST_PLAIN:
            right = hmac.compare_digest(arguments["password"].encode(), self._users.get(name, "").encode())
        elif self._version < FIRST_WITHOUT_CHALLENGE:
            self._challenge = secrets.token_bytes(16)
            return self._challenge.hex()
        else:
            right = False
        self._challenge = None
        if refuse or not right or name not in self._users:
            raise Trap("cannot log in" if self._version < FIRST_PLAIN else "invalid user name or password (6)")
        self.user = name
        return None

    def _response(self, name: str, challenge: bytes) -> str:
        """What a client that knows the password answers: `00` and MD5 of a zero byte, password and challenge."""
        secret = b"\x00" + self._users.get(name, "").encode() + challenge
        return "00" + hashlib.md5(secret, usedforsecurity=False).hexdigest()
