"""PostgreSQL, through any DB-API driver that takes `%s`, such as psycopg 2 and 3.

The twin of `mariadb`: the same names, in the same order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def begin(cursor: Any, left_ms: int) -> None:
    """Begins a transaction, as the driver does with its first statement, no statement of which outlives the time left."""
    limit(cursor, left_ms)


def limit(cursor: Any, left_ms: int) -> None:
    """Limits every statement from now on, waiting for locks and COMMIT included."""
    cursor.execute(f"SET LOCAL statement_timeout = {left_ms}")


def is_late(raised: Exception) -> bool:
    """Whether the server gave up because of that limit: `query_canceled`, `lock_not_available`."""
    # The names psycopg 3 and psycopg 2 have for it.
    code = getattr(raised, "sqlstate", None) or getattr(raised, "pgcode", None)
    return code in ("57014", "55P03")


def claim(cursor: Any, table: str, values: tuple[str, str, str]) -> bool:
    """Inserts a receipt; `False` where its key has one. Waits for whoever is inserting the same key."""
    cursor.execute(
        f"INSERT INTO {table} (idempotency_key, proposal_id, proposal_digest)"
        " VALUES (%s, %s, %s) ON CONFLICT (idempotency_key) DO NOTHING",
        values,
    )
    return cursor.rowcount == 1


def kinds(cursor: Any, target: Mapping[str, Any]) -> dict[str, str]:
    """The type of every column of a table, by name."""
    cursor.execute(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, NULL) FROM pg_catalog.pg_attribute a"
        " JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped",
        (target["schema"], target["table"]),
    )
    return dict(cursor.fetchall())


def quoted(name: str) -> str:
    """An identifier. A `%` is doubled for the driver."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


DOCUMENTS = {"json", "jsonb"}
TEXTS = {"text", "character varying", "character", "citext", "name"}


def value(kind: str) -> str:
    """A parameter in its plain form, as a value of that type."""
    if kind == "bytea":
        return "decode(%s::text, 'base64')"
    # A cast to `character` would keep one character of it.
    return "%s::text" if kind in TEXTS else f"%s::text::{kind.replace('%', '%%')}"


def same(name: str, kind: str) -> str:
    """Whether a column holds the parameter: text byte for byte, the rest by its type."""
    text = f'{quoted(name)}::text COLLATE "C" IS NOT DISTINCT FROM '
    if kind in DOCUMENTS:
        return f"{text}{value(kind)}::text"
    return f"{text}{value(kind)}" if kind in TEXTS else f"{quoted(name)} IS NOT DISTINCT FROM {value(kind)}"


def clock(kind: str) -> str:
    """The server's clock in a column of that type."""
    return "clock_timestamp() AT TIME ZONE 'UTC'" if kind == "timestamp without time zone" else "clock_timestamp()"
