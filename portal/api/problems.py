"""What the API answers when it refuses: application/problem+json (RFC 9457), the same shape for every error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response
from werkzeug.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"

# What a person can do about it, where the status alone does not say. Never what is behind it.
_DETAILS: Mapping[int, str] = {
    401: "Send a valid API token as Authorization: Bearer TOKEN, or log in.",
    404: "There is nothing at this address, or it is not yours to see.",
    405: "This address does not take that method; the Allow header names those it does.",
    412: "It was changed in the meantime: read it again, and send If-Match with its new ETag.",
    413: "The body is too large.",
    415: "Send the body as application/json.",
    428: "Send If-Match with the ETag of what you read, so that nobody's change is lost.",
    500: "Something went wrong here. It is in the log; try again later.",
    503: "A part this needs does not answer now; try again in a moment.",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with what was sent: `field` is its path, `sla.uptime_percent`; "" is the whole."""

    field: str
    text: str


class Refused(HTTPException):
    """Ends a request with a problem. `headers` are added to the answer's."""

    def __init__(
        self,
        code: int,
        detail: str | None = None,
        *,
        errors: Iterable[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = dict(headers or {})

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        """Its own ones too, for whichever handler answers."""
        return [*super().get_headers(*args, **kwargs), *self.extra.items()]


def invalid(errors: Iterable[FieldError]) -> Refused:
    """What was sent was understood, and is not acceptable: each error by its field."""
    return Refused(
        422, "Some of what was sent is not acceptable; `errors` says what, and what was expected.", errors=errors
    )


def problem(
    code: int, detail: str | None = None, errors: Iterable[FieldError] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The answer itself."""
    body: dict[str, object] = {"type": "about:blank", "title": HTTPStatus(code).phrase, "status": code}
    text = detail or _DETAILS.get(code)
    if text:
        body["detail"] = text
    listed = [{"field": error.field, "text": error.text} for error in errors]
    if listed:
        body["errors"] = listed
    response = Response(json.dumps(body), code, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers.extend(headers or {})
    return response


def of_exception(error: HTTPException) -> Response:
    """The answer for any HTTP error that is raised below the API's address."""
    if isinstance(error, Refused):
        return problem(error.code or 500, error.detail, error.errors, error.extra)
    code = error.code or 500
    kept = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    if code == 401:
        kept["WWW-Authenticate"] = 'Bearer realm="backhaul"'
    if code < 400:  # a redirect is no problem
        return Response(status=code, headers=dict(error.get_headers()))
    messages = getattr(error, "data", None)  # webargs keeps what marshmallow said here
    if isinstance(messages, dict) and isinstance(messages.get("messages"), dict):
        return problem(code, None, flattened(messages["messages"]), kept)
    said = error.description if error.description != type(error).description or code == 400 else None
    return problem(code, said, headers=kept)


def flattened(messages: Mapping[Any, Any], path: str = "") -> list[FieldError]:
    """Marshmallow's nested messages as a list; the outermost key is where the value came from (query, json)."""
    found: list[FieldError] = []
    for key, value in messages.items():
        here = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict):
            found.extend(flattened(value, "" if not path and key in {"query", "json", "headers"} else here))
        else:
            texts = value if isinstance(value, list) else [value]
            found.extend(FieldError(here, str(text)) for text in texts)
    return found
