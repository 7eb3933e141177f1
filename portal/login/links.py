"""Login links by mail, made and sent beside the request: how long the answer takes says nothing about the account."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy.exc import SQLAlchemyError

from inventory.registry import people, sessions
from inventory.registry.scope import LOGIN
from portal.mail import MailFailed
from portal.services import Services

log = structlog.get_logger(__name__)

_senders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="login-mail")

_TEXT = """\
Somebody, probably you, asked to log in to {url} as {email}.

Open this page and press the button within 10 minutes:

    {url}/login/link/{token}

It works once. If it was not you, nothing has happened and nothing needs to be done.
"""


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
        text = _TEXT.format(url=services.settings.public_url, email=address, token=token)
        services.mailer.send(address, "Your login link", text)
    except MailFailed as error:
        log.warning("a login link was not sent", user=found.user.id if found else None, error=str(error))
    except SQLAlchemyError as error:
        log.warning("a login link was not made: the database failed", error=type(error).__name__)
