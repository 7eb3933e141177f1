"""Mail by SMTP: plain text, one connection a message, a Message-ID that a second try repeats."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime

from alert_webhook.deadline import Deadline
from alert_webhook.message import Message
from alert_webhook.reasons import DeliveryError, Reason
from alert_webhook.settings import Settings
from inventory.mail import MailSettings

TIMEOUT_SECONDS = 10.0  # for the connection, and for each read
WHOLE_SECONDS = 30.0  # for all of it: shorter than the lease under which it is sent


class Email:
    """Sends by one SMTP server."""

    def __init__(self, settings: MailSettings | None) -> None:
        self._settings = settings

    def send(self, message: Message) -> str:
        """The Message-ID once the server has accepted the mail. Raises DeliveryError.

        Sent again after a lost answer it has the same Message-ID, by which mail programs show it once.
        """
        if self._settings is None:
            raise DeliveryError(Reason.NOT_CONFIGURED, "SMTP_URL is none", retryable=False)
        mail = _mail(self._settings, message)
        try:
            with Deadline(WHOLE_SECONDS) as deadline, _connection(self._settings, deadline) as server:
                server.send_message(mail)
        except (OSError, smtplib.SMTPException) as error:
            raise _failure(error) from None  # the chain would show addresses and credentials in a log
        return str(mail["Message-ID"])


def from_settings(settings: Settings) -> Email:
    """The notifier as the settings describe it."""
    return Email(settings.mail)


def _mail(settings: MailSettings, message: Message) -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["From"] = settings.sender
    mail["To"] = message.address
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.same_as}@{settings.sender.rpartition('@')[2].strip('<> ') or 'localhost'}>"
    # Tells other robots not to answer (RFC 3834, 5).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    return mail


@contextmanager
def _connection(settings: MailSettings, deadline: Deadline) -> Iterator[smtplib.SMTP]:
    # smtplib makes its socket in _get_socket, before any TLS.
    class Plain(smtplib.SMTP):
        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            return deadline.connect(host, port, timeout)

    class OverTls(smtplib.SMTP_SSL, Plain):
        """The same with TLS from the first byte."""

    context = ssl.create_default_context()
    where = (settings.host, settings.port)
    opened = (
        OverTls(*where, context=context, timeout=TIMEOUT_SECONDS)
        if settings.tls
        else Plain(*where, timeout=TIMEOUT_SECONDS)
    )
    try:
        if settings.starttls:
            opened.starttls(context=context)
        if settings.username is not None and settings.password is not None:
            opened.login(settings.username, settings.password.reveal())
        yield opened
        # What the server took it keeps (RFC 5321, 4.1.1.4), however it says good-bye.
        with suppress(OSError, smtplib.SMTPException):
            opened.quit()
    finally:
        opened.close()


def _failure(error: OSError | smtplib.SMTPException) -> DeliveryError:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((answer[0] for answer in error.recipients.values()), default=550)
        return _answered(code, Reason.BAD_RECIPIENT)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryError(Reason.CREDENTIALS, f"SMTP {error.smtp_code}", retryable=True)
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(error.smtp_code, Reason.REFUSED)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return DeliveryError(Reason.REFUSED, "the server offers no STARTTLS or login", retryable=True)
    return DeliveryError(Reason.UNREACHABLE, type(error).__name__, retryable=True)


def _answered(code: int, permanent: Reason) -> DeliveryError:
    """4xx is "later", 5xx is "never" (RFC 5321, 4.2.1)."""
    if 500 <= code < 600:
        return DeliveryError(permanent, f"SMTP {code}", retryable=False)
    return DeliveryError(Reason.TEMPORARY, f"SMTP {code}", retryable=True)
