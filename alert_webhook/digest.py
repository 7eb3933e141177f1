"""Words a message for what one recipient is told at once: one alert in full, or many as a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from alert_webhook.lanes import Lane
from alert_webhook.languages import Language, language
from alert_webhook.message import Kind, Message, reference
from alert_webhook.notice import Notice
from alert_webhook.text import clip, squeeze, width
from alert_webhook.wording import Described, Place, describe, line

# WhatsApp's limit for a message that starts a conversation, in UTF-16 units to be safe.
WHATSAPP_LIMIT = 1024
# What the fixed text of an approved template may take of that limit.
TEMPLATE_OVERHEAD = 224
DIGEST_LINE = 120
MAIL_LINES = 500
SUBJECT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Digest:
    """Many alerts: how many of which kind, a line for each that fits, and how many more there are."""

    icon: str
    count: int
    firing: int
    critical: int
    resolved: int
    lines: tuple[str, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True)
class _Writer:
    """What every part of one message needs: language, places, the reference that ends it."""

    tongue: Language
    place: Place
    tail: str
    channel: str
    folded: Sequence[Notice]

    def render(self, kind: Kind, **values: object) -> str:
        return self.tongue.render(self.channel, kind, **values)

    def line(self, notice: Notice) -> str:
        """One alert of a digest, with how many circuits it speaks for."""
        text = line(notice, self.tongue, self.place, DIGEST_LINE)
        behind = len(self.behind(notice))
        return f"{text}; {str(self.tongue.words['circuits']).format(count=behind)}" if behind else text

    def behind(self, notice: Notice) -> Sequence[Notice]:
        """The circuits this alert speaks for."""
        return [each for each in self.folded if notice.is_device_down and each.device == notice.device]


def compose(message_id: str, lane: Lane, told: Sequence[Notice], folded: Sequence[Notice], place: Place) -> Message:
    """The message that tells `told` (ordered, at least one); `folded` circuits are named with their device."""
    tongue = language(told[0].language)
    tail = f"{tongue.words['ref']} {reference(message_id)}"
    writer = _Writer(tongue, place, tail, lane.channel, folded)
    kind, text, variables = _one(told[0], writer) if len(told) == 1 else _many(told, writer)
    subject, body = _finish(text, lane, tail)
    same_as = sha256(f"{lane} {sorted(notice.id for notice in told)}".encode()).hexdigest()[:32]
    return Message(message_id, told[0].address, kind, tongue.code, subject, body, variables, same_as)


def _finish(text: str, lane: Lane, tail: str) -> tuple[str, str]:
    """Subject and body as the channel takes them, the reference last."""
    if lane.channel == "whatsapp":
        return "", clip(squeeze(text), WHATSAPP_LIMIT - width(tail) - 1) + f"\n{tail}"
    first, _, rest = text.partition("\n")
    return clip(first.removeprefix("Subject: ").strip(), SUBJECT_LIMIT), f"{rest.strip()}\n\n{tail}\n"


def _one(notice: Notice, writer: _Writer) -> tuple[Kind, str, Mapping[str, str]]:
    words = describe(notice, writer.tongue, writer.place, writer.behind(notice))
    kind: Kind = "resolved" if notice.alert.status == "resolved" else "firing"
    return kind, writer.render(kind, a=words), _variables(kind, words, writer.tail)


def _many(told: Sequence[Notice], writer: _Writer) -> tuple[Kind, str, Mapping[str, str]]:
    digest = _counted(told)
    head = squeeze(writer.render("digest", d=digest))
    if writer.channel == "whatsapp":
        lines = _fitting(told, writer, WHATSAPP_LIMIT - TEMPLATE_OVERHEAD - width(head))
    else:
        lines = [writer.line(notice) for notice in told[:MAIL_LINES]]
    left = len(told) - len(lines)
    more = str(writer.tongue.words["more"]).format(count=left) if left else ""
    listed = "; ".join(part for part in (*lines, more) if part)
    text = writer.render("digest", d=replace(digest, lines=tuple(lines), more=more))
    return "digest", text, _numbered((head, listed, writer.tail))


def _fitting(told: Sequence[Notice], writer: _Writer, room: int) -> list[str]:
    """As many lines, from the first on, as `room` characters hold."""
    lines: list[str] = []
    for notice in told:
        text = writer.line(notice)
        room -= width(text) + 2
        if room < 0:
            break
        lines.append(text)
    return lines


def _counted(told: Sequence[Notice]) -> Digest:
    firing = [notice for notice in told if notice.alert.status == "firing"]
    critical = sum(1 for notice in firing if notice.rank == 0)
    icon = "\U0001f534" if critical else "\U0001f7e1" if firing else "\u2705"
    return Digest(icon, len(told), len(firing), critical, len(told) - len(firing))


def _variables(kind: Kind, words: Described, tail: str) -> Mapping[str, str]:
    """The numbered values of an approved template (docs/alerting.md lists them)."""
    if kind == "resolved":
        lasted = f"{words.since} - {words.until} ({words.lasted})" if words.until else words.since
        return _numbered((f"{words.icon} {words.title}", words.where, lasted, tail))
    against = f"{words.measured}, {words.bound} {words.limit}" if words.measured and words.limit else words.measured
    step = words.step or words.description or words.runbook
    headline = f"{words.icon} {words.severity}: {words.title}"
    place = f"{words.where}; {words.also}" if words.also else words.where
    return _numbered((headline, place, words.since, against, step, tail))


def _numbered(values: Sequence[str]) -> Mapping[str, str]:
    """Template variables: never empty, on one line, without runs of spaces (Twilio error 21656)."""
    return {str(number): value or "-" for number, value in enumerate(values, start=1)}
