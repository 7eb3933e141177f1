"""Agents that lose, repeat, garble, circle and lie: every reading ends, with what can be had or the reason."""

import random
import socket
import time
from collections.abc import Sequence

import pytest

from devices.session import BadReply, ConnectionLost, Deadline, DeviceTimeout, Interface, PppoeSession, Unreachable
from devices.snmp import open_snmp
from devices.snmp.interfaces import IF_DESCR, IF_NAME, IF_OPER_STATUS
from tests.devices.agents import community, device
from tests.devices.scripted_agent import Cell, Question, agent, identify, integer, octets, reply
from tests.harness import free_port

ENGINES = ("gufo", "pysnmp")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback answers at once: a tenth of the usual wait keeps these tests quick."""
    monkeypatch.setattr("devices.snmp.engine.FIRST_WAIT_SECONDS", 0.1)


def names_of(question: Question, names: dict[int, bytes]) -> Sequence[Cell]:
    """The rows of ifName after the one asked for, then a row of another column; no other column has rows."""
    asked = question.oids[0]
    rows: list[Cell] = []
    if asked == IF_NAME or asked.startswith(f"{IF_NAME}."):
        last = int(asked.removeprefix(IF_NAME).removeprefix(".") or 0)
        rows = [(f"{IF_NAME}.{i}", octets(name)) for i, name in names.items() if i > last]
    return [*rows, ("1.3.6.1.2.1.99.0", integer(1))][: max(question.rows, 1)]


def read_names(port: int, engine: str, seconds: float = 20.0) -> list[str | None]:
    session = open_snmp(device(port, community("public", engine=engine)), Deadline(seconds))
    try:
        return [interface.name for interface in session.rows(Interface, Deadline(seconds))]
    finally:
        session.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_lost_datagram_is_asked_for_again(engine: str) -> None:
    """Every first question is lost on the way: the second try brings all rows."""

    def lossy(question: Question) -> Sequence[Cell] | None:
        if question.oids in (["1.3.6.1.2.1.1.2.0"], [IF_NAME]) and question.seen_before == 0:
            return None
        return identify(question) or names_of(question, {1: b"ether1", 2: b"ether2"})

    with agent(lossy) as port:
        assert read_names(port, engine) == ["ether1", "ether2"]


@pytest.mark.parametrize("engine", ENGINES)
def test_large_answers_that_never_arrive_are_asked_for_in_small_ones(engine: str) -> None:
    """A path that drops fragments: only pages of up to 10 rows come back."""

    def small_pages(question: Question) -> Sequence[Cell] | None:
        if question.rows > 10 and question.oids[0] == IF_NAME:
            return None
        return identify(question) or names_of(question, {i: b"vlan%d" % i for i in range(1, 31)})

    with agent(small_pages) as port:
        assert len(read_names(port, engine)) == 30


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_in_circles_ends(engine: str) -> None:
    """An agent whose OIDs do not increase: what it has is read once."""

    def circle(question: Question) -> Sequence[Cell] | None:
        if question.oids[0] == IF_NAME or question.oids[0].startswith(f"{IF_NAME}."):
            return [(f"{IF_NAME}.{i}", octets(b"ether%d" % i)) for i in (3, 1, 2)]
        return identify(question) or names_of(question, {})

    with agent(circle) as port:
        assert sorted(name or "" for name in read_names(port, engine)) == ["ether1", "ether2", "ether3"]
        session = open_snmp(device(port, community("public", engine=engine)), Deadline(10))
        with pytest.raises(BadReply, match="repeats itself"):  # a user that is not among them is not cut off
            session.rows(PppoeSession, Deadline(10))
        session.close()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_without_end_stops_at_the_deadline(engine: str) -> None:
    """An agent that makes up rows for ever costs the deadline and no more."""

    def endless(question: Question) -> Sequence[Cell] | None:
        if question.oids[0].startswith(f"{IF_DESCR}.") or question.oids[0] == IF_DESCR:
            index = int(question.oids[0].removeprefix(IF_DESCR).removeprefix(".") or 0)
            return [(f"{IF_DESCR}.{index + i + 1}", octets(b"x")) for i in range(question.rows)]
        return identify(question) or names_of(question, {})

    with agent(endless) as port:
        session = open_snmp(device(port, community("public", engine=engine)), Deadline(10))
        started = time.monotonic()
        with pytest.raises(DeviceTimeout):
            session.rows(Interface, Deadline(1))
        assert time.monotonic() - started < 6
        with pytest.raises(ConnectionLost, match="closed"):
            session.rows(Interface, Deadline(1))


@pytest.mark.parametrize("engine", ENGINES)
def test_cells_of_another_type_cost_only_themselves(engine: str) -> None:
    """A number where a name should be, text where a state should be: the row stays, the cell is absent."""

    def mixed(question: Question) -> Sequence[Cell] | None:
        below = question.oids[0]
        rows: dict[str, list[Cell]] = {
            IF_NAME: [(f"{IF_NAME}.1", integer(7)), (f"{IF_NAME}.2", octets(b"ether\xff2"))],
            IF_OPER_STATUS: [(f"{IF_OPER_STATUS}.1", octets(b"up")), (f"{IF_OPER_STATUS}.2", integer(1))],
        }
        end: Cell = ("1.3.6.1.2.1.99.0", integer(1))
        return identify(question) or [*rows.get(below, []), end]

    with agent(mixed) as port:
        session = open_snmp(device(port, community("public", engine=engine)), Deadline(10))
        rows = session.rows(Interface, Deadline(10))
        session.close()
    assert [(row.key, row.name, row.up) for row in rows] == [("1", None, None), ("2", "ether\udcff2", True)]


@pytest.mark.parametrize("engine", ENGINES)
def test_datagrams_nobody_asked_for_are_passed_over(engine: str) -> None:
    """Garbage and an answer to another question arrive first; the true answer still counts."""

    def noisy(question: Question) -> Sequence[Cell] | Sequence[bytes] | None:
        cells = identify(question)
        if cells is None:
            return names_of(question, {1: b"ether1"})
        stray = reply(question, [("1.3.6.1.2.1.1.2.0", octets(b"forged"))], request_id=1)
        return [b"\x00garbage", stray, reply(question, cells)]

    with agent(noisy) as port:
        assert read_names(port, engine) == ["ether1"]


@pytest.mark.parametrize("engine", ENGINES)
def test_any_noise_is_passed_over(engine: str) -> None:
    """Random datagrams, some of which break the engine's decoder: the true answer behind them still counts."""
    noise = random.Random(1)

    def noisy(question: Question) -> Sequence[Cell] | Sequence[bytes]:
        cells = identify(question) or names_of(question, {1: b"ether1"})
        return [*(noise.randbytes(noise.randrange(1, 200)) for _ in range(200)), reply(question, cells)]

    with agent(noisy) as port:
        assert read_names(port, engine) == ["ether1"]


def test_garbage_only_is_a_timeout_that_says_so() -> None:
    """An agent that never answers in SNMP is told from one that is silent."""
    with agent(lambda _: [b"\x00garbage"]) as port, pytest.raises(DeviceTimeout, match="not SNMP"):
        open_snmp(device(port, community("public")), Deadline(0.5))


@pytest.mark.parametrize("engine", ENGINES)
def test_silence_names_all_it_may_mean(engine: str) -> None:
    """A wrong community and a dead host look the same, and the message says so."""
    with agent(lambda _: None) as port:
        started = time.monotonic()
        with pytest.raises(DeviceTimeout, match=r"host is down.*community"):
            open_snmp(device(port, community("wrong", engine=engine)), Deadline(0.5))
        assert time.monotonic() - started < 5


def test_an_agent_that_answers_from_another_address() -> None:
    """As routers with several do: the fast engine hears nothing and says what to try, which works."""

    def script(question: Question) -> Sequence[Cell]:
        return identify(question) or names_of(question, {1: b"ether1"})

    with agent(script, answers_from="127.0.0.2") as port:
        with pytest.raises(DeviceTimeout, match=r"another address.*engine: pysnmp"):
            read_names(port, "gufo", seconds=0.5)
        assert read_names(port, "pysnmp") == ["ether1"]


def test_a_trickle_of_stray_answers_does_not_stretch_the_deadline() -> None:
    """Datagrams that keep coming but never answer hold nobody longer than the deadline."""

    def trickle(question: Question) -> Sequence[bytes]:
        return [reply(question, [("1.3.6.1.2.1.1.2.0", integer(1))], request_id=n) for n in range(1, 200)]

    with agent(trickle) as port, pytest.raises(DeviceTimeout):
        open_snmp(device(port, community("public")), Deadline(0.5))


def test_no_agent_on_the_port_is_unreachable_at_once() -> None:
    """The host says that nothing listens: no need to wait for the deadline."""
    with pytest.raises(Unreachable, match="refused"):
        open_snmp(device(free_port(), community("public")), Deadline(20))


def test_an_agent_that_stopped_ends_the_session() -> None:
    """A host that refuses what its agent answered before costs the session, so that nobody takes it for alive."""
    with agent(lambda question: identify(question) or names_of(question, {1: b"ether1"})) as port:
        session = open_snmp(device(port, community("public")), Deadline(10))
        assert len(session.rows(Interface, Deadline(10))) == 1
    with pytest.raises(ConnectionLost, match="refused"):
        session.rows(Interface, Deadline(10))
    with pytest.raises(ConnectionLost, match="closed"):
        session.rows(Interface, Deadline(10))


def test_a_silent_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name whose first address goes nowhere, as IPv6 often does: the second one is asked within the deadline."""
    with agent(identify) as port, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.2", port))
        found = [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)  # the system's answer for such a name
        session = open_snmp(device(port, community("public"), host="switch.example.net"), Deadline(2))
        session.close()
