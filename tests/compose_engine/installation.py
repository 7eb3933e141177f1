"""One installation by the shipped compose file: the project as it would be checked out, with secrets of its own."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compose_engine.engine import Engine
from tests.harness import ROOT, free_port, program

SERVICES = (
    *("postgres", "exporter", "prometheus", "alertmanager", "alert_webhook"),
    *("portal", "grafana", "front", "recorded"),
)
STEPS = ("migrate", "configure", "grafana_setup")
TEST_FILE = ROOT / "tests" / "compose_engine" / "docker-compose.yml"
HERE = ROOT / "tests" / "compose_engine"


def check_out(target: Path) -> None:
    """What is in the repository, as it lies here now."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, told.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)


def compose_file() -> dict[str, Any]:
    """The shipped file, its anchors and all."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return read


class Installation:
    """A compose project of the shipped file, overlays of it, and the tests' additions."""

    def __init__(self, engine: Engine, folder: Path, name: str, *, overlays: Sequence[str] = ()) -> None:
        self.engine, self.folder, self.name = engine, folder, name
        self._files = [*(str(folder / file) for file in ("docker-compose.yml", *overlays)), str(TEST_FILE)]
        self.https, self.http = free_port(), free_port()
        self.twilio_token = secrets.token_hex(16)

    @property
    def url(self) -> str:
        """What people type."""
        return f"https://localhost:{self.https}"

    @property
    def backups(self) -> Path:
        """The folder of the backups on the machine."""
        return self.folder.parent / f"{self.name}-backups"

    def prepare(self, **settings: str) -> None:
        """As docs/install.md says: .env from the example, secrets by the script, Twilio's token, the mail server."""
        changed = {
            "BACKHAUL_PUBLIC_URL": self.url,
            "FRONT_ADDRESS": "127.0.0.1",
            "FRONT_HTTPS_PORT": str(self.https),
            "FRONT_HTTP_PORT": str(self.http),
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 31 + "1",
            "TWILIO_API_URL": "http://twilio:9912",
            "BACKHAUL_TRUSTED_PROXIES": "198.18.0.0/15",
            "PROMETHEUS_RETENTION_SIZE": "1GB",
            "BACKUP_FOLDER": str(self.backups),
            **settings,
        }
        self.backups.mkdir(mode=0o700)
        shutil.chown(self.backups, 65534, 65534)
        lines = (self.folder / ".env.example").read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.partition("=")[0] not in changed]
        text = "\n".join([*kept, *(f"{name}={value}" for name, value in changed.items()), ""])
        (self.folder / ".env").write_text(text, encoding="utf-8")
        self.engine.run([str(self.folder / "scripts" / "secrets.sh")])
        self.secret("twilio_auth_token").write_text(self.twilio_token, encoding="ascii")
        self.secret("smtp_url").write_text("smtp://mailbox:2525", encoding="ascii")

    def secret(self, name: str) -> Path:
        return self.folder / "secrets" / name

    def build(self) -> None:
        """`docker-compose build`, which needs no setting of its own: with those of the example."""
        self.compose("build", timeout=600, env_file=".env.example")

    def compose(
        self,
        *words: str,
        stdin: bytes | None = None,
        timeout: float = 300,
        check: bool = True,
        env_file: str = ".env",
    ) -> str:
        """What `docker-compose WORDS` says."""
        command = [program("docker-compose"), "--project-name", self.name, "--project-directory", str(self.folder)]
        command += [word for file in self._files for word in ("-f", file)]
        return self.engine.run(
            [*command, "--env-file", str(self.folder / env_file), *words],
            stdin=stdin, timeout=timeout, check=check, env={"TEST_TWILIO_TOKEN": self.twilio_token},
        )  # fmt: skip

    def backhaul(self, *words: str, stdin: bytes | None = None) -> str:
        """A command of Backhaul in the portal's container."""
        return self.compose("exec", "-T", "portal", "python", "-m", "backhaul", *words, stdin=stdin)

    def inside(self, service: str, script: str) -> str:
        """What a Python script prints in the container of a service of ours."""
        return self.compose("exec", "-T", service, "python", "-c", script)

    def get(self, service: str, url: str) -> str:
        """What a service gets from another one."""
        return self.inside(
            service, f"import urllib.request as u; print(u.urlopen({url!r}, timeout=10).read().decode())"
        )

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine tells of each container, by service."""
        label = "com.docker.compose.service"
        ids = self.engine.docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={self.name}").split()
        found = json.loads(self.engine.docker("inspect", *ids)) if ids else []
        return {each["Config"]["Labels"][label]: each for each in found}

    def wait_healthy(self, *names: str, timeout: float = 180) -> float:
        """Until each of `names` says that it is well; answers the seconds. Fails with what they logged."""
        began = time.monotonic()
        while True:
            now = {name: each["State"] for name, each in self.containers().items() if name in names}
            ill = [name for name in names if now.get(name, {}).get("Health", {}).get("Status") != "healthy"]
            if not ill:
                return time.monotonic() - began
            if time.monotonic() - began > timeout:
                said = "\n".join(self.compose("logs", "--no-color", "--tail", "25", name, check=False) for name in ill)
                checks = {name: now.get(name, {}).get("Health", {}).get("Log", [])[-1:] for name in ill}
                pytest.fail(f"not healthy after {timeout:g} s: {', '.join(ill)}\n{said}\n{checks}")
            time.sleep(0.5)

    def up(self, *services: str) -> None:
        """`docker-compose up -d`, which waits for what each service depends on. Fails with what all logged."""
        try:
            self.compose("up", "--detach", "--no-build", *services, timeout=400)
        except pytest.fail.Exception as failure:
            pytest.fail(f"{failure}\n{self.compose('logs', '--no-color', '--tail', '25', check=False)}")

    def remove(self) -> None:
        """Its containers, at once, then what `down` finds: networks and volumes."""
        label = f"label=com.docker.compose.project={self.name}"
        if ids := self.engine.docker("ps", "--all", "--quiet", "--filter", label).split():
            self.engine.docker("rm", "--force", *ids, check=False)
        self.compose("down", "--volumes", "--remove-orphans", check=False)
