"""Agents that drop a question for an object they do not have: the device is there, and the rest of it is read."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from devices.session import Deadline, DeviceTimeout, Interface, System
from devices.snmp import open_snmp
from devices.snmp.interfaces import IF_NAME
from devices.snmp.system import HR_SYSTEM_UPTIME, MTXR_LIC_VERSION, SNMP_ENGINE_TIME, SYS_DESCR, SYS_UP_TIME
from tests.devices.agents import community, device
from tests.devices.scripted_agent import PROTOCOL, SYS_OBJECT_ID, Cell, Question, agent, integer, octets

ENGINES = ("gufo", "pysnmp")
HOST_RESOURCES = "1.3.6.1.2.1.25"
OBJECTS: dict[str, Cell] = {
    oid: (oid, value)
    for oid, value in {
        SYS_DESCR: octets(b"RouterOS RB5009"),
        SYS_OBJECT_ID: PROTOCOL.ObjectIdentifier("1.3.6.1.4.1.14988.1"),
        SYS_UP_TIME: PROTOCOL.TimeTicks(500),
        MTXR_LIC_VERSION: octets(b"7.18.2"),
    }.items()
}
END: Cell = ("1.3.6.1.2.1.99.0", integer(1))


def answer(question: Question) -> Sequence[Cell]:
    """The objects there are; one interface; of anything else that it is not there."""
    if question.rows:
        return [(f"{IF_NAME}.1", octets(b"ether1")), END] if question.oids == [IF_NAME] else [END]
    return [OBJECTS[oid] for oid in question.oids if oid in OBJECTS]


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback answers at once: a fifth of the usual waits keeps these tests quick."""
    monkeypatch.setattr("devices.snmp.engine.FIRST_WAIT_SECONDS", 0.2)
    monkeypatch.setattr("devices.snmp.system.PATIENCE_SECONDS", 0.4)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("silent", [SNMP_ENGINE_TIME, HOST_RESOURCES], ids=["snmpEngineTime", "HOST-RESOURCES-MIB"])
def test_what_an_agent_is_silent_about_costs_itself_alone(engine: str, silent: str) -> None:
    """Identity and boot time are read, the session lives on, and in the end the silent objects are left alone."""
    asked: list[str] = []

    def script(question: Question) -> Sequence[Cell] | None:
        asked.extend(question.oids)
        return None if any(oid.startswith(silent) for oid in question.oids) else answer(question)

    with agent(script) as port:
        session = open_snmp(device(port, community("public", engine=engine)), Deadline(20))
        for _ in range(2 * 4):  # twice for hrSystemUptime, hrProcessorLoad and hrStorageType, and some to spare
            asked.clear()
            system = session.rows(System, Deadline(20))[0]
            assert (system.vendor, system.model, system.cpu) == ("MikroTik", "RB5009", None)
            assert system.boot_time is not None
        assert not [oid for oid in asked if oid.startswith(silent)]
        assert [interface.name for interface in session.rows(Interface, Deadline(20))] == ["ether1"]
        session.close()


@pytest.mark.usefixtures("_impatient")
def test_an_agent_that_is_silent_altogether_is_lost() -> None:
    """Its identity and uptime go unanswered: that is no part one can do without."""

    def script(question: Question) -> Sequence[Cell] | None:
        return answer(question) if question.oids == [SYS_OBJECT_ID] else None

    with agent(script) as port:
        session = open_snmp(device(port, community("public")), Deadline(20))
        with pytest.raises(DeviceTimeout, match="no SNMP answer"):
            session.rows(System, Deadline(1))


def test_an_agent_that_answers_is_asked_for_all_at_once() -> None:
    """What some agents are silent about costs the others no further question."""
    questions: list[Question] = []

    def script(question: Question) -> Sequence[Cell]:
        questions.append(question)
        return answer(question)

    with agent(script) as port:
        session = open_snmp(device(port, community("public")), Deadline(20))
        questions.clear()
        assert session.rows(System, Deadline(20))[0].version == "7.18.2"
        session.close()
    objects = [question.oids for question in questions if not question.is_bulk]
    assert objects == [[SYS_DESCR, SYS_OBJECT_ID, SYS_UP_TIME, HR_SYSTEM_UPTIME, SNMP_ENGINE_TIME, MTXR_LIC_VERSION]]
    assert len(questions) == 3, "besides those, the processors and the memory"
