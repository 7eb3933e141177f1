"""The history of alerts: what the webhook writes, in which order it is seen, and whose it is; on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from inventory.registry import alert_log, alerts, audit
from inventory.registry.alert_log import Reported
from inventory.registry.alerts import AlertRow, Filters
from inventory.registry.audit import Actor
from inventory.registry.scope import SERVICE, Registry, Scope, Transaction
from inventory.registry.tables import isp_revisions, isps

STAFF = Scope("staff", "skylink")
TENANT = Scope("tenant", "skylink", "r1")
ANY = Filters()
BEGAN = 1_796_000_000.0


def reported(
    number: int = 1, *, started: float = BEGAN, ended: float | None = None, name: str = "CircuitDown", **labels: str
) -> Reported:
    own = {"alertname": name, "isp": "skylink", **labels}
    words = {"summary": f"{name} is wrong", "value": "1"}
    return Reported(f"{number:016x}", f"at {started}", started, ended, name, "critical", own, words)


@pytest.fixture
def registry(databases: Registry) -> Registry:
    """With one isp in it."""
    with databases.write(SERVICE) as tx:
        tx.connection.execute(insert(isps).values(isp="skylink", name="S", timezone="Asia/Dhaka", currency="BDT"))
        tx.connection.execute(insert(isp_revisions).values(isp="skylink", revision=1))
    return databases


def note(registry: Registry, *those: Reported, confirmed: bool = True) -> None:
    with registry.write(SERVICE) as tx:
        alert_log.note(tx.connection, those, confirmed=confirmed)


def seen(registry: Registry, filters: Filters = ANY, scope: Scope = STAFF) -> list[AlertRow]:
    with registry.read(scope) as tx:
        return list(alerts.list_alerts(tx, filters).items)


def confirm(registry: Registry, now: float, *, firing: bool, already: Iterable[int] = ()) -> set[int]:
    def fires(_: Mapping[str, str]) -> bool:
        return firing

    with registry.write(SERVICE) as tx:
        return alert_log.confirm(tx.connection, fires, already, now)


def test_an_alert_is_one_row_from_its_beginning_to_its_end(registry: Registry) -> None:
    """Repeats refresh its figure, the end ends it; what fires again under the old start is open again."""
    note(registry, reported(), reported())
    note(registry, replace(reported(), annotations={"summary": "still wrong", "value": "2"}))
    (row,) = seen(registry)
    assert (row.summary, row.is_open, row.started) == ("still wrong", True, BEGAN)
    note(registry, reported(ended=BEGAN + 60))
    (row,) = seen(registry)
    assert row.ended == BEGAN + 60
    note(registry, reported())
    (row,) = seen(registry)
    assert row.is_open


def test_a_repeat_that_says_nothing_new_is_no_change(registry: Registry) -> None:
    """Whoever follows the changes is not woken by Alertmanager's repeats."""
    note(registry, reported())
    (before,) = seen(registry)
    note(registry, reported())
    (after,) = seen(registry)
    assert after.changed == before.changed


def test_an_end_that_is_not_confirmed_has_not_ended_it(registry: Registry) -> None:
    """It waits, visibly; confirmed, it ended when Alertmanager said, unless it was still firing in between."""
    note(registry, reported(1), reported(2), confirmed=False)
    note(registry, reported(1, ended=BEGAN + 60), reported(2, ended=BEGAN + 60), confirmed=False)
    assert [(row.is_open, row.waits) for row in seen(registry)] == [(True, True)] * 2
    early = confirm(registry, BEGAN + 70, firing=True)
    assert len(early) == 2
    late = min(early)
    assert confirm(registry, BEGAN + 90, firing=False, already={late}) == set()
    assert sorted(row.ended or 0 for row in seen(registry)) == [BEGAN + 60, BEGAN + 90]


def test_what_began_anew_ends_what_went_before(registry: Registry) -> None:
    """Alertmanager knows one alert with these labels: an older one still open has lost its end."""
    note(registry, reported(started=BEGAN))
    note(registry, reported(started=BEGAN + 500))
    newer, older = seen(registry)
    assert (older.ended, newer.ended) == (BEGAN + 500, None)
    note(
        registry,
        replace(reported(started=BEGAN + 900), labels={"alertname": "CircuitDown", "isp": "skylink", "x": "y"}),
    )
    assert sum(row.is_open for row in seen(registry)) == 2, "the same fingerprint with other labels is another alert"


def test_numbers_are_seen_in_their_order(registry: Registry) -> None:
    """Many webhooks write at once; who follows the numbers sees every alert, in the end as in between."""
    followed: list[int] = []
    done = threading.Event()

    def follow() -> None:
        cursor = 0
        while True:
            last = done.is_set()
            with registry.read(STAFF) as tx:
                rows = alerts.changed_since(tx, cursor, 7)
            followed.extend(row.id for row in rows)
            cursor = rows[-1].changed if rows else cursor
            if last and not rows:
                return

    def write(number: int) -> None:
        for turn in range(15):
            note(registry, *(reported(number * 100 + turn * 3 + each) for each in range(3)))

    with ThreadPoolExecutor(7) as pool:
        follower = pool.submit(follow)
        for writer in [pool.submit(write, number) for number in range(6)]:
            writer.result()
        done.set()
        follower.result()
    assert sorted(followed) == sorted(row.id for row in _all(registry))
    assert len(followed) == 6 * 15 * 3


def _all(registry: Registry) -> list[AlertRow]:
    with registry.read(STAFF) as tx:
        return list(alerts.list_alerts(tx, per_page=500).items)


def test_alerts_are_found_by_what_people_know_of_them(registry: Registry) -> None:
    """Words in any script, ids, names, days; wild cards are ordinary characters."""
    bangla = replace(reported(3), annotations={"summary": "সার্কিট বন্ধ 100%"})
    note(
        registry,
        reported(1, tenant="r1", circuit="r1-main", device="core-1"),
        reported(2, name="NttnBandwidthHigh", link="dhaka", started=BEGAN + 1000),
        bangla,
        reported(4, started=BEGAN - 90_000, ended=BEGAN - 80_000),
    )
    words = {"বন্ধ": 1, "r1-main": 1, "0%": 1, "bandwidth dhaka": 1, "_": 0}
    assert {text: len(seen(registry, Filters(text=text))) for text in words} == words
    about = (Filters(tenant="r1"), Filters(circuit="r1-main"), Filters(device="core-1"), Filters(link="dhaka"))
    assert [len(seen(registry, filters)) for filters in about] == [1, 1, 1, 1]
    assert [len(seen(registry, Filters(firing=each))) for each in (True, False, None)] == [3, 1, 4]
    assert len(seen(registry, Filters(since=BEGAN - 85_000, until=BEGAN - 1))) == 1
    assert len(seen(registry, Filters(alertname="CircuitDown", severity="critical"))) == 3
    with registry.read(STAFF) as tx:
        assert (alerts.open_count(tx), alerts.names(tx)) == (3, ["CircuitDown", "NttnBandwidthHigh"])


def labelled(name: str, value: str) -> dict[str, Any]:
    return {name: value}


@contextmanager
def plans_of(registry: Registry, scope: Scope) -> Iterator[tuple[Transaction, list[str]]]:
    """The plans of the questions about alerts that the block asks, known when it has ended."""
    postgresql = registry.engine.dialect.name == "postgresql"
    if postgresql:
        with registry.write(SERVICE) as tx:
            tx.connection.execute(text("ANALYZE alert"))
    explain = "EXPLAIN " if postgresql else "EXPLAIN QUERY PLAN "
    asked: list[tuple[str, Any]] = []
    plans: list[str] = []
    event.listen(registry.engine, "before_cursor_execute", lambda *said: asked.append((said[2], said[3])))
    with registry.read(scope) as tx:
        yield tx, plans
        for sql, given in [said for said in asked if "FROM alert" in said[0]]:
            plans.append(str(tx.connection.exec_driver_sql(explain + sql, given).all()))


@pytest.mark.parametrize("about", ["circuit", "link", "device"])
def test_the_alerts_of_one_thing_are_found_by_an_index(registry: Registry, about: str) -> None:
    """Its page does not read the isp's whole history; a label that is no id makes it nothing's."""
    crowd = [reported(number, started=BEGAN + number, **labelled(about, f"x{number % 400}")) for number in range(2_000)]
    note(registry, *crowd, reported(5_000, **labelled(about, "No id")))
    with plans_of(registry, STAFF) as (tx, plans):
        found = alerts.list_alerts(tx, Filters(**labelled(about, "x7")), per_page=3)
    assert (found.total, [row.started for row in found.items]) == (5, [BEGAN + n for n in (1607, 1207, 807)])
    assert len(plans) == 2
    assert all(f"ix_alert_{about}" in plan for plan in plans), plans
    assert seen(registry, Filters(**labelled(about, "No id"))) == []


@pytest.mark.parametrize("scope", [STAFF, TENANT], ids=["staff", "tenant"])
def test_what_somebody_missed_is_his_own_whatever_others_had(registry: Registry, scope: Scope) -> None:
    """The last two of his among two thousand of another's; found by the numbers, not by all that was ever his."""
    note(registry, *(reported(number, tenant="r1") for number in range(2_000)))
    with registry.read(SERVICE) as tx:
        since = alerts.newest(tx)
    note(registry, *(reported(3_000 + number, isp="other", tenant="r1") for number in range(2_000)))
    note(registry, *(reported(6_000 + number, tenant="r1") for number in range(3)))
    with plans_of(registry, scope) as (tx, plans):
        found = alerts.changed_between(tx, since, since + 2_002, 500)
    (plan,) = plans
    with registry.read(scope) as tx:
        first = alerts.changed_between(tx, since, since + 2_002, 1)
    assert [row.changed - since for row in found] == [2_001, 2_002]
    assert first == found[:1]
    assert "ix_alert_changed" in plan, plan
    assert "ix_alert_isp" not in plan, plan
    assert "ix_alert_tenant" not in plan, plan


def test_each_sees_its_own(registry: Registry) -> None:
    """A tenant its own, an isp's staff theirs; a label that is no id makes an alert nobody's tenant's."""
    note(
        registry,
        reported(1, tenant="r1"),
        reported(2, tenant="r2"),
        reported(3, isp="other"),
        reported(4, tenant="R1 '"),
    )
    assert {row.fingerprint[-1] for row in seen(registry)} == {"1", "2", "4"}
    assert {row.fingerprint[-1] for row in seen(registry, scope=TENANT)} == {"1"}
    (other,) = seen(registry, scope=Scope("staff", "other"))
    with registry.read(STAFF) as tx:
        assert alerts.get(tx, other.id) is None
        assert alerts.get(tx, 10**30) is None
    with registry.write(STAFF) as tx:
        assert not alerts.acknowledge(tx, other.id, Actor("a@example"), "mine now")


def test_a_list_goes_on_behind_one_of_its_alerts(registry: Registry) -> None:
    """In the order of the list, those that began at the same moment too, and within the filters."""
    note(registry, *(reported(number, started=BEGAN + number // 2) for number in range(6)))
    note(registry, replace(reported(9, started=BEGAN + 1), severity="info"))
    order = seen(registry)
    with registry.read(STAFF) as tx:
        for place, row in enumerate(order):
            assert list(alerts.list_alerts(tx, behind=row).items) == order[place + 1 :]
        (info,) = alerts.list_alerts(tx, Filters(severity="info"), behind=order[0]).items
    assert info.severity == "info"


def test_an_alert_of_the_platform_is_its_only_isps(registry: Registry) -> None:
    """ExporterDown has no isp: with one isp its staff see it, with two it is the platform's owner's."""
    platform = replace(reported(name="ExporterDown"), labels={"alertname": "ExporterDown"})
    note(registry, platform)
    assert len(seen(registry)) == 1
    with registry.write(SERVICE) as tx:
        tx.connection.execute(insert(isps).values(isp="other", name="O", timezone="Asia/Dhaka", currency="BDT"))
    note(registry, replace(platform, fingerprint="f2"))
    assert len(seen(registry)) == 1
    assert len(seen(registry, scope=Scope("platform"))) == 2


def test_an_acknowledgement_says_who_and_when_and_is_audited(registry: Registry) -> None:
    """The alert stays open; the last word stays, the first is in the audit; followers hear of it."""
    note(registry, reported())
    (row,) = seen(registry)
    for who, words in (("a@example", "carrier called"), ("b@example", "ticket 4711")):
        with registry.write(STAFF) as tx:
            assert alerts.acknowledge(tx, row.id, Actor(who, "192.0.2.7"), words)
    (after,) = seen(registry)
    assert (after.acknowledged_by, after.note, after.is_open) == ("b@example", "ticket 4711", True)
    assert after.acknowledged_at is not None
    assert after.changed > row.changed
    with registry.read(STAFF) as tx:
        entries = audit.entries(tx).items
        assert audit.verify(tx) is None
    assert [(entry.actor, entry.action, entry.detail["note"]) for entry in entries] == [
        ("b@example", "acknowledge", "ticket 4711"),
        ("a@example", "acknowledge", "carrier called"),
    ]


def test_what_is_over_is_not_acknowledged(registry: Registry) -> None:
    """Nothing is taken down and nothing audited."""
    note(registry, reported(ended=BEGAN + 60))
    (row,) = seen(registry)
    with pytest.raises(alerts.Over), registry.write(STAFF) as tx:
        alerts.acknowledge(tx, row.id, Actor("a@example"), "late")
    assert seen(registry) == [row]
    with registry.read(STAFF) as tx:
        assert audit.entries(tx).total == 0


@pytest.mark.parametrize("number", [10_000])
def test_a_storm_is_written_at_once(registry: Registry, number: int) -> None:
    """Ten thousand alerts are one statement or two, not ten thousand."""
    note(registry, *(reported(each, tenant=f"r{each}") for each in range(number)))
    with registry.read(STAFF) as tx:
        assert alerts.open_count(tx) == number
        assert alerts.newest(tx) == number
