"""The timeline of alerts and one alert's page: in words, filtered, acknowledged, harmless."""

from __future__ import annotations

from inventory.registry import audit
from inventory.registry.scope import Scope
from portal.services import Services
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.serving import given_anew
from tests.portal.staff.acting import read, text_of
from tests.portal.staff.operation import HOSTILE, alert_now, post, report, told
from tests.portal.world import DELTA, SKY

pytestmark = on_both_databases

WORDS = {"value": "962000000", "limit": "950000000", "unit": "bps"}


def test_an_alert_is_told_in_words(services: Services, login_as: LoginAs) -> None:
    """What, where by name, how much against which limit, how long, what to do: no label to decode."""
    alert = report(
        services,
        name="NttnBandwidthHigh",
        labels={"link": SKY.link},
        annotations=WORDS | {"summary": "Link above its bandwidth threshold"},
        ago=3720,
    )
    support = login_as("support")
    for path in ("/alerts", f"/alerts/{alert.id}"):
        text = text_of(support, path)
        for words in ("Link above its bandwidth threshold", "NTTN sky", "962 Mbps", "limit 950 Mbps", "for 1 h 2 min"):
            assert words in text, path
    page = support.get(f"/alerts/{alert.id}").get_data(as_text=True)
    assert f'href="/links/{SKY.link}"' in page
    assert "What to look at." in page, "the runbook's section stands on the page"


def test_the_lists_of_other_pages_tell_in_words(services: Services, login_as: LoginAs) -> None:
    """On the page of a link, router, customer or circuit: what, how much, what else it is about, and no raw name."""
    circuit = SKY.circuit(SKY.client)
    about = {"tenant": SKY.client, "circuit": circuit, "link": SKY.link, "device": SKY.device, "vlan": "30"}
    said = WORDS | {"summary": "Above its threshold"}
    report(services, name="NttnBandwidthHigh", labels=about, annotations=said)
    engineer = login_as("engineer")
    pages = (f"/links/{SKY.link}", f"/devices/{SKY.device}", f"/tenants/{SKY.client}", f"/circuits/{circuit}")
    for path in (*pages, "/overview"):
        text = text_of(engineer, path)
        for words in ("Above its threshold", "962 Mbps, limit 950 Mbps", "VLAN 30"):
            assert words in text, path
        assert text.count("NttnBandwidthHigh") == text.count(f"NttnBandwidthHigh {SKY.link}"), (
            "but for the other one's text"
        )


def test_a_circuit_that_is_another_customers_now_is_told_by_its_id(services: Services, login_as: LoginAs) -> None:
    """Neither by the name the new one gave it nor with the way to it; the new one's own alert has both."""
    circuit, (old, new) = SKY.circuit(SKY.resellers[0]), SKY.resellers
    before = report(services, labels={"tenant": old, "circuit": circuit})
    given_anew(services.registry, circuit, SKY, new)
    support = login_as("support")
    page = support.get(f"/alerts/{before.id}").get_data(as_text=True)
    assert circuit in page
    assert "SECRET" not in page
    assert f'href="/circuits/{circuit}"' not in page
    after = report(services, labels={"tenant": new, "circuit": circuit})
    page = support.get(f"/alerts/{after.id}").get_data(as_text=True)
    assert f'href="/circuits/{circuit}"><bdi>SECRET</bdi>' in page
    text = text_of(support, "/alerts")
    assert f"{circuit} , Company {old}" in text
    assert f"SECRET ({circuit}) , Company {new}" in text


def test_a_limit_that_is_none_is_told(services: Services, login_as: LoginAs) -> None:
    """The rules write a queue that limits nothing as +Inf."""
    alert = report(
        services, name="RouterLimitDrift", labels={"device": SKY.device}, annotations=WORDS | {"value": "+Inf"}
    )
    engineer = login_as("engineer")
    assert "no limit, plan 950 Mbps" in text_of(engineer, f"/devices/{SKY.device}")
    assert "no limit" in text_of(engineer, f"/alerts/{alert.id}")


def test_the_timeline_is_filtered(services: Services, login_as: LoginAs) -> None:
    """Open ones first of all; by severity, name, customer, circuit, words and day; another filter shows all states."""
    report(services, number=1, ended=60, labels={"tenant": SKY.client}, annotations={"summary": "Old trouble"})
    report(services, number=2, severity="warning", name="CircuitLossHigh", annotations={"summary": "Fresh trouble"})
    finance = login_as("finance")
    assert "Old trouble" not in text_of(finance, "/alerts")
    assert "Fresh trouble" in text_of(finance, "/alerts")
    for query in ("state=all", f"tenant={SKY.client}", "text=old", "alertname=CircuitDown&severity=critical"):
        text = text_of(finance, f"/alerts?{query}")
        assert "Old trouble" in text, query
    assert "Fresh trouble" not in text_of(finance, "/alerts?text=old")
    assert "There is no such alert" in text_of(finance, "/alerts?since=2099-01-01&until=2099-02-01&state=all&text=zz")
    assert "Fresh trouble" in text_of(finance, "/alerts?since=nonsense&page=nonsense&severity=zz&state=%00"), "no error"


def test_the_end_that_waits_is_not_shown_as_an_end(services: Services, login_as: LoginAs) -> None:
    """Alertmanager says it is over and Prometheus has not confirmed it."""
    report(services, confirmed=False)
    alert = report(services, confirmed=False, ended=10)
    text = text_of(login_as("support"), f"/alerts/{alert.id}")
    assert "It counts as firing until Prometheus confirms it." in text
    assert "Until" not in text


def test_acknowledging_says_who_and_when_and_that_it_silences_nothing(services: Services, login_as: LoginAs) -> None:
    """The note is shown with the name on both pages, and audited with the address it came from."""
    alert = report(services)
    support = login_as("support")
    assert "Acknowledging silences nothing" in text_of(support, f"/alerts/{alert.id}")
    answer = post(support, f"/alerts/{alert.id}/acknowledge", {"note": f"ticket 4711 {HOSTILE[:400]}"})
    assert "silences nothing" in read(support.get(answer.headers["Location"]))
    for path in ("/alerts", f"/alerts/{alert.id}"):
        text = text_of(support, path)
        assert f"support@{SKY.id}.example" in text
        assert "ticket 4711" in text
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        (entry,) = audit.entries(tx, audit.Filters(action="acknowledge")).items
    assert (entry.actor, entry.address, entry.object_id) == (f"support@{SKY.id}.example", "127.0.0.1", str(alert.id))
    assert alert_now(services, alert).is_open


def test_only_who_may_acknowledges(services: Services, login_as: LoginAs) -> None:
    """Sales see the alert and no form; sent all the same, it is a 404; a note that is too long stays in the form."""
    alert = report(services)
    sales = login_as("sales")
    assert "Acknowledge" not in text_of(sales, f"/alerts/{alert.id}")
    assert post(sales, f"/alerts/{alert.id}/acknowledge").status_code == 404
    assert post(login_as("engineer", DELTA), f"/alerts/{alert.id}/acknowledge").status_code == 404
    support = login_as("support")
    answer = post(support, f"/alerts/{alert.id}/acknowledge", {"note": "x" * 1001})
    assert "1,000 are possible" in read(answer, 422)
    assert f">{'x' * 1001}</textarea>" in answer.get_data(as_text=True)
    assert alert_now(services, alert).acknowledged_at is None
    assert support.post(f"/alerts/{alert.id}/acknowledge", data={"note": "no token"}).status_code == 400


def test_what_is_over_is_not_looked_after(services: Services, login_as: LoginAs) -> None:
    """No form; sent from a page that was open meanwhile, it says so and takes nothing down."""
    alert = report(services, ended=60)
    support = login_as("support")
    assert "Acknowledge" not in text_of(support, f"/alerts/{alert.id}")
    answer = post(support, f"/alerts/{alert.id}/acknowledge", {"note": "too late"})
    assert "Not acknowledged: the alert is over" in read(support.get(answer.headers["Location"]))
    assert alert_now(services, alert).acknowledged_at is None


def test_a_choice_of_alerts_is_in_words(services: Services, login_as: LoginAs) -> None:
    """What is sent stays the rule's name; a name that is not written as ours are is shown as it is."""
    for number, name in enumerate(("NttnVlanMissing", "node_cpu High")):
        told(services, report(services, number=number, name=name), "delivered")
    for path in ("/alerts", "/deliveries"):
        page = login_as("support").get(path).get_data(as_text=True)
        assert '<option value="NttnVlanMissing">NTTN VLAN missing</option>' in page
        assert '<option value="node_cpu High">node_cpu High</option>' in page


def test_an_alert_leads_to_its_messages_and_to_what_was_before(services: Services, login_as: LoginAs) -> None:
    """Who was told stands there for those who may see messages."""
    before = report(services, ago=90_000, ended=80_000)
    alert = report(services)
    number = told(services, alert, "delivered")
    page = login_as("support").get(f"/alerts/{alert.id}").get_data(as_text=True)
    assert f'href="/deliveries/{number}"' in page
    assert f'href="/alerts/{before.id}"' in page
    assert "+8801711111111" not in login_as("sales").get(f"/alerts/{alert.id}").get_data(as_text=True)


def test_hostile_words_do_nothing(services: Services, login_as: LoginAs) -> None:
    """In every text of an alert: no tag of theirs, nothing that turns the line, no page of 10 kB lines."""
    named = {"tenant": "<b>", "circuit": HOSTILE[:512], "link": "../../x", "device": '"><img src=x>', "vlan": "\u202e1"}
    words = dict.fromkeys(("summary", "description", "value", "limit", "unit"), HOSTILE[:2000])
    hostile = report(services, labels=named, annotations=words | {"runbook": "javascript:alert(1)"}, name="<script>")
    support = login_as("support")
    for path in ("/alerts", f"/alerts/{hostile.id}", "/deliveries"):
        page = support.get(path).get_data(as_text=True)
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "javascript:" not in page
        assert 'href="/links/../' not in page
