"""What Twilio's error codes mean to us (https://www.twilio.com/docs/api/errors)."""

from __future__ import annotations

from collections.abc import Mapping

from alert_webhook.reasons import Reason

# These are permanent for the message at hand: sending it again changes nothing, so mail takes over at once.
PERMANENT: Mapping[int, Reason] = {
    20003: Reason.CREDENTIALS,  # authentication error
    20404: Reason.CREDENTIALS,  # no such account
    21211: Reason.BAD_RECIPIENT,  # invalid "To"
    21212: Reason.BAD_SENDER,  # invalid "From"
    21408: Reason.BAD_RECIPIENT,  # no permission to send to that region
    21606: Reason.BAD_SENDER,  # "From" cannot send to that "To"
    21608: Reason.BAD_RECIPIENT,  # a trial account, and the number is not verified
    21610: Reason.OPTED_OUT,  # the recipient unsubscribed
    21614: Reason.BAD_RECIPIENT,  # "To" is not a mobile number
    21655: Reason.TEMPLATE,  # invalid ContentSid
    21656: Reason.TEMPLATE,  # invalid ContentVariables
    63001: Reason.CREDENTIALS,  # the channel could not authenticate
    63003: Reason.BAD_RECIPIENT,  # no such user on the channel
    63007: Reason.BAD_SENDER,  # no such sender on the channel
    63013: Reason.REFUSED,  # violates the channel's policy
    63015: Reason.BAD_RECIPIENT,  # the sandbox reaches only those who joined it
    63016: Reason.OUTSIDE_WINDOW,  # free text outside the 24-hour window
    63024: Reason.BAD_RECIPIENT,  # WhatsApp cannot reach this user
    63032: Reason.BAD_RECIPIENT,  # WhatsApp's own limit for this user
    63038: Reason.RATE_LIMITED,  # the account's messages of the day are used up
    63049: Reason.BAD_RECIPIENT,  # Meta chose not to deliver
}

# Too many at once, whatever the HTTP status: they wait.
RATE_LIMITED = frozenset({20429, 63017, 63018, 14107})


def reason_of(code: int | None) -> Reason:
    """The reason behind an error code; REFUSED for one we do not know."""
    if code in RATE_LIMITED:
        return Reason.RATE_LIMITED
    return PERMANENT.get(code or 0, Reason.REFUSED)
