"""A stand-in for Prometheus over HTTP: it holds series with one value each and gives what a query's selectors choose.

It knows no PromQL: names and label matchers of the selectors are read, functions around them are not. What the queries
really say is shown against a real Prometheus (test_queries.py).
"""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

_SELECTOR = re.compile(r"([a-z_][a-zA-Z0-9_:]*)?\{([^}]*)\}")
_MATCHER = re.compile(r'(\w+)(=~|=)"([^"]*)"')

Labels = Mapping[str, str]


class StandIn:
    """`series` is what there is; tests put into it. `away` makes it answer 503."""

    def __init__(self) -> None:
        self.series: list[tuple[Labels, float]] = []
        self.away = False
        self.url = ""

    def put(self, name: str, value: float, **labels: str) -> None:
        """Hold one series; the same again has another value."""
        whole = {"__name__": name, **labels}
        self.series = [(known, figure) for known, figure in self.series if known != whole]
        self.series.append((whole, value))

    def circuit(self, isp: str, tenant: str, circuit: str, **figures: float) -> None:
        """A circuit as the recorded series tell of it: up, download, upload (bits per second), used, rtt, loss."""
        names = {
            "up": "circuit:up:counted",
            "download": "circuit:download_bits_per_second:rate5m",
            "upload": "circuit:upload_bits_per_second:rate5m",
            "used": "circuit:utilization:ratio_rate5m",
            "rtt": "circuit:ping_rtt_seconds:mean5m",
            "loss": "circuit:ping_loss:ratio_rate5m",
        }
        for key, figure in figures.items():
            self.put(names[key], figure, isp=isp, tenant=tenant, circuit=circuit)

    def tenant(self, isp: str, tenant: str, kind: str = "reseller", **figures: float) -> None:
        """A tenant as the recorded series tell of it: download, upload (bits per second), used, measured (1 or 0)."""
        names = {"used": "utilization:ratio_rate5m", "measured": "measured:bool"}
        for key, figure in figures.items():
            name = names.get(key, "bandwidth_bits_per_second:rate5m")
            way = {} if key in names else {"direction": key}
            self.put(f"{kind}:{name}", figure, isp=isp, tenant=tenant, **way)

    def chosen(self, expr: str) -> list[tuple[Labels, float]]:
        """The series one of the selectors of `expr` chooses."""
        selectors = [_matchers(*found.groups()) for found in _SELECTOR.finditer(expr)]
        return [
            (labels, value)
            for labels, value in self.series
            if any(all(_fits(labels.get(name, ""), *matcher) for name, *matcher in one) for one in selectors)
        ]


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """One that answers on a port of its own until the block ends."""
    found = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _matchers(name: str | None, text: str) -> list[tuple[str, str, str]]:
    found = [(key, kind, value) for key, kind, value in _MATCHER.findall(text)]
    return [("__name__", "=", name), *found] if name else found


def _fits(value: str, kind: str, wanted: str) -> bool:
    return value == wanted if kind == "=" else re.fullmatch(wanted, value) is not None


def _handler(found: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            result = _answer(found, self.path, {name: values[0] for name, values in form.items()})
            body = json.dumps(result).encode()
            self.send_response(503 if found.away else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler


def _answer(found: StandIn, path: str, form: Labels) -> Any:
    if found.away:
        return {"status": "error", "error": "away"}
    chosen = found.chosen(form["query"])
    if path.endswith("query_range"):
        start, end, step = (float(form[name]) for name in ("start", "end", "step"))
        times = [start + number * step for number in range(int((end - start) // step) + 1)]
        result = [
            {"metric": labels, "values": [[when, str(value * _day(when))] for when in times]}
            for labels, value in chosen
        ]
        return {"status": "success", "data": {"resultType": "matrix", "result": result}}
    vector = [{"metric": labels, "value": [time.time(), str(value)]} for labels, value in chosen]
    return {"status": "success", "data": {"resultType": "vector", "result": vector}}


def _day(when: float) -> float:
    """A day's swing, so that a chart looks like one."""
    return 0.75 + 0.25 * math.sin(when / 86_400 * 2 * math.pi)
