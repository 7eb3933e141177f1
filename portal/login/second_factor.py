"""Codes of an authenticator app (TOTP, RFC 6238): enrolment, and a code that is accepted once."""

from __future__ import annotations

import time

import pyotp
import segno

from inventory.registry import people
from inventory.registry.people import Credentials, User
from inventory.registry.scope import Transaction
from inventory.vault import SealBroken, Vault, user_secret
from portal.roles import STAFF_ROLES
from portal.services import services

STEP_SECONDS = 30
_ISSUER = "Backhaul"


def required(user: User) -> bool:
    """Whether this person may not do without."""
    return user.role in STAFF_ROLES and not services().settings.second_factor_optional


def pending_secret(tx: Transaction, vault: Vault, credentials: Credentials) -> str:
    """The secret being enrolled (base32); a new one where there is none. `tx` writes."""
    user = credentials.user
    if credentials.totp_sealed is not None and not user.has_totp:
        try:
            return vault.open(credentials.totp_sealed, user_secret(user.id))
        except SealBroken:
            pass  # sealed with a key that is gone; it was never in use
    secret = pyotp.random_base32()
    people.propose_totp(tx, user.id, vault.seal(secret, user_secret(user.id)))
    return secret


def qr(user: User, secret: str) -> str:
    """What the app scans, as a `data:` URI of an SVG."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=_ISSUER)
    return str(segno.make(uri, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff"))


def accept(tx: Transaction, vault: Vault, credentials: Credentials, code: str) -> bool:
    """Whether `code` is right now, or was one step ago or will be the next, and was not used before.

    Using it is part of the answer. `tx` writes. Raises SealBroken when the secret does not open any more.
    """
    if credentials.totp_sealed is None:
        return False
    totp = pyotp.TOTP(vault.open(credentials.totp_sealed, user_secret(credentials.user.id)))
    digits = "".join(code.split())
    now = int(time.time()) // STEP_SECONDS
    for step in (now, now - 1, now + 1):
        if pyotp.utils.strings_equal(digits, totp.generate_otp(step)):
            return people.use_totp_step(tx, credentials.user.id, step)
    return False
