"""Whether a text that a provider has tells of a notice: by the words that do not change while an alert lasts."""

from __future__ import annotations

import re

from alert_webhook.digest import DIGEST_LINE
from alert_webhook.languages import Language, language
from alert_webhook.message import Sent
from alert_webhook.notice import Notice
from alert_webhook.payload import as_datetime
from alert_webhook.text import clean
from alert_webhook.wording import Described, Place, describe

# A digest that ends with "+12 more" tells of what no line of it names, if it went out this soon after the event,
# seconds. Everything that is due for a person goes in one message, and mail takes over what waits for longer.
DIGEST_WITHIN = 60.0

# Twilio's times are whole seconds.
_ROUNDED = 1.0


def tells(sent: Sent, notice: Notice, place: Place) -> bool:
    """Whether that message told that notice. One that failed did not, but where mail took over."""
    after = sent.at + _ROUNDED - notice.alert.happened
    if after < 0 or (sent.failed and not notice.falls_back):
        return False
    tongue = language(notice.language)
    words = describe(notice, tongue, place)
    if _alone(sent.text, words, notice, tongue) or _line(words, notice, tongue, place) in sent.text:
        return True
    return after <= DIGEST_WITHIN and re.search(_more(tongue), sent.text) is not None


def _alone(text: str, words: Described, notice: Notice, tongue: Language) -> bool:
    """A message about this alert alone, in our own words or in a template's."""
    resolved = notice.alert.status == "resolved"
    kinds = (f"{tongue.words['resolved']}: ", "") if resolved else (f"{words.severity}: ",)
    headlines = [f"{words.icon} {kind}{words.title}" for kind in kinds]
    return any(headline in text for headline in headlines) and words.where in text and words.since in text


def _line(words: Described, notice: Notice, tongue: Language, place: Place) -> str:
    """Its line in a digest, up to what was measured."""
    started = as_datetime(notice.alert.starts_at).astimezone(place.of(notice.alert.labels).zone)
    resolved = notice.alert.status == "resolved"
    title = f"{tongue.words['resolved']}: {words.title}" if resolved else words.title
    named = "; ".join(part for part in (title, words.where) if part)
    return clean(f"{words.icon} {started:%H:%M} {named}", DIGEST_LINE)


def _more(tongue: Language) -> str:
    before, _, behind = str(tongue.words["more"]).partition("{count}")
    return rf"{re.escape(before)}\d+{re.escape(behind)}"
