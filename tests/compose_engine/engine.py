"""A Docker engine of the tests' own: its data in a folder, its networks in 198.18.0.0/15, nothing left when it ends."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.harness import Service, program, service

# For measuring devices, RFC 2544: no network of anybody's has these addresses.
POOL = {"base": "198.18.0.0/15", "size": 24}
_TABLES = ("filter", "nat")


class Engine:
    """Runs `docker` and `docker-compose` against this engine alone."""

    def __init__(self, folder: Path, daemon: Service) -> None:
        self.folder = folder
        self.daemon = daemon
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "COMPOSE_"))},
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            "DOCKER_BUILDKIT": "0",  # BuildKit would ask a registry for what is here
            "DOCKER_CONFIG": str(folder / "config"),
        }

    def docker(self, *words: str, stdin: bytes | None = None, timeout: float = 300, check: bool = True) -> str:
        """What `docker WORDS` says; fails with its last lines where it fails."""
        return self.run([_docker(), *words], stdin=stdin, timeout=timeout, check=check)

    def run(
        self,
        command: Sequence[str],
        *,
        stdin: bytes | None = None,
        timeout: float = 300,
        check: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> str:
        done = subprocess.run(
            command,
            input=stdin if stdin is not None else b"",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
            env={**self._env, **(env or {})},
        )
        said = done.stdout.decode(errors="replace")
        if check and done.returncode:
            pytest.fail(f"{' '.join(command[:6])} ... ended with {done.returncode}:\n{said[-4000:]}")
        return said

    def load(self, root: Path, image: str, environ: Mapping[str, str] | None = None) -> None:
        """Make an image of the files below `root`."""
        changes = [word for name, value in (environ or {}).items() for word in ("--change", f"ENV {name}={value}")]
        with subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run(
                [_docker(), "import", *changes, "-", image], stdin=tar.stdout, check=True, env=self._env, timeout=300,
                stdout=subprocess.DEVNULL,
            )  # fmt: skip

    def build(self, image: str, context: Path, *words: str) -> None:
        """`docker build`, with this machine's network and name server, so that pip and npm find what it finds."""
        self.docker("build", "--network", "host", "--tag", image, *words, str(context), timeout=600)


@contextmanager
def engine(folder: Path) -> Iterator[Engine]:
    """Run an engine until the block ends; then nothing of it is left: container, network, volume, rule or file."""
    if _docker_is_here():
        pytest.fail("another Docker runs on this machine: its rules and ours would get into each other's way")
    before = {table: _rules(table) for table in _TABLES}
    forwarding = Path("/proc/sys/net/ipv4/ip_forward").read_text(encoding="ascii")
    with ExitStack() as stack:
        stack.callback(_fail_if_something_is_left, folder, before)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stack.callback(_unmount, folder)
        stack.callback(Path("/proc/sys/net/ipv4/ip_forward").write_text, forwarding, encoding="ascii")
        stack.callback(_put_rules_back, before)
        stack.callback(_remove_links)
        settings = {
            "data-root": str(folder / "data"),
            "exec-root": str(folder / "exec"),
            "pidfile": str(folder / "docker.pid"),
            "hosts": [f"unix://{folder}/docker.sock"],
            "bridge": "none",
            "default-address-pools": [POOL],
            "mtu": 1400,
        }
        (folder / "daemon.json").write_text(json.dumps(settings), encoding="ascii")
        command = [program("dockerd"), "--config-file", str(folder / "daemon.json")]
        env = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
        up = stack.enter_context(
            service(command, folder / "dockerd.log", ready=(folder / "docker.sock").exists, env=env, timeout=60)
        )
        made = Engine(folder, up)
        stack.callback(_remove_containers, made)
        yield made


def _fail_if_something_is_left(folder: Path, before: Mapping[str, list[str]]) -> None:
    mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    rules = {table: [rule for rule in _rules(table) if "DOCKER" in rule or "198.1" in rule] for table in _TABLES}
    known = {table: [rule for rule in rules[table] if rule in before[table]] for table in _TABLES}
    left = [str(folder)] if folder.exists() or str(folder) in mounts else []
    left += [f"rules of {table}: {rules[table]}" for table in _TABLES if rules[table] != known[table]]
    left += _links()
    if left:
        pytest.fail(f"the engine left something behind: {left}")


def _docker() -> str:
    return program("docker")


def _docker_is_here() -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        return asking.connect_ex("/run/docker.sock") == 0


def _remove_containers(made: Engine) -> None:
    left = made.docker("ps", "--all", "--quiet", check=False).split()
    if left:
        made.docker("rm", "--force", "--volumes", *left, check=False)
    made.docker("network", "prune", "--force", check=False)


def _links() -> list[str]:
    """Bridges of the engine's networks."""
    told = subprocess.run([program("ip"), "-json", "address"], capture_output=True, text=True, check=True).stdout
    return [
        str(link["ifname"])
        for link in json.loads(told)
        if link["ifname"].startswith("br-")
        and any(str(each.get("local", "")).startswith(("198.18.", "198.19.")) for each in link["addr_info"])
    ]


def _remove_links() -> None:
    """Those of networks that could not be removed."""
    for name in _links():
        subprocess.run([program("ip"), "link", "delete", name], check=False)


def _rules(table: str) -> list[str]:
    done = subprocess.run([program("iptables"), "-t", table, "-S"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def _put_rules_back(before: Mapping[str, list[str]]) -> None:
    """Take away what was added, and only that: others may have made rules meanwhile."""
    for table, known in before.items():
        new = [rule for rule in _rules(table) if rule not in known]
        for rule in new:
            if rule.startswith("-A") and ("DOCKER" in rule or "198.1" in rule or " br-" in rule):
                _iptables(table, "-D", rule)
        for rule in new:
            if rule.startswith("-N DOCKER"):
                subprocess.run([program("iptables"), "-t", table, "-X", rule.split()[1]], check=False)
        for rule in known:
            if rule.startswith("-P") and rule not in _rules(table):
                subprocess.run([program("iptables"), "-t", table, *rule.split()], check=False)


def _iptables(table: str, how: str, rule: str) -> None:
    subprocess.run([program("iptables"), "-t", table, how, *rule.split()[1:]], check=False)


def _unmount(folder: Path) -> None:
    mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    for place in sorted((line.split()[1] for line in mounts if line.split()[1].startswith(str(folder))), reverse=True):
        subprocess.run(["umount", "--lazy", place], check=False)
