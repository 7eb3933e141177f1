from __future__ import annotations

import re
import socket
import subprocess
import time

import pytest

from tests.harness import program, wait_until
from tests.simulator.network import Network

V2C = ("-v2c", "-c", "public")
V3 = ("-v3", "-u", "u", "-l", "authPriv", "-a", "SHA-256", "-A", "authauth1", "-x", "AES", "-X", "privpriv1")
IF_NAME = ".1.3.6.1.2.1.31.1.1.1.1"
IF_HC_IN = ".1.3.6.1.2.1.31.1.1.1.6"
OPER_STATUS = ".1.3.6.1.2.1.2.2.1.8"


def ask(
    net: Network, tool: str, *arguments: str, version: tuple[str, ...] = V2C, wait: str = "3"
) -> subprocess.CompletedProcess[str]:
    """Run one of net-snmp's tools against the switch; OIDs and values come bare."""
    host, *oids = arguments or ("",)
    target = f"127.0.0.1:{net.ports['switch-1']}"
    command = [
        program(tool),
        *version,
        "-r0",
        f"-t{wait}",
        "-OnQ",
        "-Ir",
        *([host] if host.startswith("-") else []),
        target,
    ]
    command += oids if host.startswith("-") else [host, *oids]
    return subprocess.run([word for word in command if word], capture_output=True, text=True, check=False)


def column(net: Network, oid: str, version: tuple[str, ...] = V2C) -> dict[int, str]:
    """One column of a table by index, read with GETBULK."""
    lines = ask(net, "snmpbulkwalk", oid, version=version).stdout.splitlines()
    return {int(line.split(" = ")[0].rsplit(".", 1)[1]): line.split(" = ", 1)[1].strip('"') for line in lines}


@pytest.mark.parametrize("version", [V2C, V3], ids=["2c", "3"])
def test_snmpbulkwalk_reads_every_interface(net: Network, version: tuple[str, ...]) -> None:
    """All 48 names in order, community or authenticated and encrypted."""
    assert list(column(net, IF_NAME, version).values()) == [f"ge-0/0/{port}" for port in range(48)]


def test_a_walk_of_everything_ends_and_is_in_order(net: Network) -> None:
    """The tool snmpbulkwalk itself objects to an agent whose OIDs do not increase."""
    walked = ask(net, "snmpbulkwalk", ".1")
    assert walked.returncode == 0, walked.stderr
    assert len(walked.stdout.splitlines()) > 48 * 25


@pytest.mark.parametrize("repetitions", ["-Cr1", "-Cr10", "-Cr500"])
def test_bulk_of_any_size_reads_the_same(net: Network, repetitions: str) -> None:
    """Few or many repetitions, the column is whole."""
    walked = ask(net, "snmpbulkwalk", repetitions, IF_NAME)
    assert len(walked.stdout.splitlines()) == 48


def test_counters_rise_and_wrap_at_32_bits(net: Network) -> None:
    """The 64-bit ifHCInOctets only rises; ifInOctets is the same modulo 2^32."""
    first = column(net, IF_HC_IN)
    time.sleep(0.02)
    second = column(net, IF_HC_IN)
    assert all(int(second[index]) > int(first[index]) > 2**32 for index in first)
    both = ask(net, "snmpget", ".1.3.6.1.2.1.2.2.1.10.1", f"{IF_HC_IN}.1").stdout.splitlines()
    narrow, wide = (int(line.split(" = ")[1]) for line in both)
    assert narrow == wide % 2**32


def test_version_1_passes_over_64_bit_counters(net: Network) -> None:
    """SNMPv1 has no Counter64: a walk skips them and goes on, and ends as version 1 does."""
    version = ("-v1", "-c", "public")
    assert ask(net, "snmpwalk", IF_HC_IN, version=version).stdout == ""
    assert len(ask(net, "snmpwalk", IF_NAME, version=version).stdout.splitlines()) == 48
    assert "noSuchName" in ask(net, "snmpget", f"{IF_HC_IN}.1", version=version).stderr


def test_what_is_not_there_says_which_way(net: Network) -> None:
    """No such instance in a column that exists, no such object elsewhere; a SET is refused."""
    assert "No Such Instance" in ask(net, "snmpget", f"{IF_NAME}.999").stdout
    assert "No Such Object" in ask(net, "snmpget", ".1.3.6.1.2.1.99.1.0").stdout
    assert "notWritable" in ask(net, "snmpset", ".1.3.6.1.2.1.1.5.0", "s", "x").stderr


def test_queues_and_host_resources_are_there(net: Network) -> None:
    """MIKROTIK-MIB's simple queues by name, one memory and one processor."""
    assert list(column(net, ".1.3.6.1.4.1.14988.1.1.2.1.1.2").values()) == ["guest"]
    assert list(column(net, ".1.3.6.1.2.1.25.2.3.1.3").values()) == ["main memory"]
    assert column(net, ".1.3.6.1.2.1.25.3.3.1.2").keys() == {1}


def test_a_wrong_community_gets_no_answer(net: Network) -> None:
    """As real agents do: silence."""
    assert "Timeout" in ask(net, "snmpget", ".1.3.6.1.2.1.1.5.0", version=("-v2c", "-c", "wrong"), wait="0.3").stderr


def test_renumbering_moves_every_ifindex(net: Network) -> None:
    """Names stay, indexes do not."""
    before = column(net, IF_NAME)
    net.fault("switch-1", kind="renumber")
    after = column(net, IF_NAME)
    assert list(before.values()) == list(after.values())
    assert not before.keys() & after.keys()


def test_a_cut_interface_is_down(net: Network) -> None:
    """An ifOperStatus of 2 for that one, its counter stands still, the others go on."""
    net.fault("switch-1", kind="cut", interface="ge-0/0/0")
    status = column(net, OPER_STATUS)
    assert (status[1], status[2]) == ("2", "1")
    first, second = column(net, IF_HC_IN), column(net, IF_HC_IN)
    assert first[1] == second[1]
    assert int(first[2]) < int(second[2])


@pytest.mark.parametrize("kind", ["hang", "garbage", "refuse", "wrong-password"])
def test_a_broken_agent_gives_no_answer_until_repaired(net: Network, kind: str) -> None:
    """A client sees a failure, never a wrong value."""
    net.fault("switch-1", kind=kind)
    assert ask(net, "snmpget", ".1.3.6.1.2.1.1.5.0", wait="0.3").stdout == ""
    net.repair("switch-1")
    wait_until(lambda: "switch-1" in ask(net, "snmpget", ".1.3.6.1.2.1.1.5.0").stdout, "the agent to answer again")


def test_an_agent_in_error_answers_its_system_group_alone(net: Network) -> None:
    """A walk of the interfaces ends with genErr, while the agent still says who it is."""
    net.fault("switch-1", kind="error")
    assert "genError" in ask(net, "snmpbulkwalk", IF_NAME).stderr
    assert "switch-1" in ask(net, "snmpget", ".1.3.6.1.2.1.1.5.0").stdout


def test_a_reboot_starts_sysuptime_anew(net: Network) -> None:
    """The sysUpTime falls to seconds and the counters with it."""
    before = column(net, IF_HC_IN)
    net.fault("switch-1", kind="reboot")
    uptime = ask(net, "snmpget", ".1.3.6.1.2.1.1.3.0").stdout
    assert re.search(r"= 0:0:00:\d\d\.\d\d$", uptime.strip()), uptime
    assert int(column(net, IF_HC_IN)[1]) < int(before[1]) // 1000


# A version 3 request without user and engine id, which every agent answers with its own id, boots and time (RFC 3414).
DISCOVERY = bytes.fromhex(
    "303e020103301102040000002a020300ffe3040104020103"
    "0410300e0400020100020100040004000400"
    "301404000400a00e02040000002a0201000201003000"
)


def discover(net: Network) -> tuple[bytes, int]:
    """The agent's engine id and its boots."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(5)
        asking.sendto(DISCOVERY, ("127.0.0.1", net.ports["switch-1"]))
        reply = asking.recv(4096)
    at = reply.index(bytes.fromhex("8000000005"))
    identity, boots = reply[at : at + 17], reply[at + 17 :]
    assert boots[0] == 2
    return identity, int.from_bytes(boots[2 : 2 + boots[1]], "big")


def test_an_engine_keeps_its_id_and_counts_its_starts(net: Network) -> None:
    """A version 3 client must see a reboot, or it would take the agent's replies for old ones."""
    identity, boots = discover(net)
    net.fault("switch-1", kind="reboot")
    again, more = discover(net)
    assert again == identity
    assert more > boots
