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
from tests.portal.prometheus import backfill, counted, exporting, history_lines, running

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
        # In one line, so that what has come says that all before it has.
        queue = "{batch_send_deadline: 1s, max_shards: 1}"
        write = f"remote_write: [{{url: {store}/api/v1/write, queue_config: {queue}}}]\n"
        with exporting() as port, running(folder, port, write) as prometheus:
            # Only now: of a counter that was read once the two say different things.
            wait_until(lambda: Prometheus(prometheus).instant(counted(began)), "the rules to count", timeout=60)
            at = int(time.time())
            # Rules are recorded under the time at which they were to run, when they have: for `at` that is later.
            known = f"min(device:read:timestamp) > {at + 3}"
            for url in (prometheus, store):
                wait_until(lambda url=url: Prometheus(url).instant(known), f"{url} to know", timeout=60)  # type: ignore[misc]
            # The store has found one series; now it finds all that have come, in each of its indexes.
            assert requests.get(f"{store}/internal/force_flush", timeout=60).status_code == 200
            yield Stored(prometheus, store, at)
