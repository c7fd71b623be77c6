"""Values as they cross into the component and out of it."""

from collections.abc import Iterable

from wit_world.imports import types

from .columns import Columns
from .value import Kind, Value

_KINDS: dict[type, Kind] = {
    types.Value_Null: "null",
    types.Value_Boolean: "boolean",
    types.Value_Integer: "integer",
    types.Value_Decimal: "decimal",
    types.Value_Text: "text",
    types.Value_Bytes: "bytes",
    types.Value_Date: "date",
    types.Value_Timestamp: "timestamp",
    types.Value_Uuid: "uuid",
    types.Value_Json: "json",
}
_TYPES = {kind: type_ for type_, kind in _KINDS.items()}


def received(place: str, columns: Iterable[types.Column]) -> Columns:
    """Values that came in."""
    return Columns(place, {column.name: _value(column.value) for column in columns})


def _value(value: types.Value) -> Value:
    return Value(_KINDS[type(value)], getattr(value, "value", None))


def sent(value: Value) -> types.Value:
    """A value to send."""
    made: types.Value = types.Value_Null() if value.kind == "null" else _TYPES[value.kind](value.data)
    return made
