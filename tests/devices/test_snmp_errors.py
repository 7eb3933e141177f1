"""Agents that answer with an error-status: told as what it is, never taken for a table that has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import encoder

from devices.session import BadReply, Deadline, Interface, PppoeSession, Queue, R, System
from devices.snmp import open_snmp
from devices.snmp.error_status import HEAD_BYTES, error_status
from devices.snmp.interfaces import IF_ALIAS, IF_HC_IN_OCTETS, IF_HC_OUT_OCTETS, IF_IN_OCTETS, IF_NAME, IF_OUT_OCTETS
from devices.snmp.system import MTXR_LIC_VERSION, SNMP_ENGINE_TIME, SYS_DESCR, SYS_UP_TIME
from inventory.models import SnmpSettings
from tests.devices.agents import community, device, user
from tests.devices.scripted_agent import PROTOCOL, Cell, Question, agent, identify, integer, octets, refusal
from tests.simulator.network import Network, network

ENGINES = ("gufo", "pysnmp")
TOO_BIG, NO_SUCH_NAME, GEN_ERR = 1, 2, 5
END: Cell = ("1.3.6.1.2.1.99.0", integer(1))

Answer = Sequence[Cell] | Sequence[bytes] | None


def read(port: int, kind: type[R], settings: SnmpSettings) -> list[R]:
    session = open_snmp(device(port, settings), Deadline(20))
    try:
        return list(session.rows(kind, Deadline(20)))
    finally:
        session.close()


def column_of(question: Question, column: str, values: Sequence[Any]) -> Sequence[Cell] | None:
    """The rows of `column` after the one asked for, as many as asked for; None where another is asked for."""
    asked = question.oids[0]
    if asked != column and not asked.startswith(f"{column}."):
        return None
    last = int(asked.removeprefix(column).removeprefix(".") or 0)
    rows = [(f"{column}.{i}", value) for i, value in enumerate(values, start=1) if i > last]
    return [*rows, END][: max(question.rows, 1)]


def names_of(question: Question, count: int) -> Sequence[Cell]:
    return column_of(question, IF_NAME, [octets(b"vlan%d" % i) for i in range(1, count + 1)]) or [END]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("after", [0, 50], ids=["first page", "second page"])
@pytest.mark.parametrize("kind", [Interface, PppoeSession])
def test_an_error_is_not_the_end_of_a_table(engine: str, after: int, kind: type[R]) -> None:
    """An error for the names is no device without these interfaces, whichever page it comes on."""
    failing = f"{IF_NAME}.{after}" if after else IF_NAME

    def script(question: Question) -> Answer:
        if question.oids == [failing]:
            return refusal(question, GEN_ERR)
        return identify(question) or names_of(question, 60)

    with agent(script) as port, pytest.raises(BadReply, match="genErr"):
        read(port, kind, community("public", engine=engine))


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_too_big_is_asked_for_in_smaller_pages(engine: str) -> None:
    """An agent that says tooBig, where others are silent, gives all rows in small pages."""

    def script(question: Question) -> Answer:
        if question.rows > 10:
            return refusal(question, TOO_BIG)
        return identify(question) or names_of(question, 60)

    with agent(script) as port:
        assert len(read(port, Interface, community("public", engine=engine))) == 60


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_always_too_big_is_an_error(engine: str) -> None:
    """Where not even one row fits, the reading fails and says why."""
    with (
        agent(lambda question: identify(question) or refusal(question, TOO_BIG)) as port,
        pytest.raises(BadReply, match="tooBig"),
    ):
        read(port, Interface, community("public", engine=engine))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_column_that_fails_costs_itself_alone(engine: str) -> None:
    """Without aliases and 64-bit counters the interfaces are still read, with those of 32 bits."""

    def script(question: Question) -> Answer:
        if question.oids[0].startswith((IF_ALIAS, IF_HC_IN_OCTETS, IF_HC_OUT_OCTETS)):
            return refusal(question, GEN_ERR)
        narrow = (column_of(question, oid, [PROTOCOL.Counter32(7)]) for oid in (IF_IN_OCTETS, IF_OUT_OCTETS))
        return identify(question) or next(filter(None, narrow), None) or names_of(question, 1)

    with agent(script) as port:
        rows = read(port, Interface, community("public", engine=engine))
    assert rows == [Interface(key="1", name="vlan1", receive_bytes=7, transmit_bytes=7, counter_bits=32)]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("status", [TOO_BIG, NO_SUCH_NAME, GEN_ERR])
def test_one_object_that_fails_does_not_hide_the_others(engine: str, status: int) -> None:
    """Refused because of one of them, the objects are asked for one at a time."""
    objects = {
        SYS_DESCR: octets(b"RouterOS RB5009"),
        SYS_UP_TIME: PROTOCOL.TimeTicks(500),
        MTXR_LIC_VERSION: octets(b"7.18.2"),
    }

    def script(question: Question) -> Answer:
        if len(question.oids) > 1 or question.oids == [SNMP_ENGINE_TIME]:
            return refusal(question, status)
        value = objects.get(question.oids[0])
        return identify(question) or ([(question.oids[0], value)] if value is not None else [END])

    with agent(script) as port:
        system = read(port, System, community("public", engine=engine))[0]
    assert (system.vendor, system.model, system.version) == ("MikroTik", "RB5009", "7.18.2")
    assert system.boot_time is not None


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    login = {"name": "u", "auth_protocol": "SHA256", "auth_key": "authauth1"}
    login |= {"privacy_protocol": "AES128", "privacy_key": "privpriv1"}
    switch = {"id": "switch", "kind": "snmp", "community": "public", "snmp_users": [login]}
    ports = [{"name": f"ge-0/0/{port}", "traffic": {"mean": "1M"}} for port in range(3)]
    switch |= {"interfaces": ports, "queues": [{"name": "guest", "traffic": {"mean": "1M"}}]}
    with network(tmp_path_factory.mktemp("network"), [switch]) as running:
        yield running


def every_version(engine: str) -> list[SnmpSettings]:
    private = user("u", ("SHA256", "authauth1"), ("AES128", "privpriv1"), engine=engine)
    return [*(community("public", version=version, engine=engine) for version in ("1", "2c")), private]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("version", range(3), ids=["1", "2c", "3"])
def test_an_error_is_told_from_the_end_in_every_version(net: Network, engine: str, version: int) -> None:
    """Version 1 says both by an error-status, and version 3 encrypts it: one gives the rows, the other fails."""
    settings = every_version(engine)[version]
    queues = read(net.ports["switch"], Queue, settings)  # the last table the agent has
    assert [queue.name for queue in queues] == ["guest"]
    net.fault("switch", kind="error")
    try:
        with pytest.raises(BadReply, match="answered with an error"):
            read(net.ports["switch"], Interface, settings)
        assert read(net.ports["switch"], System, settings)[0].vendor == "MikroTik"
    finally:
        net.repair("switch")
    assert len(read(net.ports["switch"], Interface, settings)) == 3


@given(st.integers(0, 2**31 - 1), st.integers(0, 255), st.binary(max_size=255), st.integers(0, 60))
def test_the_status_of_any_response(request_id: int, status: int, name: bytes, cells: int) -> None:
    """Whatever lies before and behind it, the status is what was put in, in as many bytes as are looked at."""
    pdu = PROTOCOL.GetResponsePDU()
    PROTOCOL.apiPDU.set_defaults(pdu)
    PROTOCOL.apiPDU.set_request_id(pdu, request_id)
    pdu.setComponentByPosition(1, status, verifyConstraints=False)
    PROTOCOL.apiPDU.set_varbinds(pdu, [(PROTOCOL.ObjectIdentifier(IF_NAME), octets(b"x" * 40))] * cells)
    message = PROTOCOL.Message()
    PROTOCOL.apiMessage.set_defaults(message)
    PROTOCOL.apiMessage.set_community(message, name)
    PROTOCOL.apiMessage.set_pdu(message, pdu)
    assert error_status(encoder.encode(message)[:HEAD_BYTES]) == status


@given(st.binary(max_size=HEAD_BYTES))
def test_no_datagram_breaks_the_reader(datagram: bytes) -> None:
    """Whatever comes, a status is a number."""
    assert error_status(datagram) >= 0
