"""One case for every route and method of the portal: whose thing it is, and who may.

`test_isolation.py` takes the routes from the application itself, so a new one without a row here fails. A row is

    Case("GET", "/circuits/<circuit>", "/circuits/sky-r1-main")

the method, the rule as Flask has it, and an address that is there: of SkyLink (`SKY` of world.py), and where a tenant's
thing is meant, of its first reseller `sky-r1`. What stands in braces is filled in: `{alert}`, `{own_alert}` (of
sky-r1), `{user}`, `{notice}`, `{token}`, and `{platform_alert}` and `{platform_notice}`, which are of no isp. From the
view's own declaration the test knows who may; everybody else gets 404, or is led to the login:

* nobody; every role without the permission; the platform's owner while he looks at another isp or at none;
* staff of the other isp, and the other tenants, although they have the permission.

Where the address names nothing (a list, a form), those with the permission get their own, and no word of SkyLink's or
of sky-r1's. Unsafe requests carry `form` (default: the version, as delete buttons send it) and leave no trace.

`tenant=None`: a thing of the isp, which no tenant may see. `only`: whose alone it is. `own=False`: the test does not
ask as the one who may, since the answer needs what a test has not (Prometheus, mail, a password).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.portal.world import SKY, World

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Case:
    method: str
    rule: str
    path: str = ""  # the rule itself, where it names nothing
    form: Mapping[str, str] = field(default_factory=lambda: {"version": "1"})
    tenant: str | None = None
    only: str | None = None
    own: bool = True

    @property
    def address(self) -> str:
        return self.path or self.rule

    @property
    def names(self) -> bool:
        """Whether the address names a thing."""
        return "<" in self.rule


def filled(address: str, world: World) -> str:
    """The address with SkyLink's ids in it."""
    return address.format(
        alert=world.alerts[SKY.id, ""],
        own_alert=world.alerts[SKY.id, SKY.resellers[0]],
        user=world.user("engineer").id,
        notice=world.notices[SKY.id],
        platform_alert=world.alerts["", ""],
        platform_notice=world.notices[""],
        token=world.tokens[SKY.id],
    )


# For anybody: nothing in them is anyone's.
PUBLIC = frozenset(
    {
        ("GET", "/-/healthy"),
        ("GET", "/-/ready"),
        ("GET", "/metrics"),
        ("GET", "/static/<path:filename>"),
        ("GET", "/login"),
        ("POST", "/login"),
        ("GET", "/login/link"),
        ("POST", "/login/link"),
        ("GET", "/login/link/<token>"),
        ("POST", "/login/link/<token>"),
        ("GET", "/login/code"),
        ("POST", "/login/code"),
        ("GET", "/login/enrol"),
        ("POST", "/login/enrol"),
        ("POST", "/logout"),
        ("GET", "/api/docs"),
        ("GET", "/api/v1/openapi.json"),
        # Behind a token of their own, and what they answer goes by the registry: tests/portal/gateway.
        ("GET", "/gateway/api/v1/query"),
        ("POST", "/gateway/api/v1/query"),
        ("GET", "/gateway/api/v1/query_range"),
        ("POST", "/gateway/api/v1/query_range"),
        ("GET", "/gateway/api/v1/status/buildinfo"),
        *(
            (method, rule)
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
            for rule in ("/gateway/", "/gateway/<path:rest>")
        ),
    }
)


def _pair(rule: str, path: str = "", *, own: bool = True) -> tuple[Case, Case]:
    """A form: shown and sent."""
    return Case("GET", rule, path, own=own), Case("POST", rule, path, own=own)


CORE = (
    Case("GET", "/"),
    Case("GET", "/account"),
    Case("POST", "/account/password"),
    Case("POST", "/account/sessions/end", form={"which": "none"}, own=False),
    Case("GET", "/account/totp"),
    Case("POST", "/account/totp"),
    Case("POST", "/account/totp/remove"),
    Case("POST", "/account/tokens"),
    Case("POST", "/account/tokens/<token_id>/revoke", "/account/tokens/{token}/revoke", only="engineer"),
    Case("GET", "/platform"),
    Case("POST", "/platform", form={"isp": "nowhere"}, own=False),
    Case("GET", "/platform/alerts"),
    Case("GET", "/platform/alerts/<int:identifier>", "/platform/alerts/{platform_alert}"),
    Case("POST", "/platform/alerts/<int:identifier>/acknowledge", "/platform/alerts/{platform_alert}/acknowledge"),
    Case("GET", "/platform/deliveries"),
    Case("GET", "/platform/deliveries/<int:identifier>", "/platform/deliveries/{platform_notice}"),
    Case("GET", "/platform/audit"),
    Case("GET", "/platform/audit.csv"),
)

STAFF = (
    Case("GET", "/overview"),
    Case("GET", "/resellers"),
    Case("GET", "/clients"),
    *_pair("/tenants/new", "/tenants/new?kind=reseller"),
    Case("GET", "/tenants/<tenant>", "/tenants/sky-r1"),
    *_pair("/tenants/<tenant>/edit", "/tenants/sky-r1/edit"),
    Case("POST", "/tenants/<tenant>/delete", "/tenants/sky-r1/delete"),
    *_pair("/tenants/<tenant>/circuits/new", "/tenants/sky-r1/circuits/new"),
    Case("GET", "/circuits/<circuit>", "/circuits/sky-r1-main"),
    *_pair("/circuits/<circuit>/edit", "/circuits/sky-r1-main/edit"),
    Case("POST", "/circuits/<circuit>/delete", "/circuits/sky-r1-main/delete"),
    Case("GET", "/links"),
    *_pair("/links/new"),
    Case("GET", "/links/<link>", "/links/sky-nttn"),
    *_pair("/links/<link>/edit", "/links/sky-nttn/edit"),
    Case("POST", "/links/<link>/delete", "/links/sky-nttn/delete"),
    Case("GET", "/devices"),
    *_pair("/devices/new"),
    Case("GET", "/devices/<device>", "/devices/sky-core"),
    *_pair("/devices/<device>/edit", "/devices/sky-core/edit"),
    Case("GET", "/devices/<device>/test", "/devices/sky-core/test"),
    Case("POST", "/devices/<device>/test", "/devices/sky-core/test", own=False),
    Case("POST", "/devices/<device>/delete", "/devices/sky-core/delete"),
    Case("GET", "/search"),
    Case("GET", "/alerts"),
    Case("GET", "/alerts/<int:identifier>", "/alerts/{alert}"),
    Case("POST", "/alerts/<int:identifier>/acknowledge", "/alerts/{alert}/acknowledge"),
    Case("GET", "/deliveries"),
    Case("GET", "/deliveries/<int:identifier>", "/deliveries/{notice}"),
    Case("GET", "/maintenance"),
    *_pair("/maintenance/new"),
    *_pair("/maintenance/<window>/edit", "/maintenance/sky-mw/edit"),
    Case("POST", "/maintenance/<window>/end", "/maintenance/sky-mw/end"),
    Case("POST", "/maintenance/<window>/delete", "/maintenance/sky-mw/delete"),
    Case("GET", "/users"),
    *_pair("/users/new"),
    *_pair("/users/<identifier>/edit", "/users/{user}/edit"),
    Case("POST", "/users/<identifier>/disable", "/users/{user}/disable"),
    Case("POST", "/users/<identifier>/enable", "/users/{user}/enable"),
    Case("POST", "/users/<identifier>/login-link", "/users/{user}/login-link"),
    Case("POST", "/users/<identifier>/reset-second-factor", "/users/{user}/reset-second-factor"),
    Case("GET", "/audit"),
    Case("GET", "/audit.csv"),
    Case("GET", "/settings"),
    *_pair("/settings/edit"),
    Case("POST", "/settings/test-message", own=False),
)

TENANT = (
    Case("GET", "/my"),
    Case("GET", "/my/circuits/<circuit>", "/my/circuits/sky-r1-main", tenant="sky-r1"),
    Case("GET", "/my/alerts"),
    Case("GET", "/my/contacts"),
    Case("POST", "/my/contacts"),
    Case("GET", "/charts/<name>", "/charts/circuit-traffic?circuit=sky-r1-main&range=24h", tenant="sky-r1", own=False),
)

_NUMBER = "<int(max=9223372036854775807):number>"


def _thing(kind: str, name: str, path: str, *, tenant: str | None = None) -> tuple[Case, ...]:
    """The API's list, and what can be done with one."""
    rule, address = f"/api/v1/{kind}/<id:{name}>", f"/api/v1/{kind}/{path}"
    one = tuple(Case(method, rule, address, tenant=tenant) for method in ("GET", "PUT", "PATCH", "DELETE"))
    return Case("GET", f"/api/v1/{kind}"), *one


def _tenant(kind: str, path: str) -> tuple[Case, ...]:
    rule, address = f"/api/v1/{kind}/<id:tenant>", f"/api/v1/{kind}/{path}"
    return (
        *_thing(kind, "tenant", path, tenant=path),
        Case("POST", f"/api/v1/{kind}"),
        Case("GET", f"{rule}/alerts", f"{address}/alerts", tenant=path),
        Case("GET", f"{rule}/circuits", f"{address}/circuits", tenant=path),
        Case("POST", f"{rule}/circuits", f"{address}/circuits", tenant=path),
        Case("GET", f"{rule}/usage", f"{address}/usage", tenant=path, own=False),
    )


API = (
    Case("GET", "/api/v1/me"),
    Case("GET", "/api/v1/alerts"),
    Case("GET", f"/api/v1/alerts/{_NUMBER}", "/api/v1/alerts/{own_alert}", tenant="sky-r1"),
    Case("POST", f"/api/v1/alerts/{_NUMBER}/acknowledge", "/api/v1/alerts/{own_alert}/acknowledge", tenant="sky-r1"),
    *_tenant("resellers", "sky-r1"),
    *_tenant("clients", "sky-c1"),
    *_thing("circuits", "circuit", "sky-r1-main", tenant="sky-r1"),
    Case(
        "GET", "/api/v1/circuits/<id:circuit>/usage", "/api/v1/circuits/sky-r1-main/usage", tenant="sky-r1", own=False
    ),
    *_thing("links", "link", "sky-nttn"),
    Case("POST", "/api/v1/links"),
    *_thing("devices", "device", "sky-core"),
    Case("POST", "/api/v1/devices"),
    *_thing("maintenance", "maintenance", "sky-mw"),
    Case("POST", "/api/v1/maintenance"),
    Case("GET", "/api/v1/link-state"),
    Case("GET", "/api/v1/nttn/status"),
    Case("GET", "/api/v1/router/status"),
)

_PANEL = "/grafana/d-solo/tenant-circuit?panelId=1&var-circuit=sky-r1-main"

# As nothing without GRAFANA_URL; what passes with it is shown in tests/portal/grafana.
GRAFANA = (
    Case("GET", "/grafana/<path:path>", _PANEL, tenant="sky-r1", own=False),
    Case("POST", "/grafana/<path:path>", "/grafana/api/ds/query", tenant="sky-r1", own=False),
    *(
        Case(method, "/grafana/<path:path>", "/grafana/api/ds/query", tenant="sky-r1", own=False)
        for method in ("PUT", "PATCH", "DELETE", "TRACE")
    ),
)

CASES: tuple[Case, ...] = (*CORE, *STAFF, *TENANT, *API, *GRAFANA)
