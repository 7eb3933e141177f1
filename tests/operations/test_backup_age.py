"""That a backup was taken is written down, so that its age is watched."""

from __future__ import annotations

import re
import time

import requests

from inventory.registry import audit
from inventory.registry.scope import SERVICE
from tests.alert_webhook.conftest import Stack, Webhook
from tests.operations.conftest import Installation
from tests.operations.test_backup import opened


def test_how_old_the_newest_is_is_known(installation: Installation, stack: Stack) -> None:
    """The webhook's metrics say it, and nothing before there is one; the audit has an entry for each."""
    stack.environ |= {"BACKHAUL_DATABASE_URL": installation.database.url, "BACKHAUL_INVENTORY": ""}

    def told(webhook: Webhook) -> list[str]:
        text = requests.get(f"{webhook.url}/metrics", timeout=10).text
        return re.findall(r"^backhaul_backup_timestamp_seconds (\S+)$", text, re.MULTILINE)

    with stack.start() as webhook:
        assert told(webhook) == []
        before = time.time()
        folder = installation.backup()
        (at,) = told(webhook)
        assert before <= float(at) <= time.time()
    with opened(installation.database) as registry, registry.read(SERVICE) as tx:
        entry = audit.entries(tx).items[0]
        assert (entry.action, entry.object_id) == ("backup", folder.name)
        assert audit.verify(tx) is None
