"""The compose file's services without Docker: their own command lines and settings, on ports of this machine.

Each runs in a mount namespace of its own where the code is read only, as the user the file names, without a capability.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.harness import ROOT, Service, answers, free_port, program, service

# Where each service answers, by the file; here every one of these addresses is a free port of 127.0.0.1.
_STANDARD = {
    "exporter": 9909,
    "alert_webhook": 9910,
    "portal": 8080,
    "prometheus": 9090,
    "alertmanager": 9093,
    "recorded": 8428,
    "grafana": 3000,
    "twilio": 9912,
}
_BINARIES = {"prometheus": "prometheus", "alertmanager": "prometheus-alertmanager", "recorded": "victoria-metrics"}
_VARIABLE = re.compile(r"\$\{([A-Za-z_]+)(?::[-?]([^}]*))?\}")


@dataclass
class Commands:
    """The file's services in `folder`, where their secrets and volumes are; `settings` is their .env."""

    folder: Path
    settings: dict[str, str]
    services: dict[str, Any] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in _STANDARD})

    def __post_init__(self) -> None:
        self.services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
        self.app = self.folder / "app"
        _copy_code(self.app)
        self.folder.chmod(0o755)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def secret(self, name: str, value: str) -> None:
        path = self.folder / "secrets" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(value, encoding="utf-8")
        path.chmod(0o444)

    def volume(self, name: str, owner: int) -> Path:
        """The folder that stands for a volume, its user's as in the image."""
        path = self.folder / "volumes" / name
        path.mkdir(parents=True, exist_ok=True)
        shutil.chown(path, owner, owner)
        return path

    def words(self, name: str) -> list[str]:
        """The whole command line of a service, with this machine's ports and folders."""
        binary = _BINARIES.get(name)
        start = [program(binary, name)] if binary else [sys.executable, "-m", "backhaul"]
        return [*start, *(self._here(name, str(word)) for word in self.services[name]["command"])]

    def confined(self, name: str, words: Sequence[str]) -> list[str]:
        """`words` as the service would run them: its user, no capability, and the code read only."""
        user, group = self.services[name]["user"].split(":")
        drop = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", "--clear-groups"]
        start = [program("setpriv"), f"--reuid={user}", f"--regid={group}", *drop, "--", *words]
        return [program("unshare"), "--mount", "--", "/bin/sh", "-ec", _READ_ONLY, "sh", str(self.app), *start]

    def environ(self, name: str) -> dict[str, str]:
        """The service's own variables, and nothing of this machine's."""
        given = self.services[name].get("environment") or {}
        return {
            "PATH": "/usr/bin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            **{variable: self._here(name, str(value)) for variable, value in given.items()},
        }

    @contextmanager
    def running(self, name: str, ready: str) -> Iterator[Service]:
        """Run a service until the block ends; it has started once `ready` is answered 200."""
        log = self.folder / f"{name}.log"
        command = self.confined(name, self.words(name))
        url = self.url(name) + ready
        with service(command, log, ready=lambda: answers(url), env=self.environ(name), timeout=60) as started:
            yield started

    def _set(self, text: str) -> str:
        """With the settings in it."""
        return _VARIABLE.sub(lambda found: self.settings.get(found[1]) or (found[2] or ""), text)

    def _here(self, name: str, text: str) -> str:
        text = self._set(text)
        for service_name, standard in _STANDARD.items():
            text = text.replace(f"http://{service_name}:{standard}", self.url(service_name))
        if name in _STANDARD:
            text = re.sub(rf"(^|=):{_STANDARD[name]}$", rf"\g<1>127.0.0.1:{self.ports[name]}", text)
        text = text.replace("/run/secrets/", f"{self.folder}/secrets/")
        for volume in self.services[name].get("volumes", []):
            source, target = self._set(volume).split(":")[:2]
            # A folder of the machine stays where it is.
            text = re.sub(rf"(^|=){re.escape(target)}(?=/|$)", rf"\g<1>{self.folder / 'volumes' / source}", text)
        return text


# The interpreter may lie in a folder only root gets into: then that folder is replaced by one that holds just it.
_READ_ONLY = f"""
mount --make-rprivate /
app=$1; shift
mount --bind "$app" "$app"
mount -o remount,bind,ro "$app"
base={sys.base_prefix}
top=/$(echo "$base" | cut -d/ -f2)
if [ "$(stat -c %a "$top" | tail -c 2)" = 0 ]; then
  keep=$(mktemp -d)
  mount --bind "$base" "$keep"
  mount -t tmpfs -o mode=755 tmpfs "$top"
  mkdir -p "$base"
  mount --bind "$keep" "$base"
fi
cd "$app"
exec "$@"
"""


def _copy_code(target: Path) -> None:
    """What .dockerignore lets into the image."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in (line[1:] for line in lines if line.startswith("!")):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        elif source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
