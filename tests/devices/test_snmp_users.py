"""SNMPv3 against net-snmp's own agent: who gets in, and what those are told who do not."""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from devices.session import Deadline, DeviceError, DeviceTimeout, Interface, LoginFailed, System
from devices.snmp import gufo_engine, open_snmp, pysnmp_engine
from inventory.device_section import AUTH_PROTOCOLS, PRIVACY_PROTOCOLS
from tests.devices.agents import AUTH_KEY, PRIVACY_KEY, community, device, snmpd, user

ENGINES = ("gufo", "pysnmp")
LEVELS = {
    "noAuthNoPriv": ("nobody", None, None),
    "authNoPriv": ("reader", ("SHA", AUTH_KEY), None),
    "SHA, AES128": ("sha1", ("SHA", AUTH_KEY), ("AES128", PRIVACY_KEY)),
    "SHA256, AES128": ("sha256", ("SHA256", AUTH_KEY), ("AES128", PRIVACY_KEY)),
    "SHA512, AES256": ("sha512", ("SHA512", AUTH_KEY), ("AES256", PRIVACY_KEY)),
    "SHA, AES192": ("blumenthal192", ("SHA", AUTH_KEY), ("AES192", PRIVACY_KEY)),
    "SHA, AES256": ("blumenthal256", ("SHA", AUTH_KEY), ("AES256", PRIVACY_KEY)),
    "SHA, AES192C": ("cisco192", ("SHA", AUTH_KEY), ("AES192C", PRIVACY_KEY)),
    "SHA, AES256C": ("cisco256", ("SHA", AUTH_KEY), ("AES256C", PRIVACY_KEY)),
    "MD5, DES": ("old", ("MD5", AUTH_KEY), ("DES", PRIVACY_KEY)),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("level", LEVELS)
def test_every_security_level_reads(net_snmp_agent: int, level: str, engine: str) -> None:
    """The loopback interface is up and counts in 64 bits, whoever asks."""
    name, auth, privacy = LEVELS[level]
    session = open_snmp(device(net_snmp_agent, user(name, auth, privacy, engine)), Deadline(20))
    loopback = next(i for i in session.rows(Interface, Deadline(20)) if i.name == "lo")
    session.close()
    assert (loopback.up, loopback.counter_bits) == (True, 64)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "settings",
    [
        ("nobody-here", ("SHA", AUTH_KEY), ("AES128", PRIVACY_KEY)),
        ("sha1", ("SHA", "wrong-password"), ("AES128", PRIVACY_KEY)),
        ("sha1", ("SHA256", AUTH_KEY), ("AES128", PRIVACY_KEY)),
        ("reader", None, None),
    ],
    ids=["unknown user", "wrong key", "wrong protocol", "level too low"],
)
def test_a_refused_user_is_told_so(
    net_snmp_agent: int, settings: tuple[str, tuple[str, str] | None, tuple[str, str] | None], engine: str
) -> None:
    """The agent's refusal is no timeout, and the message holds no key."""
    with pytest.raises(LoginFailed, match="agent refuses our") as caught:
        open_snmp(device(net_snmp_agent, user(*settings, engine)), Deadline(10))
    assert AUTH_KEY not in str(caught.value)
    assert "wrong-password" not in str(caught.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_wrong_privacy_key_is_silence(net_snmp_agent: int, engine: str) -> None:
    """An agent drops what it cannot decrypt; the message names the key among the causes."""
    with pytest.raises(DeviceTimeout, match="privacy key"):
        open_snmp(
            device(net_snmp_agent, user("sha1", ("SHA", AUTH_KEY), ("AES128", "wrong-password"), engine)), Deadline(1)
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_a_restarted_agent_is_read_on(tmp_path: Path, engine: str) -> None:
    """After a reboot the agent's clock is another; the open session finds out and reads on."""
    settings = user("sha256", ("SHA256", AUTH_KEY), ("AES128", PRIVACY_KEY), engine)
    with snmpd(tmp_path) as port:
        session = open_snmp(device(port, settings), Deadline(10))
    with snmpd(tmp_path, port):
        assert session.rows(System, Deadline(10))
        assert session.rows(Interface, Deadline(10))
    session.close()


def test_every_protocol_an_inventory_may_name_has_code() -> None:
    """Both engines speak what the inventory takes, and nothing it refuses."""
    assert set(gufo_engine.AUTH_KEYS) == set(pysnmp_engine.AUTH_PROTOCOLS) == set(AUTH_PROTOCOLS)
    assert set(gufo_engine.PRIVACY_KEYS) == set(pysnmp_engine.PRIVACY_PROTOCOLS) == set(PRIVACY_PROTOCOLS)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("host", ["::1", "localhost"])
def test_ipv6_and_names(net_snmp_agent: int, host: str, engine: str) -> None:
    """An IPv6 address or a name does as well as an IPv4 address."""
    session = open_snmp(device(net_snmp_agent, community("public", engine=engine), host), Deadline(10))
    assert session.rows(System, Deadline(10))[0].boot_time is not None
    session.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_an_unknown_name(engine: str) -> None:
    """A name without address is named."""
    with pytest.raises(DeviceError, match="no-such-agent"):
        open_snmp(device(161, community("public", engine=engine), "no-such-agent.invalid"), Deadline(5))


@pytest.mark.parametrize("engine", ENGINES)
def test_sessions_leave_nothing_open(net_snmp_agent: int, engine: str) -> None:
    """Opened, refused or silent: after the session no socket is left."""
    before = open_files()
    for _ in range(5):
        session = open_snmp(device(net_snmp_agent, community("public", engine=engine)), Deadline(10))
        session.rows(System, Deadline(10))
        session.close()
        with pytest.raises(DeviceTimeout):
            open_snmp(device(net_snmp_agent, community("wrong", engine=engine)), Deadline(0.05))
    # What other tests left open may be closed meanwhile.
    assert not open_files() - before


def open_files() -> Counter[str]:
    """What this process has open, each socket by a number of its own."""
    found: Counter[str] = Counter()
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # of the folder itself, which is closed by now
            found[str(link.readlink())] += 1
    return found
