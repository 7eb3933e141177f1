"""Seals the secrets of the registry under another key, while the services go on: they open with any key they have."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select, update

from inventory.registry.audit import Actor, record
from inventory.registry.scope import Transaction
from inventory.registry.tables import devices, users
from inventory.vault import SealBroken, Vault, device_secret, user_secret


@dataclass(slots=True)
class Rotation:
    """How many secrets were sealed anew and how many were under the first key; what does not open, in words."""

    sealed: int = 0
    current: int = 0
    broken: list[str] = field(default_factory=list)


def rotate(tx: Transaction, vault: Vault, actor: Actor) -> Rotation:
    """Seal everything with the first key. What does not open stays as it is and is told. For the service scope.

    A device that is sealed anew has another version: whoever is changing it read the old seal, and may not keep it.
    """
    done = Rotation()
    query = select(devices.c.device, devices.c.secrets).where(tx.visible(devices)).with_for_update()
    for row in tx.connection.execute(query).all():
        kept = {
            name: _sealed(done, vault, secret, device_secret(row.device, name)) for name, secret in row.secrets.items()
        }
        if kept != row.secrets:
            mine = update(devices).where(tx.visible(devices), devices.c.device == row.device)
            tx.connection.execute(mine.values(secrets=kept, version=devices.c.version + 1))
    query = select(users.c.id, users.c.totp_sealed).where(tx.visible(users), users.c.totp_sealed.is_not(None))
    for row in tx.connection.execute(query.with_for_update()).all():
        text = _anew(done, vault, row.totp_sealed, user_secret(row.id))
        if text != row.totp_sealed:
            mine = update(users).where(tx.visible(users), users.c.id == row.id)
            tx.connection.execute(mine.values(totp_sealed=text))
    if done.sealed:
        record(tx, actor, "rotate", "secrets", "all", {"sealed": done.sealed, "broken": len(done.broken)})
    return done


def _sealed(done: Rotation, vault: Vault, secret: dict[str, str | None], bound_to: str) -> dict[str, str | None]:
    return {**secret, "sealed": _anew(done, vault, secret["sealed"] or "", bound_to)}


def _anew(done: Rotation, vault: Vault, sealed: str, bound_to: str) -> str:
    try:
        secret = vault.open(sealed, bound_to)
    except SealBroken as broken:
        done.broken.append(f"{bound_to} does not open: {broken}")
        return sealed
    if vault.is_current(sealed):
        done.current += 1
        return sealed
    done.sealed += 1
    return vault.seal(secret, bound_to)
