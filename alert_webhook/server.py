"""The web side: takes alerts and status reports, shows metrics and health; and runs the whole service."""

from __future__ import annotations

import hmac
import signal
import sys
import time
from collections.abc import Mapping
from types import FrameType
from typing import Any

import structlog
import waitress.server
from flask import Blueprint, Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError

from alert_webhook import languages, twilio_status
from alert_webhook.settings import read_settings
from alert_webhook.wiring import Service, build
from inventory.settings import Address, SettingError

log = structlog.get_logger()

# 10,000 alerts take about 10 MB. A longer body is set aside: told that it is too long, Alertmanager would lose it.
MAX_BODY = 32 * 1024 * 1024
# Where the server itself ends a request, so that nobody fills the disk.
MAX_REQUEST = 256 * 1024 * 1024

WEB_THREADS = 8


def create_app(service: Service) -> Flask:
    """The endpoints around `service`; its worker is started by whoever runs it."""
    app = Flask(__name__)
    app.register_blueprint(_alertmanager(service))
    app.register_blueprint(_twilio(service))
    app.register_blueprint(_operation(service))
    app.register_error_handler(SQLAlchemyError, _no_database)
    return app


def serve(listen: Address, environ: Mapping[str, str]) -> None:
    """Serve until SIGTERM or Ctrl-C. Raises SettingError for missing or wrong settings, and for a taken port."""
    service = build(read_settings(environ, languages.codes()), environ)
    server = _listen(create_app(service), listen)
    signal.signal(signal.SIGTERM, _end)
    service.worker.start()
    log.info("webhook listens", host=listen.host, port=listen.port)
    try:
        server.run()
    finally:
        server.close()
        service.worker.stop()


def _listen(app: Flask, listen: Address) -> Any:
    try:
        return waitress.server.create_server(
            app,
            host=listen.host,
            port=listen.port,
            threads=WEB_THREADS,
            ident="backhaul",
            max_request_body_size=MAX_REQUEST,
            clear_untrusted_proxy_headers=True,
        )
    except ValueError:  # waitress' word for a name that has no address
        raise SettingError(f'cannot listen on "{listen.host}": it is no address of this machine') from None
    except OSError as error:
        where = f"{listen.host} port {listen.port}"
        raise SettingError(f"cannot listen on {where}: {error.strerror}; give --listen another address") from error


def _end(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _alertmanager(service: Service) -> Blueprint:
    pages = Blueprint("alertmanager", __name__)
    expected = f"Bearer {service.settings.token.reveal()}".encode()

    @pages.post("/alerts")
    def alerts() -> Response:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return _text("the bearer token is missing or wrong", 401)
        body = request.stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            service.reception.take_too_large(body)
        else:
            service.reception.take(body)
        return _text("committed")

    return pages


def _twilio(service: Service) -> Blueprint:
    pages = Blueprint("twilio", __name__)
    settings = service.settings

    @pages.post("/twilio/status")
    def status() -> Response:
        # Twilio signs the address it was given; what a proxy in between made of it does not count.
        url = (settings.public_url or request.url_root.rstrip("/")) + request.full_path.rstrip("?")
        signature = request.headers.get("X-Twilio-Signature", "")
        if not twilio_status.is_from_twilio(settings.twilio.auth_token, url, request.form, signature):
            return _text("the signature is missing or wrong; is BACKHAUL_PUBLIC_URL what Twilio calls?", 403)
        report = twilio_status.read_report(request.args.get("message", ""), request.form)
        if report is not None:
            now = time.time()
            effect = twilio_status.record(service.engine, report, now)
            service.metrics.accepted(effect.accepted, now)
            service.metrics.dead(effect.dead)
            service.worker.wake()
        return _text("noted")

    return pages


def _operation(service: Service) -> Blueprint:
    pages = Blueprint("operation", __name__)

    @pages.get("/metrics")
    def metrics() -> Response:
        return Response(service.metrics.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")

    @pages.get("/-/healthy")
    def healthy() -> Response:
        return _text("healthy")

    @pages.get("/-/ready")
    def ready() -> Response:
        service.outbox.answers()
        return _text("ready")

    return pages


def _no_database(error: Exception) -> Response:
    log.error("the database failed", path=request.path, error=type(error).__name__)
    return _text("the database did not answer; nothing was taken", 503)


def _text(line: str, status: int = 200) -> Response:
    return Response(f"{line}\n", status=status, content_type="text/plain; charset=utf-8")
