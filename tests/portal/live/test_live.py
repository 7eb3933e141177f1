"""The stream of the running portal: over HTTP, from two processes, as a browser reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from inventory.registry import people, sessions
from inventory.registry.scope import LOGIN, Scope
from portal.metrics import MULTIPROCESS_DIRECTORY
from tests.harness import wait_until
from tests.portal.serving import COOKIE, Served, end, fire
from tests.portal.world import DELTA, SKY, STAFF, Isp

SOON = 5.0  # seconds from the alert to the page


class Reader:
    """Reads one stream event by event; waits at most `timeout` seconds for each."""

    def __init__(self, answer: requests.Response) -> None:
        self._lines = answer.iter_lines(chunk_size=1, decode_unicode=True)

    def next(self, *skipped: str) -> tuple[str, Any, str]:
        """Name, data and id of the next event that is none of `skipped`; ("end", None, "") when the stream is over."""
        fields: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "event" in fields and fields["event"] not in ("beat", *skipped):
                data = fields.get("data", "")
                return fields["event"], json.loads(data) if data else None, fields.get("id", "")
            else:
                fields = {}
        return "end", None, ""


@contextmanager
def stream(served: Served, token: str, **headers: str) -> Iterator[Reader]:
    """An open stream; nothing read for 12 s fails the test."""
    with requests.get(
        f"{served.url}/live", stream=True, timeout=12, cookies={COOKIE: token}, headers=headers
    ) as answer:
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield Reader(answer)


def test_an_alert_reaches_whoever_may_see_it_within_five_seconds(served: Served) -> None:
    """Staff and the tenant hear of it; of the device behind the circuit the tenant hears nothing."""
    with (
        stream(served, served.token("support")) as staff,
        stream(served, served.token("sky-r2")) as tenant,
        stream(served, served.token("sky-r1")) as other,
        stream(served, served.token("admin", DELTA)) as elsewhere,
    ):
        for reader in (staff, tenant, other, elsewhere):
            assert reader.next()[0] == "hello"
        began = time.monotonic()
        summary = f"Circuit on {SKY.device} down"
        down = fire(served.registry, tenant="sky-r2", circuit="sky-r2-main", device=SKY.device, summary=summary)
        for reader in (staff, tenant):
            name, told, _ = reader.next()
            assert (name, told["kind"], told["where"]) == ("alert", "firing", "Line sky-r2-main")
            assert told["title"] == (summary if reader is staff else "Line sky-r2-main is down")
        assert time.monotonic() - began < SOON
        end(served.registry, down)
        assert tenant.next()[1]["kind"] == "ended"
        # The first the others hear of is their own: nothing of the above went by.
        own = fire(served.registry, tenant="sky-r1", circuit="sky-r1-main")
        assert other.next()[1]["where"] == "Line sky-r1-main"
        theirs = fire(served.registry, DELTA, tenant="del-r1", circuit="del-r1-main")
        assert elsewhere.next()[1]["where"] == "Line del-r1-main"
        end(served.registry, own)
        end(served.registry, theirs)


def test_who_comes_back_is_told_what_was_missed(served: Served) -> None:
    """The browser says the last id it had."""
    token = served.token("client")
    with stream(served, token) as reader:
        _, _, last = reader.next()
    missed = fire(served.registry, tenant=SKY.client, circuit=SKY.circuit(SKY.client))
    with stream(served, token, **{"Last-Event-ID": last}) as reader:
        assert reader.next()[0] == "hello"
        name, told, _ = reader.next()
        assert (name, told["kind"]) == ("alert", "firing")
    end(served.registry, missed)


def test_the_counter_is_that_of_the_one_who_looks(served: Served) -> None:
    """Each hears how many of his own alerts are open."""
    with stream(served, served.token("sky-r2")) as tenant, stream(served, served.token("engineer")) as staff:
        few, many = tenant.next()[1]["open"], staff.next()[1]["open"]
        assert few < many
        more = fire(served.registry, name="NttnBandwidthHigh", link=SKY.link)
        assert staff.next()[1]["open"] == many + 1
        own = fire(served.registry, tenant="sky-r2", circuit="sky-r2-main")
        assert tenant.next()[1]["open"] == few + 1
        end(served.registry, more)
        end(served.registry, own)


def test_open_streams_are_counted_over_all_processes(served: Served) -> None:
    """Whichever process is asked; and no longer than they are open."""

    def opened() -> list[str]:
        lines = requests.get(f"{served.url}/metrics", timeout=10).text.splitlines()
        return [line for line in lines if line.startswith("backhaul_portal_streams_open ")]

    wait_until(lambda: opened() == ["backhaul_portal_streams_open 0.0"], "the streams of other tests to be over")
    with ExitStack() as several:
        who = ("sky-r1", "sky-r2", "engineer", "support", "admin")
        readers = [several.enter_context(stream(served, served.token(each))) for each in who]
        assert {reader.next()[0] for reader in readers} == {"hello"}
        assert {opened()[0] for _ in range(4)} == {"backhaul_portal_streams_open 5.0"}
    wait_until(lambda: opened() == ["backhaul_portal_streams_open 0.0"], "them to be over")


ASKED = """
import os, sys
from portal.metrics import STREAMS, exposition

def kill(process, signal, killed=int(sys.argv[1]), kill=os.kill):
    if process == killed:
        raise {error}
    kill(process, signal)

os.kill = kill
STREAMS.set(2)
print(exposition().decode())
"""


@pytest.mark.parametrize("error", [ProcessLookupError, PermissionError])
def test_a_process_that_was_killed_has_nothing_open(tmp_path: Path, error: type[OSError]) -> None:
    """Its file stays, and is told from those of the living; also when its number is another user's process by then."""
    environ = {**os.environ, MULTIPROCESS_DIRECTORY: str(tmp_path)}
    killed = "import os; from portal.metrics import STREAMS; STREAMS.set(3); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", killed], env=environ, check=False, timeout=60)
    (file,) = tmp_path.glob("gauge_livesum_*.db")
    asked = [sys.executable, "-c", ASKED.format(error=error.__name__), file.stem.rpartition("_")[2]]
    said = subprocess.run(asked, env=environ, check=True, capture_output=True, timeout=60)
    assert b"backhaul_portal_streams_open 2.0" in said.stdout


def test_text_of_an_alert_cannot_leave_its_event(served: Served) -> None:
    """Line ends and markup stay within one line of JSON."""
    hostile = "a\n\ndata: {}\r\n\nevent: bye\n\n<script>alert(1)</script>\u2028\u202e"
    with stream(served, served.token("support")) as reader:
        reader.next()
        alert = fire(served.registry, tenant="sky-r2", summary=hostile, circuit="sky-r2-main")
        assert reader.next()[1]["title"] == hostile
        end(served.registry, alert)
        assert reader.next()[1]["kind"] == "ended"


def test_it_is_for_nobody_who_is_not_logged_in(served: Served) -> None:
    """No cookie, a made-up one, one whose code is still asked for: 401; an owner without an isp has nothing to see."""
    for cookies in ({}, {COOKIE: "x" * 43}, {COOKIE: served.token("admin", second_factor=False)}):
        assert requests.get(f"{served.url}/live", timeout=10, cookies=cookies).status_code == 401
    undecided = {COOKIE: served.token("owner", None)}
    assert requests.get(f"{served.url}/live", timeout=10, cookies=undecided).status_code == 404
    assert requests.post(f"{served.url}/live", timeout=10).status_code == 405


def test_it_ends_at_logout(served: Served) -> None:
    """Another tab's logout ends the stream within seconds, and says so."""
    token = served.token("sales")
    with stream(served, token) as reader:
        reader.next()
        began = time.monotonic()
        with served.registry.write(LOGIN) as tx:
            sessions.end_session(tx, sessions.hash_token(token), user_id=served.world.user("sales").id)
        assert reader.next("alert")[0] == "bye"
        assert reader.next("alert")[0] == "end"
        assert time.monotonic() - began < 8


def test_it_ends_when_the_account_is_disabled(served: Served) -> None:
    """The admin takes the account away while its owner looks."""
    user = served.world.user("finance", DELTA)
    with stream(served, served.token("finance", DELTA)) as reader:
        reader.next()
        with served.registry.write(Scope("staff", DELTA.id)) as tx:
            people.disable(tx, user.id, by="admin")
        assert reader.next("alert")[0] == "bye"
    with served.registry.write(Scope("staff", DELTA.id)) as tx:
        people.enable(tx, user.id, by="admin")


def test_one_person_cannot_take_all_places(served: Served) -> None:
    """Two processes, eight places each for one person; the next is told to come later."""
    token = served.token("del-r2", DELTA)
    with ExitStack() as opened:
        for _ in range(40):
            answer = requests.get(f"{served.url}/live", stream=True, timeout=10, cookies={COOKIE: token})
            opened.callback(answer.close)
            if answer.status_code == 429:
                assert answer.headers["Retry-After"]
                return
    pytest.fail("forty streams of one person were let in")


def test_fifty_streams_cost_the_pages_nothing(served: Served) -> None:
    """Fifty open are more than there are threads: pages answer all the same, and all hear of an alert in time."""
    client = served.browser("sky-r1")
    everybody: list[tuple[str, Isp]] = [(who, isp) for isp in (SKY, DELTA) for who in (*STAFF, *isp.tenants)]
    with ExitStack() as opened:
        readers = []
        for number in range(50):
            who, isp = everybody[number % len(everybody)]
            readers.append((isp, who, opened.enter_context(stream(served, served.token(who, isp)))))
        for _, _, reader in readers:
            assert reader.next("alert")[0] == "hello"
        for _ in range(20):
            assert client.get(f"{served.url}/my", timeout=10).status_code == 200
        began = time.monotonic()
        alert = fire(served.registry, name="NttnBandwidthHigh", link=SKY.link)
        for isp, who, reader in readers:
            if isp is SKY and who in STAFF:
                assert reader.next()[0] == "alert"
        assert time.monotonic() - began < SOON
        end(served.registry, alert)
