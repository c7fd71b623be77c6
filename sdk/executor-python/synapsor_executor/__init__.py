"""The application's side of a synapsor executor, on PostgreSQL or on MariaDB and MySQL, with any DB-API driver that takes `%s`.

A request is verified, its row locked and compared, and the application's own function called, in one transaction with the
receipt that makes a repeat harmless. What the function raises rolls everything back.

Invariant: nothing of a request is believed before its token and signature are checked.
Invariant: `applied` is answered only after COMMIT returned; a failure of COMMIT itself is answered with no document.
Invariant: COMMIT is not begun after the request's `not_after`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from .refusals import Conflict, Failed, TooLate, TurnedAway
from .request import Done, Request
from .row import ENGINES, lock, update

__all__ = ["BODY_BYTES_MAX", "Conflict", "Done", "Executor", "Failed", "Request", "lock", "update"]

REQUEST = "synapsor.executor-request.v1"
ANSWER = "synapsor.executor-answer.v1"
CHECK = "synapsor.executor-check.v1"
PURPOSES = ("execute", "dry_run", "look_up")
BODY_BYTES_MAX = 1024 * 1024
SKEW_SECONDS = 300
SECRET_BYTES_MIN = 32
# The rest of a request's time is for the answer's way back.
SHARE_FOR_WORK = 0.9


@dataclass
class Executor:
    """One executor. `connect` answers a new connection that is not in autocommit; `change` does the work on its cursor.

    `engine` is where the changed row is, in the config's words: `postgres`, or `mysql`, which MariaDB is too. A request for
    another engine is failed.
    """

    connect: Callable[[], Any]
    change: Callable[[Any, Request], Done | None]
    engine: str = "postgres"
    keys: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    receipts_table: str = "synapsor_executor_receipts"
    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise ValueError(f"`engine` is one of {', '.join(ENGINES)}")
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
        left = _instant(document["not_after"]) - self.now()
        if left < timedelta(0):
            raise TurnedAway(408, "TOO_LATE")
        return self._carry_out(Request(document), self.now() + left * SHARE_FOR_WORK)

    def _check(self, question: dict[str, Any]) -> bytes:
        connection = self.connect()
        try:
            cursor = connection.cursor()
            ENGINES[self.engine].begin(cursor, SKEW_SECONDS * 1000)
            cursor.execute(f"SELECT idempotency_key FROM {self._receipts()} LIMIT 0", ())
        finally:
            _end(connection)
        return json.dumps({**question, "ready": True}).encode()

    def _carry_out(self, request: Request, last: datetime) -> tuple[int, bytes]:
        if request.target["engine"] != self.engine:
            return 422, _said(request, "failed", safe_error_code="OTHER_ENGINE")
        connection = self.connect()
        try:
            outcome, rest = self._prepared(connection.cursor(), request, last)
            if outcome == "applied":
                connection.commit()
            return 200, _said(request, outcome, **rest)
        except Conflict as conflict:
            columns = conflict.changed_columns
            return 409, _said(request, "conflict", safe_error_code=conflict.code, changed_columns=columns)
        except Failed as failed:
            return failed.status, _said(request, "failed", safe_error_code=failed.code)
        finally:
            _end(connection)

    def _prepared(self, cursor: Any, request: Request, last: datetime) -> tuple[str, dict[str, Any]]:
        """Everything up to COMMIT: what is to be answered, if that succeeds where it is needed."""
        engine = ENGINES[self.engine]
        try:
            engine.begin(cursor, self._left_ms(last))
            if self._is_done(cursor, request, claim=request.purpose == "execute"):
                return "already_applied", {}
            if request.purpose == "look_up":
                return "not_found", {}
            lock(cursor, request)
            if request.purpose == "dry_run":
                return "would_apply", {}
            engine.limit(cursor, self._left_ms(last))
            done = self.change(cursor, request) or Done()
            # The last look: what is left is also how long COMMIT may take.
            engine.limit(cursor, self._left_ms(last))
            return "applied", {"rows_affected": done.rows_affected, "new_version": done.new_version}
        except Exception as raised:
            if engine.is_late(raised):
                raise TooLate from None
            raise

    def _left_ms(self, last: datetime) -> int:
        left_ms = (last - self.now()) // timedelta(milliseconds=1)
        if left_ms < 1:
            raise TooLate
        return left_ms

    def _is_done(self, cursor: Any, request: Request, claim: bool) -> bool:
        """Whether this key has a receipt. Claiming it makes a second request under it wait for the end of this one."""
        key = request.idempotency_key
        receipt = (key, request.proposal_id, request.proposal_digest)
        if claim and ENGINES[self.engine].claim(cursor, self._receipts(), receipt):
            return False
        cursor.execute(f"SELECT proposal_digest FROM {self._receipts()} WHERE idempotency_key = %s", (key,))
        row = cursor.fetchone()
        if row is not None and row[0] != request.proposal_digest:
            raise Failed("IDEMPOTENCY_KEY_REUSED")
        return row is not None

    def _receipts(self) -> str:
        return ".".join(ENGINES[self.engine].quoted(part) for part in self.receipts_table.split("."))


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
