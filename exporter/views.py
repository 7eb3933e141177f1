"""The exporter's HTTP endpoints: what a request may ask, and how it is answered."""

from __future__ import annotations

import gzip
import math
import time
from http import HTTPStatus
from ipaddress import ip_address

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from exporter.exposition import CONTENT_TYPE
from exporter.probe import Answer
from exporter.service import Exporter, ReadElsewhere
from inventory.loader import InventoryError

# Prometheus' own default, for a request that does not say.
DEFAULT_TIMEOUT_SECONDS = 10.0
# What writing, sending and parsing the answer may take of the scrape's time.
MARGIN_SECONDS = 0.5
# No request, whatever it says, holds a thread for longer.
MOST_SECONDS = 120.0

# Level 1 makes it ten times smaller; level 9 takes five times as long for a tenth less.
_GZIP_LEVEL = 1

_INDEX = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Backhaul exporter</title>
<h1>Backhaul exporter</h1>
<ul><li><a href="metrics">/metrics</a>: pings, the inventory, and the exporter itself
<li>/probe?target=DEVICE_ID: one device, read now
<li><a href="sd">/sd</a>: the devices, for Prometheus</ul></html>
"""


def create_app(exporter: Exporter) -> Flask:
    """The WSGI application that answers for `exporter`."""
    app = Flask("exporter", static_folder=None)
    app.add_url_rule("/", view_func=lambda: Response(_INDEX), endpoint="index")
    app.add_url_rule("/probe", view_func=lambda: _probe(exporter), endpoint="probe")
    app.add_url_rule("/metrics", view_func=lambda: _exposition(exporter.metrics()), endpoint="metrics")
    app.add_url_rule("/sd", view_func=lambda: _discovery(exporter), endpoint="sd")
    app.add_url_rule("/-/healthy", view_func=lambda: _text("The exporter is alive."), endpoint="healthy")
    app.add_url_rule("/-/ready", view_func=lambda: _text("The exporter is ready."), endpoint="ready")
    app.add_url_rule("/-/reload", view_func=lambda: _reload(exporter), endpoint="reload", methods=["POST"])
    app.register_error_handler(HTTPException, _refusal)
    return app


def scrape_seconds(header: str | None) -> float:
    """The time a probe has, of the `X-Prometheus-Scrape-Timeout-Seconds` header; a senseless one counts as none."""
    try:
        timeout = float(header or "")
    except ValueError:
        timeout = math.nan
    if not 0 < timeout < math.inf:
        timeout = DEFAULT_TIMEOUT_SECONDS
    # A scrape shorter than the margin still gets something.
    return min(max(timeout - MARGIN_SECONDS, timeout / 2), MOST_SECONDS)


def _probe(exporter: Exporter) -> Response:
    targets = request.args.getlist("target")
    if len(targets) != 1 or not targets[0]:
        return _text("Give the id of one device: /probe?target=DEVICE_ID", HTTPStatus.BAD_REQUEST)
    debug = request.args.get("debug") == "true"
    if debug and not _from_this_machine():
        return _text("The log of a probe is shown to this machine alone.", HTTPStatus.FORBIDDEN)
    try:
        answer = exporter.probe(targets[0], scrape_seconds(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds")))
    except KeyError:
        return _text("The inventory has no device of that id.", HTTPStatus.NOT_FOUND)
    except ReadElsewhere as error:
        return _text(str(error), HTTPStatus.NOT_FOUND)
    return _debug(answer) if debug else _exposition(answer.body)


def _debug(answer: Answer) -> Response:
    age = f"reading begun {time.monotonic() - answer.began:.3f} s ago"
    return _text("\n".join((age, *answer.log, "", answer.body.decode())))


def _from_this_machine() -> bool:
    address = ip_address(request.remote_addr or "")
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _discovery(exporter: Exporter) -> Response:
    """Every target is this exporter, under the address it was asked at; the labels say which device to probe.

    As it was sent: Werkzeug takes a name with an underscore, which a compose file may give, for none.
    https://prometheus.io/docs/prometheus/latest/http_sd/: the list is the whole of what there is.
    """
    address = request.headers.get("Host", "")
    return jsonify(
        [
            {"targets": [address], "labels": {"__param_target": device, "__meta_backhaul_isp": isp}}
            for isp, device in exporter.targets
        ]
    )


def _reload(exporter: Exporter) -> Response:
    try:
        exporter.reload()
    except InventoryError as error:
        return _text(str(error), HTTPStatus.INTERNAL_SERVER_ERROR)
    return _text("The inventory was read anew.")


def _exposition(body: bytes) -> Response:
    response = Response(body, headers={"Content-Type": CONTENT_TYPE})
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        response.set_data(gzip.compress(body, _GZIP_LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response


def _text(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(text + "\n", status, mimetype="text/plain")


def _refusal(error: HTTPException) -> Response:
    """One line of text for what Flask refuses by itself, keeping its headers (`Allow`)."""
    response = _text(f"{error.code} {error.name}", HTTPStatus(error.code or 500))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response
