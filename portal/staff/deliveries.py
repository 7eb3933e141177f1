"""The delivery log: what was sent to whom, and how that ended."""

from __future__ import annotations

from typing import get_args

from flask import Blueprint, abort, render_template

from inventory.models import Channel
from inventory.registry import alerts
from inventory.registry.alerts import AlertRow
from inventory.registry.scope import Transaction
from portal.alert_words import names_of, title
from portal.services import services
from portal.staff import asked, delivery_words, messages
from portal.staff.messages import Filters
from portal.tenancy import identity, needs

blueprint = Blueprint("deliveries", __name__)


@blueprint.get("/deliveries")
@needs("deliveries.read")
def index() -> str:
    """What was told, the newest first."""
    state = asked.choice("state", delivery_words.GROUPS)
    with services().registry.read(identity().scope) as tx:
        wanted = Filters(
            states=delivery_words.GROUPS[state][1] if state else None,
            channel=asked.choice("channel", get_args(Channel)) or None,
            recipient=asked.word("recipient") or None,
            alertname=asked.word("alertname") or None,
            alert=_asked_alert(tx),
        )
        page = messages.list_deliveries(tx, wanted, asked.page_number())
        known = messages.alertnames(tx)
        names = names_of(tx, page.items)
    return render_template(
        "staff/deliveries/index.html",
        page=page,
        names=names,
        told=delivery_words.told,
        filters=wanted,
        state=state,
        states=[("", "Any"), *((name, label) for name, (label, _) in delivery_words.GROUPS.items())],
        alertnames=[("", "Any"), *((name, title(name)) for name in known)],
        filtered=wanted != Filters(),
    )


@blueprint.get("/deliveries/<int:identifier>")
@needs("deliveries.read")
def show(identifier: int) -> str:
    """One notice, with the message it went out with."""
    with services().registry.read(identity().scope) as tx:
        delivery = messages.get_delivery(tx, identifier)
        if delivery is None:
            abort(404)
        about = alerts.find(tx, delivery.fingerprint, delivery.starts_at)
        sent = messages.message_of(tx, delivery)
        names = names_of(tx, [delivery])
    return render_template(
        "staff/deliveries/show.html",
        delivery=delivery,
        told=delivery_words.told(delivery),
        sent=sent,
        names=names,
        about=about,
    )


def _asked_alert(tx: Transaction) -> AlertRow | None:
    """The alert whose deliveries are asked for; one that is not ours is none, and filters nothing."""
    given = asked.word("alert")
    return alerts.get(tx, int(given)) if given.isascii() and given.isdigit() else None
