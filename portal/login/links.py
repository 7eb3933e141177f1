"""Login links by mail, made and sent beside the request: how long the answer takes says nothing about the account.

Mails are in the language of the account: a file each in `mails`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import structlog
from sqlalchemy.exc import SQLAlchemyError

from inventory.models import Language
from inventory.registry import people, sessions
from inventory.registry.scope import LOGIN
from portal.mail import MailFailed
from portal.services import Services

log = structlog.get_logger(__name__)

_senders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="login-mail")

# Each begins with its subject, as the webhook's do.
_MAILS = {
    language: (Path(__file__).parent / "mails" / f"{language}.txt").read_text(encoding="utf-8")
    for language in get_args(Language)
}


def send_later(services: Services, email: str) -> None:
    """Send a link to that account, if there is one. What goes wrong is logged, without the address."""
    _senders.submit(_send, services, email)


def _send(services: Services, email: str) -> None:
    try:
        with services.registry.write(LOGIN) as tx:
            found = people.find_credentials(tx, email=email)
            if found is None:
                return
            token = sessions.make_link(tx, found.user.id)
        address = found.user.email  # as it is kept, not as it was typed
        template = _MAILS.get(found.user.language, _MAILS["en"])
        minutes = f"{sessions.LINK_SECONDS / 60:.0f}"
        mail = template.format(url=services.settings.public_url, email=address, token=token, minutes=minutes)
        subject, _, text = mail.partition("\n\n")
        services.mailer.send(address, subject.removeprefix("Subject: "), text)
    except MailFailed as error:
        log.warning("a login link was not sent", user=found.user.id if found else None, error=str(error))
    except SQLAlchemyError as error:
        log.warning("a login link was not made: the database failed", error=type(error).__name__)
