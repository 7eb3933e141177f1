"""Who asks, and in which organisation: the proxy's header, or the admin's name and password."""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from typing import NoReturn

from flask import Request, Response, abort, jsonify

from simulator.grafana.config import Config
from simulator.grafana.store import MAIN, Organisation, Store


@dataclass(frozen=True, slots=True)
class Who:
    """One who is signed in; `organisation` is None where he is no member of the one he asks for."""

    login: str
    is_admin: bool
    organisation: Organisation | None

    @property
    def here(self) -> Organisation:
        """The organisation; 403 without."""
        if self.organisation is None:
            refuse(403, "You'll need additional permissions to perform this action.")
        return self.organisation


def who(request: Request, config: Config, store: Store) -> Who:
    """Aborts with 401 for nobody."""
    login = _by_header(request, config, store) or _by_password(request, config)
    if login is None:
        refuse(401, "Unauthorized")
    # The query outranks the header (authn/authnimpl/service.go, orgIDFromRequest).
    text = request.args.get("targetOrgId") or request.headers.get("X-Grafana-Org-Id", "")
    wanted = int(text) if text.isascii() and text.isdigit() and int(text) else MAIN
    found = store.organisations.get(wanted)
    return Who(login, login == config.admin_user, found if found and login in found.members else None)


def refuse(status: int, message: str) -> NoReturn:
    """End the request as Grafana's API does."""
    answer: Response = jsonify(message=message)
    answer.status_code = status
    abort(answer)


def _by_header(request: Request, config: Config, store: Store) -> str | None:
    login = request.headers.get(config.proxy_header, "").strip() if config.proxy_header else ""
    if not login:
        return None
    address = ipaddress.ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104 - of nobody
    if config.proxies and not any(address in network for network in config.proxies):
        refuse(401, "Unauthorized")
    if login not in store.users and not config.sign_up:
        refuse(401, "Unauthorized")
    store.sign_up(login)
    return login


def _by_password(request: Request, config: Config) -> str | None:
    given = request.authorization
    if given is None or given.type != "basic" or given.username != config.admin_user:
        return None
    same = hmac.compare_digest((given.password or "").encode(), config.admin_password.encode())
    return config.admin_user if same else None
