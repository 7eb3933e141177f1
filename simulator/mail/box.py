"""The mailbox: what arrived, newest first, and the SMTP side that fills it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from threading import Lock

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 200


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it arrived: its plain text or, where it has none, `html`; `received` is Unix seconds."""

    sender: str
    recipients: tuple[str, ...]
    subject: str
    body: str
    html: str
    received: float


class Mailbox:
    """The newest mails. Its `handle_DATA` is aiosmtpd's hook; all else is read by other threads."""

    def __init__(self) -> None:
        self._mails: deque[Mail] = deque(maxlen=KEPT)
        self._lock = Lock()

    def newest_first(self) -> list[Mail]:
        """A copy of what is there now."""
        with self._lock:
            return list(reversed(self._mails))

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Take a mail; the name is the one aiosmtpd calls."""
        content = envelope.content or b""
        mail = message_from_bytes(content if isinstance(content, bytes) else content.encode(), policy=modern)
        kept = Mail(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            subject=str(mail["Subject"] or ""),
            body=_part(mail, "plain"),
            html="" if mail.get_body(("plain",)) else _part(mail, "html"),
            received=time.time(),
        )
        with self._lock:
            self._mails.append(kept)
        return "250 OK"


def _part(mail: EmailMessage, kind: str) -> str:
    """The mail's text of that kind (plain, html), empty without one; Alertmanager sends HTML alone."""
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content())
