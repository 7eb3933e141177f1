"""What belongs to no isp has pages, for the platform's owner alone: alerts, messages and a chain of the audit."""

from __future__ import annotations

import csv
import io

from inventory.registry import audit
from inventory.registry.alerts import AlertRow
from inventory.registry.scope import UNOWNED
from portal.services import Services
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.staff.acting import text_of
from tests.portal.staff.operation import alert_now, post, report, told, write_message
from tests.portal.world import DELTA, SKY, World

pytestmark = on_both_databases


def exporter_down(services: Services) -> AlertRow:
    labels = {"isp": "", "severity": "critical"}
    return report(services, name="ExporterDown", labels=labels, annotations={"summary": "The exporter of all is away"})


def test_an_alert_of_no_isp_is_the_owners(services: Services, login_as: LoginAs) -> None:
    """Whichever isp he looks at, or none; in UTC, without those of the isps; acknowledged in the platform's chain."""
    alert = exporter_down(services)
    report(services, number=78, annotations={"summary": "A line of SkyLink"})
    for owner in (login_as("owner", None), login_as("owner", DELTA)):
        assert "Alerts (2 open)" in text_of(owner, "/platform")
        page = text_of(owner, "/platform/alerts")
        assert "The exporter of all is away" in page
        assert "A line of SkyLink" not in page
        assert "The exporter of all is away" in text_of(owner, f"/platform/alerts/{alert.id}")
        assert "Times in UTC" in owner.get("/platform/alerts").get_data(as_text=True)
    assert "The exporter of all is away" not in text_of(login_as("owner", SKY), "/alerts")
    done = post(owner, f"/platform/alerts/{alert.id}/acknowledge", {"note": "on my way"})
    assert done.headers["Location"] == f"/platform/alerts/{alert.id}"
    assert "on my way" in text_of(owner, f"/platform/alerts/{alert.id}")
    with services.registry.read(UNOWNED) as tx:
        assert audit.entries(tx).items[0].action == "acknowledge"


def test_an_isps_alert_is_not_among_them(services: Services, login_as: LoginAs) -> None:
    """Nobody acknowledges it past its isp's audit; nor do the isp's people see the platform's pages."""
    alert, owner = report(services), login_as("owner", SKY)
    assert owner.get(f"/platform/alerts/{alert.id}").status_code == 404
    assert post(owner, f"/platform/alerts/{alert.id}/acknowledge").status_code == 404
    assert alert_now(services, alert).acknowledged_at is None
    for page in ("alerts", "deliveries", "audit", "audit.csv"):
        assert login_as("admin").get(f"/platform/{page}").status_code == 404


def test_a_message_about_several_isps_is_the_owners(services: Services, login_as: LoginAs, world: World) -> None:
    """Neither isp's people read it, though they see that they were told; nor does a link lead where he may not go."""
    write_message(services, "both", "SkyLink and Delta at once", None)
    write_message(services, "one", "SkyLink alone", SKY.id)
    alerts = report(services, number=90), report(services, isp=DELTA, number=92)
    both = [told(services, each, "accepted", message="both") for each in alerts]
    one = told(services, report(services, number=91), "accepted", message="one")
    owner = login_as("owner", None)
    assert "Messages of the platform 3" in text_of(owner, "/platform/deliveries")
    for identifier in both:
        assert "SkyLink and Delta at once" in text_of(owner, f"/platform/deliveries/{identifier}")
    assert owner.get(f"/platform/deliveries/{one}").status_code == 404
    assert "SkyLink and Delta at once" not in text_of(login_as("admin"), f"/deliveries/{both[0]}")
    assert "SkyLink alone" in text_of(login_as("admin"), f"/deliveries/{one}")
    assert "Exporter does not answer" in text_of(owner, f"/platform/deliveries/{world.notices['']}")


def test_the_platforms_chain_is_shown_and_checked(login_as: LoginAs) -> None:
    """Which isp the owner opened, as a page and as a file, and nothing of an isp's chain."""
    owner = login_as("owner", None)
    assert post(owner, "/platform", {"isp": SKY.id}).status_code == 303
    page = text_of(owner, "/platform/audit")
    assert "open isp user" in page
    assert f"isp: {SKY.id}" in page
    assert "Unbroken" in text_of(owner, "/platform/audit")
    assert "open isp" not in text_of(owner, "/audit")
    answer = owner.get("/platform/audit.csv")
    assert 'filename="audit-platform-' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [(row["action"], row["detail"]) for row in rows] == [("open isp", f"isp: {SKY.id}")]
