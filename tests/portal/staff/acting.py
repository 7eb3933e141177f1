"""How tests of the staff's pages read a page as a person does, and send its forms as a browser does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from inventory.registry.inventories import load_inventory_of
from inventory.registry.scope import SERVICE
from inventory.yaml_export import export
from portal.services import Services
from tests.portal.world import SKY, Isp


def text_of(client: FlaskClient, path: str, status: int = 200) -> str:
    """What stands on the page, on one line."""
    return read(client.get(path), status)


def read(answer: TestResponse, status: int = 200) -> str:
    """What a person reads of an answer."""
    markup = answer.get_data(as_text=True)
    assert answer.status_code == status, markup[-2000:]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", markup.partition("<main")[2])).split())


def fields_of(markup: str) -> dict[str, str]:
    """What a browser would send of the page's main form: hidden fields, inputs and chosen options."""
    form = markup.partition("<main")[2].partition('<form method="post" class="form"')[2].partition("</form>")[0]
    sent = [
        tag for tag in re.findall(r"<input[^>]*>", form) if 'type="checkbox"' not in tag or tag.endswith(" checked>")
    ]
    pairs = [pair for tag in sent for pair in re.findall(r' name="([^"]+)"[^>]*? value="([^"]*)"', tag)]
    found = {name: unescape(value) for name, value in pairs}
    for name, text in re.findall(r'<textarea[^>]*? name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select[^>]*? name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        values = re.findall(r'<option value="([^"]*)"( selected)?', options)
        found[name] = unescape(next((value for value, chosen in values if chosen), values[0][0] if values else ""))
    return found


def send(client: FlaskClient, path: str, changes: Mapping[str, str]) -> TestResponse:
    """Open the form at `path`, fill these fields in, and save."""
    page = client.get(path)
    assert page.status_code == 200, path
    return client.post(path, data={**fields_of(page.get_data(as_text=True)), **changes})


def saved(client: FlaskClient, path: str, changes: Mapping[str, str]) -> str:
    """As `send`, for what is in order: the page it leads to, as text."""
    answer = send(client, path, changes)
    assert answer.status_code == 303, read(answer, answer.status_code)
    return text_of(client, answer.headers["Location"])


def errors_of(answer: TestResponse) -> dict[str, str]:
    """What is said at each field of a form that was not saved."""
    markup = answer.get_data(as_text=True)
    assert answer.status_code == 200, markup[-2000:]
    found = re.findall(r'<p class="wrong" id="f-([\w-]+)-error\d*">(.*?)</p>', markup)
    return {name: unescape(text) for name, text in found}


def exported(services: Services, isp: Isp = SKY) -> str:
    """The registry as an inventory file."""
    with services.registry.read(SERVICE) as tx:
        return export(load_inventory_of(tx, isp.id))[0]
