"""The webhook's settings from the environment; what is missing is refused at start, all at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from alert_webhook.message import KINDS
from inventory.database import DEFAULT_DATABASE_URL, database_url
from inventory.mail import SMTP_EXPECTED, MailSettings, mail_settings
from inventory.registry.inventories import has_isps
from inventory.secrets import Secret
from inventory.settings import Problems, SettingError, required, setting

log = structlog.get_logger()

# As long as the recorded series are kept by default; and as the log of messages, which shows the alert of each, is.
DEFAULT_HISTORY_DAYS, SHORTEST_HISTORY_DAYS = 400, 120

_NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)  # E.164


@dataclass(frozen=True, slots=True)
class TwilioSettings:
    """The account. `sender` is `whatsapp:+...`; `templates` are content SIDs by kind and language."""

    account_sid: str
    auth_token: Secret
    sender: str
    api_url: str | None = None
    templates: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def template(self, kind: str, language: str) -> str | None:
        """The approved template of that kind and language, None where free text is sent."""
        return self.templates.get((kind, language))


@dataclass(frozen=True, slots=True)
class Settings:
    """All the webhook is told. `operators` are WhatsApp numbers (E.164).

    Without `public_url` Twilio sends no reports and the message list is asked; without `mail` nothing takes over
    where WhatsApp fails.
    """

    token: Secret
    public_url: str | None
    twilio: TwilioSettings
    mail: MailSettings | None
    operators: tuple[str, ...] = ()
    inventory: Path | None = None  # a file; None: the registry, which is in `registry_url`
    registry_url: str = DEFAULT_DATABASE_URL
    database_url: str = DEFAULT_DATABASE_URL
    prometheus_urls: tuple[str, ...] = ()
    history_days: int = DEFAULT_HISTORY_DAYS


def read_settings(environ: Mapping[str, str], languages: tuple[str, ...]) -> Settings:
    """The settings in `environ`. Raises SettingError that names everything missing or wrong and what to do."""
    problems = Problems()

    def need(name: str, purpose: str) -> str:
        return problems.attempt(lambda: required(environ, name, purpose), "")

    path = problems.attempt(lambda: setting(environ, "BACKHAUL_INVENTORY"), None)
    public_url = problems.attempt(lambda: setting(environ, "BACKHAUL_PUBLIC_URL"), None)
    prometheus = problems.attempt(lambda: setting(environ, "PROMETHEUS_URL"), None) or ""
    database = problems.attempt(lambda: database_url(environ), DEFAULT_DATABASE_URL)
    is_url = path is not None and "://" in path
    settings = Settings(
        token=Secret(need("BACKHAUL_WEBHOOK_TOKEN", "the bearer token Alertmanager sends")),
        public_url=public_url.rstrip("/") if public_url else None,
        twilio=TwilioSettings(
            account_sid=need("TWILIO_ACCOUNT_SID", "sending WhatsApp messages"),
            auth_token=Secret(need("TWILIO_AUTH_TOKEN", "sending WhatsApp messages")),
            sender=problems.attempt(lambda: _sender(environ), ""),
            api_url=problems.attempt(lambda: setting(environ, "TWILIO_API_URL"), None),
            templates=problems.attempt(lambda: _templates(environ, languages), {}),
        ),
        mail=problems.attempt(lambda: _mail(environ), None),
        operators=problems.attempt(lambda: _operators(environ), ()),
        inventory=Path(path) if path and not is_url else None,
        registry_url=path if path and is_url else database,
        database_url=database,
        prometheus_urls=tuple(url.strip().rstrip("/") for url in prometheus.split(",") if url.strip()),
        history_days=problems.attempt(lambda: _history_days(environ), DEFAULT_HISTORY_DAYS),
    )
    if path is None and not settings.operators and not problems.attempt(lambda: has_isps(database), otherwise=True):
        problems.texts.append(
            "neither BACKHAUL_INVENTORY nor ALERT_TO_NUMBER is set, and the registry is empty: nobody could be told; "
            "name an inventory file with contacts, or WhatsApp numbers, or import an inventory"
        )
    if problems.texts:
        raise SettingError("\n".join(problems.texts))
    if settings.twilio.api_url is None:
        _warn_of_templates(settings.twilio, languages)
    return settings


def _sender(environ: Mapping[str, str]) -> str:
    text = required(environ, "TWILIO_FROM_NUMBER", "sending WhatsApp messages")
    sender = text if text.startswith("whatsapp:") else f"whatsapp:{text}"
    if not _NUMBER.fullmatch(sender.removeprefix("whatsapp:")):
        raise SettingError(f'TWILIO_FROM_NUMBER: "{text}" is not a number; expected whatsapp:+14155238886')
    return sender


def _operators(environ: Mapping[str, str]) -> tuple[str, ...]:
    numbers = [part.strip() for part in (setting(environ, "ALERT_TO_NUMBER") or "").split(",") if part.strip()]
    bare = [number.removeprefix("whatsapp:") for number in numbers]
    if wrong := [number for number in bare if not _NUMBER.fullmatch(number)]:
        raise SettingError(f'ALERT_TO_NUMBER: "{wrong[0]}" is not a number; expected +8801700000000, comma separated')
    return tuple(dict.fromkeys(bare))


def _templates(environ: Mapping[str, str], languages: tuple[str, ...]) -> dict[tuple[str, str], str]:
    """`TWILIO_CONTENT_SID_FIRING_EN` and so on. A name that is none of ours is refused, not ignored."""
    known = _template_names(languages)
    for name in environ:
        if name.startswith("TWILIO_CONTENT_SID_") and name.removesuffix("_FILE") not in known:
            raise SettingError(f"{name} is no template of ours; expected one of {', '.join(sorted(known))}")
    found = {key: setting(environ, name) for name, key in known.items()}
    return {key: value for key, value in found.items() if value}


def _template_names(languages: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    return {f"TWILIO_CONTENT_SID_{kind}_{lang}".upper(): (kind, lang) for kind in KINDS for lang in languages}


def _warn_of_templates(twilio: TwilioSettings, languages: tuple[str, ...]) -> None:
    """Twilio itself needs them all; what is sent without one is refused one by one (63016), and mail takes over."""
    missing = [name for name, key in _template_names(languages).items() if twilio.template(*key) is None]
    if missing:
        log.warning(
            "templates are not set: on WhatsApp only who wrote to you within 24 hours gets what is sent without one",
            missing=", ".join(missing),
        )


def _history_days(environ: Mapping[str, str]) -> int:
    text = setting(environ, "BACKHAUL_HISTORY_DAYS") or str(DEFAULT_HISTORY_DAYS)
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII) or int(text) < SHORTEST_HISTORY_DAYS:
        expected = f"expected a whole number of days, at least {SHORTEST_HISTORY_DAYS}"
        raise SettingError(f'BACKHAUL_HISTORY_DAYS: "{text}" is too short or no number; {expected}')
    return int(text)


def _mail(environ: Mapping[str, str]) -> MailSettings | None:
    if setting(environ, "SMTP_URL") is None:
        log.warning("SMTP_URL is not set: no mail takes over where WhatsApp fails", expected=SMTP_EXPECTED)
    return mail_settings(environ, "the sender of alert mails")
