"""Real SNMP agents for tests: snmpsim with the recordings, net-snmp's snmpd for version 3."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from devices.session import Deadline, DeviceError
from devices.snmp import open_snmp
from inventory.models import Device, SnmpKey, SnmpSettings
from inventory.secrets import Secret
from tests.harness import fixture_path, free_port, program, service

# snmpsim 1.2.2 imports pysmi for its version banner alone, without asking for it to be installed.
_SNMPSIM = (
    "import sys, types\n"
    "sys.modules.setdefault('pysmi', types.SimpleNamespace(__version__='none'))\n"
    "from snmpsim.commands.responder import main\n"
    "main()\n"
)
AUTH_KEY, PRIVACY_KEY = "authpass123", "privpass123"
# Name, authentication and privacy as net-snmp spells them.
PRIVATE_USERS = (
    ("sha1", "SHA", "AES"),
    ("sha256", "SHA-256", "AES"),
    ("sha512", "SHA-512", "AES256"),
    ("blumenthal192", "SHA", "AES192"),
    ("blumenthal256", "SHA", "AES256"),
    ("cisco192", "SHA", "AES192C"),
    ("cisco256", "SHA", "AES256C"),
    ("old", "MD5", "DES"),
)


def device(port: int, settings: SnmpSettings, host: str = "127.0.0.1") -> Device:
    return Device(id="agg-1", driver="snmp", host=host, port=port, timeout_seconds=8, snmp=settings)


def community(name: str, *, version: str = "2c", engine: str = "gufo") -> SnmpSettings:
    return SnmpSettings(version=version, community=Secret(name), engine=engine)  # type: ignore[arg-type]


def user(
    name: str,
    auth: tuple[str, str] | None = None,
    privacy: tuple[str, str] | None = None,
    engine: str = "gufo",
) -> SnmpSettings:
    keys = [
        SnmpKey(protocol, Secret(key)) if key else None for protocol, key in (auth or ("", ""), privacy or ("", ""))
    ]
    return SnmpSettings(version="3", username=name, auth=keys[0], privacy=keys[1], engine=engine)  # type: ignore[arg-type]


def answers(agent: Device) -> bool:
    try:
        open_snmp(agent, Deadline(1)).close()
    except DeviceError:
        return False
    return True


@contextlib.contextmanager
def recordings(folder: Path) -> Iterator[int]:
    """Serves every recording, the file's name being the community; yields the port."""
    data = fixture_path("snmp")
    port = free_port(socket.SOCK_DGRAM)
    command = [
        sys.executable,
        "-c",
        _SNMPSIM,
        f"--data-dir={data}",
        f"--cache-dir={folder / 'cache'}",
        f"--agent-udpv4-endpoint=127.0.0.1:{port}",
        # As root it insists on leaving root; the cache folder is ours, so it stays who we are.
        *(["--process-user=root", "--process-group=root"] if os.geteuid() == 0 else []),
    ]
    (folder / "cache").mkdir()
    with service(command, folder / "snmpsim.log", ready=lambda: answers(device(port, community("airos_airos8")))):
        yield port


@contextlib.contextmanager
def snmpd(folder: Path, port: int | None = None) -> Iterator[int]:
    """net-snmp's agent with one user per security level, on IPv4 and IPv6; yields the port.

    In the same folder, it is the same agent restarted: same engine id, one more boot.
    """
    port = port or free_port(socket.SOCK_DGRAM)
    config = folder / "snmpd.conf"
    config.write_text(
        f"agentaddress udp:127.0.0.1:{port},udp6:[::1]:{port}\n"
        "rocommunity public\n"
        "rocommunity6 public\n"
        "createUser nobody\nrouser nobody noauth\n"
        f'createUser reader SHA "{AUTH_KEY}"\nrouser reader auth\n'
        + "".join(
            f'createUser {name} {auth} "{AUTH_KEY}" {privacy} "{PRIVACY_KEY}"\nrouser {name} priv\n'
            for name, auth, privacy in PRIVATE_USERS
        ),
        encoding="utf-8",
    )
    # -C leaves out the system's configuration, and with it the state (engine id, boots), so both are named.
    state = folder / "state" / "snmpd.conf"
    command = [
        program("snmpd"),
        "-f",
        "-Lo",
        "-C",
        "-c",
        f"{config},{state}" if state.exists() else str(config),
        "-I",
        "-smux",
    ]
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder / "state"), "MIBS": ""}
    with service(
        command, folder / "snmpd.log", ready=lambda: answers(device(port, community("public"))), env=environment
    ):
        yield port
