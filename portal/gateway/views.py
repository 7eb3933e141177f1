"""The gateway's addresses. Grafana's data source comes with a token and says for whom; the registry says the rest."""

from __future__ import annotations

import hmac
import time

from flask import Blueprint, Response, request

from portal.gateway import answers, asked
from portal.gateway.matching import CATALOGUE_MATCHER
from portal.gateway.means import over_steps
from portal.gateway.people import asker_named, bound, is_login
from portal.gateway.refusals import Refused, note
from portal.login.csrf import checks_itself
from portal.prometheus import PrometheusAway
from portal.services import services
from portal.tenancy import public

blueprint = Blueprint("gateway", __name__, url_prefix="/gateway")

USER_HEADER = "X-Grafana-User"

# What Grafana's data source asks to see whether there is a Prometheus (its health check, promlib/healthcheck.go, which
# is asked by Grafana's own admin too). The answers are constants.
HEALTH_CHECK = "1+1"
_BUILD = {"version": "2.53.0", "revision": "", "branch": "", "buildUser": "", "buildDate": "", "goVersion": ""}

# An instant query about the present is what everybody asks who looks now; they share the answer.
_PRESENT = 60.0  # seconds


@blueprint.errorhandler(Refused)
def _refused(refused: Refused) -> Response:
    note("gateway", refused, user=request.headers.get(USER_HEADER, ""))
    return answers.refusal(refused)


@blueprint.errorhandler(PrometheusAway)
def _away(away: PrometheusAway) -> Response:
    return answers.error(503, str(away))


@blueprint.route("/api/v1/query", methods=["GET", "POST"])
@checks_itself
@public
def query() -> Response:
    """An instant query."""
    login = _who()
    wanted = asked.instant(request)
    now = time.time()
    if wanted.expr == HEALTH_CHECK:
        return answers.scalar(2, now if wanted.time is None else wanted.time)
    expr = _expression(login, wanted.expr)
    when = now if wanted.time is None else wanted.time
    if abs(now - when) <= _PRESENT:
        return answers.vector(services().prometheus.instant(expr), when)
    if not now - asked.MAX_RANGE <= when <= now + _PRESENT:
        raise Refused("bounds", "that moment is too long ago, or still to come", status=400)
    return answers.vector_of_last(services().prometheus.range(expr, when, when, 60), when)


@blueprint.route("/api/v1/query_range", methods=["GET", "POST"])
@checks_itself
@public
def query_range() -> Response:
    """A range query."""
    login = _who()
    wanted = asked.interval(request, time.time())
    expr = _expression(login, wanted.expr, wanted.step)
    return answers.matrix(services().prometheus.range(expr, wanted.start, wanted.end, wanted.step))


@blueprint.get("/api/v1/status/buildinfo")
@public
def buildinfo() -> Response:
    """What Grafana goes by to know a Prometheus from what only speaks like one."""
    _who()
    if request.query_string or request.content_length:
        raise Refused("parameters", "expected none")
    return answers.success(_BUILD)


@blueprint.route("/", defaults={"rest": ""}, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@blueprint.route("/<path:rest>", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
@checks_itself
@public
def nothing_else(rest: str) -> Response:
    """No series, no labels, no metadata: their answers would tell of others."""
    _who()
    raise Refused("endpoint", "the gateway answers query and query_range", about=rest)


def _who() -> str:
    """The login Grafana says, after its token. Raises Refused without exactly one."""
    wanted = services().settings.grafana_gateway_token
    given = request.headers.get("Authorization", "")
    if wanted is None or not hmac.compare_digest(
        given.encode("utf-8", "surrogatepass"), f"Bearer {wanted.reveal()}".encode()
    ):
        raise Refused("token", "this is for Grafana's data source (GRAFANA_GATEWAY_TOKEN)")
    login = request.headers.get(USER_HEADER, "")
    if not is_login(login):
        raise Refused("user_header", f"expected one {USER_HEADER}; set send_user_header in Grafana's [dataproxy]")
    return login


def _expression(login: str, text: str, step: float = 0) -> str:
    """What Prometheus is asked in place of `text`, for points `step` seconds apart.

    Raises Refused for what is not the catalogue's or the asker's.
    """
    registry = services().registry
    asker = asker_named(registry, login)
    matched = CATALOGUE_MATCHER.match(text)
    if matched is None:
        raise Refused("expression", "not a query of the catalogue", about=text)
    with registry.read(asker.scope) as tx:
        return bound(tx, asker, over_steps(matched, step))
