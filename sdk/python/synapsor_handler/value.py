"""Between the contract's values and Python's, both ways and without loss.

Absent on purpose: `float`. A number of a database is an `int` or a `decimal.Decimal`.
"""

import datetime
import decimal
import re
from dataclasses import dataclass
from typing import Literal

from .refusal import Misuse

Kind = Literal["null", "boolean", "integer", "decimal", "text", "bytes", "date", "timestamp", "uuid", "json"]


@dataclass(frozen=True, slots=True)
class Value:
    """One database scalar, as the contract has it. The text forms are those of `handler.wit`."""

    kind: Kind
    data: None | bool | int | str | bytes


Scalar = None | bool | int | str | bytes | decimal.Decimal | datetime.date | datetime.datetime | Value
"""What a column, a key or a filter can be given as. For a uuid or JSON write the `Value`: `Value("uuid", text)`."""

# Enough for the longest decimal of the contract, so that sums and products of ordinary ones are never rounded. A float
# that gets into a decimal raises.
_EXACT = decimal.Context(
    prec=1000,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.FloatOperation],
)

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ].*)?", re.DOTALL)
_TIMESTAMP = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?(Z?)"
)


def keep_decimals_exact() -> None:
    """Makes the arithmetic of decimals exact for this call."""
    decimal.setcontext(_EXACT.copy())


def to_value(scalar: Scalar) -> Value:
    """The value a scalar stands for. An integer beyond 64 bits is a decimal; an aware timestamp is given in UTC."""
    # Nothing but a type checker keeps other types out.
    given: object = scalar
    match given:
        case None:
            return Value("null", None)
        case Value():
            return given
        case bool():
            return Value("boolean", given)
        case int():
            return Value("integer", given) if fits(given) else Value("decimal", str(given))
        case float():
            raise Misuse("a float is not exact: write an `int` or a `decimal.Decimal`")
        case str():
            return Value("text", given)
        case bytes():
            return Value("bytes", given)
        case decimal.Decimal():
            if not given.is_finite():
                raise Misuse("a decimal that is not finite is no database value")
            return Value("decimal", format(given, "f"))
        # A `datetime` is a `date` as well, so it comes first.
        case datetime.datetime():
            return Value("timestamp", _timestamp_text(given))
        case datetime.date():
            return Value("date", given.isoformat())
        case _:
            raise Misuse(f"a `{type(given).__name__}` is no database value")


def fits(integer: int) -> bool:
    """Whether an integer has 64 bits."""
    return -(2**63) <= integer < 2**63


def _timestamp_text(timestamp: datetime.datetime) -> str:
    if timestamp.tzinfo is None:
        return timestamp.isoformat(timespec="microseconds")
    return timestamp.astimezone(datetime.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def as_text(value: Value) -> str | None:
    """Text, or a uuid's text."""
    return value.data if value.kind in ("text", "uuid") and isinstance(value.data, str) else None


def as_integer(value: Value) -> int | None:
    """A whole number of 64 bits."""
    if value.kind == "integer" and isinstance(value.data, int):
        return value.data
    if value.kind != "decimal" or not isinstance(value.data, str):
        return None
    whole, _, fraction = value.data.partition(".")
    if fraction.strip("0") or not _DECIMAL.fullmatch(value.data):
        return None
    return int(whole) if fits(int(whole)) else None


def as_boolean(value: Value) -> bool | None:
    """True or false, or the integers 1 and 0."""
    if value.kind in ("boolean", "integer") and value.data in (True, False):
        return bool(value.data)
    return None


def as_decimal(value: Value) -> decimal.Decimal | None:
    """An exact number."""
    if value.kind == "integer" and isinstance(value.data, int):
        return decimal.Decimal(value.data)
    if value.kind == "decimal" and isinstance(value.data, str) and _DECIMAL.fullmatch(value.data):
        return decimal.Decimal(value.data)
    return None


def as_day(value: Value) -> datetime.date | None:
    """The day a date, a timestamp or a text begins with, as it is written."""
    if value.kind not in ("date", "timestamp", "text") or not isinstance(value.data, str):
        return None
    parts = _DAY.fullmatch(value.data)
    try:
        return datetime.date(int(parts[1]), int(parts[2]), int(parts[3])) if parts else None
    except ValueError:
        return None


def as_timestamp(value: Value) -> datetime.datetime | None:
    """A timestamp: aware and in UTC where the column knows its offset, naive where it does not."""
    if value.kind not in ("timestamp", "text") or not isinstance(value.data, str):
        return None
    parts = _TIMESTAMP.fullmatch(value.data)
    if not parts:
        return None
    numbers = [int(parts[at]) for at in range(1, 7)]
    microseconds = int((parts[7] or "").ljust(6, "0"))
    zone = datetime.UTC if parts[8] else None
    try:
        return datetime.datetime(*numbers, microseconds, tzinfo=zone)  # type: ignore[arg-type, misc]
    except ValueError:
        return None


def as_bytes(value: Value) -> bytes | None:
    """Bytes."""
    return value.data if isinstance(value.data, bytes) else None
