"""Passwords: argon2id at the parameters that were measured, a few at a time, and as long for nobody as for somebody."""

from __future__ import annotations

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

SHORTEST = 12
LONGEST = 200

# OWASP's second choice: 19 MiB, two passes, one lane; 34 ms here. argon2-cffi's defaults want 64 MiB and four threads.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)

# One at a time in a process: as many processes as cores, and the other pages keep their share. The server lets logins
# wait in a lane of their own (`asgi.py`), so nobody else stands behind them.
_one_at_a_time = threading.BoundedSemaphore(1)


def hash_password(password: str) -> str:
    """What is kept of a password."""
    with _one_at_a_time:
        return _hasher.hash(password)


def verify(password: str, kept: str | None) -> bool:
    """Whether it is the one. Without one to compare (`None`) it takes as long and is False."""
    with _one_at_a_time:
        try:
            return _hasher.verify(kept or _nobodys(), password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")


def wants_rehash(kept: str) -> bool:
    """Whether it was made with other parameters than today's."""
    try:
        return _hasher.check_needs_rehash(kept)
    except InvalidHashError:
        return True


def problem(password: str, *, email: str) -> str | None:
    """Why a new password will not do; None when it does. Length is what counts (NIST SP 800-63B, 3.1.1)."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters: a few words in a row are easy to keep in mind."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if len(set(password.lower())) < 5:
        return "This repeats the same few characters."
    name = email.partition("@")[0].lower()
    if password.lower() == email.lower() or (
        len(name) >= 4 and password.lower().replace(name, "").strip("0123456789") == ""
    ):
        return "Use something else than your address."
    return None
