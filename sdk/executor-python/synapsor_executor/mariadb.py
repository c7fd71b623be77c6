"""MariaDB and MySQL, through any DB-API driver that takes `%s`, such as PyMySQL and mysqlclient.

The twin of `postgres`: the same names, in the same order. Nothing is decided by how many rows a statement affected: whether that
counts the rows found or the rows changed is a flag of the connection.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .refusals import Failed, TurnedAway

DUPLICATE_KEY = 1062
# Lock wait, statement on MariaDB, statement on MySQL.
TIMEOUTS = (1205, 1969, 3024)
STRICT = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"


@dataclass(frozen=True)
class Kind:
    """A column's type: its word, and how many digits a number has after the point."""

    type: str
    scale: int = 0


def begin(cursor: Any, left_ms: int) -> None:
    """Begins a transaction, in UTC and refusing what does not fit, no statement of which outlives the time left."""
    cursor.execute("SELECT @@character_set_client")
    # Anything less cannot hold every value of a request.
    if cursor.fetchone()[0] != "utf8mb4":
        raise TurnedAway(500, "CONNECTION_NOT_UTF8MB4")
    cursor.execute(f"SET SESSION time_zone = '+00:00', SESSION sql_mode = '{STRICT}'")
    limit(cursor, left_ms)
    cursor.execute("START TRANSACTION")


def limit(cursor: Any, left_ms: int) -> None:
    """Limits every statement from now on, waiting for locks included. MySQL knows the limits on waiting only, in seconds."""
    wait_seconds = math.ceil(left_ms / 1000)
    waits = f"SESSION innodb_lock_wait_timeout = {wait_seconds}, SESSION lock_wait_timeout = {wait_seconds}"
    cursor.execute(f"SET {waits} /*M! , SESSION max_statement_time = {left_ms / 1000:.3f} */")


def is_late(raised: Exception) -> bool:
    """Whether the server gave up because of that limit."""
    return _number(raised) in TIMEOUTS


def claim(cursor: Any, table: str, values: tuple[str, str, str]) -> bool:
    """Inserts a receipt; `False` where its key has one. Waits for whoever is inserting the same key."""
    try:
        cursor.execute(
            f"INSERT INTO {table} (idempotency_key, proposal_id, proposal_digest) VALUES (%s, %s, %s)", values
        )
    except Exception as raised:
        # The table has one unique key, so it is this one. The transaction goes on without the statement.
        if _number(raised) == DUPLICATE_KEY:
            return False
        raise
    return True


def kinds(cursor: Any, target: Mapping[str, Any]) -> dict[str, Kind]:
    """The type of every column of a table, by name. Refuses a table that takes no part in transactions."""
    cursor.execute(
        "SELECT c.column_name, c.data_type, c.numeric_scale, e.transactions FROM information_schema.columns c"
        " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
        " LEFT JOIN information_schema.engines e ON e.engine = t.engine"
        " WHERE c.table_schema = %s AND c.table_name = %s",
        (target["schema"], target["table"]),
    )
    found = cursor.fetchall()
    if any(transactions == "NO" for *_, transactions in found):
        raise Failed("TABLE_NOT_TRANSACTIONAL")
    return {name: Kind(type_.lower(), int(scale or 0)) for name, type_, scale, _ in found}


def quoted(name: str) -> str:
    """An identifier. A `%` is doubled for the driver."""
    return "`" + name.replace("`", "``").replace("%", "%%") + "`"


NUMBERS = {"tinyint", "smallint", "mediumint", "int", "bigint", "year", "decimal"}
TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum"}
BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}


def value(kind: Kind) -> str:
    """A parameter in its plain form, as a value of that type. A number as text would be compared as a float."""
    if kind.type in NUMBERS:
        return f"CAST(%s AS DECIMAL(65, {kind.scale}))"
    if kind.type in BYTES:
        return "FROM_BASE64(%s)"
    if kind.type in ("datetime", "timestamp"):
        return "CAST(TRIM(TRAILING 'Z' FROM %s) AS DATETIME(6))"
    return "CAST(%s AS DATE)" if kind.type == "date" else "%s"


def same(name: str, kind: Kind) -> str:
    """Whether a column holds the parameter: text byte for byte, the rest by its type."""
    if kind.type == "json":
        return f"CAST({quoted(name)} AS CHAR) <=> CAST(CAST(%s AS JSON) AS CHAR)"
    if kind.type in TEXTS:
        return f"CAST(CONVERT({quoted(name)} USING utf8mb4) AS BINARY) <=> CAST(%s AS BINARY)"
    return f"{quoted(name)} <=> {value(kind)}"


def clock(kind: Kind) -> str:
    """The server's clock; the session's time zone is UTC."""
    return "NOW(6)"


def _number(raised: Exception) -> Any:
    """The server's number for an error, which drivers put first."""
    return raised.args[0] if raised.args else None
