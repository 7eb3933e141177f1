"""The Message resource and the account's store of them, newest last."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

API_VERSION = "2010-04-01"


@dataclass(frozen=True, slots=True)
class Draft:
    """A request to send that passed validation. `sender` is empty when a Messaging Service picks it."""

    to: str
    sender: str
    body: str
    content_sid: str | None = None
    content_variables: Mapping[str, str] | None = None
    status_callback: str | None = None
    messaging_service_sid: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message at one moment. Times are Unix seconds; `history` holds (status, when) from the first on."""

    sid: str
    draft: Draft
    accepted_at: float
    history: tuple[tuple[str, float], ...]
    error_code: int | None = None
    error_message: str | None = None

    @property
    def status(self) -> str:
        """The latest status."""
        return self.history[-1][0]

    @property
    def sent_at(self) -> float | None:
        """When it left for the phone, None until then."""
        return next((when for status, when in self.history if status == "sent"), None)


def new_message(draft: Draft, now: float) -> Message:
    """A message as Twilio creates it: `accepted` while a Messaging Service has to pick a sender, else `queued`."""
    status = "accepted" if draft.messaging_service_sid else "queued"
    return Message(sid=f"SM{secrets.token_hex(16)}", draft=draft, accepted_at=now, history=((status, now),))


def _rfc2822(when: float | None) -> str | None:
    return None if when is None else format_datetime(datetime.fromtimestamp(when, UTC))


def resource(message: Message, account_sid: str) -> dict[str, Any]:
    """The Message resource as the API shows it (numbers of segments and media are strings there)."""
    draft = message.draft
    uri = f"/{API_VERSION}/Accounts/{account_sid}/Messages/{message.sid}"
    return {
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "body": draft.body,
        "date_created": _rfc2822(message.accepted_at),
        "date_sent": _rfc2822(message.sent_at),
        "date_updated": _rfc2822(message.history[-1][1]),
        "direction": "outbound-api",
        "error_code": message.error_code,
        "error_message": message.error_message,
        "from": draft.sender or None,
        "messaging_service_sid": draft.messaging_service_sid,
        "num_media": "0",
        # "When using a Messaging Service num_segments is initially 0"; a channel message is never cut up.
        "num_segments": "0" if draft.messaging_service_sid else "1",
        "price": None,
        "price_unit": None,
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": draft.to,
        "uri": f"{uri}.json",
    }


@dataclass
class Store:
    """All messages of the account. `revision` grows with every change, so that a reader can ask what is new."""

    clock: Callable[[], float] = time.time
    revision: int = 0
    _messages: dict[str, Message] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def accept(self, draft: Draft) -> Message:
        """Keep a new message; from here on it exists, whether or not the client hears of it."""
        with self._changed:
            message = new_message(draft, self.clock())
            self._messages[message.sid] = message
            self._touch()
            return message

    def advance(self, sid: str, status: str, error_code: int | None = None, text: str | None = None) -> Message | None:
        """The message with a further status; None when it was cleared meanwhile."""
        with self._changed:
            message = self._messages.get(sid)
            if message is None:
                return None
            history = (*message.history, (status, self.clock()))
            changed = replace(message, history=history, error_code=error_code, error_message=text)
            self._messages[sid] = changed
            self._touch()
            return changed

    def get(self, sid: str) -> Message | None:
        """One message by its sid."""
        with self._changed:
            return self._messages.get(sid)

    def newest_first(self) -> list[Message]:
        """Every message, the last accepted first."""
        with self._changed:
            return list(reversed(self._messages.values()))

    def clear(self) -> None:
        """Forget every message."""
        with self._changed:
            self._messages.clear()
            self._touch()

    def wait_for_change(self, revision: int, timeout: float) -> int:
        """The present revision, as soon as it is not `revision` any more or after `timeout` seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.revision != revision, timeout)
            return self.revision

    def _touch(self) -> None:
        self.revision += 1
        self._changed.notify_all()
