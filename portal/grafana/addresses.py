"""Where the pages find Grafana: one panel to embed, or a whole dashboard to open. The proxy checks both once more."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from portal.binding import Audience
from portal.grafana.panels import ORGANISATIONS, load_panels
from portal.roles import TENANT_ROLES
from portal.services import services
from portal.tenancy import Identity


@dataclass(frozen=True, slots=True)
class Embedded:
    """A panel of a tenant's dashboard, and the portal's own chart of the same: its name and what it is about."""

    uid: str
    number: int
    title: str
    chart: str
    params: dict[str, str]
    timezone: str

    @property
    def address(self) -> str:
        """On our own origin, for an iframe; `static/panels.js` adds the time range. The theme is the browser's."""
        variables = {f"var-{name}": value for name, value in self.params.items() if name in _variables(self.uid)}
        asked = {"orgId": ORGANISATIONS["tenant"], "panelId": self.number, **variables, "timezone": self.timezone}
        return f"/grafana/d-solo/{self.uid}/{self.uid}?{urlencode(asked)}"


def is_configured() -> bool:
    """Whether there is a Grafana at all."""
    return services().settings.grafana_url is not None


def dashboard_address(who: Identity | None, uid: str, **variables: str) -> str | None:
    """Where `who` opens the whole dashboard `uid`; None without Grafana, and for whom it is not."""
    dashboard = load_panels().get(uid)
    if who is None or dashboard is None or not is_configured() or dashboard.audience != _audience(who):
        return None
    asked = {"orgId": ORGANISATIONS[dashboard.audience], **{f"var-{name}": value for name, value in variables.items()}}
    return f"/grafana/d/{uid}/{uid}?{urlencode(asked)}"


def _audience(who: Identity) -> Audience:
    """As the gateway has it, by the account alone: an owner who looks at an isp is still no staff of it."""
    if who.role in TENANT_ROLES:
        return "tenant"
    return "platform" if who.role == "owner" else "staff"


def _variables(uid: str) -> tuple[str, ...]:
    return ("circuit",) if uid == "tenant-circuit" else ()
