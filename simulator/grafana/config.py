"""Settings by Grafana's own environment variables (GF_<SECTION>_<KEY>), as far as the stand-in knows them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Config:
    """`sub_path` has no slash at its end; `proxies` are who may say X-WEBAUTH-USER, everybody where there are none."""

    sub_path: str = ""
    port: int = 3000
    admin_user: str = "admin"
    admin_password: str = "admin"  # noqa: S105 - Grafana's own default
    proxy_header: str | None = None
    proxies: tuple[Network, ...] = ()
    sign_up: bool = True
    send_user_header: bool = False
    policy: bool = False  # content_security_policy
    provisioning: Path | None = None


def read_config(environ: Mapping[str, str]) -> Config:
    """The settings in `environ`. Raises ValueError naming the one that cannot be read."""

    def text(name: str, default: str = "") -> str:
        if path := environ.get(f"GF_{name}__FILE"):
            return Path(path).read_text(encoding="utf-8").strip()
        return environ.get(f"GF_{name}") or default

    def flag(name: str, *, default: bool) -> bool:
        said = text(name, str(default)).lower()
        if said not in {"true", "false"}:
            raise ValueError(f"GF_{name} is {said!r}; expected true or false")
        return said == "true"

    root = urlsplit(text("SERVER_ROOT_URL", "http://localhost:3000/"))
    listed = [one.strip() for one in text("AUTH_PROXY_WHITELIST").split(",") if one.strip()]
    folder = text("PATHS_PROVISIONING")
    enabled = flag("AUTH_PROXY_ENABLED", default=False)
    return Config(
        sub_path=root.path.rstrip("/") if flag("SERVER_SERVE_FROM_SUB_PATH", default=False) else "",
        port=int(text("SERVER_HTTP_PORT", "3000")),
        admin_user=text("SECURITY_ADMIN_USER", "admin"),
        admin_password=text("SECURITY_ADMIN_PASSWORD", "admin"),
        proxy_header=text("AUTH_PROXY_HEADER_NAME", "X-WEBAUTH-USER") if enabled else None,
        proxies=tuple(ipaddress.ip_network(one) for one in listed),
        sign_up=flag("AUTH_PROXY_AUTO_SIGN_UP", default=True),
        send_user_header=flag("DATAPROXY_SEND_USER_HEADER", default=False),
        policy=flag("SECURITY_CONTENT_SECURITY_POLICY", default=False),
        provisioning=Path(folder) if folder else None,
    )
