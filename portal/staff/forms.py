"""A form between a person and the registry.

What was typed stays, each error stands at its field, and nobody overwrites what he has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from flask import flash, redirect, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from inventory.entries import EntryErrors
from inventory.registry.changes import Conflict, Refused, Taken
from inventory.registry.scope import Transaction
from portal.services import services
from portal.staff.fields import Difference, differences, flat, nested, without_row
from portal.tenancy import identity

# Where an error is shown that belongs to no single field of the form.
Place = Callable[[str], str]
# Reads a thing as it is now, with its version; None where it is gone.
Now = Callable[[Transaction], tuple[Mapping[str, Any], int] | None]


class Values(dict[str, str]):
    """The fields of a form by name; one that was not filled in is blank."""

    def __missing__(self, _: str) -> str:
        return ""


@dataclass(slots=True)
class Form:
    """What a form shows. `version` is the one that was read, None for something new.

    `errors` are texts by the name of the field; `differences` is None unless somebody else was faster.
    """

    mapping: dict[str, Any]
    version: int | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    differences: list[Difference] | None = None
    blank_rows: int = 1

    @property
    def values(self) -> Values:
        """Its fields."""
        return Values(flat(self.mapping))

    def rows(self, name: str) -> list[str]:
        """The rows of a list, `vlans.0`, `vlans.1` and so on, blank ones at the end."""
        return [f"{name}.{number}" for number in range(len(self.mapping.get(name, ())) + self.blank_rows)]

    def note(self, errors: Iterable[tuple[str, str]], place: Place) -> None:
        """Put each error at the field that `place` names for it."""
        for name, text in errors:
            self.errors.setdefault(place(name), []).append(text.replace(", without quotes", ""))  # a form has none


def exchanged(
    start: Form,
    save: Callable[[Transaction, Form], None],
    now: Now,
    *,
    fixed: Mapping[str, str] = MappingProxyType({}),
    place: Place = str,
) -> tuple[Form, bool]:
    """The form to show, and whether what was sent has been stored: then it need not be.

    `fixed` are fields that are not the form's to say, such as the id of what is changed. `now` reads the thing as it
    is, with its version, for who was overtaken. Raises NotFound where it is gone.
    """
    if request.method != "POST":
        return start, False
    form, complete = posted(request.form)
    form.mapping |= fixed
    if start.version is None:
        form.version = None
    return form, complete and _stored(form, save, now, place)


def posted(form: MultiDict[str, str]) -> tuple[Form, bool]:
    """The form as it was sent, and whether it is to be saved: not where a row was added or taken away."""
    row = form.get("_remove")
    kept = without_row(form, row) if row else form
    shown = Form(nested(kept), _whole(form.get("_version", "")), blank_rows=2 if "_add" in form else 1)
    return shown, row is None and "_add" not in form


def deleted(delete: Callable[[Transaction, int], None], done: str, *, back: str, to: str) -> Response:
    """Delete in one transaction, if it was meant and is what was seen; `back` leads there if not, `to` afterwards."""
    if request.form.get("_sure") != "yes":
        flash("Nothing was deleted: tick the box that says you have read what is lost.", "error")
        return redirect(back, 303)
    version = _whole(request.form.get("_version", ""))
    try:
        with services().registry.write(identity().scope) as tx:
            delete(tx, -1 if version is None else version)
    except Conflict:
        flash("Nothing was deleted: somebody else changed this meanwhile. Here it is as it is now.", "error")
    except Refused as refused:
        flash(f"Nothing was deleted: {refused}.", "error")
    else:
        flash(done)
        return redirect(to, 303)
    return redirect(back, 303)


def _stored(form: Form, save: Callable[[Transaction, Form], None], now: Now, place: Place) -> bool:
    try:
        with services().registry.write(identity().scope) as tx:
            save(tx, form)
    except EntryErrors as wrong:
        form.note(((error.field, error.text) for error in wrong.errors), place)
    except Conflict:
        _compare(form, now)
    except Taken as taken:
        form.errors = {"id": [str(taken)]}
    except Refused as refused:
        form.errors = {"": [str(refused)]}
    else:
        return True
    return False


def _compare(form: Form, now: Now) -> None:
    with services().registry.read(identity().scope) as tx:
        found = now(tx)
    if found is None:
        raise NotFound("Somebody else deleted this while you were editing it.")
    theirs, form.version = found
    form.differences = differences(theirs, form.mapping)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
