"""The Messages resource of Twilio's REST API: create, fetch and list."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request

from simulator.twilio.delivery import Delivery, Step
from simulator.twilio.errors import ApiError, error_response
from simulator.twilio.faults import Fault, FaultBox
from simulator.twilio.listing import page_of
from simulator.twilio.messages import API_VERSION, Message, Store, resource
from simulator.twilio.validation import parse_draft
from simulator.twilio.wire import reset_connection

# Twilio's own code in the body of an HTTP status that says nothing of the message.
_CODE_OF_STATUS = {429: 20429, 500: 20500, 503: 20503}


@dataclass(frozen=True)
class Account:
    """The one account served here: its credentials and the WhatsApp addresses it may send from (none: any)."""

    sid: str
    auth_token: str
    senders: Collection[str] = ()

    def admits(self, username: str | None, password: str | None) -> bool:
        """Whether these are the account's credentials."""
        return hmac.compare_digest((username or "").encode(), self.sid.encode()) and hmac.compare_digest(
            (password or "").encode(), self.auth_token.encode()
        )


def api_blueprint(account: Account, store: Store, delivery: Delivery, faults: FaultBox) -> Blueprint:
    """The API below `/2010-04-01/Accounts/{Sid}`."""
    api = Blueprint("api", __name__, url_prefix=f"/{API_VERSION}/Accounts/<account_sid>")
    api.register_error_handler(ApiError, error_response)

    @api.before_request
    def authenticate() -> None:
        given = request.authorization
        if given is None or not account.admits(given.username, given.password):
            raise ApiError(20003)
        if request.view_args and request.view_args["account_sid"] != account.sid:
            raise ApiError(20404, request.path)

    @api.post("/Messages.json")
    def create(account_sid: str) -> Response:
        fault = faults.take(request.form.get("To", ""), template="ContentSid" in request.form)
        before = _before_acceptance(fault, faults)
        if before is not None:
            return before
        message = store.accept(parse_draft(request.form, account.senders))
        delivery.schedule(message, _failure(fault))
        answer = _after_acceptance(fault, faults)
        return answer if answer is not None else _created(message, account_sid)

    @api.get("/Messages/<sid>.json")
    def fetch(account_sid: str, sid: str) -> Response:
        message = store.get(sid)
        if message is None:
            raise ApiError(20404, request.path)
        return jsonify(resource(message, account_sid))

    @api.get("/Messages.json")
    def listing(account_sid: str) -> Response:
        page: dict[str, Any] = page_of(store.newest_first(), request.args, request.path)
        page["messages"] = [resource(message, account_sid) for message in page["messages"]]
        return jsonify(page)

    return api


def _created(message: Message, account_sid: str) -> Response:
    response = jsonify(resource(message, account_sid))
    response.status_code = 201
    return response


def _before_acceptance(fault: Fault | None, faults: FaultBox) -> Response | None:
    """The answer of a fault that keeps the message from being accepted; None to go on."""
    match fault:
        case Fault(kind="status"):
            return _status(fault)
        case Fault(kind="error"):
            raise ApiError(fault.code)
        case Fault(kind="timeout_before"):
            faults.hold(fault.seconds)
            return reset_connection()
        case Fault(kind="reset_before"):
            return reset_connection()
        case _:
            return None


def _after_acceptance(fault: Fault | None, faults: FaultBox) -> Response | None:
    """The answer of a fault that loses or delays the good news; None for the good news itself."""
    match fault:
        case Fault(kind="timeout_after"):
            faults.hold(fault.seconds)
            return reset_connection()
        case Fault(kind="reset_after"):
            return reset_connection()
        case Fault(kind="slow"):
            faults.hold(fault.seconds)
            return None
        case _:
            return None


def _failure(fault: Fault | None) -> Step | None:
    if fault is None or fault.kind != "undelivered":
        return None
    return Step(fault.message_status, fault.code)


def _status(fault: Fault) -> Response:
    response = error_response(ApiError(_CODE_OF_STATUS.get(fault.status, fault.status), status=fault.status))
    if fault.retry_after is not None:
        response.headers["Retry-After"] = f"{fault.retry_after:g}"
    return response
