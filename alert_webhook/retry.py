"""When a message is tried again: as told, else doubling with jitter; and when trying is over."""

from __future__ import annotations

import random

from alert_webhook.plan import STALE_AFTER
from alert_webhook.reasons import DeliveryError, Reason

FIRST_DELAY = 2.0
FIRST_RATE_LIMITED_DELAY = 10.0
LONGEST_DELAY = 300.0

# A provider that asks for more would make dead letters of what waits; so there is another try while it is news.
LONGEST_TOLD_DELAY = STALE_AFTER / 2

# A refusal for a reason we do not know may have been a passing one: it gets this many tries in all.
TRIES_WHEN_REFUSED = 2


def is_worth_another(error: DeliveryError, attempts: int) -> bool:
    """Whether to try again after `attempts` tries, this one included."""
    return error.retryable and (error.reason is not Reason.REFUSED or attempts < TRIES_WHEN_REFUSED)


def delay_after(error: DeliveryError, attempts: int, rng: random.Random) -> float:
    """Seconds until the next try. Jitter only ever adds: what was told is kept, up to half an hour."""
    if error.retry_after is not None:
        return min(error.retry_after, LONGEST_TOLD_DELAY) + rng.random()
    first = FIRST_RATE_LIMITED_DELAY if error.reason is Reason.RATE_LIMITED else FIRST_DELAY
    delay = min(first * 2.0 ** min(attempts - 1, 20), LONGEST_DELAY)
    return delay + rng.random() * delay / 4
