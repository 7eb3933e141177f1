"""Sealed secrets: they open for what they belong to, with any key that is there, and tell nothing else."""

from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.settings import SettingError
from inventory.vault import SealBroken, Vault, new_key

OLD, NEW = os.urandom(32), os.urandom(32)
TEXT = st.text(st.characters(codec="utf-8"), max_size=200)


@given(secret=TEXT, bound_to=TEXT)
def test_what_is_sealed_opens(secret: str, bound_to: str) -> None:
    """For the same owner, and never looks the same twice."""
    vault = Vault([NEW, OLD])
    sealed = vault.seal(secret, bound_to)
    assert vault.open(sealed, bound_to) == secret
    assert sealed.isascii()
    assert vault.seal(secret, bound_to) != sealed


@given(secret=TEXT, bound_to=TEXT, other=TEXT)
def test_it_opens_for_nothing_else(secret: str, bound_to: str, other: str) -> None:
    """One that is moved to another row is broken."""
    vault = Vault([NEW])
    if other != bound_to:
        with pytest.raises(SealBroken):
            vault.open(vault.seal(secret, bound_to), other)


@given(data=st.data())
def test_a_changed_one_is_broken(data: st.DataObject) -> None:
    """Whichever character was changed, and whatever text is given instead."""
    vault = Vault([NEW])
    sealed = vault.seal("secret", "x")
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = sealed[:place] + data.draw(st.sampled_from("Aa0.+/=")) + sealed[place + 1 :]
    try:
        assert vault.open(changed, "x") == "secret"
    except SealBroken:
        return
    # The last bits of base64 mean nothing: only a text that says the same opens.
    assert base64.b64decode(changed.split(".")[2]) == base64.b64decode(sealed.split(".")[2])


@given(text=st.text(max_size=100))
def test_any_other_text_is_broken(text: str) -> None:
    """Never a crash, and never a word of the text in the error."""
    for sealed in (text, f"v1.{text}", f"v1.00000000.{text}"):
        with pytest.raises(SealBroken):
            Vault([NEW]).open(sealed, "x")


def test_any_key_opens_and_the_first_one_seals() -> None:
    """So a new key is put in front, everything is sealed anew, and the old one is taken away."""
    before, between, after = Vault([OLD]), Vault([NEW, OLD]), Vault([NEW])
    old = before.seal("secret", "x")
    assert between.open(old, "x") == "secret"
    assert not between.is_current(old)
    new = between.seal("secret", "x")
    assert between.is_current(new)
    assert after.open(new, "x") == "secret"
    with pytest.raises(SealBroken, match=r"was sealed with key [0-9a-f]{8}, which is not in BACKHAUL_SECRET_KEY"):
        after.open(old, "x")


def test_keys_come_from_the_setting() -> None:
    """Newest first, comma separated; a made one fits."""
    made = new_key()
    vault = Vault.from_settings({"BACKHAUL_SECRET_KEY": f"{made}, {base64.b64encode(OLD).decode()}"})
    assert vault.open(Vault([OLD]).seal("secret", "x"), "x") == "secret"
    assert vault.is_current(Vault([base64.b64decode(made)]).seal("secret", "x"))


@pytest.mark.parametrize("value", [None, "s3cret", "s3cret!", base64.b64encode(b"short").decode(), f"{new_key()},"])
def test_a_setting_that_is_no_key_is_refused(value: str | None) -> None:
    """It says how to make one, and nothing of what was there."""
    environ = {} if value is None else {"BACKHAUL_SECRET_KEY": value}
    with pytest.raises(SettingError, match="backhaul secrets new-key") as caught:
        Vault.from_settings(environ)
    assert value is None or value not in str(caught.value)
