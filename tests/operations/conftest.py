"""An installation to back up and to lose: a filled database of each kind, and the commands as somebody types them."""

from __future__ import annotations

import base64
import gc
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backhaul.cli import main
from tests.alert_webhook.conftest import mailbox, stack, twilio
from tests.harness import BIN
from tests.inventory.registry.kit import ENVIRON, filled
from tests.postgres import APP, OWNER, Cluster, Database, Kind, MakeDatabase

__all__ = ["mailbox", "stack", "twilio"]

KEY = base64.b64encode(b"k" * 32).decode()  # what VAULT seals with


@dataclass
class Installation:
    """A database, and `backhaul` on it: `run` in this process, `type` as a program of its own."""

    database: Database
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    settings: dict[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        ours = {"BACKHAUL_DATABASE_URL": self.database.url, "BACKHAUL_SECRET_KEY": KEY, **ENVIRON}
        if self.database.owner_url != self.database.url:
            ours["BACKHAUL_OWNER_DATABASE_URL"] = self.database.owner_url
        return {name: value for name, value in (ours | self.settings).items() if value}

    def run(self, *words: str | Path) -> tuple[int, str, str]:
        """Exit code, what it said, and what it complained of."""
        self.capsys.readouterr()
        with self.monkeypatch.context() as patch:
            for name in ("BACKHAUL_SECRET_KEY", "BACKHAUL_OWNER_DATABASE_URL", "PROMETHEUS_URL", "RECORDED_URL"):
                patch.delenv(name, raising=False)
            for name, value in self.environ().items():
                patch.setenv(name, value)
            patch.chdir(self.folder)
            patch.setattr("backhaul.cli.logs.configure", lambda **_: None)  # its stream would outlive the test's
            code = main([str(word) for word in words])
        gc.collect()  # a command that ends closes its connections; here it is a function that returns
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def type(self, *words: str | Path) -> str:
        """What the program says; fails with its complaint when it does not end well."""
        command = [str(BIN / "backhaul"), *map(str, words)]
        environ = {**os.environ, **self.environ()}
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=60, cwd=self.folder, env=environ
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def backup(self, *words: str | Path) -> Path:
        """A new backup's folder."""
        code, said, complaint = self.run("backup", self.folder / "backups", *words)
        assert code == 0, complaint
        return Path(said.partition(":")[0])

    def elsewhere(self, database: Database) -> Installation:
        """The same people, with another database."""
        return Installation(database, self.folder, self.monkeypatch, self.capsys, dict(self.settings))


MakeEmpty = Callable[[Kind], Database]


@pytest.fixture
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> MakeEmpty:
    """Makes a database without a table: an empty place to restore into."""

    def make(kind: Kind) -> Database:
        if kind == "postgresql":
            cluster: Cluster = request.getfixturevalue("postgresql")
            name = f"empty_{os.urandom(4).hex()}"
            cluster.empty(name)
            return Database(kind, cluster.url(APP, name), cluster.url(OWNER, name))
        url = f"sqlite:///{tmp_path}/empty-{os.urandom(4).hex()}.db"
        return Database(kind, url, url)

    return make


@pytest.fixture
def installation(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Installation:
    """Two isps with routers' passwords in it, on either kind of database."""
    return _filled(Installation(database, tmp_path, monkeypatch, capsys))


@pytest.fixture
def small(
    make_database: MakeDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Installation:
    """The same, on SQLite, for what is the same on both."""
    return _filled(Installation(make_database("sqlite"), tmp_path, monkeypatch, capsys))


def _filled(installation: Installation) -> Installation:
    with installation.database.registry() as registry:
        filled(registry, installation.folder, "sky", "metro")
    return installation
