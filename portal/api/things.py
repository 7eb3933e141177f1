"""List, create, get, replace, change and delete: one implementation for every kind of thing in the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from flask import Response
from marshmallow import Schema
from werkzeug.exceptions import NotFound

from inventory.entries import EntryErrors
from inventory.registry.changes import Conflict, Gone, InUse, Taken
from inventory.registry.pages import Page
from inventory.registry.scope import Transaction
from portal.api.answers import nothing, versioned, want_match
from portal.api.bodies import json_body
from portal.api.operations import PREFIX, Subject, operation
from portal.api.paging import LINK_HEADERS, SearchQuery, page_of, paged
from portal.api.problems import FieldError, Refused, flattened, invalid
from portal.roles import Permission
from portal.services import services
from portal.tenancy import identity

MERGE_PATCH = "application/merge-patch+json"
LOCATION = {"Location": {"description": "Where it is.", "schema": {"type": "string"}}}
# What a merge patch may hold is what the whole may, each key or none; a null takes it out (RFC 7396).
_PATCH = {"type": "object", "description": "The keys to change; null takes one out."}


class Row(Protocol):
    """What the registry gives."""

    @property
    def version(self) -> int:
        """Counts its changes."""


R = TypeVar("R", bound=Row)
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Kind(Generic[R, M]):
    """One kind of thing: what it is called, what it looks like, who may, and how the registry keeps it.

    `key` is what an address calls its id. `read` judges a body and raises EntryErrors; `fixed` are the keys that a body
    may repeat and not change.
    """

    blueprint: Subject
    singular: str
    plural: str
    key: str
    shape: type[Schema]
    reads: tuple[Permission, ...]
    writes: tuple[Permission, ...]
    example: Mapping[str, Any]
    find: Callable[[Transaction, Mapping[str, Any]], Page[R]]
    get: Callable[[Transaction, str], R | None]
    written: Callable[[R], dict[str, Any]]
    read: Callable[[Transaction, Mapping[str, Any], R | None], M]
    save: Callable[[Transaction, M, int | None], int]
    delete: Callable[[Transaction, str, int], None]
    fixed: tuple[str, ...] = ("id",)
    query: type[Schema] = SearchQuery
    seen: type[Schema] | None = None  # what readers get, where that is not `shape` for all of them

    @property
    def path(self) -> str:
        """Where the list is, below the API's address."""
        return f"/{self.plural}"

    @property
    def one(self) -> str:
        """The rule of one thing's address."""
        return f"{self.path}/<id:{self.key}>"

    def found(self, tx: Transaction, name: str) -> R:
        """That thing. Raises NotFound."""
        row = self.get(tx, name)
        if row is None:
            raise NotFound
        return row

    def judged(self, tx: Transaction, body: Mapping[str, Any], before: R | None) -> M:
        """The model a body describes. Raises EntryErrors, and Refused where a value is of another JSON type."""
        model = self.read(tx, body, before)
        if loose := flattened(self.shape().validate(body)):
            raise invalid(loose)
        return model


def register(kind: Kind[R, M], *, create: bool = True) -> None:
    """Make the operations of a kind; without `create` where it is made below something else."""
    _list(kind)
    if create:
        _create(kind)
    _get(kind)
    _replace(kind)
    _patch(kind)
    _delete(kind)


def create_in(kind: Kind[R, M], body_in: Callable[[Transaction], Mapping[str, Any]]) -> Response:
    """Make the thing that `body_in` gives, and answer with it."""
    with services().registry.write(identity().scope) as tx, refusals():
        body = body_in(tx)
        kind.save(tx, kind.judged(tx, body, None), None)
        row = kind.found(tx, body["id"])
    shown = kind.written(row)
    return versioned(shown, row.version, 201, headers={"Location": f"{PREFIX}{kind.path}/{shown['id']}"})


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the registry refuses into the API's answers."""
    try:
        yield
    except EntryErrors as wrong:
        raise invalid(FieldError(error.field, error.text) for error in wrong.errors) from None
    except Conflict as conflict:
        raise Refused(412, str(conflict)) from None
    except (Taken, InUse, Gone) as refused:
        raise Refused(409, str(refused)) from None


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396: `patch` put over `target`."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def _list(kind: Kind[R, M]) -> None:
    @operation(
        kind.blueprint,
        "GET",
        kind.path,
        permissions=kind.reads,
        name=f"list_{kind.plural}",
        summary=f"List {kind.plural}",
        description=f"The {kind.plural} you may see, in a fixed order.",
        query=kind.query,
        answer=page_of(kind.seen or kind.shape, kind.singular.capitalize()),
        headers=LINK_HEADERS,
    )
    def view(query: Mapping[str, Any]) -> Response:
        with services().registry.read(identity().scope) as tx:
            return paged(kind.find(tx, query), kind.written)


def _create(kind: Kind[R, M]) -> None:
    @operation(
        kind.blueprint,
        "POST",
        kind.path,
        permissions=kind.writes,
        name=f"create_{kind.singular}",
        summary=f"Create a {kind.singular}",
        description=f"Make a {kind.singular}. Its id is new in the whole installation, else 409.",
        body=kind.shape,
        example=kind.example,
        answer=kind.shape,
        status=201,
        refusals=(409,),
        headers={**LOCATION, "ETag": {"description": "Its version.", "schema": {"type": "string"}}},
    )
    def view() -> Response:
        body = json_body()
        return create_in(kind, lambda _: body)


def _get(kind: Kind[R, M]) -> None:
    @operation(
        kind.blueprint,
        "GET",
        kind.one,
        permissions=kind.reads,
        name=f"get_{kind.singular}",
        summary=f"Get a {kind.singular}",
        description=f"One {kind.singular}, with the ETag a write needs.",
        answer=kind.seen or kind.shape,
        versioned=True,
    )
    def view(**named: str) -> Response:
        with services().registry.read(identity().scope) as tx:
            row = kind.found(tx, named[kind.key])
        return versioned(kind.written(row), row.version)


def _replace(kind: Kind[R, M]) -> None:
    @operation(
        kind.blueprint,
        "PUT",
        kind.one,
        permissions=kind.writes,
        name=f"replace_{kind.singular}",
        summary=f"Replace a {kind.singular}",
        description="The body is all of it: a key that is left out gets its default. The id stays.",
        body=kind.shape,
        example=kind.example,
        answer=kind.shape,
        versioned=True,
        refusals=(409,),
    )
    def view(**named: str) -> Response:
        body = json_body()
        return _write(kind, named[kind.key], lambda _: body)


def _patch(kind: Kind[R, M]) -> None:
    @operation(
        kind.blueprint,
        "PATCH",
        kind.one,
        permissions=kind.writes,
        name=f"change_{kind.singular}",
        summary=f"Change a {kind.singular}",
        description="A JSON merge patch (RFC 7396): only the keys in it change; lists are replaced as a whole.",
        body=_PATCH,
        media_type=MERGE_PATCH,
        example={"name": kind.example["name"]} if "name" in kind.example else {"reason": "fibre splice"},
        answer=kind.shape,
        versioned=True,
        refusals=(409,),
    )
    def view(**named: str) -> Response:
        patch = json_body(MERGE_PATCH)
        return _write(kind, named[kind.key], lambda before: merged(before, patch))


def _delete(kind: Kind[R, M]) -> None:
    @operation(
        kind.blueprint,
        "DELETE",
        kind.one,
        permissions=kind.writes,
        name=f"delete_{kind.singular}",
        summary=f"Delete a {kind.singular}",
        description="It is gone at once, and what belongs to it; 409 where something else still needs it.",
        status=204,
        versioned=True,
        refusals=(409,),
    )
    def view(**named: str) -> Response:
        with services().registry.write(identity().scope) as tx, refusals():
            row = kind.found(tx, named[kind.key])
            want_match(kind.written(row), row.version)
            kind.delete(tx, named[kind.key], row.version)
        return nothing()


def _write(kind: Kind[R, M], name: str, make: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Response:
    """Put what `make` gives for the present body in its place."""
    with services().registry.write(identity().scope) as tx, refusals():
        row = kind.found(tx, name)
        before = kind.written(row)
        want_match(before, row.version)
        body = make(before)
        for key in kind.fixed:
            if body.setdefault(key, before[key]) != before[key]:
                raise invalid([FieldError(key, f"cannot be changed; expected {before[key]}, or no {key} at all")])
        kind.save(tx, kind.judged(tx, body, row), row.version)
        row = kind.found(tx, name)
    return versioned(kind.written(row), row.version)
