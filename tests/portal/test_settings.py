"""The portal's settings: what is missing or dangerous is refused at start, with what to do."""

from __future__ import annotations

import pytest

from inventory.settings import Address, SettingError
from portal.settings import read_settings

LOOPBACK = Address("127.0.0.1", 8080)
ANYWHERE = Address("0.0.0.0", 8080)


def test_on_this_machine_nothing_needs_to_be_said() -> None:
    """The public address is where it listens."""
    assert read_settings({}, LOOPBACK).public_url == "http://127.0.0.1:8080"
    assert read_settings({}, Address("::1", 80)).public_url == "http://[::1]:80"
    assert not read_settings({}, LOOPBACK).https


@pytest.mark.parametrize(
    ("environ", "listen", "text"),
    [
        ({}, ANYWHERE, "BACKHAUL_PUBLIC_URL is not set: it is needed where others than this machine come"),
        ({"BACKHAUL_PUBLIC_URL": "http://portal.example.net"}, ANYWHERE, "would cross the network in clear"),
        ({"BACKHAUL_PUBLIC_URL": "https://portal.example.net/backhaul"}, ANYWHERE, "a host of its own"),
        ({"BACKHAUL_PUBLIC_URL": "portal.example.net"}, ANYWHERE, "BACKHAUL_PUBLIC_URL is not a URL"),
        ({"BACKHAUL_PUBLIC_URL": "https://user:hunter2@portal.example.net"}, ANYWHERE, "is not a URL we can use"),
        ({"PROMETHEUS_URL": "ftp://x"}, LOOPBACK, "PROMETHEUS_URL is not a URL we can use"),
        ({"RECORDED_URL": "recorded:8428"}, LOOPBACK, "RECORDED_URL is not a URL we can use"),
        ({"EXPORTER_URL": "http://x:y"}, LOOPBACK, "EXPORTER_URL is not a URL we can use"),
        ({"BACKHAUL_TRUSTED_PROXIES": "10.0.0.0/8, proxy"}, LOOPBACK, "BACKHAUL_TRUSTED_PROXIES: 'proxy'"),
        ({"SMTP_URL": "smtp://mail.example.net"}, LOOPBACK, "MAIL_FROM is not set"),
        ({"SMTP_URL": "smtp://u:hunter2@mail:x", "MAIL_FROM": "a@b.c"}, LOOPBACK, "SMTP_URL is not a URL"),
    ],
)
def test_what_will_not_do_is_named(environ: dict[str, str], listen: Address, text: str) -> None:
    """And no error repeats a password."""
    with pytest.raises(SettingError) as refused:
        read_settings(environ, listen)
    assert text in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_all_problems_are_said_at_once() -> None:
    """Nobody starts it five times to find five mistakes."""
    with pytest.raises(SettingError) as refused:
        read_settings({"PROMETHEUS_URL": "x", "SMTP_URL": "y", "BACKHAUL_METRICS_FROM": "z"}, ANYWHERE)
    for name in ("BACKHAUL_PUBLIC_URL", "PROMETHEUS_URL", "MAIL_FROM", "BACKHAUL_METRICS_FROM"):
        assert name in str(refused.value)


@pytest.mark.parametrize("url", ["https://portal.example.net", "https://portal.example.net:443/"])
def test_the_usual_port_is_left_out_as_browsers_do(url: str) -> None:
    """A Host with it would never come, so every page would be refused."""
    settings = read_settings({"BACKHAUL_PUBLIC_URL": url}, ANYWHERE)
    assert (settings.public_url, settings.public_host) == ("https://portal.example.net", "portal.example.net")
    other = read_settings({"BACKHAUL_PUBLIC_URL": "https://portal.example.net:8443/"}, ANYWHERE)
    assert other.public_host == "portal.example.net:8443"


def test_a_proxy_is_believed_when_it_is_named() -> None:
    """As addresses or networks."""
    environ = {"BACKHAUL_PUBLIC_URL": "https://Portal.example.net/", "BACKHAUL_TRUSTED_PROXIES": "10.0.0.1, fd00::/8"}
    settings = read_settings(environ, ANYWHERE)
    assert settings.public_url == "https://portal.example.net"
    assert settings.public_host == "portal.example.net"
    assert settings.trusted_proxies == ("10.0.0.1/32", "fd00::/8")
