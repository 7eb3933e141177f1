"""The ways to a person: one file each, and one table that names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alert_webhook.message import Notifier
from alert_webhook.notifiers import email, whatsapp
from alert_webhook.settings import Settings

# A new notifier is one file and one line here; the channel's name is a label of the metrics.
NOTIFIERS: Mapping[str, Callable[[Settings], Notifier]] = {
    "whatsapp": whatsapp.from_settings,
    "email": email.from_settings,
}
