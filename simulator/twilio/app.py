"""The whole fake Twilio as one WSGI application: wiring only."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask, Response

from simulator.twilio.api import Account, api_blueprint
from simulator.twilio.control import control_blueprint
from simulator.twilio.delivery import Delivery, Pace
from simulator.twilio.faults import FaultBox
from simulator.twilio.messages import Store

# The page runs its own script and style and nothing else, whatever a message's text says.
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'"


def create_app(account: Account, pace: Pace | None = None, names: Mapping[str, str] | None = None) -> Flask:
    """An empty inbox for `account`, delivering at `pace`; its delivery thread runs from here on.

    `names` says whose phone a number (`+880...`) is, for the page.
    """
    app = Flask(__name__, static_folder=None)
    store, faults = Store(), FaultBox()
    delivery = Delivery(store, account.sid, account.auth_token, pace or Pace())
    app.register_blueprint(api_blueprint(account, store, delivery, faults))
    app.register_blueprint(control_blueprint(store, faults, names or {}))
    delivery.start()

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app
