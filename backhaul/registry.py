"""What the commands do that work on the registry: migrate, import, export, the keys of its secrets, its audit."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import suppress

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from inventory.database import database_url, open_database
from inventory.loader import load_inventory
from inventory.registry import audit, schema
from inventory.registry.audit import CLI
from inventory.registry.inventories import load_inventory_of
from inventory.registry.rotation import rotate
from inventory.registry.scope import SERVICE, Registry
from inventory.registry.transfer import import_inventory
from inventory.settings import SettingError, setting
from inventory.vault import Vault, new_key
from inventory.yaml_export import export

OK, FAILED = 0, 1


class _OnlyTried(Exception):
    """Undoes the transaction of a dry run."""


def migrate(words: argparse.Namespace) -> int:
    """Bring the database to the form of this version, by its owner; with `--check` only say what it lacks."""
    url = database_url(os.environ)
    owner = setting(os.environ, "BACKHAUL_OWNER_DATABASE_URL") or url
    engine = open_database(owner)
    try:
        if words.check:
            missing = schema.missing_steps(engine)
            print("\n".join(f"lacks {step}" for step in missing) or "the database is up to date")
            return FAILED if missing else OK
        done = schema.migrate(engine, app_role=None if owner == url else make_url(url).username)
    except SQLAlchemyError as error:
        raise _unusable("BACKHAUL_OWNER_DATABASE_URL", error) from None
    print("\n".join(f"done {step}" for step in done) or "the database is up to date")
    return OK


def take_in(words: argparse.Namespace) -> int:
    """Let the registry hold what an inventory file says."""
    inventory = load_inventory(words.file, os.environ)
    vault = Vault.from_settings(os.environ)
    registry = _registry()
    try:
        with suppress(_OnlyTried), registry.write(SERVICE) as tx:
            done = import_inventory(tx, inventory, vault, CLI)
            if words.dry_run:
                raise _OnlyTried
    except SQLAlchemyError as error:
        raise _unusable("BACKHAUL_DATABASE_URL", error) from None
    for change in done:
        print(change)
    end = "would be made" if words.dry_run else "made"
    print(f"{inventory.isp.id}: {len(done)} change{'' if len(done) == 1 else 's'} {end}")
    return OK


def give_out(words: argparse.Namespace) -> int:
    """Print an isp of the registry as an inventory file."""
    try:
        with _registry().read(SERVICE) as tx:
            text, variables = export(load_inventory_of(tx, words.isp))
    except KeyError:
        raise SettingError(f'the registry has no isp "{words.isp}"') from None
    except SQLAlchemyError as error:
        raise _unusable("BACKHAUL_DATABASE_URL", error) from None
    print(text, end="")
    if variables:
        print(f"backhaul: set these to import it: {', '.join(variables)}", file=sys.stderr)
    return OK


def make_key(_words: argparse.Namespace) -> int:
    """Print a new key for BACKHAUL_SECRET_KEY."""
    print(new_key())
    return OK


def rotate_keys(_words: argparse.Namespace) -> int:
    """Seal all secrets of the registry with the first key of BACKHAUL_SECRET_KEY."""
    vault = Vault.from_settings(os.environ)
    try:
        with _registry().write(SERVICE) as tx:
            done = rotate(tx, vault, CLI)
    except SQLAlchemyError as error:
        raise _unusable("BACKHAUL_DATABASE_URL", error) from None
    print(f"{done.sealed} secrets sealed anew, {done.current} were already")
    for broken in done.broken:
        print(f"backhaul: {broken}", file=sys.stderr)
    return FAILED if done.broken else OK


def verify_audit(_words: argparse.Namespace) -> int:
    """Check every chain of the audit from its beginning, and say how each ends."""
    try:
        with _registry().read(SERVICE) as tx:
            found = audit.follow_all(tx)
    except SQLAlchemyError as error:
        raise _unusable("BACKHAUL_DATABASE_URL", error) from None
    for chain, followed in found.items():
        name, mark = chain or "the platform", followed.mark
        if followed.broken is None:
            entries = f"{mark.entries} entr{'y' if mark.entries == 1 else 'ies'}"
            print(f"{name}: {entries}, unbroken, the last hash is {mark.hash}")
        else:
            print(
                f"{name}: broken at entry {followed.broken}, after {mark.entries} good ones of {followed.entries}:"
                " it was changed, put in or taken away. Compare with a backup; find out who had access to the database"
            )
    return FAILED if any(each.broken is not None for each in found.values()) else OK


def _registry() -> Registry:
    engine = open_database(database_url(os.environ))
    try:
        schema.prepare(engine)
    except SQLAlchemyError as error:
        raise _unusable("BACKHAUL_DATABASE_URL", error) from None
    return Registry(engine)


def _unusable(name: str, error: SQLAlchemyError) -> SettingError:
    """Without the statement and its values, which SQLAlchemy's text repeats."""
    reason = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    return SettingError(f"{name}: the database does not do it: {reason}")
