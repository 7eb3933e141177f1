"""Decides who hears of an alert: one pure function of the alert and the inventory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from alert_webhook.payload import Alert
from inventory.models import Channel, Contact, Inventory, Language

Role = Literal["operator", "tenant"]

# Proves that the way from Prometheus to here works; nobody wants to read it.
HEARTBEAT = "Watchdog"


@dataclass(frozen=True, slots=True)
class Recipient:
    """One contact on the channel that is tried first. `id` is its first address, `fallback` its mail address."""

    id: str
    channel: Channel
    address: str
    fallback: str | None
    language: Language
    role: Role


def recipients_of(alert: Alert, inventories: Sequence[Inventory], operators: Sequence[str]) -> tuple[Recipient, ...]:
    """Everyone who is told of `alert`, each once: `recipients` for the isp it is labelled with.

    One of no isp goes to `operators`, and where there are none to those of every isp. One of an isp that is not there
    any more is nobody else's business.
    """
    if len(inventories) <= 1:
        return recipients(alert, inventories[0] if inventories else None, operators)
    isp = alert.labels.get("isp")
    own = next((inventory for inventory in inventories if inventory.isp.id == isp), None)
    if own is not None or operators or isp:
        return recipients(alert, own, operators)
    return _each_once(told for inventory in inventories for told in recipients(alert, inventory, operators))


def only_isp(inventories: Sequence[Inventory]) -> str | None:
    """Whose an alert is that names no isp: the only one's, as far as there is one."""
    return inventories[0].isp.id if len(inventories) == 1 else None


def recipients(alert: Alert, inventory: Inventory | None, operators: Sequence[str]) -> tuple[Recipient, ...]:
    """Everyone who is told of `alert`, each once.

    A tenant's alert goes to that tenant's contacts, and to the operators as well when it is critical or the tenant
    has no contacts or is unknown; any other alert goes to the operators. The operators are the isp's contacts or,
    where it has none, `operators` (WhatsApp numbers). Who is both hears as a tenant: nothing is folded away.
    """
    if alert.name == HEARTBEAT:
        return ()
    chosen = [_recipient(contact, "tenant") for contact in _tenant_contacts(alert, inventory)]
    if not chosen or alert.severity == "critical":
        chosen += [_recipient(contact, "operator") for contact in _operators(alert, inventory, operators)]
    return _each_once(chosen)


def _is_ours(alert: Alert, inventory: Inventory | None) -> bool:
    """Whether the inventory may speak for this alert: an alert of another isp is none of its tenants' business."""
    return inventory is not None and alert.labels.get("isp", inventory.isp.id) == inventory.isp.id


def _tenant_contacts(alert: Alert, inventory: Inventory | None) -> tuple[Contact, ...]:
    if inventory is None or not _is_ours(alert, inventory):
        return ()
    tenant = inventory.tenants.get(alert.labels.get("tenant", ""))
    return tenant.contacts if tenant else ()


def _operators(alert: Alert, inventory: Inventory | None, numbers: Sequence[str]) -> tuple[Contact, ...]:
    staff = inventory.isp.contacts if inventory is not None else ()
    if staff and (not numbers or _is_ours(alert, inventory)):
        return staff
    return tuple(Contact(name="operator", whatsapp=number) for number in numbers)


def _recipient(contact: Contact, role: Role) -> Recipient:
    channel, address = contact.ways[0]
    fallback = None if channel == "email" else contact.email
    return Recipient(address, channel, address, fallback, contact.language, role)


def _each_once(chosen: Iterable[Recipient]) -> tuple[Recipient, ...]:
    first: dict[str, Recipient] = {}
    for recipient in chosen:
        first.setdefault(recipient.id, recipient)
    return tuple(first.values())
