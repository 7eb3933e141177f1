"""The portal's settings from the environment; what is missing or wrong is refused at start, all at once."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from inventory.database import DEFAULT_DATABASE_URL, database_url
from inventory.mail import MailSettings, mail_settings
from inventory.secrets import Secret
from inventory.settings import Address, Problems, SettingError, secret_setting, setting

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """All the portal is told. URLs have no slash at their end; one that is None is not there, and pages say so.

    `recorded_url` is where recorded series are kept for longer than `prometheus_url` keeps them.
    `exporter_urls` are those of all shards, in their order, of which each reads its own devices.
    `trusted_proxies` are addresses or networks whose X-Forwarded-For and X-Forwarded-Proto count; `metrics_from` are
    those that may read /metrics. `api_per_minute` is how many requests one token or session may make of the API,
    `api_address_per_minute` all who come from one address, each in every process of the portal.
    `grafana_gateway_token` is what Grafana's data source shows to the gateway; `grafana_admin_*` is who makes staff
    members of their organisation in Grafana.
    """

    public_url: str
    database_url: str = DEFAULT_DATABASE_URL
    prometheus_url: str = "http://127.0.0.1:9090"
    recorded_url: str | None = None
    exporter_urls: tuple[str, ...] = ("http://127.0.0.1:9909",)
    grafana_url: str | None = None
    grafana_gateway_token: Secret | None = None
    grafana_admin_user: str = "admin"
    grafana_admin_password: Secret | None = None
    mail: MailSettings | None = None
    cookie_key: Secret | None = None  # signs the cookie that carries a notice to the next page
    trusted_proxies: tuple[str, ...] = ()
    metrics_from: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    second_factor_optional: bool = False
    api_per_minute: int = 1_200
    api_address_per_minute: int = 12_000

    @property
    def https(self) -> bool:
        """Whether browsers come by https: decides on the session's cookie and on HSTS."""
        return self.public_url.startswith("https:")

    @property
    def public_host(self) -> str:
        """What a browser puts into Host: the name, with the port where it is not the scheme's own."""
        return urlsplit(self.public_url).netloc.lower()


def read_settings(environ: Mapping[str, str], listen: Address | None = None) -> Settings:
    """The settings in `environ`; `listen` gives the public URL's default, where it is this machine alone.

    Raises SettingError that names everything missing or wrong and what to do.
    """
    problems = Problems()

    def url(name: str) -> str | None:
        return problems.attempt(lambda: _url(environ, name), None)

    settings = Settings(
        public_url=problems.attempt(lambda: _public_url(environ, listen), ""),
        database_url=problems.attempt(lambda: database_url(environ), DEFAULT_DATABASE_URL),
        prometheus_url=url("PROMETHEUS_URL") or "http://127.0.0.1:9090",
        recorded_url=url("RECORDED_URL"),
        exporter_urls=problems.attempt(lambda: _urls(environ, "EXPORTER_URL"), ()) or ("http://127.0.0.1:9909",),
        grafana_url=url("GRAFANA_URL"),
        grafana_gateway_token=problems.attempt(lambda: _gateway_token(environ), None),
        grafana_admin_user=problems.attempt(lambda: setting(environ, "GRAFANA_ADMIN_USER"), None) or "admin",
        grafana_admin_password=problems.attempt(lambda: secret_setting(environ, "GRAFANA_ADMIN_PASSWORD"), None),
        mail=problems.attempt(lambda: mail_settings(environ, "the sender of login links"), None),
        cookie_key=problems.attempt(lambda: _cookie_key(environ), None),
        trusted_proxies=problems.attempt(lambda: _networks(environ, "BACKHAUL_TRUSTED_PROXIES", ""), ()),
        metrics_from=problems.attempt(lambda: _networks(environ, "BACKHAUL_METRICS_FROM", "127.0.0.0/8,::1"), ()),
        api_per_minute=problems.attempt(lambda: _rate(environ, "BACKHAUL_API_PER_MINUTE", 1_200), 1_200),
        api_address_per_minute=problems.attempt(
            lambda: _rate(environ, "BACKHAUL_API_ADDRESS_PER_MINUTE", 12_000), 12_000
        ),
    )
    optional = problems.attempt(lambda: _second_factor_optional(environ, settings.public_url), False)  # noqa: FBT003
    if problems.texts:
        raise SettingError("\n".join(problems.texts))
    return replace(settings, second_factor_optional=optional)


def _url(environ: Mapping[str, str], name: str) -> str | None:
    text = setting(environ, name)
    if text is None:
        return None
    _split(name, text)
    return text.rstrip("/")


def _urls(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Several, separated by commas."""
    texts = [text.strip() for text in (setting(environ, name) or "").split(",") if text.strip()]
    for text in texts:
        _split(name, text)
    return tuple(text.rstrip("/") for text in texts)


def _public_url(environ: Mapping[str, str], listen: Address | None) -> str:
    """A session's cookie must not cross a network in clear, so plain http is for this machine alone."""
    text = setting(environ, "BACKHAUL_PUBLIC_URL")
    if text is None:
        if listen is None or listen.host not in LOOPBACK_NAMES:
            raise SettingError(
                "BACKHAUL_PUBLIC_URL is not set: it is needed where others than this machine come to the portal; "
                "set it to the address they type, https://portal.example.net"
            )
        host = f"[{listen.host}]" if ":" in listen.host else listen.host
        return f"http://{host}:{listen.port}"
    scheme, host, path = _split("BACKHAUL_PUBLIC_URL", text)
    if path.strip("/"):
        raise SettingError(f'BACKHAUL_PUBLIC_URL: the portal has a host of its own; leave the path "{path}" out')
    if scheme != "https" and host not in LOOPBACK_NAMES:
        raise SettingError(
            "BACKHAUL_PUBLIC_URL: passwords would cross the network in clear; "
            "write https:// and let a proxy with a certificate answer there"
        )
    own_port = {"https": ":443", "http": ":80"}[scheme]  # browsers leave it out of Host
    return text.rstrip("/").lower().removesuffix(own_port)


def _second_factor_optional(environ: Mapping[str, str], public_url: str) -> bool:
    """Only where nobody but this machine comes: elsewhere a password that leaked would open the whole network."""
    word = setting(environ, "BACKHAUL_SECOND_FACTOR") or "required"
    if word not in {"required", "optional"}:
        raise SettingError(f'BACKHAUL_SECOND_FACTOR is "{word}"; expected required or optional')
    if word == "optional" and urlsplit(public_url).hostname not in LOOPBACK_NAMES:
        raise SettingError(
            "BACKHAUL_SECOND_FACTOR: optional is for a demo on this machine alone; leave it out, staff then enrol an "
            "authenticator at their first login"
        )
    return word == "optional"


def _split(name: str, text: str) -> tuple[str, str, str]:
    """Scheme, host and path. The error repeats nothing of a URL that may hold a password."""
    try:
        parts = urlsplit(text)
        known, _ = parts.scheme in {"http", "https"} and parts.hostname, parts.port
    except ValueError:
        known = None
    if not known or parts.query or parts.fragment or "@" in parts.netloc:
        raise SettingError(f"{name} is not a URL we can use; expected http://HOST:PORT or https://HOST")
    return parts.scheme, parts.hostname or "", parts.path


def _gateway_token(environ: Mapping[str, str]) -> Secret | None:
    """Long enough not to be found by trying: whoever has it may ask as anybody."""
    token = secret_setting(environ, "GRAFANA_GATEWAY_TOKEN")
    if token is not None and not re.fullmatch(r"[A-Za-z0-9._~+/=-]{32,}", token.reveal()):
        raise SettingError(
            "GRAFANA_GATEWAY_TOKEN: expected at least 32 letters, digits and ._~+/=-; openssl rand -hex 32 makes one"
        )
    return token


def _cookie_key(environ: Mapping[str, str]) -> Secret | None:
    """Derived, so that there is one key to keep; whether it is set and good is the vault's to say."""
    keys = setting(environ, "BACKHAUL_SECRET_KEY")
    return None if keys is None else Secret(hashlib.sha256(b"cookie:" + keys.encode()).hexdigest())


def _rate(environ: Mapping[str, str], name: str, default: int) -> int:
    text = setting(environ, name)
    if text is None:
        return default
    if not re.fullmatch(r"[1-9][0-9]{0,6}", text):
        raise SettingError(f"{name} is not a number of requests a minute; expected a whole number from 1 to 9999999")
    return int(text)


def _networks(environ: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    words = [word.strip() for word in (setting(environ, name) or default).split(",") if word.strip()]
    try:
        return tuple(str(ipaddress.ip_network(word)) for word in words)
    except ValueError as error:
        raise SettingError(f"{name}: {error}; expected addresses or networks, 10.0.0.0/8, comma separated") from None
