"""Staff are made members of their organisation in Grafana when they first look at it.

Grafana's auth proxy signs people up by itself, but in its main organisation alone, which is the tenants'. Without
GRAFANA_ADMIN_PASSWORD nobody is made a member, and Grafana shows the staff nothing.
"""

from __future__ import annotations

import threading
import time

import structlog

from inventory.registry.people import User
from portal.grafana.admin import Admin, GrafanaFailed
from portal.settings import Settings

log = structlog.get_logger(__name__)

_MAIN = 1
_lock = threading.Lock()
_AGAIN = 600.0  # seconds: a Grafana on a new database knows nobody
_known: dict[tuple[str, str, int], float] = {}  # address, account, organisation: until when


def make_member(settings: Settings, user: User, organisation: int) -> None:
    """Let `user` look at `organisation`. What fails is logged, and tried again with the next page."""
    password, url = settings.grafana_admin_password, settings.grafana_url
    if organisation == _MAIN or password is None or url is None:
        return
    key = (url, user.id, organisation)
    with _lock:
        if _known.get(key, 0.0) > time.monotonic():
            return
    try:
        Admin(url, settings.grafana_admin_user, password).add_member(organisation, user.id, user.name)
    except GrafanaFailed as error:
        log.warning("grafana_member_not_made", user=user.id, organisation=organisation, error=str(error))
        return
    with _lock:
        _known[key] = time.monotonic() + _AGAIN
