"""Which mail server to use, from SMTP_URL and MAIL_FROM: read alike by every service that sends mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from inventory.secrets import Secret
from inventory.settings import SettingError, required, setting

# Says that going without mail is meant.
NO_MAIL = "none"

SMTP_EXPECTED = "smtp://user:pass@host:587?starttls or smtps://user:pass@host"
_SMTP_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailSettings:
    """One SMTP server: `tls` from the first byte, or `starttls`, or neither."""

    host: str
    port: int
    sender: str
    tls: bool = False
    starttls: bool = False
    username: str | None = None
    password: Secret | None = None


def mail_settings(environ: Mapping[str, str], purpose: str) -> MailSettings | None:
    """The server of SMTP_URL; None where it is not set or says `none`. `purpose` tells what MAIL_FROM is needed for.

    Raises SettingError for a URL that is none, or one without MAIL_FROM.
    """
    url = setting(environ, "SMTP_URL")
    if url is None or url == NO_MAIL:
        return None
    sender = required(environ, "MAIL_FROM", purpose)
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")  # as it will be looked up
    except ValueError:  # its text may hold the password
        raise SettingError(f"SMTP_URL is not a URL; expected {SMTP_EXPECTED}") from None
    if parts.scheme not in _SMTP_PORTS or not parts.hostname:
        raise SettingError(f"SMTP_URL names no mail server; expected {SMTP_EXPECTED}")
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (username + password).isascii():
        raise SettingError(
            "SMTP_URL: user or password has characters beyond ASCII, with which smtplib cannot log in; "
            "expected ASCII alone: set another password at the mail server"
        )
    return MailSettings(
        host=parts.hostname,
        port=port or _SMTP_PORTS[parts.scheme],
        sender=sender,
        tls=parts.scheme == "smtps",
        starttls="starttls" in dict(parse_qsl(parts.query, keep_blank_values=True)),
        username=username or None,
        password=Secret(password) if password else None,
    )
