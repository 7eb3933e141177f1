"""Who of the PPPoE users is connected: told by their sessions, or over SNMP by the names of their interfaces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from devices.snmp.interfaces import IF_NAME
from devices.snmp.queues import INTERFACE_STATS_NAME
from tests.devices.scripted_agent import Cell, Question, agent, octets
from tests.exporter.agents import answer, snmp
from tests.exporter.routers import router
from tests.exporter.served import Samples, circuit, exporter, routeros, tenant, value


def users(*names: str) -> list[dict[str, Any]]:
    return [tenant("t1", *(circuit(name, "core-1", {"pppoe": name}) for name in names))]


def states(got: Samples, *names: str) -> dict[str, float | None]:
    assert all(
        value(got, "isp_circuit_up", circuit=name) == value(got, "isp_circuit_oper_up", circuit=name) for name in names
    )
    return {name: value(got, "isp_circuit_up", circuit=name) for name in names}


def test_a_further_session_is_its_users(tmp_path: Path) -> None:
    """RouterOS numbers a second session's interface, which may be the only one left; another user's is none."""
    interfaces = (
        b"<pppoe-rahim>",
        b"<pppoe-rahim-1>",
        b"<pppoe-karim-1>",
        b"<pppoe-shop-1>",
        b"<pppoe-a-1>",
        b"<pppoe-a-2>",
    )
    names = ("rahim", "karim", "shop", "shop-1", "a", "gone")
    with (
        agent(lambda question: answer(question, *interfaces)) as port,
        exporter(tmp_path, devices=[snmp(port)], tenants=users(*names)) as served,
    ):
        got = served.probe("core-1", timeout=20)
        log = served.log()
    assert states(got, *names) == {"rahim": 1, "karim": 1, "shop": 0, "shop-1": 1, "a": None, "gone": 0}
    read = {name: value(got, "isp_circuit_download_bytes_total", circuit=name) for name in names}
    assert read == {"rahim": 200, "karim": 200, "shop": None, "shop-1": 200, "a": None, "gone": None}
    assert "user 'a' may have any of the interfaces <pppoe-a-1>, <pppoe-a-2>, or none" in log


def test_names_that_end_nowhere_call_nobody_down(tmp_path: Path) -> None:
    """Of a table in circles it is not known who is missing."""

    def script(question: Question) -> Sequence[Cell]:
        if question.oids[0].startswith(IF_NAME):
            return [(f"{IF_NAME}.1", octets(b"<pppoe-rahim>"))]
        return answer(question)

    with agent(script) as port, exporter(tmp_path, devices=[snmp(port)], tenants=users("rahim", "karim")) as served:
        got = served.probe("core-1", timeout=20)
    assert states(got, "rahim", "karim") == {"rahim": None, "karim": None}
    assert value(got, "isp_device_collector_success", collector="pppoe") == 0
    assert value(got, "isp_device_up") == 1


@pytest.mark.parametrize("listed", [[b"ether1", b"<pppoe-rahim>"], []])
def test_interfaces_that_the_standard_table_leaves_out(tmp_path: Path, listed: list[bytes]) -> None:
    """A router with many shows them in its own table alone; whoever is in neither table is cut off."""
    more = {INTERFACE_STATS_NAME: [octets(name) for name in listed]}
    with (
        agent(lambda question: answer(question, b"ether1", more=more)) as port,
        exporter(tmp_path, devices=[snmp(port)], tenants=users("rahim", "karim")) as served,
    ):
        got = served.probe("core-1", timeout=20)
    assert states(got, "rahim", "karim") == {"rahim": 1 if listed else 0, "karim": 0}


def test_a_session_of_the_api_on_a_further_interface(tmp_path: Path) -> None:
    """The API says who is connected, not where: a numbered interface is the user's unless it is another user's own."""
    with router() as device:
        device.interface(1, "<pppoe-rahim-1>", 100, 200)
        device.interface(2, "<pppoe-shop-1>", 100, 200)
        device.tables["/ppp/active/print"] = [
            {"name": name, "service": "pppoe"} for name in ("rahim", "shop", "shop-1")
        ]
        names = ("rahim", "shop", "karim")
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=users(*names)) as served:
            got = served.probe("core-1")
            log = served.log()
    assert states(got, *names) == {"rahim": 1, "shop": 1, "karim": 0}
    read = {name: value(got, "isp_circuit_download_bytes_total", circuit=name) for name in names}
    assert read == {"rahim": 200, "shop": None, "karim": None}
    assert "there is no interface named '<pppoe-shop>'" in log
