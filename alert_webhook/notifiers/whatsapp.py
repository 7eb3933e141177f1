"""WhatsApp through Twilio: an approved template where one is set, free text otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]  # twilio ships no types
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]  # twilio ships no types
from twilio.http.response import Response  # type: ignore[import-untyped]  # twilio ships no types
from twilio.rest import Client  # type: ignore[import-untyped]  # twilio ships no types
from urllib3.exceptions import NewConnectionError

from alert_webhook.deadline import Deadline, http_session
from alert_webhook.message import Message, Sent
from alert_webhook.notifiers.twilio_codes import PERMANENT, reason_of
from alert_webhook.reasons import DeliveryError, Reason
from alert_webhook.settings import Settings, TwilioSettings

TIMEOUT_SECONDS = 10.0  # for the connection, and for each read; twilio's own default is to wait for ever
WHOLE_SECONDS = 20.0  # for all of it, since an answer that trickles in never exceeds the other

# The newest so many messages of a recipient are searched. At one message in six seconds that is five minutes.
LOOK_BACK = 50

# After a restored backup so many messages of a recipient are read: Twilio's largest page.
LONG_LOOK_BACK = 1000

# What Twilio calls a message it gave up on.
_FAILED = {"failed", "undelivered", "canceled"}

# A recipient's address at Twilio.
PREFIX = "whatsapp:"


class WhatsApp:
    """Sends by Twilio and finds a message again whose answer was lost."""

    def __init__(self, settings: TwilioSettings, public_url: str | None) -> None:
        """`public_url` is ours, to which Twilio reports what became of a message; without it, it reports nothing."""
        self._settings = settings
        self._public_url = public_url

    def send(self, message: Message) -> str:
        """The Message resource's sid once Twilio has accepted it. Raises DeliveryError."""
        with _understood(), Deadline(WHOLE_SECONDS) as deadline:
            created = self._client(deadline).messages.create(
                to=PREFIX + message.address,
                from_=self._settings.sender,
                **self._content(message),
                **self._report_to(message),
            )
        if not isinstance(created.sid, str):
            raise DeliveryError(Reason.UNKNOWN, "Twilio's answer names no message", retryable=False)
        return created.sid

    def find(self, address: str, ref: str) -> str | None:
        """The sid of the message to `address` whose text shows `ref`. Raises DeliveryError."""
        with _understood(), Deadline(WHOLE_SECONDS) as deadline:
            # No filter by date: a message that is still queued has no date of sending.
            found = self._client(deadline).messages.list(to=PREFIX + address, limit=LOOK_BACK, page_size=LOOK_BACK)
            return next((str(each.sid) for each in found if ref in (each.body or "")), None)

    def sent(self, address: str, since: float) -> list[Sent]:
        """What was sent to `address` from then on, newest first. Raises DeliveryError."""
        with _understood(), Deadline(WHOLE_SECONDS) as deadline:
            listed = self._client(deadline).messages.list(
                to=PREFIX + address, limit=LONG_LOOK_BACK, page_size=LONG_LOOK_BACK
            )
            found = [
                Sent(each.date_created.timestamp(), each.body or "", str(each.status) in _FAILED) for each in listed
            ]
            return [each for each in found if each.at >= since]

    def _client(self, deadline: Deadline) -> Client:
        http = _HttpClient(self._settings.api_url, deadline)
        return Client(self._settings.account_sid, self._settings.auth_token.reveal(), http_client=http)

    def _content(self, message: Message) -> dict[str, Any]:
        template = self._settings.template(message.kind, message.language)
        if template is None:
            return {"body": message.body}
        return {"content_sid": template, "content_variables": json.dumps(message.variables, ensure_ascii=False)}

    def _report_to(self, message: Message) -> dict[str, str]:
        if self._public_url is None:
            return {}
        return {"status_callback": f"{self._public_url}/twilio/status?message={message.id}"}


def from_settings(settings: Settings) -> WhatsApp:
    """The notifier as the settings describe it."""
    return WhatsApp(settings.twilio, settings.public_url)


class _HttpClient(TwilioHttpClient):  # type: ignore[misc]  # its base has no types
    """Twilio's client for one request: with timeouts, a replaceable address, and no lost Retry-After."""

    def __init__(self, api_url: str | None, deadline: Deadline) -> None:
        # A new connection each time: one kept open may be closed by the other side just as we write, and
        # then we could not tell whether the message was taken.
        super().__init__(pool_connections=False, timeout=TIMEOUT_SECONDS)
        self.session = http_session(deadline)
        self._api = urlsplit(api_url) if api_url else None

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if self._api is not None:
            url = urlunsplit(urlsplit(url)._replace(scheme=self._api.scheme, netloc=self._api.netloc))
        response = super().request(method, url, *args, **kwargs)
        if response.status_code == requests.codes.too_many_requests:
            wait = _retry_after(response.headers or {})
            raise DeliveryError(Reason.RATE_LIMITED, "HTTP 429", retryable=True, retry_after=wait)
        return response


@contextmanager
def _understood() -> Iterator[None]:
    """Turns whatever goes wrong with a request into a DeliveryError, whose text shows no URL, number or message."""
    try:
        yield
    except (requests.RequestException, TwilioException) as error:
        raise _failure(error) from None
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # How twilio's client ends on a success whose body is no JSON, or JSON of another shape (a proxy's page).
        raise DeliveryError(Reason.UNKNOWN, f"garbled answer: {type(error).__name__}", retryable=False) from None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from a Retry-After header, which holds a number or a date (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _failure(error: requests.RequestException | TwilioException) -> DeliveryError:
    if isinstance(error, requests.RequestException):
        return _lost(error)
    status, code = getattr(error, "status", None), getattr(error, "code", None)
    detail = f"HTTP {status}, Twilio error {code}"
    if not isinstance(status, int) or status >= 500 or status < 400:
        return DeliveryError(Reason.UNKNOWN, detail, retryable=False)
    reason = reason_of(code)
    # An unknown refusal may have been a passing one; a known one is not.
    return DeliveryError(reason, detail, retryable=code not in PERMANENT)


def _lost(error: requests.RequestException) -> DeliveryError:
    """No answer: for certain not sent if there was no connection, else nobody knows."""
    cause = error.args[0] if error.args else None
    never_connected = isinstance(error, requests.ConnectTimeout) or isinstance(
        getattr(cause, "reason", None), NewConnectionError
    )
    if never_connected:
        return DeliveryError(Reason.UNREACHABLE, type(error).__name__, retryable=True)
    return DeliveryError(Reason.UNKNOWN, type(error).__name__, retryable=False)
