"""Named values: the row, the arguments, the settings, or a row of a declared read; read by name and type.

Invariant: a value of another type is refused, never converted with loss, and no message holds a value.
"""

import builtins
import datetime
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from . import value as values
from .refusal import Refusal
from .value import Value

T = TypeVar("T")


class Columns:
    """Named values, read by name and type.

    A missing name or another type is a refusal that names the place, so a handler need not check. The forms beginning with
    `optional_` give `None` for SQL NULL and for a name that is not there.
    """

    def __init__(self, place: str, columns: Mapping[str, Value]) -> None:
        """`place` says what the values are, with `{}` for a name: "column `{}`"."""
        self._place = place
        self._columns = columns

    def get(self, name: str) -> Value | None:
        """The value of that name, whatever its type."""
        return self._columns.get(name)

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        """Names and values, in name order."""
        return iter(self._columns.items())

    def text(self, name: str) -> str:
        """Text, or a uuid's text."""
        return self._required(name, "text", values.as_text)

    def optional_text(self, name: str) -> str | None:
        """As `text`, or `None`."""
        return self._optional(name, "text", values.as_text)

    def integer(self, name: str) -> int:
        """A whole number of 64 bits; a decimal without a fraction counts."""
        return self._required(name, "a whole number", values.as_integer)

    def optional_integer(self, name: str) -> int | None:
        """As `integer`, or `None`."""
        return self._optional(name, "a whole number", values.as_integer)

    def boolean(self, name: str) -> bool:
        """True or false; an integer 1 or 0 counts, since not every database has booleans."""
        return self._required(name, "true or false", values.as_boolean)

    def optional_boolean(self, name: str) -> bool | None:
        """As `boolean`, or `None`."""
        return self._optional(name, "true or false", values.as_boolean)

    def day(self, name: str) -> datetime.date:
        """The day of a date, of a timestamp, or of text that begins with `YYYY-MM-DD`."""
        return self._required(name, "a date or timestamp", values.as_day)

    def optional_day(self, name: str) -> datetime.date | None:
        """As `day`, or `None`."""
        return self._optional(name, "a date or timestamp", values.as_day)

    def timestamp(self, name: str) -> datetime.datetime:
        """A timestamp, or text that is one: in UTC where the column knows its offset, naive where it does not."""
        return self._required(name, "a timestamp", values.as_timestamp)

    def optional_timestamp(self, name: str) -> datetime.datetime | None:
        """As `timestamp`, or `None`."""
        return self._optional(name, "a timestamp", values.as_timestamp)

    def decimal(self, name: str) -> Decimal:
        """An exact number, whole or with a fraction."""
        return self._required(name, "a number", values.as_decimal)

    def optional_decimal(self, name: str) -> Decimal | None:
        """As `decimal`, or `None`."""
        return self._optional(name, "a number", values.as_decimal)

    def bytes(self, name: str) -> builtins.bytes:
        """Bytes."""
        return self._required(name, "bytes", values.as_bytes)

    def optional_bytes(self, name: str) -> builtins.bytes | None:
        """As `bytes`, or `None`."""
        return self._optional(name, "bytes", values.as_bytes)

    def _required(self, name: str, expected: str, read: Callable[[Value], T | None]) -> T:
        value = self._columns.get(name)
        if value is None:
            raise Refusal("HANDLER_INPUT_MISSING", f"{self._place_of(name)} is missing")
        return self._typed(name, expected, value, read)

    def _optional(self, name: str, expected: str, read: Callable[[Value], T | None]) -> T | None:
        value = self._columns.get(name)
        return None if value is None or value.kind == "null" else self._typed(name, expected, value, read)

    def _typed(self, name: str, expected: str, value: Value, read: Callable[[Value], T | None]) -> T:
        typed = read(value)
        if typed is None:
            place = self._place_of(name)
            raise Refusal("HANDLER_INPUT_TYPE", f"{place}: expected {expected}, found {value.kind}")
        return typed

    def _place_of(self, name: str) -> str:
        return self._place.format(name)
