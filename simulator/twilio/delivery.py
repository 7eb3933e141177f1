"""What happens to a message after it was accepted: its way to the phone, told to the status callback."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests
import structlog

from simulator.twilio.errors import describe
from simulator.twilio.messages import API_VERSION, Message, Store
from simulator.twilio.signature import sign

log = structlog.get_logger()
CALLBACK_TIMEOUT = 15.0  # seconds Twilio waits for an answer to a webhook


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds after acceptance at which a message is sent, delivered and read; `read` None is never."""

    sent: float = 0.3
    delivered: float = 0.8
    read: float | None = 3.0


@dataclass(frozen=True, slots=True)
class Step:
    """A status that is due, with the code that explains it when it is a failure."""

    status: str
    error_code: int | None = None


def steps(message: Message, pace: Pace, failure: Step | None) -> list[tuple[float, Step]]:
    """(seconds after acceptance, step) of a message; `failure` takes the place of delivery.

    Twilio calls back for changes only, never for the first status; so `queued` is told only where a Messaging
    Service made the message `accepted` first.
    """
    queued = [(0.0, Step("queued"))] if message.status == "accepted" else []
    if failure is not None:
        sent = [(pace.sent, Step("sent"))] if failure.status == "undelivered" else []
        return [*queued, *sent, (pace.delivered, failure)]
    read = [] if pace.read is None else [(pace.read, Step("read"))]
    return [*queued, (pace.sent, Step("sent")), (pace.delivered, Step("delivered")), *read]


def callback_form(message: Message, account_sid: str) -> dict[str, str]:
    """The fields of a status callback for a WhatsApp message."""
    form = {
        "AccountSid": account_sid,
        "ApiVersion": API_VERSION,
        "ChannelPrefix": "whatsapp",
        "From": message.draft.sender,
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.draft.to,
    }
    if message.draft.messaging_service_sid:
        form["MessagingServiceSid"] = message.draft.messaging_service_sid
    if message.error_code is not None:
        form |= {"ErrorCode": str(message.error_code), "ChannelStatusMessage": message.error_message or ""}
    if message.status in {"delivered", "read", "undelivered", "failed"}:
        form["EventType"] = message.status.upper()
    return form


class Delivery:
    """One thread that takes messages through their steps when they are due, and a few that call back."""

    def __init__(self, store: Store, account_sid: str, auth_token: str, pace: Pace) -> None:
        self._store = store
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._pace = pace
        self._due: list[tuple[float, int, str, Step]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._callers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="callback")

    def start(self) -> None:
        """Begin; the thread ends with the process."""
        threading.Thread(target=self._run, name="delivery", daemon=True).start()

    def schedule(self, message: Message, failure: Step | None = None) -> None:
        """Send the message on its way."""
        now = time.monotonic()
        with self._changed:
            for after, step in steps(message, self._pace, failure):
                heapq.heappush(self._due, (now + after, next(self._order), message.sid, step))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            sid, step = self._next()
            text = None if step.error_code is None else describe(step.error_code)
            message = self._store.advance(sid, step.status, step.error_code, text)
            if message is not None and message.draft.status_callback:
                self._callers.submit(self._call_back, message, message.draft.status_callback)

    def _next(self) -> tuple[str, Step]:
        with self._changed:
            while not self._due or self._due[0][0] > time.monotonic():
                self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
            _, _, sid, step = heapq.heappop(self._due)
            return sid, step

    def _call_back(self, message: Message, url: str) -> None:
        form = callback_form(message, self._account_sid)
        headers = {"X-Twilio-Signature": sign(self._auth_token, url, form), "User-Agent": "TwilioProxy/1.1"}
        try:
            answer = requests.post(url, data=form, headers=headers, timeout=CALLBACK_TIMEOUT)
        except requests.RequestException as error:
            log.warning("status callback not delivered", url=url, sid=message.sid, reason=type(error).__name__)
            return
        if not answer.ok:
            log.warning("status callback refused", url=url, sid=message.sid, status=answer.status_code)
