"""The application's side of a synapsor executor, for PostgreSQL and any DB-API driver that takes `%s` (psycopg 2 and 3).

A request is verified, its row locked and compared, and the application's own function called, in one transaction with the
receipt that makes a repeat harmless. What the function raises rolls everything back.

Invariant: nothing of a request is believed before its token and signature are checked.
Invariant: `applied` is answered only after COMMIT returned; a failure of COMMIT itself is answered with no document.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

REQUEST = "synapsor.executor-request.v1"
ANSWER = "synapsor.executor-answer.v1"
CHECK = "synapsor.executor-check.v1"
PURPOSES = ("execute", "dry_run", "look_up")
BODY_BYTES_MAX = 1024 * 1024
SKEW_SECONDS = 300
SECRET_BYTES_MIN = 32


class Conflict(Exception):
    """The row is not the reviewed one; nothing changes."""

    def __init__(self, code: str = "ROW_CHANGED", changed_columns: list[str] | None = None):
        super().__init__(code)
        self.code, self.changed_columns = code, changed_columns or []


class Failed(Exception):
    """A rule of the application says no; nothing changes."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


class TurnedAway(Exception):
    """The request is not taken at all."""

    def __init__(self, status: int, code: str):
        super().__init__(code)
        self.status, self.code = status, code


@dataclass(frozen=True)
class Done:
    """What the application's function did."""

    rows_affected: int = 1
    new_version: Any = None


@dataclass(frozen=True)
class Request:
    """An approved change, as `docs/reference/executor-request.v1.schema.json` describes it."""

    document: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.document[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class Executor:
    """One executor. `connect` answers a new connection that is not in autocommit; `change` does the work on its cursor."""

    connect: Callable[[], Any]
    change: Callable[[Any, Request], Done | None]
    keys: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    receipts_table: str = "synapsor_executor_receipts"
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)

    def __post_init__(self) -> None:
        if any(len(secret.encode()) < SECRET_BYTES_MIN for secret in self.keys.values()):
            raise ValueError(f"a signing secret has less than {SECRET_BYTES_MIN} bytes")

    def over_http(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Answers one HTTP request: a status and a body, to be sent as `application/json`."""
        if not self.keys and self.token is None:
            return 500, _error("NO_SECRET_CONFIGURED")
        try:
            self._verify({name.lower(): value for name, value in headers.items()}, body)
            return self._answer(body)
        except TurnedAway as refused:
            return refused.status, _error(refused.code)
        except Exception:
            # Whatever broke, COMMIT included: whether the change is there, the next look-up tells.
            return 500, _error("EXCEPTION")

    def over_stdio(self, line: bytes) -> bytes:
        """Answers one command's standard input. Whoever may run the command may ask; nothing is signed."""
        try:
            return self._answer(line)[1]
        except TurnedAway as refused:
            return _error(refused.code)

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        if len(body) > BODY_BYTES_MAX:
            raise TurnedAway(413, "BODY_TOO_LARGE")
        if self.token is not None:
            given = headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
                raise TurnedAway(401, "UNAUTHORIZED")
        if self.keys and not any(
            self._is_signed(headers.get(f"x-synapsor-{which}key-id"), headers.get(f"x-synapsor-{which}signature"), body)
            for which in ("", "next-")
        ):
            raise TurnedAway(401, "INVALID_SIGNATURE")

    def _is_signed(self, key_id: str | None, signature: str | None, body: bytes) -> bool:
        secret = self.keys.get(key_id or "")
        if secret is None or signature is None:
            return False
        expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(signature.encode(), expected.encode())

    def _answer(self, body: bytes) -> tuple[int, bytes]:
        try:
            document = json.loads(body)
            schema, issued_at = document["schema_version"], _instant(document["issued_at"])
        except (ValueError, TypeError, KeyError):
            raise TurnedAway(400, "BAD_REQUEST") from None
        # A signature covers the time it was made at, so an old request cannot be sent again.
        if abs((self.now() - issued_at).total_seconds()) > SKEW_SECONDS:
            raise TurnedAway(401, "INVALID_ISSUED_AT")
        if schema == CHECK:
            return 200, self._check(document)
        if schema != REQUEST:
            raise TurnedAway(400, "UNSUPPORTED_SCHEMA_VERSION")
        if document.get("purpose") not in PURPOSES:
            raise TurnedAway(400, "UNSUPPORTED_PURPOSE")
        if self.now() > _instant(document["not_after"]):
            raise TurnedAway(408, "TOO_LATE")
        return self._carry_out(Request(document))

    def _check(self, question: dict[str, Any]) -> bytes:
        connection = self.connect()
        try:
            connection.cursor().execute(f"SELECT idempotency_key FROM {self._receipts()} LIMIT 0")
        finally:
            _end(connection)
        return json.dumps({**question, "ready": True}).encode()

    def _carry_out(self, request: Request) -> tuple[int, bytes]:
        connection = self.connect()
        try:
            cursor = connection.cursor()
            if self._is_done(cursor, request, claim=request.purpose == "execute"):
                return 200, _said(request, "already_applied")
            if request.purpose == "look_up":
                return 200, _said(request, "not_found")
            lock(cursor, request)
            if request.purpose == "dry_run":
                return 200, _said(request, "would_apply")
            done = self.change(cursor, request) or Done()
            connection.commit()
            return 200, _said(request, "applied", rows_affected=done.rows_affected, new_version=done.new_version)
        except Conflict as conflict:
            columns = conflict.changed_columns
            return 409, _said(request, "conflict", safe_error_code=conflict.code, changed_columns=columns)
        except Failed as failed:
            return 422, _said(request, "failed", safe_error_code=failed.code)
        finally:
            _end(connection)

    def _is_done(self, cursor: Any, request: Request, claim: bool) -> bool:
        """Whether this key has a receipt. Claiming it makes a second request under it wait for the end of this one."""
        if claim:
            cursor.execute(
                f"INSERT INTO {self._receipts()} (idempotency_key, proposal_id, proposal_digest)"
                " VALUES (%s, %s, %s) ON CONFLICT (idempotency_key) DO NOTHING",
                (request.idempotency_key, request.proposal_id, request.proposal_digest),
            )
            if cursor.rowcount == 1:
                return False
        cursor.execute(
            f"SELECT proposal_digest FROM {self._receipts()} WHERE idempotency_key = %s", (request.idempotency_key,)
        )
        row = cursor.fetchone()
        if row is not None and row[0] != request.proposal_digest:
            raise Failed("IDEMPOTENCY_KEY_REUSED")
        return row is not None

    def _receipts(self) -> str:
        return ".".join(quoted(part) for part in self.receipts_table.split("."))


def lock(cursor: Any, request: Request) -> None:
    """Locks the request's row; a Conflict where key, tenant, version or a captured column is not the reviewed one."""
    target, before = request.target, request.before
    table = f"{quoted(target['schema'])}.{quoted(target['table'])}"
    where = f"{quoted(target['key_column'])}::text = %s"
    expected = {**before, target["key_column"]: target["key"]}
    if target.get("tenant_column"):
        expected[target["tenant_column"]] = request.tenant
    if request.guard["kind"] == "version":
        expected[request.guard["column"]] = request.guard["expected"]
    names = sorted(expected)
    types = ", ".join(f"pg_typeof({quoted(name)})::text" for name in names)
    cursor.execute(f"SELECT {types} FROM {table} WHERE {where} FOR UPDATE", (plain(target["key"]),))
    row = cursor.fetchone()
    if row is None:
        raise Conflict("ROW_NOT_FOUND")
    compared = ", ".join(same(name, kind) for name, kind in zip(names, row))
    values = [plain(expected[name]) for name in names]
    cursor.execute(f"SELECT {compared} FROM {table} WHERE {where}", (*values, plain(target["key"])))
    changed = [name for name, is_same in zip(names, cursor.fetchone()) if not is_same]
    if target["key_column"] in changed or target.get("tenant_column") in changed:
        raise Conflict("ROW_NOT_FOUND_OR_WRONG_TENANT")
    if changed:
        raise Conflict("ROW_CHANGED_AFTER_PROPOSAL", changed)


def same(name: str, kind: str) -> str:
    """An SQL expression that compares a column with a value in its plain form: text byte for byte, the rest by its type."""
    column = quoted(name)
    if kind in ("text", "character varying", "character", "citext", "name", "json", "jsonb"):
        return f'{column}::text COLLATE "C" IS NOT DISTINCT FROM %s'
    if kind == "bytea":
        return f"translate(encode({column}, 'base64'), E'\\n', '') IS NOT DISTINCT FROM %s"
    return f"{column} IS NOT DISTINCT FROM %s::text::{kind}"


def plain(value: Any) -> str | None:
    """A value of a request as PostgreSQL reads it."""
    if value is None or isinstance(value, str):
        return value
    return "true" if value is True else "false" if value is False else str(value)


def quoted(name: str) -> str:
    """An identifier. A `%` is doubled for the driver."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def _said(request: Request, status: str, **rest: Any) -> bytes:
    answer = {
        "schema_version": ANSWER,
        "proposal_id": request.proposal_id,
        "proposal_digest": request.proposal_digest,
        "idempotency_key": request.idempotency_key,
        "status": status,
        **{name: value for name, value in rest.items() if value is not None},
    }
    return json.dumps(answer, default=str).encode()


def _error(code: str) -> bytes:
    return json.dumps({"error": code}).encode()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _end(connection: Any) -> None:
    """After COMMIT this changes nothing; before it, it takes everything back."""
    try:
        connection.rollback()
    finally:
        connection.close()
