"""`backhaul configure`: the shipped files of Prometheus and Alertmanager with this installation's settings in them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from backhaul.demo.configuration import ROOT, MissingAddressError, replaced, write_prometheus
from inventory.mail import MailSettings, mail_settings
from inventory.settings import SettingError, required, setting

log = structlog.get_logger()

# What the shipped files call each service, and the setting that says where it is, or where each of several is.
_ADDRESSES = {
    "127.0.0.1:8080": "PORTAL_URL",
    "127.0.0.1:9909": "EXPORTER_URL",
    "127.0.0.1:9910": "WEBHOOK_URL",
    "127.0.0.1:9093": "ALERTMANAGER_URL",
    "127.0.0.1:9090": "PROMETHEUS_URL",
}
_TOKEN = "credentials_file: webhook-token"  # noqa: S105 - the words of the file, not a token
_MAIL = (
    "smtp_smarthost: 127.0.0.1:1025\n  smtp_from: alertmanager@backhaul.example.net\n  smtp_require_tls: false"
    "  # the placeholder is a relay on this machine; with a real one set this to true"
)
_TO = "to: noc@backhaul.example.net"
_RECEIVER = f"    email_configs:\n      - {_TO}\n        send_resolved: true\n"
_IMPLICIT_TLS_PORT = 465

# A year and more of what the rules have computed goes to a second store; what was scraped stays in Prometheus, whose
# one retention is for all it has. Recorded series are those with a colon in their name, and only those:
# https://prometheus.io/docs/practices/rules/#naming
_RECORDED_ONLY = """\
    write_relabel_configs:
      - source_labels: [__name__]
        regex: ".+:.+"
        action: keep
"""


def prometheus(target: Path, environ: Mapping[str, str]) -> Path:
    """Write prometheus.yml and its rules below `target`; returns the file.

    Recorded series go to REMOTE_WRITE_URL and all series to REMOTE_WRITE_ALL_URL, where these are set. Raises
    SettingError for an address that is missing.
    """
    shipped = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    hosts = {ours: _addresses(environ, name) for ours, name in _ADDRESSES.items() if f'"{ours}"' in shipped}
    changes = {f'"{ours}"': ", ".join(map(json.dumps, found)) for ours, found in hosts.items()}
    changes |= _for_each(shipped, "http://127.0.0.1:9909/sd", hosts["127.0.0.1:9909"])
    try:
        written = write_prometheus(target, changes)
        with written.open("a", encoding="utf-8") as file:
            file.write(_remote_write(environ))
    except OSError as error:
        raise _unwritable(target, error) from None
    return written


def _remote_write(environ: Mapping[str, str]) -> str:
    recorded, everything = (setting(environ, name) for name in ("REMOTE_WRITE_URL", "REMOTE_WRITE_ALL_URL"))
    text = f"  - url: {json.dumps(recorded)}\n{_RECORDED_ONLY}" if recorded else ""
    text += f"  - url: {json.dumps(everything)}\n" if everything else ""
    return f"\nremote_write:\n{text}" if text else ""


def _for_each(shipped: str, url: str, addresses: Sequence[str]) -> dict[str, str]:
    """The entry of a list that begins with `url`, and the same entry once for each address."""
    entry = re.search(rf"^( *)- url: {re.escape(url)}\n(?:\1 +.*\n)*", shipped, re.MULTILINE)
    if entry is None:
        raise MissingAddressError(f"there is no entry of {url}")
    ours = urlsplit(url).netloc
    return {entry[0]: "".join(entry[0].replace(ours, address) for address in addresses)}


def alertmanager(target: Path, environ: Mapping[str, str]) -> Path:
    """Write alertmanager.yml below `target`, and the mail server's password beside it; returns the file.

    The webhook's token stays where BACKHAUL_WEBHOOK_TOKEN_FILE says. Raises SettingError for what is missing or cannot
    be said to Alertmanager.
    """
    token = environ.get("BACKHAUL_WEBHOOK_TOKEN_FILE") or None
    if token is None:
        raise SettingError("BACKHAUL_WEBHOOK_TOKEN_FILE is not set: Alertmanager reads its token from that file")
    shipped = (ROOT / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    changes = {
        entry: each.replace(_TOKEN, f"credentials_file: {json.dumps(token)}")
        for entry, each in _for_each(
            shipped, "http://127.0.0.1:9910/alerts", _addresses(environ, "WEBHOOK_URL")
        ).items()
    }
    mail = mail_settings(environ, "the sender of alert mails")
    if mail is None:
        log.warning("SMTP_URL is not set: nobody is told when the webhook itself is down")
        changes[_RECEIVER] = ""
    try:
        if mail is not None:
            recipient = required(environ, "ALERT_TO_MAIL", "the mails that tell when the webhook itself is down")
            changes[_TO] = f"to: {json.dumps(recipient)}"
            changes[_MAIL] = _server(mail, target / "smtp-password")
        target.mkdir(parents=True, exist_ok=True)
        return replaced(ROOT / "alertmanager" / "alertmanager.yml", target / "alertmanager.yml", changes)
    except OSError as error:
        raise _unwritable(target, error) from None


def _server(mail: MailSettings, password: Path) -> str:
    """The lines of Alertmanager's `global` section."""
    if mail.tls and mail.port != _IMPLICIT_TLS_PORT:
        raise SettingError(f"SMTP_URL: Alertmanager speaks smtps on port {_IMPLICIT_TLS_PORT} only; use ?starttls")
    host = f"[{mail.host}]" if ":" in mail.host else mail.host
    lines = [
        f"smtp_smarthost: {json.dumps(f'{host}:{mail.port}')}",
        f"smtp_from: {json.dumps(mail.sender)}",
        f"smtp_require_tls: {json.dumps(mail.starttls)}",
    ]
    if mail.username is not None and mail.password is not None:
        password.parent.mkdir(parents=True, exist_ok=True)
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(mail.password.reveal(), encoding="utf-8")
        lines += [
            f"smtp_auth_username: {json.dumps(mail.username)}",
            f"smtp_auth_password_file: {json.dumps(str(password))}",
        ]
    return "\n  ".join(lines)


def _addresses(environ: Mapping[str, str], name: str) -> list[str]:
    """HOST:PORT of each URL of a service, of which there may be several, separated by commas."""
    urls = required(environ, name, "the address Prometheus and Alertmanager find it at").split(",")
    return [_address(name, url.strip()) for url in urls]


def _address(name: str, url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname or not parts.port or parts.path.strip("/"):
        raise SettingError(f"{name}: expected http://HOST:PORT, as services are reached on the stack's own network")
    return parts.netloc


def _unwritable(target: Path, error: OSError) -> SettingError:
    return SettingError(f"cannot write below {target}: {error.strerror or error}")
