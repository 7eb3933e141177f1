"""Twilio's documented error codes, and the JSON body it wraps each one in."""

from __future__ import annotations

from flask import Response, jsonify

# https://www.twilio.com/docs/api/errors: code -> (HTTP status, text). A code that is not here is answered with 400.
DOCUMENTED: dict[int, tuple[int, str]] = {
    20001: (400, "Unknown parameters"),
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service is temporarily unavailable"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid From Number"),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' phone number is required"),
    21604: (400, "A 'To' phone number is required"),
    21606: (400, "The 'From' phone number is not a valid, message-capable phone number for your account"),
    21609: (400, "The 'StatusCallback' URL is not a valid URL"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21655: (400, "The ContentSid is invalid"),
    21656: (400, "The ContentVariables parameter is invalid"),
    21658: (400, "A parameter exceeded its character limit"),
    21701: (404, "The Messaging Service does not exist"),
    21910: (400, "Invalid From and To pair. From and To should be of the same channel"),
    63003: (400, "Channel could not find To address"),
    63007: (400, "Twilio could not find a Channel with the specified From address"),
    63016: (
        400,
        (
            "Failed to send freeform message because you are outside the allowed window. "
            "If you are using WhatsApp, please use a Message Template"
        ),
    ),
    63018: (429, "Rate limit exceeded for Channel"),
    63024: (400, "Invalid message recipient"),
}


class ApiError(Exception):
    """A request that Twilio refuses. `detail` names the offending value, as Twilio's own texts do."""

    def __init__(self, code: int, detail: str = "", status: int | None = None) -> None:
        documented, text = DOCUMENTED.get(code, (400, "The request was refused"))
        super().__init__(f"{text}: {detail}" if detail else text)
        self.code = code
        self.status = documented if status is None else status


def describe(code: int) -> str:
    """The text Twilio documents for a code, for `error_message` and for the callback."""
    return DOCUMENTED.get(code, (400, "Unknown error"))[1]


def error_response(error: ApiError) -> Response:
    """The answer Twilio gives: `code`, `message`, `more_info` and `status`."""
    response = jsonify(
        code=error.code,
        message=str(error),
        more_info=f"https://www.twilio.com/docs/errors/{error.code}",
        status=error.status,
    )
    response.status_code = error.status
    if error.code == 20003:
        response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return response
