from __future__ import annotations

import hashlib
import re
import time
from typing import Any

import pytest
from routeros_api.exceptions import RouterOsApiCommunicationError

from tests.simulator.network import PASSWORD, Network


def test_routeros_api_reads_names_and_rising_counters(net: Network) -> None:
    """An independent client sees the exact names, and counters that only rise."""
    resource = net.api().get_resource("/interface")
    first = {row["name"]: row for row in resource.get()}
    time.sleep(0.02)
    second = {row["name"]: row for row in resource.get()}
    assert list(first) == ["sfp1", "vlan10", "vlan20", "ether 4", "<pppoe-user 1>"]
    assert first["vlan10"]["comment"] == 'NTTN "ঢাকা" 😀\nline'
    for name in ("sfp1", "vlan10", "ether 4", "<pppoe-user 1>"):
        assert int(first[name]["rx-byte"]) < int(second[name]["rx-byte"])


def test_a_trunk_carries_the_sum_of_its_vlans(net: Network) -> None:
    """One reading of a trunk is the sum of the same reading of its VLANs."""
    rows = {row["name"]: int(row["rx-byte"]) for row in net.api().get_resource("/interface").get()}
    assert rows["sfp1"] == rows["vlan10"] + rows["vlan20"]


def test_queues_are_pairs_with_upload_first(net: Network) -> None:
    """Limits and counters come as upload/download, and odd names survive as text."""
    rows = net.api().get_resource("/queue/simple").get()
    assert [row["name"] for row in rows] == ["r1001", "yes", "123"]
    assert rows[0]["max-limit"] == "100000000/200000000"
    upload, download = map(int, rows[0]["bytes"].split("/"))
    assert 0 < upload < download


def test_system_and_ppp_are_read(net: Network) -> None:
    """The other directories a monitoring reads have what it needs."""
    api = net.api()
    assert api.get_resource("/system/identity").get() == [{"name": "core-1"}]
    assert api.get_resource("/system/resource").get()[0]["uptime"].startswith("4w2d")
    assert {row["name"] for row in api.get_resource("/system/health").get()} >= {"temperature"}
    assert api.get_resource("/ppp/active").get()[0]["name"] == "user 1"
    assert api.get_resource("/interface").call("print", {"count-only": ""}).done_message == {"ret": "5"}


@pytest.mark.parametrize("device", ["core-1", "old-1", "mid-1"])
def test_each_version_takes_its_login(net: Network, device: str) -> None:
    """Plain since 6.43, challenge before; the client falls back by itself."""
    assert net.api(device).get_resource("/system/identity").get() == [{"name": device}]


def test_the_challenge_is_taken_until_6_45(net: Network) -> None:
    """6.44 still takes the old login, 7.18 refuses it."""
    assert net.api("mid-1", plaintext_login=False)
    with pytest.raises(RouterOsApiCommunicationError, match=r"invalid user name or password \(6\)"):
        net.api("core-1", plaintext_login=False)


@pytest.mark.parametrize("device", ["core-1", "old-1"])
@pytest.mark.parametrize(("user", "password"), [("monitor", "wrong"), ("nobody", PASSWORD), ("nobody", "")])
def test_a_wrong_login_is_refused_and_counted(net: Network, device: str, user: str, password: str) -> None:
    """A wrong password and an unknown user look the same."""
    before = net.describe(device)["login_failures"]
    with pytest.raises(RouterOsApiCommunicationError, match=r"invalid user name or password|cannot log in"):
        net.api(device, username=user, password=password)
    assert net.describe(device)["login_failures"] == before + 1


def test_a_response_cannot_be_replayed(net: Network) -> None:
    """A challenge is good for one answer."""
    client = net.raw("old-1", login=False)
    challenge = client.ask("/login")[0][1].removeprefix("=ret=")
    digest = hashlib.md5(b"\x00" + b"wrong" + bytes.fromhex(challenge)).hexdigest()
    assert client.ask("/login", "=name=monitor", f"=response=00{digest}")[0][1:] == ["=message=cannot log in"]
    right = hashlib.md5(b"\x00" + PASSWORD.encode() + bytes.fromhex(challenge)).hexdigest()
    (again,) = client.ask("/login", "=name=monitor", f"=response=00{right}")
    assert again[1].startswith("=ret=")
    assert again[1] != f"=ret={challenge}"


def test_nothing_is_answered_before_login(net: Network) -> None:
    """A command of a stranger ends the connection with a reason."""
    client = net.raw(login=False)
    assert client.ask("/interface/print") == [["!fatal", "not logged in"]]
    with pytest.raises(ConnectionError):
        client.sentence()


def test_queries_choose_rows(net: Network) -> None:
    """Query words work as the manual says, through the client's own query builder and by hand."""
    resource = net.api().get_resource("/interface")
    assert [row["name"] for row in resource.get(type="vlan")] == ["vlan10", "vlan20"]
    client = net.raw()
    words = ("/interface/print", "=.proplist=name", "?type=vlan", "?name=ether 4", "?#|")
    assert [row["name"] for row in client.rows(*words)] == ["vlan10", "vlan20", "ether 4"]
    assert [row["name"] for row in client.rows("/interface/print", "?type=vlan", "?vlan-id=10", "?#!")] == ["vlan20"]
    assert client.ask("/interface/print", "?#|")[0][0] == "!trap"


def test_proplist_limits_the_words(net: Network) -> None:
    """Only what was asked for is sent; what a row does not have is left out."""
    rows = net.raw().rows("/interface/print", "=.proplist=name,vlan-id,nonsense")
    assert rows[1] == {"name": "vlan10", "vlan-id": "10"}
    assert rows[3] == {"name": "ether 4"}


@pytest.mark.parametrize(("device", "empty"), [("core-1", [["!empty"]]), ("mid-1", [])])
def test_an_empty_print_says_so_since_7_18(net: Network, device: str, empty: list[list[str]]) -> None:
    """`!empty` comes before `!done` on newer versions only."""
    assert net.raw(device).ask("/queue/tree/print") == [*empty, ["!done"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("/interface/frobnicate",), "no such command"),
        (("/nonsense/print",), "no such command prefix"),
        (("/queue/simple/set", "=.id=*FF", "=max-limit=1M/1M"), "no such item"),
        (("/queue/simple/set", "=.id=*1", "=max-limit=fast"), "invalid value for argument max-limit"),
        (("/queue/simple/set", "=.id=*1", "=colour=red"), "unknown parameter colour"),
        (("/ping", "=address=nowhere"), "invalid value for argument address"),
        (("/interface/print", "nonsense"), "unknown parameter"),
    ],
)
def test_what_makes_no_sense_is_trapped(net: Network, words: tuple[str, ...], message: str) -> None:
    """A trap with the router's words, then `!done`, and the session goes on."""
    client = net.raw()
    trap, done = client.ask(*words)
    assert trap[0] == "!trap"
    assert f"=message={message}" in trap
    assert done == ["!done"]
    assert client.rows("/system/identity/print") == [{"name": "core-1"}]


def test_tagged_commands_run_side_by_side(net: Network) -> None:
    """A print is answered while a ping goes on, and `/cancel` ends the ping."""
    client = net.raw()
    client.send("/ping", "=address=203.0.113.10", "=interval=50ms", ".tag=p")
    assert client.sentence()[:2] == ["!re", ".tag=p"]
    client.send("/system/identity/print", ".tag=i")
    seen: list[list[str]] = []
    while not seen or seen[-1] != ["!done", ".tag=i"]:
        seen.append(client.sentence())
    assert ["!re", ".tag=i", "=name=core-1"] in seen
    client.send("/cancel", "=tag=p", ".tag=c")
    while seen[-1] != ["!done", ".tag=c"]:
        seen.append(client.sentence())
    assert ["!trap", ".tag=p", "=category=2", "=message=interrupted"] in seen
    assert ["!done", ".tag=p"] in seen


@pytest.mark.parametrize(("device", "rest"), [("core-1", r"\d+us"), ("old-1", "")])
def test_ping_has_the_shape_of_the_version(net: Network, device: str, rest: str) -> None:
    """Times are microseconds since version 7, whole milliseconds before; one row per reply."""
    api: Any = net.api(device, plaintext_login=device == "core-1")
    rows = api.get_resource("/").call("ping", {"address": "203.0.113.10", "count": "3", "interval": "20ms"})
    assert [row["seq"] for row in rows] == ["0", "1", "2"]
    # One time in a thousand is whole milliseconds by chance.
    assert all(re.fullmatch(rf"(9|8)ms({rest})?", row["time"]) for row in rows)
    assert any(row["time"].endswith("us") for row in rows) == bool(rest)
    assert rows[-1]["received"] == "3"


@pytest.mark.parametrize("address", ["203.0.113.11", "198.51.100.1"])
def test_a_lost_ping_times_out(net: Network, address: str) -> None:
    """A lossy target and an unknown address: status timeout, no time, no RTT in the summary."""
    rows = net.raw().rows("/ping", f"=address={address}", "=count=2", "=interval=20ms")
    assert [row["status"] for row in rows] == ["timeout", "timeout"]
    assert rows[-1]["packet-loss"] == "100"
    assert not {"time", "avg-rtt"} & set(rows[-1])


def test_a_limit_set_by_a_client_holds(net: Network) -> None:
    """A new max-limit is shown, caps the rate, and leaves the counters where they were."""
    client = net.raw("mid-1")
    queue = client.rows("/queue/simple/print", "?name=r1001")[0]
    before = int(queue["bytes"].split("/")[1])
    assert client.ask("/queue/simple/set", f"=.id={queue['.id']}", "=max-limit=64k/128k") == [["!done"]]
    after = client.rows("/queue/simple/print", "?name=r1001")[0]
    assert after["max-limit"] == "64000/128000"
    assert after["rate"] == "64000/128000"
    assert before <= int(after["bytes"].split("/")[1]) < before + 50_000_000


def test_latin_1_names_go_out_as_latin_1(net: Network) -> None:
    """A router whose texts are not UTF-8 sends the bytes it has."""
    client = net.raw("latin-1")
    client.send("/interface/print", "=.proplist=name")
    assert b"=name=Z\xfcrich" in client.socket.recv(4096)
