"""Seals secrets for the database: AES-256-GCM, each bound to what it belongs to, under keys that can be changed.

A sealed text is `v1.KEY.DATA`: KEY names the key without telling of it, DATA is nonce and ciphertext in base64. What a
secret is bound to is authenticated with it, so one that is moved to another row does not open there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from inventory.settings import SettingError, setting

SETTING = "BACKHAUL_SECRET_KEY"

_KEY_BYTES = 32
_NONCE_BYTES = 12  # as NIST SP 800-38D, 5.2.1.1 recommends; drawn by chance, good for 2^32 secrets a key
_FORM = "v1"
_HOW = "make one with: backhaul secrets new-key"


class SealBroken(Exception):
    """A sealed text does not open: another key, another owner, or changed. The text shows nothing of the secret."""


class Vault:
    """Seals with the first of its keys and opens with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take keys of 32 bytes, newest first. Raises ValueError for none, or for one of another length."""
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise ValueError(f"a vault needs keys of {_KEY_BYTES} bytes")
        self._ciphers = {_name(key): AESGCM(key) for key in keys}
        self._first = _name(keys[0])

    @classmethod
    def from_settings(cls, environ: Mapping[str, str]) -> Vault:
        """The keys of BACKHAUL_SECRET_KEY: base64, comma separated, newest first.

        Raises SettingError that says how to make one.
        """
        found = setting(environ, SETTING)
        if found is None:
            raise SettingError(f"{SETTING} is not set: it seals device secrets and second factors; {_HOW}")
        return cls([_decoded(part.strip()) for part in found.split(",")])

    def seal(self, secret: str, bound_to: str) -> str:
        """`secret` as text that opens only for the same `bound_to`."""
        nonce = os.urandom(_NONCE_BYTES)
        data = nonce + self._ciphers[self._first].encrypt(nonce, secret.encode(), bound_to.encode())
        return f"{_FORM}.{self._first}.{base64.b64encode(data).decode()}"

    def open(self, sealed: str, bound_to: str) -> str:
        """The secret. Raises SealBroken when none of the keys opens it for `bound_to`."""
        form, _, rest = sealed.partition(".")
        name, _, text = rest.partition(".")
        if form != _FORM:
            raise SealBroken("this is not a sealed secret")
        if name not in self._ciphers:
            raise SealBroken(f"it was sealed with key {name[:16]}, which is not in {SETTING}")
        try:
            data = base64.b64decode(text, validate=True)
            return self._ciphers[name].decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], bound_to.encode()).decode()
        except (binascii.Error, InvalidTag, ValueError):
            raise SealBroken("it was changed, or sealed for something else") from None

    def is_current(self, sealed: str) -> bool:
        """Whether it was sealed with the first key."""
        return sealed.startswith(f"{_FORM}.{self._first}.")


def new_key() -> str:
    """A new key, as BACKHAUL_SECRET_KEY takes it."""
    return base64.b64encode(os.urandom(_KEY_BYTES)).decode()


def device_secret(device: str, name: str) -> str:
    """What a device's secret of that name (password, community, auth, privacy) is bound to."""
    return f"device:{device}:{name}"


def user_secret(user: str) -> str:
    """What a user's second factor is bound to; `user` is the id."""
    return f"user:{user}"


def _name(key: bytes) -> str:
    """Eight hexadecimal digits of a hash: enough to tell keys apart, nothing to find one by."""
    return hashlib.sha256(b"backhaul key name" + key).hexdigest()[:8]


def _decoded(text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # not shown: it may be a key with a slip of the finger
        raise SettingError(f"{SETTING}: a key is not base64; {_HOW}") from None
    if len(key) != _KEY_BYTES:
        raise SettingError(f"{SETTING}: a key has {len(key)} bytes; expected {_KEY_BYTES}; {_HOW}")
    return key
