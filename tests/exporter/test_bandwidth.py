"""Bandwidth gauges over HTTP: there where two readings compare, away where they do not."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from devices.snmp.interfaces import (
    IF_HC_IN_OCTETS,
    IF_HC_OUT_OCTETS,
    IF_IN_OCTETS,
    IF_NAME,
    IF_OPER_STATUS,
    IF_OUT_OCTETS,
)
from tests.devices.scripted_agent import PROTOCOL, Cell, Question, Script, agent, identify, integer, octets
from tests.exporter.routers import router
from tests.exporter.served import circuit, exporter, link, routeros, tenant, value
from tests.harness import fixture_path


def switch(port: int) -> dict[str, Any]:
    settings = {"version": "2c", "community": "public"}
    return {"id": "agg-1", "driver": "snmp", "host": "127.0.0.1", "port": port, "snmp": settings}


def one_row(cells: Mapping[str, Any]) -> Script:
    """An agent with one interface of these columns: what stands there when it is asked."""

    def answer(question: Question) -> Sequence[Cell]:
        if not question.is_bulk:
            return identify(question) or []
        column, end = question.oids[0], ("1.3.6.1.2.1.99.0", integer(1))
        return [(f"{column}.1", cells[column]), end] if column in cells else [end]

    return answer


def test_rates_stay_away_where_counters_do_not_compare(tmp_path: Path) -> None:
    """A counter that went back, a row with a new id and a restarted router show no bandwidth, then go on."""
    circuits = [circuit(name, "core-1", {"interface": name}) for name in ("steady", "reset", "renumbered")]
    with (
        router() as device,
        exporter(tmp_path, devices=[routeros("core-1", device.port)], tenants=[tenant("t1", *circuits)]) as served,
    ):

        def bandwidths() -> list[bool]:
            assert served.reload().status_code == 200  # a reading of its own, however soon
            got = served.probe("core-1")
            names = ("steady", "reset", "renumbered")
            gauge = "isp_circuit_bandwidth_bits_per_second"
            return [value(got, gauge, circuit=name, direction="download") is not None for name in names]

        def count(number: int, *, reset: int, renumbered: int) -> None:
            device.interface(1, "steady", number, number)
            device.interface(2, "reset", reset, reset)
            device.interface(renumbered, "renumbered", number, number)

        count(1000, reset=1000, renumbered=3)
        assert bandwidths() == [False, False, False]
        count(2000, reset=10, renumbered=7)
        assert bandwidths() == [True, False, False]
        count(3000, reset=20, renumbered=7)
        assert bandwidths() == [True, True, True]
        device.tables["/system/resource/print"][0]["uptime"] = "30s"
        count(4000, reset=30, renumbered=7)
        assert bandwidths() == [False, False, False], "counters that passed their old values after a restart"
        device.tables["/system/resource/print"][0]["uptime"] = "31s"
        count(5000, reset=40, renumbered=7)
        assert bandwidths() == [True, True, True]


def test_a_circuit_turned_round_shows_nothing_for_a_while(tmp_path: Path) -> None:
    """Another `faces` swaps what is download and upload: the other way's counter is neither rate nor total of it."""
    with router() as device:
        device.interface(1, "sfp1", 10**12, 10**13)
        turned = [circuit("c1", "core-1", {"interface": "sfp1"}, faces=faces) for faces in ("customer", "upstream")]
        devices = [routeros("core-1", device.port)]
        with exporter(tmp_path, devices=devices, tenants=[tenant("t1", turned[0])]) as served:
            assert value(served.probe("core-1"), "isp_circuit_download_bytes_total", circuit="c1") == 10**13
            served.write(devices=devices, tenants=[tenant("t1", turned[1])])
            served.reload()
            got = served.probe("core-1")
    names = {name for name, _ in got}
    assert "isp_circuit_bandwidth_bits_per_second" not in names
    assert not {"isp_circuit_download_bytes_total", "isp_circuit_upload_bytes_total"} & names


def test_what_moves_to_another_counter_shows_no_total_until_it_is_back(tmp_path: Path) -> None:
    """A circuit or VLAN put on another interface, or on a queue: rate() would take the difference for traffic."""
    ports = {"ether5": 4 * 10**12, "ether7": 9 * 10**12}
    with router() as device:
        for number, (port, count) in enumerate(ports.items(), start=1):
            device.interface(number, port, count, count)
        device.queue(1, "q9", 8 * 10**12, 8 * 10**12)
        device.queue(2, "new", 1000, 1000)
        devices = [routeros("core-1", device.port)]

        def sections(attach: dict[str, str], port: str) -> dict[str, Any]:
            tenants = [tenant("t1", circuit("c1", "core-1", attach))]
            return {"devices": devices, "tenants": tenants, "links": [link("nttn", (10, "core-1", port))]}

        def totals(attach: dict[str, str], port: str) -> tuple[float | None, float | None]:
            served.write(**sections(attach, port))
            assert served.reload().status_code == 200
            got = served.probe("core-1")
            return value(got, "isp_circuit_download_bytes_total"), value(got, "isp_vlan_receive_bytes_total")

        with exporter(tmp_path, **sections({"interface": "ether5"}, "ether5")) as served:
            assert totals({"interface": "ether5"}, "ether5") == (4 * 10**12, 4 * 10**12)
            assert totals({"interface": "ether7"}, "ether7") == (None, None)
            got = served.probe("core-1")
            assert value(got, "isp_circuit_oper_up") == value(got, "isp_vlan_up") == 1, "all else is there"
            assert value(got, "isp_device_collector_success", collector="vlans") == 0
            assert totals({"queue": "q9"}, "ether7") == (None, None)
            assert value(served.probe("core-1"), "isp_circuit_limit_bits_per_second", direction="download") == 200e6
            assert totals({"interface": "ether5"}, "ether5") == (4 * 10**12, 4 * 10**12), "the old counter goes on"
            assert totals({"queue": "new"}, "ether5") == (1000, 4 * 10**12), "one that begins near 0 is a plain reset"
        assert "circuit c1: its bytes come from another counter than before" in served.log()


def test_a_shared_reading_moves_no_rate(tmp_path: Path) -> None:
    """Answering twice from one reading leaves the counters' memory alone."""
    nttn = link("nttn", (10, "core-1", "vlan10"))
    with router() as device:
        device.interface(1, "vlan10", 0, 0)
        with exporter(tmp_path, devices=[routeros("core-1", device.port)], links=[nttn]) as served:
            first = served.get("/probe?target=core-1").text
            device.interface(1, "vlan10", 8000, 8000)
            assert served.get("/probe?target=core-1").text == first
            served.reload()
            got = served.probe("core-1")
    assert (value(got, "isp_vlan_bandwidth_bits_per_second", direction="receive") or 0) > 0


def test_a_recorded_router_whose_counters_overtook_their_old_values(tmp_path: Path) -> None:
    """Six readings of one router; before the sixth it restarted, and its counters are already past the old ones."""
    samples = json.loads(fixture_path("routeros/v7_rest_interface_print_6_samples.json").read_text(encoding="utf-8"))
    vlans = link("nttn", (10, "core-1", "ether1"), (20, "core-1", "ether2"))
    gauge = "isp_vlan_bandwidth_bits_per_second"
    rates: list[list[float | None]] = []
    with router() as device, exporter(tmp_path, devices=[routeros("core-1", device.port)], links=[vlans]) as served:
        began = time.monotonic()
        for number, sample in enumerate(samples):
            device.tables["/interface/print"] = sample["interface_print"]
            device.tables["/system/resource/print"][0]["uptime"] = "20s" if number == 5 else f"1h{number}s"
            got = served.probe("core-1")
            rates.append([value(got, gauge, vlan=vlan, direction="transmit") for vlan in ("10", "20")])
            served.reload()
        at_most = time.monotonic() - began
    counted = [int(row["tx-byte"]) for s in samples for row in s["interface_print"] if row["name"] == "ether1"]
    assert rates[0] == rates[5] == [None, None]
    for (rate, other), before, after in zip(rates[1:5], counted, counted[1:], strict=False):
        assert rate is not None
        assert rate >= (after - before) * 8 / at_most
        assert other is not None
    assert counted[5] > counted[4], "which is why the counter alone would not have told"


def test_another_router_under_the_same_id_shows_no_total_at_first(tmp_path: Path) -> None:
    """Its counters are others, whatever they are called; other settings of the same router cost nothing."""
    nttn, name = link("nttn", (10, "core-1", "vlan10")), "isp_vlan_receive_bytes_total"
    with router() as old, router() as new:
        old.interface(1, "vlan10", 4 * 10**12, 0)
        new.interface(1, "vlan10", 9 * 10**12, 0)
        with exporter(tmp_path, devices=[routeros("core-1", old.port)], links=[nttn]) as served:
            assert value(served.probe("core-1"), name) == 4 * 10**12
            served.write(devices=[routeros("core-1", old.port, timeout_seconds=3)], links=[nttn])
            served.reload()
            assert value(served.probe("core-1"), name) == 4 * 10**12
            served.write(devices=[routeros("core-1", new.port)], links=[nttn])
            served.reload()
            got = served.probe("core-1")
    assert (value(got, name), value(got, "isp_device_up")) == (None, 1)


def test_a_reading_without_64_bit_counters_shows_no_total(tmp_path: Path) -> None:
    """The 32-bit counter would be the low half of what was shown before: absent, said, and over with that reading."""
    cells = {IF_NAME: octets(b"vlan10"), IF_OPER_STATUS: integer(1)}
    cells |= {IF_IN_OCTETS: PROTOCOL.Counter32(10**9), IF_OUT_OCTETS: PROTOCOL.Counter32(10**9)}
    wide = {IF_HC_IN_OCTETS: PROTOCOL.Counter64(9 * 10**12), IF_HC_OUT_OCTETS: PROTOCOL.Counter64(9 * 10**12)}
    cells |= wide

    nttn = link("nttn", (10, "agg-1", "vlan10"))
    with agent(one_row(cells)) as port, exporter(tmp_path, devices=[switch(port)], links=[nttn]) as served:

        def read() -> tuple[float | None, float | None]:
            served.reload()
            got = served.probe("agg-1")
            success = value(got, "isp_device_collector_success", collector="vlans")
            return value(got, "isp_vlan_receive_bytes_total"), success

        assert read() == (9 * 10**12, 1)
        for column in wide:
            del cells[column]
        assert read() == (None, 0)
        cells |= wide
        assert read() == (9 * 10**12, 1)


def test_32_bits_that_may_have_gone_round_twice_show_no_total(tmp_path: Path) -> None:
    """So wide a VLAN goes round between two readings: rate() would make too little of it, and no alert would fire."""
    cells = {IF_NAME: octets(b"vlan10"), IF_OPER_STATUS: integer(1)}
    cells |= {IF_IN_OCTETS: PROTOCOL.Counter32(7), IF_OUT_OCTETS: PROTOCOL.Counter32(7)}
    nttn = link("nttn", (10, "agg-1", "vlan10"))
    nttn["vlans"][0]["capacity_mbps"] = 100_000_000  # the readings of a test follow each other within a millisecond
    with agent(one_row(cells)) as port, exporter(tmp_path, devices=[switch(port)], links=[nttn]) as served:
        served.probe("agg-1")
        served.reload()
        got = served.probe("agg-1")
        assert "the device needs 64-bit counters" in served.log()
    assert not {"isp_vlan_receive_bytes_total", "isp_vlan_transmit_bytes_total"} & {name for name, _ in got}
    assert value(got, "isp_vlan_up") == 1


def test_a_counter_of_32_bits_goes_on_where_it_goes_round(tmp_path: Path) -> None:
    """What increase() adds up loses nothing at the end of 32 bits, and a reset stays one: the counter falls."""
    end = 2**32
    read = (end - 1500, end - 500, 500, 90_500, end - 10_500, end - 500, 700, 90_700, 300, 400)

    cells = {IF_NAME: octets(b"vlan10"), IF_OPER_STATUS: integer(1), IF_OUT_OCTETS: PROTOCOL.Counter32(7)}
    nttn = link("nttn", (10, "agg-1", "vlan10"))
    with agent(one_row(cells)) as port, exporter(tmp_path, devices=[switch(port)], links=[nttn]) as served:
        totals = []
        for count in read:
            cells[IF_IN_OCTETS] = PROTOCOL.Counter32(count)
            got = served.probe("agg-1")
            totals.append(value(got, "isp_vlan_receive_bytes_total", vlan="10"))
            assert value(got, "isp_vlan_transmit_bytes_total", vlan="10") == 7
            served.reload()
    assert totals[:3] == [end - 1500, end - 500, end + 500], "it goes on by what was counted"
    assert totals[3:6] == [90_000, end - 11_000, end - 1000], "and from there on counts from 0"
    assert totals[6:8] == [end + 200, 90_000], "as often as it goes round"
    assert totals[8:] == [300, 400], "a reset"
    steps = [now - before if now >= before else now for before, now in pairwise(map(int, filter(None, totals)))]
    assert sum(steps[:7]) == 2 * end + 90_700 - (end - 1500)
