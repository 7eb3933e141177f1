"""The isp's settings and the test message: a notice like any other, for one of the operators, not too often."""

from __future__ import annotations

from sqlalchemy import select

from alert_webhook.notice import COLUMNS, from_row
from inventory.outbox import lanes, notices
from inventory.registry import audit
from inventory.registry.scope import SERVICE, Scope
from inventory.registry.tenants import get_isp
from portal.services import Services
from portal.staff import trial_message
from tests.portal.conftest import LoginAs, on_both_databases
from tests.portal.staff.acting import errors_of, saved, send, text_of
from tests.portal.staff.operation import HOSTILE, post
from tests.portal.world import DELTA, SKY

pytestmark = on_both_databases

NOC = f"noc@{SKY.id}.example"


def test_the_settings_are_changed_with_the_operators(services: Services, login_as: LoginAs) -> None:
    """By the rules of the inventory file; what is wrong is said at its field, what is hostile is shown harmlessly."""
    admin = login_as("admin")
    wrong = {"timezone": "Asia/Nowhere", "currency": "Taka", "contacts.0.whatsapp": "0170", "name": ""}
    told = errors_of(send(admin, "/settings/edit", wrong))
    assert {"timezone", "currency", "contacts-0-whatsapp", "name"} <= told.keys()
    changes = {
        "name": HOSTILE.partition("\u202e")[0],
        "currency": "USD",
        "contacts.1.name": "Boss",
        "contacts.1.whatsapp": "+8801733333333",
    }
    assert "were saved" in saved(admin, "/settings/edit", changes)
    page = admin.get("/settings").get_data(as_text=True)
    assert "+8801733333333" in page
    assert "<script>alert" not in page
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        row = get_isp(tx, SKY.id)
    assert row is not None
    assert (row.isp.currency, [contact.name for contact in row.isp.contacts]) == ("USD", ["NOC", "Boss"])


def test_a_test_message_is_a_notice_the_webhook_can_send(services: Services, login_as: LoginAs) -> None:
    """In the outbox as its worker reads it, with a lane to go by; audited, and shown as waiting."""
    admin = login_as("admin")
    post(admin, "/settings/test-message", {"to": NOC})
    with services.registry.read(SERVICE) as tx:
        row = tx.connection.execute(select(*COLUMNS).where(notices.c.alertname == trial_message.ALERTNAME)).one()
        lane = tx.connection.execute(select(lanes.c.channel).where(lanes.c.recipient == NOC)).scalars().all()
    notice = from_row(row)
    assert (notice.address, notice.alert.name, notice.alert.labels["isp"]) == (NOC, "TestMessage", SKY.id)
    assert "email" in lane
    answer = admin.get("/settings")
    assert "It is to be sent" in answer.get_data(as_text=True)
    assert answer.headers["Refresh"] == "2", "the page follows it without a script"
    with services.registry.read(Scope("staff", SKY.id)) as tx:
        (entry,) = audit.entries(tx, audit.Filters(action="send test message")).items
    assert entry.object_id == NOC


def test_it_goes_to_an_operator_and_to_nobody_else(services: Services, login_as: LoginAs) -> None:
    """Not to a number of somebody's choice, not for who may not; and not without end."""
    admin = login_as("admin")
    for to in ("", "+15550100", f"noc@{DELTA.id}.example"):
        post(admin, "/settings/test-message", {"to": to})
        assert "Nothing was sent" in text_of(admin, "/settings")
    assert post(login_as("engineer"), "/settings/test-message", {"to": NOC}).status_code == 404
    for _ in range(trial_message.LIMIT + 3):
        post(admin, "/settings/test-message", {"to": NOC})
    assert "there may be 10 in 10 minutes" in text_of(admin, "/settings")
    with services.registry.read(SERVICE) as tx:
        sent = tx.connection.execute(select(notices.c.id).where(notices.c.alertname == trial_message.ALERTNAME)).all()
    assert len(sent) == trial_message.LIMIT
    delta = login_as("admin", DELTA)
    answer = post(delta, "/settings/test-message", {"to": f"noc@{DELTA.id}.example"})
    assert "is on its way" in text_of(delta, answer.headers["Location"]), "what one isp used up is not another's"


def test_who_may_only_read_sees_no_buttons(login_as: LoginAs) -> None:
    """Sales see whom to call."""
    text = text_of(login_as("sales"), "/settings")
    assert NOC in text
    assert "Send a test message" not in text
    assert login_as("sales").get("/settings/edit").status_code == 404
