"""Marshmallow fields that take JSON at its word: a number is no text that looks like one, nor the other way round."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
# RFC 3339 with an offset, as the inventory file wants it.
TIME_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})$"
DAY_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


class Shape(Schema):
    """An object without other keys than those described."""

    class Meta:
        """Unknown keys are refused, and OpenAPI says so."""

        unknown = RAISE


class Number(fields.Float):
    """A JSON number."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError("is no number; expected a number without quotes")
        return super()._deserialize(value, attr, data, **kwargs)


class Whole(fields.Integer):
    """A JSON number without a fraction."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            raise ValidationError("is no whole number; expected one without quotes")
        return super()._deserialize(value, attr, data, **kwargs)


class Flag(fields.Boolean):
    """A JSON true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("is neither true nor false; expected one of them, without quotes")
        return super()._deserialize(value, attr, data, **kwargs)


class Rate(fields.Field[Any]):
    """Mbps: one number for both ways, or an object that names each."""

    def __init__(self, **kwargs: Any) -> None:
        number = {"type": "number", "exclusiveMinimum": 0, "maximum": 100_000_000}
        each_way = {
            "type": "object",
            "properties": {"download": number, "upload": number},
            "required": ["download", "upload"],
            "additionalProperties": False,
        }
        metadata = {"oneOf": [number, each_way], **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        numbers = [value]
        if isinstance(value, dict):
            if set(value) != {"download", "upload"}:
                raise ValidationError("has other keys than download and upload; expected these two, or one number")
            numbers = list(value.values())
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise ValidationError("is no number; expected a number of Mbps, or download and upload")
        return super()._deserialize(value, attr, data, **kwargs)


def described(what: str, example: Any = None, **more: Any) -> dict[str, Any]:
    """What OpenAPI says of a field."""
    return {"description": what, **({} if example is None else {"examples": [example]}), **more}


def identifier(what: str, example: str, **kwargs: Any) -> fields.String:
    """An id of the inventory."""
    return fields.String(validate=validate.Regexp(ID_PATTERN), metadata=described(what, example), **kwargs)


def line(what: str, example: str, **kwargs: Any) -> fields.String:
    """Printable text of 1 to 255 characters."""
    return fields.String(validate=validate.Length(1, 255), metadata=described(what, example), **kwargs)


def moment(what: str, example: str, **kwargs: Any) -> fields.String:
    """A time with its offset."""
    return fields.String(validate=validate.Regexp(TIME_PATTERN), metadata=described(what, example), **kwargs)


def word(what: str, options: tuple[str, ...], **kwargs: Any) -> fields.String:
    """One of a few words."""
    return fields.String(validate=validate.OneOf(options), metadata=described(what, options[0]), **kwargs)
