"""Databases for tests: empty, migrated, on SQLite and on a PostgreSQL of the tests' own.

The PostgreSQL cluster is made once a run in a temporary folder, with an owner of the tables and a role for the
application, as in production. A database is a copy of a migrated template, which takes some ten milliseconds.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Literal

import psycopg
import pytest

from inventory.database import open_database
from inventory.registry import schema
from inventory.registry.scope import Registry
from tests.harness import cannot, free_port

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")

OWNER, APP = "backhaul_owner", "backhaul_app"

# A test's data are gone with it: nothing is waited for until it is on the disk.
_FAST = ("-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off", "-c max_connections=200")


@dataclass(frozen=True)
class Database:
    """One empty, migrated database. `url` is what services are given, `owner_url` what migrates (SQLite: the same)."""

    kind: Kind
    url: str
    owner_url: str

    @contextmanager
    def registry(self, pool_size: int = 20) -> Iterator[Registry]:
        engine = open_database(self.url, pool_size=pool_size)
        try:
            yield Registry(engine)
        finally:
            engine.dispose()


MakeDatabase = Callable[[Kind], Database]


class Cluster:
    """A PostgreSQL server on a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self.port = free_port()
        self._bin = _binaries()
        account = "postgres" if os.getuid() == 0 else None  # PostgreSQL refuses to run as root
        if account:
            os.chown(folder, pwd.getpwnam(account).pw_uid, pwd.getpwnam(account).pw_gid)
        self._as = ["runuser", "-u", account, "--"] if account else []

    def start(self) -> None:
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8")
        options = " ".join((*_FAST, f"-p {self.port}", "-c listen_addresses=127.0.0.1", f"-k {self._folder}"))
        self._run("pg_ctl", "-D", data, "-l", str(self._folder / "log"), "-o", options, "-w", "start")
        self.admin(f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER NOBYPASSRLS")
        self.admin(f"CREATE ROLE {APP} LOGIN NOSUPERUSER NOBYPASSRLS")
        self.empty("template_migrated")
        migrated = open_database(self.url(OWNER, "template_migrated"))
        schema.migrate(migrated, APP)
        migrated.dispose()

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._folder / "data"), "-m", "immediate", "-w", "stop")

    def url(self, role: str, database: str) -> str:
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def empty(self, name: str) -> None:
        """A database without a table."""
        self.admin(f"CREATE DATABASE {name} OWNER {OWNER}")
        with psycopg.connect(self.url("postgres", name), autocommit=True) as connection:
            connection.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")

    def database(self) -> Database:
        """An empty, migrated one."""
        name = f"test_{next(self._numbers)}"
        self.admin(f"CREATE DATABASE {name} TEMPLATE template_migrated OWNER {OWNER}")
        return Database("postgresql", self.url(APP, name), self.url(OWNER, name))

    def admin(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres", "postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [*self._as, str(self._bin / program), *arguments],
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stderr.decode(errors='replace')}"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """The server all tests of a run share."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="backhaul-postgresql-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        cluster = Cluster(folder)
        cluster.start()
        stack.callback(cluster.stop)
        yield cluster


@pytest.fixture(scope="session")
def make_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MakeDatabase:
    """Makes an empty, migrated database of a kind, for fixtures of any scope."""
    folder = tmp_path_factory.mktemp("sqlite")
    numbers = count(1)

    def make(kind: Kind) -> Database:
        if kind == "postgresql":
            cluster: Cluster = request.getfixturevalue("postgresql")
            return cluster.database()
        template = folder / "template.db"
        if not template.exists():
            engine = open_database(f"sqlite:///{template}")
            schema.migrate(engine)
            engine.dispose()
        copy = folder / f"test_{next(numbers)}.db"
        shutil.copy(template, copy)
        return Database("sqlite", f"sqlite:///{copy}", f"sqlite:///{copy}")

    return make


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, make_database: MakeDatabase) -> Database:
    """An empty, migrated database: the test runs once on SQLite and once on PostgreSQL."""
    return make_database(request.param)


@pytest.fixture
def databases(database: Database) -> Iterator[Registry]:
    """The same as a Registry."""
    with database.registry() as registry:
        yield registry


def _binaries() -> Path:
    """Debian keeps them by version, out of the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found:
        return found[-1]
    program = shutil.which("pg_ctl")
    if program is None:
        cannot("PostgreSQL is not installed: run `make setup`")
    return Path(program).resolve().parent
