"""What one alert says in one language: the essence, where, since when, measured against limit, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from alert_webhook.languages import Language
from alert_webhook.notice import Notice
from alert_webhook.payload import as_datetime
from alert_webhook.text import clean
from alert_webhook.units import duration, humanise
from inventory.models import Inventory

_ICONS = {"critical": "\U0001f534", "warning": "\U0001f7e1", "info": "\U0001f535"}
_OTHER_ICON = "\u26aa"
_RESOLVED_ICON = "\u2705"

# Together they fit into WhatsApp's 1,024 characters with the words around them.
_TITLE, _WHERE, _DESCRIPTION, _STEP, _RUNBOOK, _ALSO = 140, 120, 180, 140, 150, 150


@dataclass(frozen=True, slots=True)
class Described:
    """One alert in words, each on one clean line; empty where there is nothing to say."""

    icon: str
    severity: str
    title: str
    where: str
    since: str
    until: str
    lasted: str
    measured: str
    bound: str
    limit: str
    description: str
    step: str
    runbook: str
    also: str


@dataclass(frozen=True, slots=True)
class Place:
    """What the reader knows beside the alert: the names in the inventory and the local time.

    `others` are the inventories of several isps by id, each for the alerts that carry its label.
    """

    inventory: Inventory | None
    zone: tzinfo
    others: Mapping[str, Inventory] = field(default_factory=dict)

    def of(self, labels: Mapping[str, str]) -> Place:
        """Where an alert with these labels is; one of another isp has no names here."""
        isp = labels.get("isp", "")
        if (own := self.others.get(isp)) is not None:
            return Place(own, own.isp.zone)
        foreign = self.inventory is not None and isp not in {"", self.inventory.isp.id}
        return Place(None, self.zone) if foreign else self


def describe(notice: Notice, language: Language, place: Place, folded: Sequence[Notice] = ()) -> Described:
    """The words of one notice; `folded` are the circuits it also speaks for."""
    alert, notes = notice.alert, notice.alert.annotations
    place = place.of(alert.labels)
    unit = notes.get("unit", "")
    own_title = language.title(alert.name)
    started = as_datetime(alert.starts_at)
    ended = as_datetime(alert.ends_at) if alert.ends_at else None
    # A rule's description is written for operators: it names devices.
    own_words = own_title is not None or notice.role == "tenant"
    description = "" if own_words else clean(notes.get("description", ""), _DESCRIPTION)
    title = clean(own_title or notes.get("summary") or alert.name, _TITLE)
    return Described(
        icon=_RESOLVED_ICON if alert.status == "resolved" else _ICONS.get(alert.severity, _OTHER_ICON),
        severity=language.words["severity"].get(alert.severity, language.words["severity"]["other"]),
        title=title,
        where=where(_visible(notice), language, place.inventory),
        since=_since(started, ended, language, place.zone),
        until=local_time(ended, language, place.zone) if ended else "",
        lasted=duration((ended - started).total_seconds(), language.words["duration"]) if ended else "",
        measured=humanise(notes.get("value", ""), unit, language.words),
        bound=language.bound(alert.name),
        limit="" if notes.get("limit") == "0" else humanise(notes.get("limit", ""), unit, language.words),
        description="" if description == title else description,
        step=clean(language.step(alert.name, notice.role), _STEP),
        runbook="" if notice.role == "tenant" else _link(notes.get("runbook", "")),
        also=_also(folded, language, place.inventory),
    )


def where(labels: Mapping[str, str], language: Language, inventory: Inventory | None) -> str:
    """The place by the names people use, ids beside them: `Uttara uplink (r1001-main), Uttara Net, device core-1`."""
    circuit, link, tenant = (labels.get(label, "") for label in ("circuit", "link", "tenant"))
    vlan, device = labels.get("vlan", ""), labels.get("device", "")
    parts = [_named(link, _name(inventory.links.get(link)) if inventory else "")]
    parts.append(f"{language.words['vlan']} {vlan}" if vlan else "")
    parts.append(_named(circuit, _circuit_name(labels, inventory)))
    parts.append((_name(inventory.tenants.get(tenant)) if inventory else "") or tenant)
    parts.append(f"{language.words['device']} {device}" if device else "")
    if not any(parts):
        parts = [labels.get("instance", "")]
    return clean(", ".join(part for part in parts if part), _WHERE)


def local_time(moment: datetime, language: Language, zone: tzinfo) -> str:
    """`02:31, 21 Nov (+06)`: the hour first, in the isp's time, with its offset."""
    local = moment.astimezone(zone)
    return f"{local:%H:%M}, {local.day} {language.words['months'][local.month - 1]} ({local:%Z})"


def _since(started: datetime, ended: datetime | None, language: Language, zone: tzinfo) -> str:
    """When it began; of what ended on the same day, the hour alone, since the day is told with its end."""
    local = started.astimezone(zone)
    if ended is not None and local.date() == ended.astimezone(zone).date():
        return f"{local:%H:%M}"
    return local_time(started, language, zone)


def line(notice: Notice, language: Language, place: Place, limit: int) -> str:
    """One alert on one line of a digest, the essence first."""
    words = describe(notice, language, place)
    started = as_datetime(notice.alert.starts_at).astimezone(place.of(notice.alert.labels).zone)
    told = [words.title, words.where, words.measured]
    if notice.alert.status == "resolved":
        told = [f"{language.words['resolved']}: {words.title}", words.where, words.lasted]
    return clean(f"{words.icon} {started:%H:%M} " + "; ".join(part for part in told if part), limit)


def _visible(notice: Notice) -> Mapping[str, str]:
    """The labels this reader may see: what a tenant's circuit runs on is the isp's own business."""
    hidden = {"device", "instance"} if notice.role == "tenant" else set()
    return {name: value for name, value in notice.alert.labels.items() if name not in hidden}


def _named(identifier: str, name: str) -> str:
    return f"{name} ({identifier})" if name and name != identifier else identifier


def _circuit_name(labels: Mapping[str, str], inventory: Inventory | None) -> str:
    """Empty where the circuit is gone, or another tenant's by now: an id that is free again is given anew."""
    circuit = inventory.circuit_by_id.get(labels.get("circuit", "")) if inventory else None
    return circuit.name if circuit and labels.get("tenant") in {None, "", circuit.tenant} else ""


def _name(thing: object) -> str:
    return str(getattr(thing, "name", ""))


def _link(text: str) -> str:
    """A runbook's address; what a phone cannot open (a file, several words) is left out."""
    link = clean(text, _RUNBOOK)
    return link if link.startswith(("https://", "http://")) and link.isascii() and " " not in link else ""


def _also(folded: Sequence[Notice], language: Language, inventory: Inventory | None) -> str:
    if not folded:
        return ""
    names = [_circuit_name(each.alert.labels, inventory) or each.alert.labels["circuit"] for each in folded]
    count = str(language.words["circuits"]).format(count=len(names))
    return clean(f"{count}: {', '.join(names)}", _ALSO)
