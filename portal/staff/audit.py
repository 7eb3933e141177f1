"""Who did what, when and from where: the page, and the same as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, render_template

from inventory.registry import audit, people
from inventory.registry.audit import Entry, Filters
from inventory.registry.audit_watch import AuditWatch
from inventory.registry.pages import MOST_PER_PAGE
from inventory.registry.scope import Registry, Scope
from portal.context import zone
from portal.services import services
from portal.staff import asked, audit_words
from portal.staff.around import isp
from portal.tenancy import identity, needs

blueprint = Blueprint("audit", __name__)

_COLUMNS = ("number", "time", "who", "action", "what", "id", "customer", "from address", "detail")
# A spreadsheet takes a cell that begins with one of these for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@blueprint.get("/audit")
@needs("audit.read")
def index() -> str:
    """The entries, the newest first, and whether the chain is whole."""
    with services().registry.read(identity().scope) as tx:
        page = audit.entries(tx, _filters(), page=asked.page_number())
        kinds, actions = audit.known(tx)
        emails = people.emails_of(tx, [entry.object_id for entry in page.items if entry.kind == "user"])
    return render_template(
        "staff/audit/index.html",
        page=page,
        emails=emails,
        checked=_watch().look(services().registry, isp()),
        filters=_filters(),
        filtered=_filters() != Filters(),
        kinds=[("", "Any"), *((each, each) for each in kinds)],
        actions=[("", "Any"), *((each, each) for each in actions)],
        lines=audit_words.lines,
    )


@blueprint.get("/audit.csv")
@needs("audit.read")
def download() -> Response:
    """The same entries, all of them."""
    name = f"audit-{isp() or 'platform'}-{datetime.now(zone()):%Y%m%d}.csv"
    # What is written after the view has returned knows no request: it is given all it needs.
    return Response(
        _csv(services().registry, identity().scope, _filters(), zone()),
        content_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _watch() -> AuditWatch:
    """This application's own."""
    watch: AuditWatch = current_app.extensions.setdefault("backhaul_audit_watch", AuditWatch())
    return watch


def _csv(registry: Registry, scope: Scope, wanted: Filters, local: ZoneInfo) -> Iterator[str]:
    yield "\ufeff" + _line(_COLUMNS)  # the mark tells Excel that this is UTF-8
    before: int | None = None
    while True:
        with registry.read(scope) as tx:
            part = audit.older(tx, wanted, before, MOST_PER_PAGE)
        if not part:
            return
        yield "".join(_line(_cells(entry, local)) for entry in part)
        before = part[-1].id


def _cells(entry: Entry, local: ZoneInfo) -> tuple[str, ...]:
    moment = datetime.fromtimestamp(entry.at, local).isoformat(timespec="seconds")
    told = (entry.actor, entry.action, entry.kind, entry.object_id, entry.tenant or "", entry.address or "")
    return str(entry.id), moment, *told, " | ".join(audit_words.lines(entry.detail))


def _line(cells: tuple[str, ...]) -> str:
    """One line, every cell in quotes."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow([_harmless(cell) for cell in cells])
    return written.getvalue()


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet shows and does not compute, on one line and in the order it is read."""
    shown = asked.clean(cell)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown


def _filters() -> Filters:
    since, until = asked.day("since"), asked.day("until")
    words = {name: asked.word(name) or None for name in ("search", "action", "kind")}
    return Filters(since=asked.begins(since, zone()), until=asked.ends(until, zone()), **words)
