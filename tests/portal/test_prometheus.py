"""The client of Prometheus: against the real one, and against servers that hang, trickle, lie or are overrun."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from portal import prometheus as client
from portal.prometheus import MAX_BYTES, MAX_POINTS, Prometheus, PrometheusAway
from portal.turns import AT_ONCE
from tests.harness import free_port
from tests.portal.prometheus import Measured

VECTOR = {"status": "success", "data": {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1, "2"]}]}}

Answer = Callable[[BaseHTTPRequestHandler, str], None]


def say(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A server that answers each query by `answer(handler, expression)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            try:
                answer(self, form["query"][0])
            except OSError:
                self.close_connection = True  # whoever asked has given up

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("expr", "value"), [("vector(1.5)", 1.5), ("vector(NaN)", None), ("vector(1) / 0", None), ("vector(-1) / 0", None)]
)
def test_a_series_without_a_figure_is_there_without_one(
    expr: str, value: float | None, filled_prometheus: Measured
) -> None:
    """Neither NaN nor infinity is a figure, and neither is 0."""
    (found,) = Prometheus(filled_prometheus.url).instant(expr)
    assert found.value == value


def test_what_is_absent_is_absent(filled_prometheus: Measured) -> None:
    """No series, no sample."""
    assert Prometheus(filled_prometheus.url).instant("no_such_series") == []


def test_a_range_has_its_points_and_its_gaps(filled_prometheus: Measured) -> None:
    """Nine hours ago there was nothing, and an hour and a half later there was."""
    end = filled_prometheus.began - 7 * 3600
    expr = 'circuit:download_bits_per_second:rate5m{circuit="sky-r1-main"}'
    (series,) = Prometheus(filled_prometheus.url).range(expr, end - 5 * 3600, end, 1800)
    known = {round((end - when) / 3600, 1) for when, value in series.points if value == 1e8}
    assert {5.0, 4.5, 4.0, 0.5, 0.0} <= known
    assert not {1.5, 2.0, 2.5} & known


@pytest.mark.parametrize(("span", "step"), [(MAX_POINTS * 60, 60), (100, 0), (100, -1), (-100, 10)])
def test_too_many_points_are_not_asked_for(span: float, step: float) -> None:
    """A mistake of ours, so it is no PrometheusAway."""
    with pytest.raises(ValueError, match="points"):
        Prometheus("http://127.0.0.1:9").range("up", 0, span, step)


def test_fifty_who_ask_the_same_cost_one_query() -> None:
    """At once they wait for one answer; within seconds they get the same; later it is asked anew."""
    asked: list[str] = []
    together = threading.Barrier(50)
    now = [100.0]

    def answer(handler: BaseHTTPRequestHandler, expr: str) -> None:
        asked.append(expr)
        say(handler, json.dumps(VECTOR).encode())

    with serving(answer) as url, ThreadPoolExecutor(50) as pool:
        prometheus = Prometheus(url, clock=lambda: now[0])

        def ask(_: int) -> float | None:
            together.wait(10)
            return prometheus.instant("a")[0].value

        assert set(pool.map(ask, range(50))) == {2.0}
        assert asked == ["a"]
        prometheus.instant("b")
        now[0] += client.SHARED_SECONDS + 0.1
        prometheus.instant("a")
    assert asked == ["a", "b", "a"]


def test_slow_queries_of_one_keep_nobody_else_from_asking() -> None:
    """As many as one person may have under way at once are given up; what others ask is answered all the time."""
    release = threading.Event()

    def answer(handler: BaseHTTPRequestHandler, expr: str) -> None:
        if expr.startswith("slow"):
            release.wait(20)
        say(handler, json.dumps(VECTOR).encode())

    with serving(answer) as url, ThreadPoolExecutor(AT_ONCE) as pool:
        prometheus = Prometheus(url, timeout=1.0)
        slow = [pool.submit(prometheus.instant, f"slow{number}") for number in range(AT_ONCE)]
        for one in slow:
            with pytest.raises(PrometheusAway, match="did not answer in time"):
                one.result()
        assert prometheus.instant("quick")[0].value == 2
        release.set()


def test_one_that_hangs_is_given_up_and_not_asked_again_at_once() -> None:
    """A page waits for two of its queries, all others hear of it at once, and it is tried again soon."""
    release = threading.Event()
    now = [100.0]
    asked: list[str] = []

    def hang(handler: BaseHTTPRequestHandler, expr: str) -> None:
        asked.append(expr)
        release.wait(20)
        say(handler, b"{}")

    with serving(hang) as url:
        prometheus = Prometheus(url, timeout=1.0, clock=lambda: now[0])
        for number in range(8):
            with pytest.raises(PrometheusAway, match="did not answer in time"):
                prometheus.instant(f"a{number}")
        assert asked == ["a0", "a1"]
        with pytest.raises(PrometheusAway, match="did not answer in time"):
            prometheus.instant("b")
        release.set()
        now[0] += client.AWAY_SECONDS + 0.1
        with pytest.raises(PrometheusAway, match="did not understand"):
            prometheus.instant("b")
    assert [expr for expr in asked if expr == "b"] == ["b"], "not while it hung"


def test_one_that_trickles_is_given_up_too() -> None:
    """A byte now and then resets the timeout of each read, not ours of the whole."""
    release = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler, _: str) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        for _part in range(200):
            handler.wfile.write(b" ")
            if release.wait(0.05):
                return

    with serving(trickle) as url:
        began = time.monotonic()
        with pytest.raises(PrometheusAway, match="did not answer in time"):
            Prometheus(url, timeout=0.3).instant("a")
        assert time.monotonic() - began < 3
        release.set()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>not what was asked for</html>"),
        (200, b"[]"),
        (200, b'{"status": "success"}'),
        (200, b'{"status": "success", "data": {"resultType": "matrix", "result": []}}'),
        (400, b'{"status": "error", "error": "invalid parameter \\"query\\": secret at 10.0.0.1"}'),
        (302, b""),
        (502, b"bad gateway"),
    ],
)
def test_an_answer_that_is_none_is_said_without_details(status: int, body: bytes) -> None:
    """People read the sentence, tenants among them; what was wrong is in the log."""
    with serving(lambda handler, _: say(handler, body, status)) as url, pytest.raises(PrometheusAway) as caught:
        Prometheus(url).instant("a")
    assert "10.0.0.1" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


def test_an_answer_without_end_is_cut_off() -> None:
    """The portal keeps its memory."""
    with (
        serving(lambda handler, _: say(handler, b" " * (MAX_BYTES + 1))) as url,
        pytest.raises(PrometheusAway, match="ask for less"),
    ):
        Prometheus(url).instant("a")


def test_a_failure_is_kept_from_nobody_and_for_nobody() -> None:
    """After it the same question is asked anew."""
    said = [b"no", json.dumps(VECTOR).encode()]
    with serving(lambda handler, _: say(handler, said.pop(0))) as url:
        prometheus = Prometheus(url)
        with pytest.raises(PrometheusAway):
            prometheus.instant("a")
        assert prometheus.instant("a")[0].labels == {"a": "b"}


def test_nobody_listening_is_said_at_once() -> None:
    """With a sentence that says what is unknown, and until when."""
    with pytest.raises(PrometheusAway, match="cannot be reached; figures are unknown until it is back"):
        Prometheus(f"http://127.0.0.1:{free_port()}").instant("a")
