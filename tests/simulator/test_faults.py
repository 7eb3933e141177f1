from __future__ import annotations

import socket
import time

import pytest
import requests

from tests.harness import wait_until
from tests.simulator.network import Network, RawClient


def test_a_hanging_device_accepts_and_stays_silent(net: Network) -> None:
    """The connection opens, no byte ever comes."""
    net.fault(kind="hang")
    client = net.raw(login=False, timeout=0.3)
    with pytest.raises(TimeoutError):
        client.ask("/login", "=name=monitor", "=password=x")


def test_a_trickling_device_sends_single_bytes(net: Network) -> None:
    """The first byte comes, the whole sentence does not."""
    client = net.raw()
    net.fault(kind="trickle")
    client.send("/system/identity/print")
    assert len(client.socket.recv(100)) == 1
    client.socket.settimeout(0.3)  # it takes a second for a byte
    with pytest.raises(TimeoutError):
        client.socket.recv(100)


def test_a_device_that_talks_garbage(net: Network) -> None:
    """Bytes come, but not those of a reply."""
    client = net.raw()
    net.fault(kind="garbage")
    client.send("/interface/print")
    assert not client.socket.recv(4096).startswith(b"\x03!re")


def test_a_refusing_device_drops_everyone_until_repaired(net: Network) -> None:
    """Old sessions end, new ones are refused, and after the repair all is well."""
    client = net.raw()
    net.fault(kind="refuse")
    with pytest.raises(ConnectionError):
        client.sentence()
    with pytest.raises(ConnectionRefusedError):
        net.raw(login=False)
    net.repair()
    assert net.raw().rows("/system/identity/print") == [{"name": "core-1"}]


def test_a_closing_device_hangs_up_at_once(net: Network) -> None:
    """The connection opens and ends."""
    net.fault(kind="close")
    with socket.create_connection(("127.0.0.1", net.ports["core-1"]), 5) as client:
        assert client.recv(1) == b""


def test_a_reboot_starts_uptime_and_counters_anew(net: Network) -> None:
    """Sessions drop, uptime is seconds, counters are far below what they were."""
    client = net.raw("mid-1")
    before = client.rows("/interface/print", "?name=vlan10")[0]
    net.fault("mid-1", kind="reboot")
    with pytest.raises(ConnectionError):
        client.sentence()
    client = net.raw("mid-1")
    after = client.rows("/interface/print", "?name=vlan10")[0]
    assert int(after["rx-byte"]) < int(before["rx-byte"]) // 1000
    assert client.rows("/system/resource/print")[0]["uptime"] in {f"{seconds}s" for seconds in range(60)}


def test_a_repair_does_not_reboot_again(net: Network) -> None:
    """What happened has happened: the session made after the reboot goes on."""
    net.fault("mid-1", kind="reboot")
    client, booted = net.raw("mid-1"), net.describe("mid-1")["booted"]
    net.repair("mid-1")
    assert client.rows("/system/identity/print")
    assert net.describe("mid-1")["booted"] == booted


def test_a_reboot_with_an_end_stays_away_until_then(net: Network) -> None:
    """Nothing listens meanwhile; a repair ends it early, and uptime counts from there."""
    net.fault("mid-1", kind="reboot", seconds=600)
    with pytest.raises(ConnectionRefusedError):
        net.raw("mid-1")
    net.repair("mid-1")
    assert net.raw("mid-1").rows("/system/resource/print")[0]["uptime"] in {f"{seconds}s" for seconds in range(60)}


def test_renumbering_moves_every_id(net: Network) -> None:
    """Names stay, ids do not."""
    client = net.raw()
    before = {row["name"]: row[".id"] for row in client.rows("/interface/print")}
    net.fault(kind="renumber")
    after = {row["name"]: row[".id"] for row in client.rows("/interface/print")}
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


def test_a_cut_interface_stops_counting_and_answering(net: Network) -> None:
    """It is not running, its bytes stand still and its pings are lost; its neighbours go on."""
    client = net.raw()
    net.fault(kind="cut", interface="vlan10")
    first = {row["name"]: row for row in client.rows("/interface/print")}
    pings = client.rows("/ping", "=address=203.0.113.10", "=count=1", "=interval=20ms")
    second = {row["name"]: row for row in client.rows("/interface/print")}
    assert (first["vlan10"]["running"], first["vlan20"]["running"]) == ("false", "true")
    assert first["vlan10"]["rx-byte"] == second["vlan10"]["rx-byte"]
    assert int(first["vlan20"]["rx-byte"]) < int(second["vlan20"]["rx-byte"])
    assert [row.get("status") for row in pings] == ["timeout"]


def test_a_cut_trunk_takes_its_vlans_along(net: Network) -> None:
    """VLANs on a trunk that is down are down."""
    net.fault(kind="cut", interface="sfp1")
    rows = {row["name"]: row["running"] for row in net.raw().rows("/interface/print")}
    assert (rows["sfp1"], rows["vlan10"], rows["vlan20"], rows["ether 4"]) == ("false", "false", "false", "true")


def test_a_cut_ping_leaves_the_interface_alone(net: Network) -> None:
    """Only the address stops answering."""
    net.fault(kind="cut", ping="203.0.113.10")
    client = net.raw()
    assert client.rows("/ping", "=address=203.0.113.10", "=count=1", "=interval=20ms")[0]["status"] == "timeout"
    assert client.rows("/interface/print", "?name=vlan10")[0]["running"] == "true"


def test_no_password_is_right_any_more(net: Network) -> None:
    """A changed password ends new logins, not the session there is."""
    client = net.raw()
    net.fault(kind="wrong-password")
    with pytest.raises(AssertionError):
        net.raw()
    assert client.rows("/system/identity/print")


def test_a_slow_login_keeps_one_waiting(net: Network) -> None:
    """No answer in time, though the connection is open; an old session does not notice."""
    client = net.raw()
    net.fault(kind="slow-login", delay=30)
    with pytest.raises(TimeoutError):
        net.raw(timeout=0.3)
    assert client.rows("/system/identity/print")


def test_a_scheduled_fault_comes_and_goes_by_itself(net: Network) -> None:
    """A fault with `at` and `until` needs nobody to set or clear it."""
    at = time.time() + 0.3
    until = at + 2
    net.fault(kind="refuse", at=at, until=until)

    def refused() -> bool:
        try:
            RawClient(net.ports["core-1"], 1).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_until(refused, "the device to refuse")
    assert time.time() >= at
    wait_until(lambda: not refused(), "the device to listen again")
    assert time.time() >= until


def test_one_fault_of_several_is_ended(net: Network) -> None:
    """DELETE with a number ends that one only."""
    first = net.fault(kind="cut", interface="vlan10")
    net.fault(kind="cut", interface="vlan20")
    assert requests.delete(f"{net.url}/devices/core-1/faults/{first['number']}", timeout=5).json() == {"ended": 1}
    assert [fault["interface"] for fault in net.describe()["faults"]] == ["vlan20"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"kind": "boom"}, 'unknown fault "boom"; expected one of hang, '),
        ({"kind": "cut"}, "names either `interface` or `ping`"),
        ({"kind": "cut", "interface": "vlan99"}, 'no interface "vlan99" on core-1'),
        ({"kind": "hang", "colour": 1}, 'unknown key "colour"'),
        ({"kind": "hang", "at": 5, "until": 4}, "lies after"),
        ({"kind": "hang", "seconds": "x"}, "seconds: expected a number"),
        ([], "expected a mapping"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(net: Network, fault: object, reason: str) -> None:
    """400 and one line that says what was expected."""
    answer = requests.post(f"{net.url}/devices/core-1/faults", json=fault, timeout=5)
    assert answer.status_code == 400
    assert reason in answer.text


def test_the_page_breaks_and_repairs(net: Network) -> None:
    """A person's form works without a script, another site's does not."""
    form = {"kind": "cut interface vlan10"}
    url = f"{net.url}/devices/core-1/faults"
    assert requests.post(url, data=form, headers={"Origin": "http://example.net"}, timeout=5).status_code == 403
    page = requests.post(url, data=form, headers={"Origin": net.url}, timeout=5)
    assert "cut vlan10" in page.text
    assert "cut vlan10" not in requests.post(f"{url}/clear", timeout=5).text


def test_unknown_devices_are_not_found(net: Network) -> None:
    """404, and readiness is there to wait for."""
    assert requests.get(f"{net.url}/devices/nobody", timeout=5).status_code == 404
    assert requests.get(f"{net.url}/-/ready", timeout=5).status_code == 200


def test_statistics_count_logins_and_commands(net: Network) -> None:
    """A kept session costs no login."""
    before = net.describe("mid-1")
    client = net.raw("mid-1")
    for _ in range(3):
        client.rows("/system/identity/print")
    after = net.describe("mid-1")
    assert after["logins"] - before["logins"] == 1
    assert after["commands"] - before["commands"] == 4
