"""What several of each service share: a store that Prometheus writes to, a registry on PostgreSQL, a fake Twilio."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from portal.prometheus import Prometheus
from tests.alert_webhook.conftest import mailbox, stack, twilio  # noqa: F401 - fixtures
from tests.harness import answers, free_port, program, service, wait_until
from tests.portal.prometheus import backfill, exporting, history_lines, running

# As docs/scaling.md and docker-compose.scale.yml have them, each for a reason said there.
STORE_FLAGS = ("-search.disableCache", "-search.latencyOffset=1s", "-search.maxLookback=5m")


@dataclass(frozen=True)
class Stored:
    """A Prometheus and the store it writes to. At `at` (Unix seconds) both know the same."""

    prometheus: str
    store: str
    at: int


@pytest.fixture(scope="session")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """Both with thirty days of history; what is measured now goes to the store by remote_write."""
    folder = tmp_path_factory.mktemp("stored")
    began = int(time.time())
    store = f"http://127.0.0.1:{free_port()}"
    command = [
        *(program("victoria-metrics"), f"-storageDataPath={folder / 'store'}", "-retentionPeriod=400d"),
        *(f"-httpListenAddr={store.removeprefix('http://')}", *STORE_FLAGS),
    ]
    with service(command, folder / "store.log", ready=lambda: answers(f"{store}/health")):
        # History is older than what remote_write sends.
        history = "".join(history_lines(began, unit=1000)).encode()
        assert requests.post(f"{store}/api/v1/import/prometheus", data=history, timeout=60).status_code == 204
        backfill(folder, began)
        write = f"remote_write: [{{url: {store}/api/v1/write, queue_config: {{batch_send_deadline: 1s}}}}]\n"
        with exporting() as port, running(folder, port, write) as prometheus:
            # The rules have counted, and the store has it.
            counted = f"min(device:read:timestamp) > {began + 5}"
            for url in (prometheus, store):
                wait_until(lambda url=url: Prometheus(url).instant(counted), f"{url} to know", timeout=60)  # type: ignore[misc]
            yield Stored(prometheus, store, began + 5)
