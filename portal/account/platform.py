"""/platform: the owner's choice of the isp to look at."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request
from sqlalchemy import func, select
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from inventory.registry import sessions
from inventory.registry.alerts import open_count
from inventory.registry.scope import LOGIN, UNOWNED, Scope
from inventory.registry.tables import alerts, circuits, devices, isps, links, tenants
from portal.login import current
from portal.login.views import safe_next
from portal.services import services
from portal.tenancy import needs

blueprint = Blueprint("platform", __name__)

_PLATFORM = Scope("platform")


@blueprint.get("/platform")
@needs("platform")
def show() -> str:
    """The isps with how much they have, and the way to what belongs to none."""
    counted = {
        table.name: select(func.count()).where(table.c.isp == isps.c.isp).scalar_subquery()
        for table in (tenants, circuits, devices, links)
    }
    open_alerts = select(func.count()).where(alerts.c.isp == isps.c.isp, alerts.c.ended.is_(None)).scalar_subquery()
    query = select(
        isps.c.isp,
        isps.c.name,
        *(count.label(f"{name}s") for name, count in counted.items()),
        open_alerts.label("open_alerts"),
    ).order_by(isps.c.name, isps.c.isp)
    with services().registry.read(_PLATFORM) as tx:
        rows = tx.connection.execute(query).mappings().all()
    with services().registry.read(UNOWNED) as tx:
        of_none = open_count(tx)
    return render_template(
        "account/platform.html",
        isps=rows,
        open_alerts_of_none=of_none,
        chosen=g.identity.isp,
        next=request.args.get("next"),
    )


@blueprint.post("/platform")
@needs("platform")
def choose() -> AnyResponse:
    """Look at the isp `isp` from now on, in this session, and go on to `next`."""
    wanted = request.form.get("isp", "")
    with services().registry.read(_PLATFORM) as tx:
        known = tx.connection.execute(select(isps.c.isp).where(isps.c.isp == wanted)).first()
    if known is None or g.session is None:
        raise NotFound
    with services().registry.write(LOGIN) as tx:
        sessions.choose_isp(tx, g.session, wanted)
        if wanted != g.session.isp:
            current.note_of(tx, g.session.user, "open isp", {"isp": wanted})
    back = safe_next(request.form.get("next"))
    return redirect(back if back != "/" else "/overview", 303)
