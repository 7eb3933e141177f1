from collections.abc import Iterator

import pytest

from tests.devices.agents import recordings, snmpd


@pytest.fixture(scope="session")
def recorded_agents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with recordings(tmp_path_factory.mktemp("snmpsim")) as port:
        yield port


@pytest.fixture(scope="session")
def net_snmp_agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with snmpd(tmp_path_factory.mktemp("snmpd")) as port:
        yield port
