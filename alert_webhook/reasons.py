"""Why a message did not go its way: the closed list that metrics, the outbox and the notifiers share."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The label `reason` of the metrics. NONE is success."""

    NONE = "none"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"  # the provider did not get it, for certain
    TEMPORARY = "temporary"  # the provider said: later
    UNKNOWN = "unknown"  # the provider may have it
    OUTSIDE_WINDOW = "outside_window"  # WhatsApp wants a template
    TEMPLATE = "template"  # the template or its variables are wrong
    BAD_RECIPIENT = "bad_recipient"
    OPTED_OUT = "opted_out"
    BAD_SENDER = "bad_sender"
    CREDENTIALS = "credentials"
    REFUSED = "refused"  # for a reason we do not know
    NOT_CONFIGURED = "not_configured"
    EXPIRED = "expired"  # too old to be told
    UNWORDABLE = "unwordable"  # it could not be put into words
    OVERTAKEN = "overtaken"  # over before it was told
    NEVER_TOLD = "never_told"  # a "resolved" whose "firing" nobody got
    TIMEOUT = "timeout"  # not accepted within the time WhatsApp has; mail carries on
    FOLDED = "folded"  # told with the device that is down
    RESTORED = "restored"  # of the time a restored backup does not know: perhaps told, perhaps not


# What an attempt to send can end with; the others are decisions of our own.
FAILURES = (
    Reason.RATE_LIMITED,
    Reason.UNREACHABLE,
    Reason.TEMPORARY,
    Reason.UNKNOWN,
    Reason.OUTSIDE_WINDOW,
    Reason.TEMPLATE,
    Reason.BAD_RECIPIENT,
    Reason.OPTED_OUT,
    Reason.BAD_SENDER,
    Reason.CREDENTIALS,
    Reason.REFUSED,
    Reason.NOT_CONFIGURED,
)


class DeliveryError(Exception):
    """A notifier could not deliver. Its text holds codes and host names, never a secret or the message.

    `retryable`: the same message may be sent again later; `retry_after`: not before so many seconds.
    With reason UNKNOWN it must not be sent again before it was looked up.
    """

    def __init__(self, reason: Reason, detail: str, *, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.retryable = retryable
        self.retry_after = retry_after
