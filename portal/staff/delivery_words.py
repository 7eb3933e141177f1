"""Where a notice stands, in words: what happened, and what somebody can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from inventory.outbox import NoticeState
from portal.staff.messages import Delivery

GROUPS: Mapping[str, tuple[str, frozenset[NoticeState]]] = {
    "waiting": (
        "Waiting",
        frozenset({NoticeState.HELD, NoticeState.PENDING, NoticeState.SENDING, NoticeState.UNKNOWN}),
    ),
    "accepted": ("Accepted", frozenset({NoticeState.ACCEPTED})),
    "delivered": ("Delivered", frozenset({NoticeState.DELIVERED})),
    "failed": ("Failed", frozenset({NoticeState.DEAD, NoticeState.FAILED})),
    "left-out": ("Not sent on purpose", frozenset({NoticeState.FOLDED, NoticeState.CANCELLED})),
}

UNDER_WAY = GROUPS["waiting"][1]


@dataclass(frozen=True, slots=True)
class Told:
    """`level` is how good that is (good, warn, bad, calm), `label` a word, `advice` the next step."""

    level: str
    label: str
    what: str
    advice: str = ""


_STATES: Mapping[str, Told] = {
    NoticeState.HELD: Told(
        "warn", "Waiting", "Alertmanager says it is over; it is told when Prometheus has confirmed that."
    ),
    NoticeState.PENDING: Told("warn", "Waiting", "It is to be sent."),
    NoticeState.SENDING: Told("warn", "Being sent", "It was handed to the provider, which has not answered yet."),
    NoticeState.UNKNOWN: Told(
        "warn", "Being looked up", "The provider's answer was lost; it is asked whether it has the message."
    ),
    NoticeState.FOLDED: Told(
        "calm", "Told with its device", "The device it hangs on is down, and the message about that names it."
    ),
    NoticeState.ACCEPTED: Told("good", "Accepted", "The provider has taken it. That it arrived is not reported yet."),
    NoticeState.DELIVERED: Told("good", "Delivered", "The provider says that it arrived."),
    NoticeState.FAILED: Told(
        "bad", "Failed here", "It did not go out on this channel; the mail to the same contact did."
    ),
    NoticeState.CANCELLED: Told("calm", "Not sent", "It was not worth telling any more."),
    NoticeState.DEAD: Told("bad", "Failed", "It was given up: this person was not told."),
}

# By reason: what happened, and what to do.
_REASONS: Mapping[str, tuple[str, str]] = {
    "rate_limited": (
        "The provider limits how much may be sent.",
        "It is tried again by itself; ask for a higher limit.",
    ),
    "unreachable": ("The provider could not be reached.", "Check this server's way to the internet."),
    "temporary": ("The provider said: later.", "It is tried again by itself; see the provider's status page."),
    "unknown": ("Whether the provider has it could not be found out.", "Look for it in the provider's own log."),
    "outside_window": (
        "WhatsApp takes free text only within 24 hours of the person's last message.",
        "Set a template: TWILIO_CONTENT_SID_FIRING and its like (docs/alerting.md).",
    ),
    "template": ("The template or its values were refused.", "Compare it with docs/alerting.md."),
    "bad_recipient": ("There is no such number or address.", "Correct the contact."),
    "opted_out": ("This person does not want messages from this sender.", "Ask them to write START to it."),
    "bad_sender": ("The sender may not send.", "Check TWILIO_FROM_NUMBER or MAIL_FROM."),
    "credentials": ("The provider refused our login.", "Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or SMTP_URL."),
    "refused": ("The provider refused it for a reason we do not know.", "Look for it in the provider's own log."),
    "not_configured": ("This channel is not set up.", "Set TWILIO_... or SMTP_URL for the alert webhook."),
    "expired": (
        "It could not be told within an hour; while the alert lasts it is tried again.",
        "See the other failures of that time.",
    ),
    "unwordable": (
        "This alert could not be put into words.",
        "The alert webhook's log says why; please report it.",
    ),
    "overtaken": ("It was over before it could be told.", ""),
    "never_told": ("Its beginning was never told, so its end is not either.", ""),
    "restored": ("It is of the time that a restored backup does not know.", ""),
    "timeout": ("WhatsApp did not take it within 30 seconds, so it went by mail.", ""),
}


def told(delivery: Delivery) -> Told:
    """How `delivery` stands."""
    told = _STATES.get(delivery.state, Told("calm", delivery.state, ""))
    why, advice = _REASONS.get(delivery.reason or "", ("", ""))
    if delivery.state == NoticeState.FAILED and not delivery.fell_back:
        return Told("bad", "Failed", why or told.what, advice)
    what = (
        f"{told.what} {why}".strip()
        if delivery.state not in {NoticeState.ACCEPTED, NoticeState.DELIVERED}
        else told.what
    )
    return Told(told.level, told.label, what, advice if told.level in {"bad", "warn"} else "")
