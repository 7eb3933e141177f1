"""Settings: what is missing or wrong is said at once, all of it, and without a secret."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import structlog

from alert_webhook.server import serve
from alert_webhook.settings import read_settings
from inventory.mail import MailSettings
from inventory.secrets import Secret
from inventory.settings import Address, SettingError

LANGUAGES = ("bn", "en")
GOOD = {
    "BACKHAUL_WEBHOOK_TOKEN": "token",
    "BACKHAUL_PUBLIC_URL": "https://alerts.example.net/",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "auth",
    "TWILIO_FROM_NUMBER": "whatsapp:+14155238886",
    "ALERT_TO_NUMBER": "+8801700000000, whatsapp:+8801700000001",
    "SMTP_URL": "smtp://user:p%40ss@mail.example.net?starttls",
    "MAIL_FROM": "alerts@example.net",
}


def test_nothing_set_names_everything_that_is_needed() -> None:
    """One start is enough to know what to do."""
    with pytest.raises(SettingError) as caught:
        read_settings({}, LANGUAGES)
    needed = {*GOOD, "BACKHAUL_INVENTORY"} - {"MAIL_FROM", "SMTP_URL", "BACKHAUL_PUBLIC_URL"}
    assert {name for name in needed if name in str(caught.value)} == needed


def test_settings_are_read(tmp_path: Path) -> None:
    """As written in the documentation, secrets also from files."""
    secret = tmp_path / "auth"
    secret.write_text("from-file\n", encoding="utf-8")
    environ = {**GOOD, "TWILIO_CONTENT_SID_FIRING_BN": "HX1", "TWILIO_AUTH_TOKEN_FILE": str(secret)}
    del environ["TWILIO_AUTH_TOKEN"]
    settings = read_settings(environ, LANGUAGES)
    assert settings.twilio.auth_token == Secret("from-file")
    assert settings.public_url == "https://alerts.example.net"
    assert settings.operators == ("+8801700000000", "+8801700000001")
    assert settings.twilio.template("firing", "bn") == "HX1"
    assert settings.twilio.template("firing", "en") is None
    assert settings.mail == MailSettings(
        "mail.example.net", 587, "alerts@example.net", starttls=True, username="user", password=Secret("p@ss")
    )


def test_mail_can_be_switched_off() -> None:
    """By saying so; left out by mistake, it is warned of."""
    with structlog.testing.capture_logs() as logs:
        assert read_settings({**GOOD, "SMTP_URL": "none"}, LANGUAGES).mail is None
    assert not [entry for entry in logs if "SMTP_URL" in entry["event"]]
    with structlog.testing.capture_logs() as logs:
        assert (
            read_settings({name: value for name, value in GOOD.items() if name != "SMTP_URL"}, LANGUAGES).mail is None
        )
    assert [entry["log_level"] for entry in logs if "SMTP_URL" in entry["event"]] == ["warning"]


TEMPLATES = {
    f"TWILIO_CONTENT_SID_{kind}_{language}" for kind in ("FIRING", "RESOLVED", "DIGEST") for language in ("BN", "EN")
}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, TEMPLATES),
        ({"TWILIO_CONTENT_SID_FIRING_EN": "HX1"}, TEMPLATES - {"TWILIO_CONTENT_SID_FIRING_EN"}),
        (dict.fromkeys(TEMPLATES, "HX1"), set()),
        ({"TWILIO_API_URL": "http://127.0.0.1:1"}, set()),
    ],
)
def test_templates_that_are_missing_for_twilio_itself_are_warned_of(given: dict[str, str], named: set[str]) -> None:
    """Each by name: without them hardly anybody is reached on WhatsApp. A local server takes free text."""
    with structlog.testing.capture_logs() as logs:
        read_settings({**GOOD, **given}, LANGUAGES)
    warned = [entry["missing"] for entry in logs if "templates" in entry["event"]]
    assert {name for names in warned for name in names.split(", ")} == named


def test_how_long_the_history_is_kept_is_a_setting() -> None:
    """As long as the recorded series by default."""
    assert read_settings(GOOD, LANGUAGES).history_days == 400
    assert read_settings({**GOOD, "BACKHAUL_HISTORY_DAYS": "120"}, LANGUAGES).history_days == 120


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TWILIO_FROM_NUMBER", "14155238886", '"14155238886" is not a number; expected whatsapp:+14155238886'),
        ("ALERT_TO_NUMBER", "+880, 5", '"+880" is not a number'),
        ("SMTP_URL", "mail.example.net", "names no mail server"),
        ("SMTP_URL", "smtp://user:s3cret@host:port", "is not a URL"),
        ("SMTP_URL", "smtp://user:s3cret%C3%A9@mail.example.net", "beyond ASCII"),
        ("SMTP_URL", "smtp://us%C3%A9r:s3cret@mail.example.net", "beyond ASCII"),
        ("SMTP_URL", f"smtp://{'a' * 64}.example.net", "is not a URL"),
        ("BACKHAUL_HISTORY_DAYS", "119", "at least 120"),
        ("BACKHAUL_HISTORY_DAYS", "for ever", "a whole number of days"),
        ("TWILIO_CONTENT_SID_FIRING_FR", "HX1", "is no template of ours; expected one of TWILIO_CONTENT_SID_DIGEST_BN"),
        ("MAIL_FROM", "", "MAIL_FROM is not set"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str, said: str) -> None:
    """What, where, and what was expected."""
    with pytest.raises(SettingError) as caught:
        read_settings({**GOOD, name: value}, LANGUAGES)
    assert name in str(caught.value)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    """In a sentence that says what to do, not in a traceback."""
    database = {"BACKHAUL_DATABASE_URL": f"sqlite:///{tmp_path}/outbox.db"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(SettingError, match="Address already in use; give --listen another address"):
            serve(address, {**GOOD, **database})
