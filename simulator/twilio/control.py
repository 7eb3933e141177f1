"""What Twilio does not have: the inbox to look at and to read by program, and the switch for faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request

from simulator.twilio.faults import BadFault, FaultBox, parse_fault
from simulator.twilio.messages import Message, Store

_LONGEST_WAIT = 25.0  # seconds a page may wait for news in one request


def entry(message: Message) -> dict[str, Any]:
    """A message as the inbox shows it: what was sent and when each status was reached (Unix seconds)."""
    draft = message.draft
    return {
        "sid": message.sid,
        "to": draft.to,
        "from": draft.sender or draft.messaging_service_sid,
        "body": draft.body,
        "content_sid": draft.content_sid,
        "content_variables": draft.content_variables,
        "status": message.status,
        "error_code": message.error_code,
        "error_message": message.error_message,
        "accepted_at": message.accepted_at,
        "history": [{"status": status, "at": when} for status, when in message.history],
    }


def control_blueprint(store: Store, faults: FaultBox, names: Mapping[str, str]) -> Blueprint:
    """`/`, `/inbox.json`, `/control/faults`, `/-/ready`."""
    control = Blueprint("control", __name__, static_folder="static", static_url_path="/static")

    @control.get("/")
    def page() -> Response:
        return control.send_static_file("inbox.html")

    @control.get("/inbox.json")
    def inbox() -> Response:
        """Oldest first. `?to=` filters; `?limit=` keeps the newest; `?after=REVISION` waits for a newer revision."""
        if (after := request.args.get("after", type=int)) is not None:
            store.wait_for_change(after, _LONGEST_WAIT)
        revision, to = store.revision, request.args.get("to")
        found = [message for message in store.newest_first() if to in {None, message.draft.to}]
        newest = found[: request.args.get("limit", type=int)]
        return jsonify(revision=revision, names=names, messages=[entry(message) for message in reversed(newest)])

    @control.delete("/inbox.json")
    def clear_inbox() -> Response:
        store.clear()
        return current_app.response_class(status=204)

    @control.get("/control/faults")
    def show_faults() -> Response:
        return jsonify(faults.state())

    @control.post("/control/faults")
    def set_fault() -> Response:
        try:
            faults.add(parse_fault(request.get_json(silent=True)))
        except BadFault as error:
            return current_app.response_class(f"{error}\n", status=400, mimetype="text/plain")
        return current_app.response_class(status=204)

    @control.delete("/control/faults")
    def clear_faults() -> Response:
        faults.clear()
        return current_app.response_class(status=204)

    @control.get("/-/ready")
    def ready() -> Response:
        return current_app.response_class("ready\n", mimetype="text/plain")

    return control
