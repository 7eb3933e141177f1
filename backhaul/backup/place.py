"""The database a backup is of, or goes to, when it is not as it should be."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from inventory.database import open_database
from inventory.settings import SettingError


def existing(url: str) -> Engine:
    """The database of `url`, which a backup must not make. Raises SettingError where there is none."""
    engine = open_database(url, pool_size=1)
    path = engine.url.database
    if engine.dialect.name == "sqlite" and not (path and Path(path).is_file()):
        raise SettingError(f"BACKHAUL_DATABASE_URL: there is no file {path}; nothing to back up")
    return engine


def put_aside_what_is_none(url: str) -> None:
    """A SQLite file that cannot be read any more is what a restore is for: it is kept under another name."""
    parsed = make_url(url)
    path = Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
    if path is None or not path.is_file():
        return
    try:
        with closing(sqlite3.connect(path, timeout=0.5)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        return  # somebody has it locked: that is found next
    except sqlite3.DatabaseError:
        aside = path.with_name(f"{path.name}.broken-{int(time.time())}")
        path.rename(aside)
        for rest in ("-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + rest).rename(aside.with_name(aside.name + rest))
        print(f"{path} is no database any more; it is kept as {aside}")


def unusable(error: SQLAlchemyError) -> SettingError:
    """The error as what to do about it."""
    return SettingError(
        f"the database does not do it: {said(error)}; is BACKHAUL_DATABASE_URL right, and for a restore"
        " BACKHAUL_OWNER_DATABASE_URL that of the tables' owner?"
    )


def said(error: SQLAlchemyError) -> str:
    """Without the statement and its values, which SQLAlchemy's text repeats."""
    return str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
