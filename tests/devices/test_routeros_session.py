"""The routeros driver against routers that behave and routers that do not, over real sockets."""

import logging
import socket
import threading
import time

import pytest

from devices.routeros import open_routeros
from devices.session import (
    BadReply,
    ConnectionLost,
    Deadline,
    DeviceError,
    DeviceTimeout,
    Interface,
    LoginFailed,
    PppoeSession,
    Queue,
    System,
    Unreachable,
    Unsupported,
)
from tests.devices.scripted import (
    DONE,
    PASSWORD,
    Script,
    answering,
    device,
    joined,
    read_sentence,
    router,
    row,
    sentence,
)
from tests.harness import free_port


def test_one_login_serves_many_readings() -> None:
    """A session is opened once and then asked again and again."""
    queues = joined([row(_id="*1", name="r1", bytes="1/2", max_limit="10M/20M", dropped="0/3", disabled="false")])
    with router(answering(queues, queues)) as port:
        session = open_routeros(device(port), Deadline(5))
        first, second = session.rows(Queue, Deadline(5)), session.rows(Queue, Deadline(5))
        session.close()
    assert (
        first
        == second
        == [
            Queue(
                key="*1",
                name="r1",
                upload_bytes=1,
                download_bytes=2,
                upload_limit=10_000_000,
                download_limit=20_000_000,
                upload_drops=0,
                download_drops=3,
                disabled=False,
            )
        ]
    )


def test_names_survive_as_the_router_holds_them() -> None:
    """`yes`, `123`, emoji, quotes, newlines and bytes of another code page come through unchanged."""
    names = ["yes", "123", "0x10", "\N{ROCKET} uplink", 'a "quoted" / name', "two\nlines", "x" * 300]
    broken = b"\x03!re\x06=.id=*\x09=name=\xff\xfeA\x00".replace(b"\x06=.id=*", b"\x07=.id=*9")
    answer = joined([*(row(_id=f"*{i}", name=name) for i, name in enumerate(names)), broken])
    with router(answering(answer)) as port:
        session = open_routeros(device(port), Deadline(5))
        read = [interface.name for interface in session.rows(Interface, Deadline(5))]
        session.close()
    assert read == [*names, "\udcff\udcfeA"]


def test_a_table_the_router_does_not_have_is_unsupported_and_the_session_lives() -> None:
    """`no such command` says there is nothing to read; the next table still is."""
    trap = sentence("!trap", "=category=0", "=message=no such command prefix") + DONE
    active = joined([row(name="user1", service="pppoe"), row(name="vpn", service="l2tp")])
    with router(answering(trap, active)) as port:
        session = open_routeros(device(port), Deadline(5))
        with pytest.raises(Unsupported, match="no such command prefix"):
            session.rows(Interface, Deadline(5))
        assert session.rows(PppoeSession, Deadline(5)) == [PppoeSession("user1", None)]
        session.close()


def test_another_trap_is_a_bad_reply_with_the_routers_words() -> None:
    """A refusal is reported as the router put it, and read to its end even when rows came before."""
    trap = row(_id="*1") + sentence("!trap", "=message=not enough permissions (9)") + DONE
    with router(answering(trap, joined([]))) as port:
        session = open_routeros(device(port), Deadline(5))
        with pytest.raises(BadReply, match=r"not enough permissions \(9\).*policies"):
            session.rows(Interface, Deadline(5))
        assert session.rows(Interface, Deadline(5)) == []
        session.close()


def test_what_the_protocol_may_grow_is_passed_over() -> None:
    """`!empty` (RouterOS 7.18), empty sentences and words that are no attribute do not disturb."""
    answer = (
        b"\0\0" + sentence("!empty") + sentence("!re", ".tag=7", "stray", "=.id=*1", "=name", "=running=true") + DONE
    )
    with router(answering(answer)) as port:
        session = open_routeros(device(port), Deadline(5))
        assert session.rows(Interface, Deadline(5)) == [Interface(key="*1", name="", up=True)]
        session.close()


def test_a_wrong_password_is_said_without_the_password() -> None:
    """The router's refusal is quoted; the secret is in neither text nor log."""

    def refuse(conn: socket.socket) -> None:
        read_sentence(conn)
        conn.sendall(sentence("!trap", "=message=invalid user name or password (6)") + DONE)
        conn.recv(1)

    with router(refuse) as port, pytest.raises(LoginFailed, match=r"invalid user name or password") as caught:
        open_routeros(device(port), Deadline(5))
    assert PASSWORD not in str(caught.value)


def test_a_router_that_repeats_our_login_does_not_spread_it() -> None:
    """Whatever answers on the port may say our own words back; the password is taken out of them."""

    def parrot(conn: socket.socket) -> None:
        words = read_sentence(conn)
        conn.sendall(joined([sentence("!trap", f"=message=bad command {' '.join(words)}")]))
        conn.recv(1)

    with router(parrot) as port, pytest.raises(LoginFailed) as refused:
        open_routeros(device(port), Deadline(5))
    assert "bad command /login" in str(refused.value)
    assert PASSWORD not in str(refused.value)


def test_no_log_holds_the_password(caplog: pytest.LogCaptureFixture) -> None:
    """Even with every logger at DEBUG, the words of the login are not written down."""
    with caplog.at_level(logging.DEBUG), router(answering()) as port:
        open_routeros(device(port), Deadline(5)).close()
    assert PASSWORD not in caplog.text


def test_a_router_before_6_43_gets_the_response_to_its_challenge() -> None:
    """The old login: the answer to the challenge is the MD5 of zero, password and challenge."""
    seen: list[list[str]] = []

    def old(conn: socket.socket) -> None:
        seen.append(read_sentence(conn))
        conn.sendall(sentence("!done", "=ret=00112233445566778899aabbccddeeff"))
        seen.append(read_sentence(conn))
        conn.sendall(DONE)
        conn.recv(1)

    with router(old) as port:
        open_routeros(device(port, password="secret"), Deadline(5)).close()
    # python3 -c 'import hashlib; print(hashlib.md5(b"\0secret" + bytes.fromhex("0011...eeff")).hexdigest())'
    assert seen[1] == ["/login", "=name=monitor", "=response=00" + "c17511d224a5e93170632807d36388aa"]


def hang(conn: socket.socket) -> None:
    conn.recv(1)
    threading.Event().wait(20)


def trickle(conn: socket.socket) -> None:
    read_sentence(conn)
    for byte in sentence("!re", "=name=" + "x" * 100):
        conn.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.mark.parametrize("script", [hang, trickle])
def test_a_router_that_hangs_or_trickles_is_left_at_the_deadline(script: Script) -> None:
    """No byte in time, or a byte every now and then: both end with DeviceTimeout when the time is up."""
    with router(script) as port:
        started = time.monotonic()
        with pytest.raises(DeviceTimeout):
            open_routeros(device(port), Deadline(0.5))
        assert time.monotonic() - started < 5


def test_after_a_timeout_the_session_is_closed() -> None:
    """A late answer must not be taken for the answer to the next question."""
    with router(answering(row(_id="*1"))) as port:
        session = open_routeros(device(port), Deadline(5))
        with pytest.raises(DeviceTimeout):
            session.rows(Interface, Deadline(0.3))
        with pytest.raises(ConnectionLost, match="closed"):
            session.rows(Interface, Deadline(5))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\xff\xff\xff\xff\xff", "control byte 0xFF"),
        (b"\xf0\xff\xff\xff\xff", "word of 4294967295 bytes"),
        (b"\xef\xff\xff\xff", "word of 268435455 bytes"),
        (b"\x04HTTP\x00", "not a reply"),
        (b"\x03!re" + b"\x02=a" * 2000, "more than 1024 words"),
        (sentence("!fatal", "session terminated on request"), "session terminated on request"),
    ],
    ids=["control byte", "five-byte length", "huge length", "another protocol", "endless sentence", "fatal"],
)
def test_what_cannot_be_framed_ends_the_session(answer: bytes, reason: str) -> None:
    """Garbage is refused by its first bytes, before memory is taken for it."""
    with router(answering(answer)) as port:
        session = open_routeros(device(port), Deadline(5))
        with pytest.raises(ConnectionLost, match=reason):
            session.rows(Interface, Deadline(5))


def test_a_router_that_sends_rows_for_ever_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows without end stop at a bound, not at the end of our memory (a smaller bound here, to be quick)."""
    monkeypatch.setattr("devices.routeros.reply.MAX_ROWS", 100)
    with router(answering(row(_id="*1") * 200)) as port:
        session = open_routeros(device(port), Deadline(5))
        with pytest.raises(ConnectionLost, match="more than 100 rows"):
            session.rows(Interface, Deadline(5))


def test_a_router_that_hangs_up_is_a_lost_connection() -> None:
    """An early close names itself."""

    def hang_up(conn: socket.socket) -> None:
        read_sentence(conn)
        conn.sendall(DONE)
        read_sentence(conn)
        conn.sendall(b"\x03!re\x05=na")

    with router(hang_up) as port:
        session = open_routeros(device(port), Deadline(5))
        with pytest.raises(ConnectionLost, match="closed the connection"):
            session.rows(Interface, Deadline(5))


def test_nobody_listening_is_unreachable_and_says_what_to_check() -> None:
    """A refused connection names the service to look at."""
    with pytest.raises(Unreachable, match=r"refused.*/ip/service api "):
        open_routeros(device(free_port()), Deadline(5))


@pytest.mark.parametrize("host", ["no-such-router.invalid", "empty..label.invalid", "x" * 70 + ".invalid"])
def test_a_name_nobody_knows_is_unreachable(host: str) -> None:
    """A host name without address, or one that cannot have any, is named."""
    with pytest.raises(DeviceError, match=host[:12]):
        open_routeros(device(8728, host=host), Deadline(5))


def test_boot_time_does_not_jitter() -> None:
    """Uptime in whole seconds, read at any moment, gives one boot time; a reboot moves it."""
    readings = [joined([row(uptime=uptime)]) for uptime in ("1d0s", "1d1s", "23h59m58s", "10s")]
    with router(answering(*readings)) as port:
        session = open_routeros(device(port), Deadline(5))
        boots = [session.rows(System, Deadline(5))[0].boot_time for _ in readings]
        session.close()
    assert boots[0] is not None
    assert boots[3] is not None
    assert boots[0] == boots[1] == boots[2]
    assert boots[3] - boots[0] == pytest.approx(86390, abs=5)


def test_the_router_pings_for_us() -> None:
    """Times come in the router's duration text; a lost ping is None, whatever the row says besides."""
    answer = joined(
        [
            row(seq="0", host="203.0.113.10", size="56", ttl="60", time="9ms445us"),
            row(seq="1", host="203.0.113.10", status="timeout"),
            row(seq="2", host="198.51.100.1", size="84", ttl="64", time="1ms", status="TTL exceeded"),
            row(seq="3", host="203.0.113.10", time="1s2ms"),
        ]
    )
    with router(answering(answer)) as port:
        session = open_routeros(device(port), Deadline(5))
        assert session.ping("203.0.113.10", 4, Deadline(5)) == [
            pytest.approx(0.009445),
            None,
            None,
            pytest.approx(1.002),
        ]
        with pytest.raises(BadReply, match="no time for 60 pings"):
            session.ping("203.0.113.10", 60, Deadline(5))
        session.close()
