"""The isp itself: its name, its time, its money, its operators, and a message that tests the way to them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from inventory.bodies import isp_body
from inventory.entries import read_isp
from inventory.registry.scope import Transaction
from inventory.registry.tenants import IspRow, get_isp, save_isp
from portal.services import services
from portal.staff import delivery_words, trial_message
from portal.staff.actors import actor
from portal.staff.around import isp
from portal.staff.forms import Form, exchanged
from portal.staff.trial_message import TooMany
from portal.tenancy import identity, needs

blueprint = Blueprint("settings", __name__)

# While a test message is under way the page looks again after so many seconds, for so long.
_LOOK_AGAIN, _LOOK_FOR = 2, 90.0


@blueprint.get("/settings")
@needs("settings.read")
def show() -> Response:
    """What is set, and how the last test messages fared."""
    with services().registry.read(identity().scope) as tx:
        row = _row(tx)
        tests = trial_message.last(tx) if identity().may("deliveries.read") else ()
    page = render_template(
        "staff/settings/show.html", isp_row=row.isp, tests=[(each, delivery_words.told(each)) for each in tests]
    )
    response = make_response(page)
    under_way = [each for each in tests if each.state in delivery_words.UNDER_WAY]
    if any(time.time() - each.received_at < _LOOK_FOR for each in under_way):
        response.headers["Refresh"] = str(_LOOK_AGAIN)
    return response


@blueprint.route("/settings/edit", methods=["GET", "POST"])
@needs("settings.write")
def edit() -> str | Response:
    """Change them."""
    with services().registry.read(identity().scope) as tx:
        row = _row(tx)
    form, done = exchanged(Form(isp_body(row.isp), row.version), _save, _now, fixed={"id": row.isp.id})
    if done:
        flash("The settings were saved. The name may take some seconds to show everywhere.")
        return redirect(url_for("settings.show"), 303)
    return render_template("staff/settings/form.html", form=form, isp_row=row.isp, back=url_for("settings.show"))


@blueprint.post("/settings/test-message")
@needs("settings.write")
def send_test() -> Response:
    """Send a test message to one of the operators, chosen by place and address as the page showed them."""
    with services().registry.read(identity().scope) as tx:
        told = _row(tx).isp.contacts
    wanted = request.form.get("to", "")
    contact = next((each for each in told if wanted == each.ways[0][1]), None)
    if contact is None:
        flash("Nothing was sent: this contact is not there any more.", "error")
        return redirect(url_for("settings.show"), 303)
    try:
        trial_message.send(services().registry, isp(), contact, actor())
    except TooMany:
        limit = f"{trial_message.LIMIT} in {trial_message.PER_SECONDS / 60:.0f} minutes"
        flash(f"Nothing was sent: there may be {limit}. Try again later.", "error")
    else:
        flash(f"A test message is on its way to {contact.name}.")
    return redirect(url_for("settings.show"), 303)


def _row(tx: Transaction) -> IspRow:
    row = get_isp(tx, isp())
    if row is None:
        raise NotFound
    return row


def _save(tx: Transaction, form: Form) -> None:
    save_isp(tx, read_isp(form.mapping), version=form.version or 0, actor=actor())


def _now(tx: Transaction) -> tuple[Mapping[str, Any], int] | None:
    row = get_isp(tx, isp())
    return None if row is None else (isp_body(row.isp), row.version)
