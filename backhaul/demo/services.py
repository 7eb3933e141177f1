"""The programs of one run: the simulated world, our services, Alertmanager and Prometheus, and how each is started."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from backhaul.demo import configuration, inventory_file
from backhaul.demo.ports import Ports, at
from backhaul.demo.programs import Program, find

ACCOUNT_SID = "AC" + "0" * 31 + "1"
SETTINGS = (
    *("BACKHAUL_", "TWILIO_", "SMTP_URL", "MAIL_FROM", "ALERT_TO_NUMBER"),
    *("PROMETHEUS_URL", "EXPORTER_URL", "ALERTMANAGER_URL", "WEBHOOK_URL", "GRAFANA_URL"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One run's places: its folder, its ports, the moment it began (Unix seconds), the key of its secrets."""

    data: Path
    ports: Ports
    began: int
    secret_key: str

    @property
    def database_url(self) -> str:
        """The registry and the outbox."""
        return f"sqlite:///{self.data}/backhaul.db"


def programs(now: Run) -> list[Program]:
    """In the order they start: each finds what it needs already there. Raises StartError for one not installed."""
    token, twilio_token = secrets.token_urlsafe(24), secrets.token_hex(16)
    environ = _environ(now, token, twilio_token)
    # Twilio reports to the webhook and people come to the portal; on a server a proxy gives both one address.
    public = {"webhook": now.ports.webhook, "portal": now.ports.portal}
    return [
        Program(
            name,
            command,
            f"http://{at(port)}/-/ready",
            {**environ, "BACKHAUL_PUBLIC_URL": f"http://{at(public.get(name, port))}"},
            now.data,
        )
        for name, port, command in (
            *_world(now, twilio_token),
            *_ours(now),
            ("alertmanager", now.ports.alertmanager, _alertmanager(now, token)),
            ("prometheus", now.ports.prometheus, _prometheus(now)),
        )
    ]


def _environ(now: Run, token: str, twilio_token: str) -> Mapping[str, str]:
    """The caller's environment with our settings in place of all of his, which may name real phones."""
    ports = now.ports
    return {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)} | {
        "PYTHONSAFEPATH": "1",  # the packages are those of this environment, not what lies in the current folder
        "BACKHAUL_INVENTORY": now.database_url,
        "BACKHAUL_DATABASE_URL": now.database_url,
        "BACKHAUL_SECRET_KEY": now.secret_key,
        "BACKHAUL_SECOND_FACTOR": "optional",  # nobody has to bring an authenticator to look at a demo
        "BACKHAUL_WEBHOOK_TOKEN": token,
        "EXPORTER_URL": f"http://{at(ports.exporter)}",
        "PROMETHEUS_URL": f"http://{at(ports.prometheus)}",
        "TWILIO_API_URL": f"http://{at(ports.inbox)}",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": twilio_token,
        "TWILIO_FROM_NUMBER": "whatsapp:+14155238886",
        "SMTP_URL": f"smtp://{at(ports.smtp)}",
        "MAIL_FROM": "alerts@skylink.example.net",
    }


def _world(now: Run, twilio_token: str) -> list[tuple[str, int, Sequence[str]]]:
    """Name, port and command of what stands for the routers, the phones and the mail server."""
    ports, python = now.ports, [sys.executable, "-m"]
    network = [str(now.data / "network" / "network.yml"), "--control", at(ports.network)]
    account = ["--account-sid", ACCOUNT_SID, "--auth-token", twilio_token]
    names = [f"--name={number}={name}" for number, name in inventory_file.phones().items()]
    mail = ["--listen", at(ports.mailbox), "--smtp", at(ports.smtp)]
    return [
        ("simulated network", ports.network, [*python, "simulator", *network]),
        ("simulated inbox", ports.inbox, [*python, "simulator.twilio", "--listen", at(ports.inbox), *account, *names]),
        ("simulated mailbox", ports.mailbox, [*python, "simulator.mail", *mail]),
    ]


def _ours(now: Run) -> list[tuple[str, int, Sequence[str]]]:
    ports, backhaul = now.ports, [sys.executable, "-m", "backhaul"]
    exporter = ["exporter", "--inventory", now.database_url, "--listen", at(ports.exporter)]
    return [
        ("webhook", ports.webhook, [*backhaul, "webhook", "--listen", at(ports.webhook)]),
        ("exporter", ports.exporter, [*backhaul, *exporter]),
        ("portal", ports.portal, [*backhaul, "portal", "--listen", at(ports.portal)]),
    ]


def _alertmanager(now: Run, token: str) -> Sequence[str]:
    ports = now.ports
    addresses = {"127.0.0.1:9910": at(ports.webhook), "127.0.0.1:1025": at(ports.smtp)}
    written = configuration.write_alertmanager(now.data / "alertmanager" / "config", addresses, token)
    return [
        find("alertmanager", "prometheus-alertmanager"),
        f"--config.file={written}",
        f"--storage.path={now.data}/alertmanager/data",
        f"--web.listen-address={at(ports.alertmanager)}",
        f"--web.external-url=http://{at(ports.alertmanager)}",  # by default links name a host that is not listened on
        "--cluster.listen-address=",
    ]


def _prometheus(now: Run) -> Sequence[str]:
    ports = now.ports
    addresses = {
        "127.0.0.1:9909": at(ports.exporter),
        "127.0.0.1:9910": at(ports.webhook),
        "127.0.0.1:8080": at(ports.portal),
        "127.0.0.1:9090": at(ports.prometheus),
        "127.0.0.1:9093": at(ports.alertmanager),
    }
    written = configuration.write_prometheus(now.data / "prometheus" / "config", addresses)
    return [
        find("prometheus"),
        f"--config.file={written}",
        f"--storage.tsdb.path={now.data}/prometheus/data",
        "--storage.tsdb.retention.time=40d",
        # The first evaluation can come before Prometheus knows its Alertmanager; what it could not send then
        # it sends again after this long, by default only after a minute.
        "--rules.alert.resend-delay=15s",
        f"--web.listen-address={at(ports.prometheus)}",
        f"--web.external-url=http://{at(ports.prometheus)}",
    ]
