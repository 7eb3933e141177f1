"""A form posted to Messages.json becomes a draft, or the error Twilio documents for what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from simulator.twilio.errors import ApiError
from simulator.twilio.messages import Draft

BODY_LIMIT = 1600  # characters, https://www.twilio.com/docs/api/errors/21617
_ADDRESS = re.compile(r"whatsapp:\+[1-9]\d{6,14}")  # a channel address: E.164 behind the channel's prefix
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_CONTENT_SID = re.compile(r"HX[0-9a-f]{32}")
_SERVICE_SID = re.compile(r"MG[0-9a-f]{32}")
_FORBIDDEN_SPACE = re.compile(r"[\n\t\r]| {5,}")  # documented with code 21656


def parse_draft(form: Mapping[str, str], senders: Collection[str]) -> Draft:
    """The draft a form describes. With no `senders` every WhatsApp address may send. Raises ApiError."""
    to = _recipient(form)
    service = form.get("MessagingServiceSid") or None
    if service is not None and not _SERVICE_SID.fullmatch(service):
        raise ApiError(21701, service)
    sender = _sender(form, to, senders, has_service=service is not None)
    content_sid, variables = _content(form)
    return Draft(
        to=to,
        sender=sender,
        body=_rendered(variables) if content_sid else _body(form),
        content_sid=content_sid,
        content_variables=variables,
        status_callback=_callback(form),
        messaging_service_sid=service,
    )


def _recipient(form: Mapping[str, str]) -> str:
    to = form.get("To", "")
    if not to:
        raise ApiError(21604)
    if not (_ADDRESS.fullmatch(to) or _PHONE.fullmatch(to)):
        raise ApiError(21211, to)
    return to


def _sender(form: Mapping[str, str], to: str, senders: Collection[str], *, has_service: bool) -> str:
    sender = form.get("From", "")
    if not sender:
        if has_service:
            return ""
        raise ApiError(21603)
    if _PHONE.fullmatch(sender):
        raise ApiError(21606, sender)  # this account has WhatsApp senders only
    if not _ADDRESS.fullmatch(sender):
        raise ApiError(21212, sender)
    if senders and sender not in senders:
        raise ApiError(63007, sender)
    if not _ADDRESS.fullmatch(to):
        raise ApiError(21910, f"{sender}, {to}")
    return sender


def _body(form: Mapping[str, str]) -> str:
    body = form.get("Body", "")
    if not body.strip():
        raise ApiError(21602)
    if len(body) > BODY_LIMIT:
        raise ApiError(21617)
    return body


def _content(form: Mapping[str, str]) -> tuple[str | None, dict[str, str] | None]:
    content_sid = form.get("ContentSid") or None
    if content_sid is None:
        return None, None
    if not _CONTENT_SID.fullmatch(content_sid):
        raise ApiError(21655, content_sid)
    return content_sid, _variables(form.get("ContentVariables") or "{}")


def _variables(text: str) -> dict[str, str]:
    """The values of the template's placeholders: "a JSON string of key value pairs", none of them empty."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ApiError(21656, "not JSON") from error
    if not isinstance(values, dict):
        raise ApiError(21656, "not an object")
    for name, value in values.items():
        if not name or not isinstance(value, str) or not value or _FORBIDDEN_SPACE.search(value):
            raise ApiError(21656, f"variable {name}")
        if len(value) > BODY_LIMIT:
            raise ApiError(21658, f"variable {name}")
    return values


def _rendered(variables: Mapping[str, str] | None) -> str:
    """What the phone shows of a template whose text lives at Twilio: its values, one a line."""
    return "\n".join((variables or {}).values())


def _callback(form: Mapping[str, str]) -> str | None:
    url = form.get("StatusCallback") or None
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "_" in parts.hostname:
        raise ApiError(21609, url)
    return url
