"""Sends the portal's own mails: login links. Alerts are the webhook's to send."""

from __future__ import annotations

import secrets
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from inventory.mail import MailSettings

TIMEOUT_SECONDS = 10.0


class MailFailed(Exception):
    """The mail was not taken; the text says why, without addresses or credentials."""


class Mailer:
    """Sends by one SMTP server, or not at all where there is none. May be used from any thread."""

    def __init__(self, settings: MailSettings | None) -> None:
        self._settings = settings

    @property
    def available(self) -> bool:
        """Whether there is a server to send by."""
        return self._settings is not None

    def send(self, to: str, subject: str, text: str) -> None:
        """Hand over one plain-text mail. Raises MailFailed."""
        if self._settings is None:
            raise MailFailed("SMTP_URL is not set")
        mail = _mail(self._settings.sender, to, subject, text)
        try:
            with _connection(self._settings) as server:
                server.send_message(mail)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise MailFailed(type(error).__name__) from None  # the chain would show addresses and credentials


def _mail(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{secrets.token_hex(16)}@{sender.rpartition('@')[2].strip('<> ') or 'localhost'}>"
    mail["Auto-Submitted"] = "auto-generated"  # tells other robots not to answer (RFC 3834, 5)
    mail.set_content(text)
    return mail


@contextmanager
def _connection(settings: MailSettings) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    opened = (
        smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_SECONDS, context=context)
        if settings.tls
        else smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
    )
    try:
        if settings.starttls:
            opened.starttls(context=context)
        if settings.username is not None and settings.password is not None:
            opened.login(settings.username, settings.password.reveal())
        yield opened
        with suppress(OSError, smtplib.SMTPException):  # what the server took it keeps, however it says good-bye
            opened.quit()
    finally:
        opened.close()
